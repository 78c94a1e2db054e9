"""Print how many items there are of each status, and have them counted: `python -m app.report`."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import get_engine
from app.models import Item
from app.tasks import count as count_items


def main() -> None:
    """Print one line a status, and the number of the task."""
    with Session(get_engine()) as session:
        rows = session.execute(
            select(Item.status, func.count()).group_by(Item.status).order_by(Item.status)
        )
        for status, count in rows:
            print(f"{status}: {count}")
    print(f"task: {count_items.delay().id}")


if __name__ == "__main__":
    main()
