"""Wiring: settings in, a Flask application out."""

from __future__ import annotations

from pathlib import Path

from flask_migrate import Migrate
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from fulfillment.settings import Settings
from fulfillment.store.base import db
from fulfillment.store.transaction import POSTGRESQL_OPTIONS, prepare_engine

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def create_app(settings: Settings) -> OpenAPI:
    """The application for *settings*.  Opens no connection; each worker process makes its own."""
    app = OpenAPI(
        __name__,
        info=Info(title="Fulfillment", version="1"),
        template_folder=str(TEMPLATES),
        doc_prefix="/api",
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings.database_url),
    )
    db.init_app(app)
    Migrate(app, db, directory=str(Path(__file__).with_name("migrations")), render_as_batch=True)
    with app.app_context():
        prepare_engine(db.engine)
    return app


def _engine_options(url: str) -> dict[str, object]:
    if url.startswith("sqlite"):
        import pysqlite3.dbapi2

        return {"module": pysqlite3.dbapi2, "connect_args": {"timeout": 30}}
    return {"connect_args": {"options": POSTGRESQL_OPTIONS}, "pool_pre_ping": True}
