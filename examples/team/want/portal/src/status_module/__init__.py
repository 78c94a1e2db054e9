"""A custom API; its router is served under its name below /api/v1."""

from .routes import router

__all__ = ["router"]
