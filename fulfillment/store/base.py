"""What every table shares: the metadata, the column types, the naming of constraints."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    literal_column,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from fulfillment.domain.states import Machine


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, ``timestamptz`` on PostgreSQL, naive UTC text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BIG = BigInteger().with_variant(Integer, "sqlite")
DOCUMENT = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

Id = Annotated[int, mapped_column(BIG, primary_key=True)]
Code = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(200))]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]


class Base(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it as a class attribute
        int: BIG,
        datetime: UtcDateTime,
        date: Date,
        str: String,
        dict[str, Any]: DOCUMENT,
        list[str]: DOCUMENT,
        list[int]: DOCUMENT,
    }


db = SQLAlchemy(metadata=Base.metadata)
"""Engine and configuration per application; sessions are not used, see ``transaction.py``."""


def table_of(model: type[Base]) -> Table:
    """The table of *model*: Core statements on it cost half of what mapped columns cost."""
    return cast(Table, model.__table__)


def one_of(column: str, words: tuple[str, ...], name: str) -> CheckConstraint:
    """A CHECK that *column* is one of *words*."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


def in_state(rows: Any, *states: str) -> ColumnElement[bool]:
    """Whether a row is in one of the states, said in the statement itself and not by parameters.

    So SQLite can use a partial index with these very words, and PostgreSQL knows how many rows that
    will be when it makes one plan for all parameters.
    """
    words: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in states]
    condition = rows.c.state == words[0] if len(words) == 1 else rows.c.state.in_(words)
    return cast(ColumnElement[bool], condition)


def in_states(machine: Machine) -> CheckConstraint:
    """A CHECK that ``state`` is a state of *machine*."""
    return one_of("state", machine.states, "state")
