"""Reports that somebody gets by e-mail again and again."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import ForeignKey, Index, String, Time, text
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.domain.reporting.schedules import FILES, FREQUENCIES, SPANS
from fulfillment.store.base import Base, Code, Id, one_of


class ReportSchedule(Base):
    """A report with what it is asked for, and when it is sent on its warehouse's clock."""

    __tablename__ = "report_schedule"
    __table_args__ = (
        one_of("span", SPANS, "span"),
        one_of("frequency", FREQUENCIES, "frequency"),
        one_of("file", FILES, "file"),
        Index(
            "ix_report_schedule_due",
            "next_at",
            sqlite_where=text("active"),
            postgresql_where=text("active"),
        ),
    )
    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    """Who gets it; what they may see is looked up when it is sent."""
    report: Mapped[Code]
    warehouse_id: Mapped[int] = mapped_column(ForeignKey("warehouse.id"))
    carrier: Mapped[Code] = mapped_column(default="")
    channel: Mapped[Code] = mapped_column(default="")
    span: Mapped[str] = mapped_column(String(16))
    frequency: Mapped[str] = mapped_column(String(8))
    local_time: Mapped[time] = mapped_column(Time)
    weekday: Mapped[int] = mapped_column(default=0)
    month_day: Mapped[int] = mapped_column(default=1)
    file: Mapped[str] = mapped_column(String(4))
    active: Mapped[bool] = mapped_column(default=True)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
