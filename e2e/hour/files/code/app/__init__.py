"""What this team adds to the application that platc writes."""

from typing import Annotated

from fastapi import APIRouter, Depends
from src.deps import Database, Queue, database, queue

router = APIRouter()
Orders = Annotated[Database, Depends(database("orders"))]
Placed = Annotated[Queue, Depends(queue("placed"))]


@router.post("/orders/{name}", status_code=201)
async def place(name: str, orders: Orders, placed: Placed) -> dict[str, str]:
    """Store an order and tell of it."""

    def store(rows) -> None:
        rows.execute("INSERT INTO app.orders (name) VALUES (%s)", (name,))

    await orders.run(store)
    await placed.publish({"name": name})
    return {"placed": name}
