"""What runs in the background."""

import logging

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.database import get_engine
from app.models import Item
from app.worker import celery

log = logging.getLogger(__name__)


@celery.task
def purge() -> int:
    """Remove what was delivered; return how many items that were."""
    with Session(get_engine()) as session:
        gone = session.scalars(
            delete(Item).where(Item.status == "delivered").returning(Item.id)
        ).all()
        session.commit()
    return len(gone)


@celery.task
def count() -> int:
    """Say how many items there are."""
    with Session(get_engine()) as session:
        found = session.scalar(select(func.count(Item.id)))
    log.info("there are %s items", found)
    return int(found or 0)
