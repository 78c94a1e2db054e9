"""Routes."""

from app import orders


def test_there_are_no_orders() -> None:
    """Nobody has ordered yet."""
    assert orders() == []
