"""The migrations: up, down and up again, and the schema that they make is the one of the models."""

from __future__ import annotations

import flask_migrate
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from fulfillment import migrating
from fulfillment.services import health
from fulfillment.store.base import Base, db


def test_the_schema_goes_down_and_up_again_and_is_that_of_the_models(app: Flask) -> None:
    migrating.prepare()
    flask_migrate.downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    migrating.upgrade()
    assert health.schema_revision() == migrating.newest()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
