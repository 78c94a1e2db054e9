"""A task of the team's own."""

from celery import shared_task


@shared_task
def send(number: int) -> int:
    """Give back what is sent."""
    return number
