"""What the settings need."""

import pytest

from app.settings import get_settings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the settings what they need."""
    monkeypatch.setenv("DATABASE_URL", "sqlite://")
    monkeypatch.setenv("AMQP_URL", "amqp://localhost")
    monkeypatch.setenv("SECRET_KEY", "k" * 40)
    get_settings.cache_clear()
