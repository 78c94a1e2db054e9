from fastapi import APIRouter

router = APIRouter()


@router.get("/")
def status() -> dict[str, list[str]]:
    return {"applications": ["accounts", "catalog", "search"]}
