"""Orders in the table app.items, and what is done once one is placed."""

import asyncio
from uuid import UUID

from psycopg2.extensions import cursor
from psycopg2.extras import Json

from src.deps import Bucket, Message, Reject

from .models import Order


def store(rows: cursor, order: Order) -> None:
    """Store an order."""
    rows.execute(
        "INSERT INTO app.items (id, name, payload) VALUES (%s::uuid, %s, %s)",
        (str(order.id), f"order {order.id}", Json(order.model_dump(mode="json"))),
    )


def load(rows: cursor, number: UUID) -> Order | None:
    """Return an order."""
    rows.execute("SELECT payload FROM app.items WHERE id = %s::uuid", (str(number),))
    row = rows.fetchone()
    return None if row is None else Order.model_validate(row[0])


class Receipts:
    """Writes the receipt of each order that was placed."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    async def write(self, message: Message) -> None:
        """Write one receipt; a message that comes twice writes the same one twice."""
        try:
            order = Order.model_validate(message.json())
        except ValueError as error:
            raise Reject("no order") from error
        text = f"{order.customer}: {order.pieces} pieces\n"
        await asyncio.to_thread(self.bucket.put, f"{order.id}.txt", text.encode(), "text/plain")
