from fastapi import APIRouter

from .models import Invoice
from .services import all_invoices

router = APIRouter()


@router.get("/")
def list_invoices() -> list[Invoice]:
    return all_invoices()
