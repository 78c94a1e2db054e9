"""The team's own part of orders."""

from .api import router

__all__ = ["router"]
