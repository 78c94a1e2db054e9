"""Bodies and answers of this custom API."""

from pydantic import BaseModel


class Status(BaseModel):
    """Whether this API works."""

    status: str
