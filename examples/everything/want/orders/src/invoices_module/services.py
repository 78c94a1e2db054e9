from .models import Invoice


def all_invoices() -> list[Invoice]:
    return [Invoice(number=1)]
