"""What customers send and get."""

from uuid import UUID

from pydantic import BaseModel, Field


class OrderIn(BaseModel):
    """What a customer orders."""

    customer: str = Field(min_length=1, max_length=200)
    pieces: int = Field(ge=1, le=1000)


class Order(OrderIn):
    """An order that was placed."""

    id: UUID
