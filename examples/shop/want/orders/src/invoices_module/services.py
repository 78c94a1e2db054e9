"""Business logic of this custom API."""

from .models import Status


def current_status() -> Status:
    """Return the state of this API."""
    return Status(status="ok")
