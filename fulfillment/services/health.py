"""Whether the service can work: the database answers and its schema is the expected one."""

from __future__ import annotations

from sqlalchemy import text

from fulfillment.store.transaction import Transaction, reads


@reads
def schema_revision(tx: Transaction) -> str:
    """The migration that the database stands at; raises what the database raises."""
    return str(tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
