"""the ends of the ledger, the system user, tables that only grow, what is told to open boards

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

VIRTUAL_ENDS = ("supplier", "customer", "adjustment", "missing", "scrap")
APPEND_ONLY = ("stock_move", "audit_entry", "label_reprint")
TOLD = ("shipment", "hold", "print_job", "alert")
"""Tables whose changes open boards hear of on PostgreSQL (`store/changes.py`)."""


def upgrade() -> None:
    _first_rows()
    if op.get_context().dialect.name == "sqlite":
        _refuse_changes_on_sqlite()
    else:
        _refuse_changes_on_postgresql()
        _tell_of_changes()


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for verb in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_no_{verb}")
    else:
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute("DROP FUNCTION refuse_change()")
        for table in TOLD:
            op.execute(f"DROP TRIGGER {table}_told ON {table}")
        op.execute("DROP FUNCTION tell_boards()")
    op.execute("DELETE FROM location WHERE id <= 5")
    op.execute('DELETE FROM "user" WHERE id = 1')


def _first_rows() -> None:
    location = sa.table(
        "location",
        *(sa.column(name) for name in ("id", "kind", "code", "zone", "active")),
    )
    op.bulk_insert(
        location,
        [
            {"id": number, "kind": kind, "code": kind.upper(), "zone": "", "active": True}
            for number, kind in enumerate(VIRTUAL_ENDS, start=1)
        ],
    )
    op.execute(
        'INSERT INTO "user" (id, login, name, locale, units, active, failed_tries, created_at)'
        " VALUES (1, 'system', 'System', 'en', 'metric', true, 0, '2000-01-01 00:00:00')"
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('location', 'id'), 100)")
        op.execute("SELECT setval(pg_get_serial_sequence('\"user\"', 'id'), 1)")


def _refuse_changes_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _tell_of_changes() -> None:
    """NOTIFY takes a lock of the whole server at commit, so writers would queue up behind each
    other: of those at work at the same moment only one notifies, the others' changes are seen with
    its own or at the board's next look."""
    op.execute(
        "CREATE FUNCTION tell_boards() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF pg_try_advisory_xact_lock(hashtext('board')) THEN PERFORM pg_notify('board', '');"
        " END IF; RETURN NULL; END $$"
    )
    for table in TOLD:
        op.execute(
            f"CREATE TRIGGER {table}_told AFTER INSERT OR UPDATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tell_boards()"
        )
