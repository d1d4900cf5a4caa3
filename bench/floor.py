"""The floor under every request: the same gunicorn, Flask and SQLAlchemy with the least work.

Its view does one indexed SELECT, one UPDATE and a COMMIT, with the product's settings, engine and
pragmas, and without anything else: no token, no log, no rules.  ``/floor/guarded`` looks up who is
asking and stores the key of the request besides (one indexed SELECT and one INSERT more): what no
service can leave out that knows its users and counts a repeated request once.  What the product
costs above them is what the product is answerable for.  :mod:`bench.serving` starts it.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    select,
    update,
)

from fulfillment.app import engine_options
from fulfillment.settings import Settings
from fulfillment.store.base import db
from fulfillment.store.transaction import prepare_engine

ROWS = 1_000
"""Each client has rows of its own, as each station has an order of its own."""

_table = Table(
    "bench_floor",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("code", String(64), unique=True),
    Column("count", Integer, nullable=False),
)
_keys = Table(
    "bench_floor_key",
    _table.metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), unique=True),
)
_engine = SQLAlchemy()


def make_table() -> None:
    """Create and fill the floor's table beside the product's; needs the product's context."""
    with db.engine.begin() as connection:
        _table.metadata.create_all(connection)
        rows = [{"code": f"R{number}", "count": 0} for number in range(ROWS)]
        connection.execute(insert(_table), rows)


def create() -> Flask:
    """The application factory that gunicorn calls."""
    settings = Settings.from_environ(os.environ)
    app = Flask(__name__)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
    )
    _engine.init_app(app)
    app.post("/floor")(_bare)
    app.post("/floor/guarded")(_guarded)
    with app.app_context():
        prepare_engine(_engine.engine)
    return app


def _bare() -> dict[str, Any]:
    code = request.get_json()["raw"]
    with _engine.engine.begin() as connection:
        return _count(connection, code)


def _guarded() -> dict[str, Any]:
    body = request.get_json()
    with _engine.engine.begin() as connection:
        connection.execute(select(_table).where(_table.c.code == body["raw"])).one()
        connection.execute(insert(_keys), {"key": body["key"]})
        return _count(connection, body["raw"])


def _count(connection: Connection, code: str) -> dict[str, Any]:
    row = connection.execute(select(_table).where(_table.c.code == code)).one()
    connection.execute(update(_table).where(_table.c.id == row.id).values(count=_table.c.count + 1))
    return {"id": row.id, "count": row.count + 1}
