"""Routes of this custom API."""

from fastapi import APIRouter

from .models import Status
from .services import current_status

router = APIRouter()


@router.get("/")
async def get_status() -> Status:
    """Say that this API answers."""
    return current_status()
