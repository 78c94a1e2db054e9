from fastapi import APIRouter

from .services import publish

router = APIRouter()


@router.post("/{order}", status_code=202)
async def announce(order: str) -> None:
    await publish("orders.placed", order.encode())
