"""Orders of a shop: routes, a check, tasks, and processes beside the server."""

from fastapi import APIRouter, FastAPI

router = APIRouter()


@router.get("/orders")
def orders() -> list[str]:
    """List the orders."""
    return []


async def check(app: FastAPI) -> bool:
    """Say whether the words are there."""
    return app.title != ""
