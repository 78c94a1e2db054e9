"""Items of a user, and what devices see of them."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel
from sqlalchemy import func, select

from app.auth import CurrentUser
from app.bus import Bus
from app.database import Database
from app.models import Item, Scan
from app.tasks import purge

router = APIRouter(prefix="/items", tags=["items"])


class NewItem(BaseModel):
    """What an announcement says."""

    name: str


class ItemOut(BaseModel):
    """An item as its owner sees it."""

    id: int
    name: str
    status: str
    scans: int


class NewScan(BaseModel):
    """What a device has seen."""

    id: UUID
    status: Literal["stored", "travelling", "delivered"]


def described(item: Item, scans: int) -> ItemOut:
    """Return an item as its owner sees it."""
    return ItemOut(id=item.id, name=item.name, status=item.status, scans=scans)


@router.post("", status_code=201)
def announce(new: NewItem, user: CurrentUser, session: Database) -> ItemOut:
    """Announce an item."""
    item = Item(owner_id=user.id, name=new.name)
    session.add(item)
    session.commit()
    return described(item, 0)


@router.get("")
def list_items(user: CurrentUser, session: Database) -> list[ItemOut]:
    """List the user's items."""
    count = select(func.count(Scan.id)).where(Scan.item_id == Item.id).scalar_subquery()
    rows = session.execute(select(Item, count).where(Item.owner_id == user.id).order_by(Item.id))
    return [described(item, scans) for item, scans in rows]


@router.post("/{item_id}/scans", status_code=202)
async def scan(item_id: int, new: NewScan, _: CurrentUser, bus: Bus) -> dict[str, str]:
    """Take a scan; it is recorded later, once however often it is sent."""
    body = {"id": str(new.id), "item": item_id, "status": new.status}
    if not await bus.publish("scan.device", body):
        raise HTTPException(503, {"code": "try_again"}, {"Retry-After": "1"})
    return {"id": str(new.id)}


@router.post("/purge", status_code=202)
def start_purge(_: CurrentUser) -> dict[str, str]:
    """Remove delivered items in the background."""
    return {"task": purge.delay().id}
