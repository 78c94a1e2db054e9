"""The team's own test."""

from ..api import greeting


def test_it_greets() -> None:
    """It says something."""
    assert greeting()
