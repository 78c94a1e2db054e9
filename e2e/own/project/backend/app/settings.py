"""What the environment decides; `.env` beside it for work at one's desk."""

from functools import lru_cache

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The variables that this application reads."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    database_url: str
    amqp_url: str
    secret_key: SecretStr
    token_minutes: int = 30
    cors_origins: list[str] = ["http://localhost:5173"]
    scans_exchange: str = "depot"
    scans_queue: str = "scans"


@lru_cache
def get_settings() -> Settings:
    """Return the settings, read once."""
    return Settings()
