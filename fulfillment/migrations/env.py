"""Alembic's entry: runs the migrations on the application's own engine."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

import fulfillment.store  # noqa: F401  # registers the tables
from fulfillment.store.base import DOCUMENT, Base, UtcDateTime, db


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own column types as SQLAlchemy's, so that old migrations never import this code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is DOCUMENT:
        return "sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')"
    return False


def run() -> None:
    """Upgrade or downgrade in one transaction."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            render_item=plain_types,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
