"""Put walls: their slots, and what everybody who sorts there has in hand."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.store.base import Base, Code, Id, Name


class PutWall(Base):
    """A set of numbered slots where batches are sorted by order."""

    __tablename__ = "put_wall"
    id: Mapped[Id]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"), index=True)
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Name]


class WallSlot(Base):
    """A slot of a wall: a location of kind ``slot``.  Whose goods it holds says ``tote_use``."""

    __tablename__ = "wall_slot"
    __table_args__ = (UniqueConstraint("wall_id", "number"),)
    location_id: Mapped[int] = mapped_column(
        ForeignKey("location.id"), primary_key=True, autoincrement=False
    )
    wall_id: Mapped[int] = mapped_column(ForeignKey("put_wall.id"))
    number: Mapped[int]


class WallWork(Base):
    """What one person does at a wall: the tote before them, the item in hand, the slot it goes to.

    What is in hand still lies in the tote in the books: it goes over with the scan of the slot.
    """

    __tablename__ = "wall_work"
    __table_args__ = (
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint(
            "(quantity = 0) = (shipment_line_id IS NULL) AND (quantity = 0) = (slot_id IS NULL)",
            name="in_hand",
        ),
    )
    wall_id: Mapped[int] = mapped_column(ForeignKey("put_wall.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    tote_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    shipment_line_id: Mapped[int | None] = mapped_column(ForeignKey("shipment_line.id"))
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    lot: Mapped[str] = mapped_column(String(64), default="")
    serial: Mapped[str] = mapped_column(String(64), default="")
    quantity: Mapped[int] = mapped_column(default=0)
    """Units in hand; 0 = none."""
    last_put_id: Mapped[int | None] = mapped_column(ForeignKey("scan_event.id"))
    """The put that UNDO takes back."""
