"""The engine and its sessions."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from app.settings import get_settings


@lru_cache
def get_engine() -> Engine:
    """Return the one engine of this process."""
    url = get_settings().database_url
    return create_engine(url, pool_size=3, max_overflow=0, pool_pre_ping=True)


def get_session() -> Iterator[Session]:
    """Give a request its session."""
    with Session(get_engine()) as session:
        yield session


Database = Annotated[Session, Depends(get_session)]
