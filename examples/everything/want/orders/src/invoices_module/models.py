from pydantic import BaseModel


class Invoice(BaseModel):
    number: int
