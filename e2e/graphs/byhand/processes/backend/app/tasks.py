"""What runs in the background."""

from celery import shared_task


@shared_task(name="app.tasks.tidy")
def tidy() -> int:
    """Tidy up."""
    return 0
