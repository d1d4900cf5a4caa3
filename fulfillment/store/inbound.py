"""Files that were read: what came of them, and every row that was wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.store.base import Base, Id


class ImportRun(Base):
    """One file: counts when it went in, faults by row when nothing of it did."""

    __tablename__ = "import_run"
    id: Mapped[Id]
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    kind: Mapped[str] = mapped_column(String(16))
    file_name: Mapped[str] = mapped_column(String(255))
    encoding: Mapped[str] = mapped_column(String(16))
    content_hash: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]
    counts: Mapped[dict[str, Any]]
    """``{"created", "updated", "unchanged", "skipped"}`` of rows; ``{"faults"}`` of a refused file,
    of which the first thousand are kept."""
    accepted: Mapped[bool]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))


class ImportFault(Base):
    """One wrong cell: row number in the file (the heading is row 1), column, code, text."""

    __tablename__ = "import_fault"
    id: Mapped[Id]
    import_run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), index=True)
    row: Mapped[int]
    column: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text, default="")
