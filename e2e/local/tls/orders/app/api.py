"""A path of the team's own."""

from fastapi import APIRouter

router = APIRouter()


@router.get("/greeting")
def greeting() -> str:
    """Say which version this is."""
    return "first"
