"""The schema: bring a database to the newest one, and tell which that is.

Alembic is a fifth of what the service would import, and a process that serves never migrates: it is
imported when somebody asks.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask import current_app

from fulfillment.store.base import db

MIGRATIONS = Path(__file__).with_name("migrations")


def prepare() -> None:
    """Tell Flask-Migrate about the current application."""
    from flask_migrate import Migrate

    Migrate(current_app, db, directory=str(MIGRATIONS), render_as_batch=True)


def upgrade() -> None:
    """Bring the database of the current application to the newest schema."""
    import flask_migrate

    prepare()
    flask_migrate.upgrade()


@cache
def newest() -> str | None:
    """The revision that this version of the service wants."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(MIGRATIONS)).get_current_head()
