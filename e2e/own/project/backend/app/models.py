"""The tables."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """What all tables share."""


class User(Base):
    """Somebody who keeps items."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]


class Item(Base):
    """A thing, and how it is."""

    __tablename__ = "items"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    status: Mapped[str] = mapped_column(default="announced")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    scans: Mapped[list["Scan"]] = relationship(cascade="all, delete")


class Scan(Base):
    """That a device has seen an item; the device gives it its number."""

    __tablename__ = "scans"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    status: Mapped[str]
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
