"""Orders: placed here, announced on the exchange, and followed up by a task."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, FastAPI, HTTPException

from src.deps import (
    Database,
    Publisher,
    TaskSender,
    bucket,
    consume,
    database,
    publisher,
    queue,
    running,
    task_sender,
)

from .models import Order, OrderIn
from .services import Receipts, load, store

Orders = Annotated[Database, Depends(database("orders"))]
Shop = Annotated[Publisher, Depends(publisher("shop"))]
Tasks = Annotated[TaskSender, Depends(task_sender())]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Write receipts while the application runs."""
    receipts = Receipts(bucket("receipts").of(app))
    async with running(consume(queue("placed"), receipts.write, app=app, concurrency=5)):
        yield


router = APIRouter(lifespan=lifespan)


@router.get("/")
async def about() -> dict[str, str]:
    """Say what this is."""
    return {"shop": "orders"}


@router.post("/orders", status_code=201)
async def place(body: OrderIn, orders: Orders, shop: Shop, tasks: Tasks) -> Order:
    """Place an order."""
    order = Order(id=uuid4(), **body.model_dump())
    await orders.run(lambda rows: store(rows, order))
    await shop.publish(order.model_dump(mode="json"), "order.placed")
    await asyncio.to_thread(tasks.send, "shop.follow_up", str(order.id), countdown=1)
    return order


@router.get("/orders/{number}")
def show(number: UUID, orders: Orders) -> Order:
    """Return an order."""
    with orders.transaction() as rows:
        order = load(rows, number)
    if order is None:
        raise HTTPException(404, {"code": "NO_ORDER", "number": str(number)})
    return order
