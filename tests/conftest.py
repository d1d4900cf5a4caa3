"""Shared fixtures: every test that touches the database runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from playwright.sync_api import Playwright, sync_playwright
from sqlalchemy import Engine, create_engine

from fulfillment import migrating
from fulfillment.app import configuration, create_app, engine_options
from fulfillment.services.auditing import audit
from fulfillment.settings import Settings
from fulfillment.store.base import db
from fulfillment.store.transaction import prepare_engine
from tests.support.databases import drop_database, fresh_database
from tests.support.world import World


def application(url: str, directory: Path) -> Flask:
    """An application on the database at *url*."""
    app = create_app(_settings(url, directory))
    app.config["TESTING"] = True
    return app


def _settings(url: str, directory: Path) -> Settings:
    environ = {"DATABASE_URL": url, "FULFILLMENT_INSTANCE_DIR": str(directory)}
    return Settings.from_environ(environ)


def migrate(url: str) -> None:
    """Build the schema in an empty database."""
    with tempfile.TemporaryDirectory() as directory:
        app = application(url, Path(directory))
        with app.app_context():
            migrating.upgrade()
            db.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database: each test once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = tmp_path / "test.db"
        shutil.copy(template, path)
        yield f"sqlite:///{path}"
        return
    url = fresh_database(request.node.name, build=migrate)
    yield url
    drop_database(url)


@pytest.fixture(scope="session")
def shared_application(tmp_path_factory: pytest.TempPathFactory) -> tuple[Flask, dict[str, Any]]:
    """One application for the tests of this process, and its configuration as it began.

    To build its routes and compile its templates takes longer than most tests.
    """
    directory = tmp_path_factory.mktemp("application")
    app = application(f"sqlite:///{directory}/nothing.db", directory)
    return app, dict(app.config)


@pytest.fixture
def app(
    shared_application: tuple[Flask, dict[str, Any]], database_url: str, tmp_path: Path
) -> Iterator[Flask]:
    """The application on a fresh database, its context pushed."""
    app, begun_with = shared_application
    app.config.clear()
    app.config.update(begun_with | configuration(_settings(database_url, tmp_path)))
    with app.app_context():
        engine = create_engine(database_url, **engine_options(database_url))
        prepare_engine(engine)
        cast(dict[str | None, Engine], db.engines)[None] = engine
        yield app
        engine.dispose()


@pytest.fixture
def world(app: Flask, request: pytest.FixtureRequest) -> Iterator[World]:
    """A seller, two warehouses, bins, totes, stations, people; see :class:`World`.

    Whatever a test did, the books must be right after it; unless it is marked ``half_made``:
    then it made by hand what a service of another subject would make whole (a promise without
    its shipment, a cancelled order without its freed goods).
    """
    yield World()
    if request.node.get_closest_marker("half_made"):
        return
    report = audit()
    assert report.ok, {name: rows for name, (count, rows) in report.found.items() if count}


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers: there can be one in a process."""
    with sync_playwright() as driver:
        yield driver
