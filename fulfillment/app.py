"""Wiring: settings in, a Flask application out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.openapi import OpenAPI

from fulfillment import api, logs, office, web
from fulfillment.api.problems import Problem
from fulfillment.domain.access import SessionLimits
from fulfillment.mails import webhook_rules
from fulfillment.proxies import behind_proxies
from fulfillment.services import proof_photos
from fulfillment.settings import Settings
from fulfillment.store.base import db
from fulfillment.store.transaction import POSTGRESQL_OPTIONS, prepare_engine
from stations import pages

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
STATIC = Path(__file__).with_name("office") / "static"

API_DESCRIPTION = (
    "Everything the pages do, as JSON. Send `Authorization: Bearer <token>`. Errors are RFC 9457 "
    "problems; long lists come in pages (`cursor`, `limit`, `next`)."
)


class Application(OpenAPI):
    """The Flask application."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is a coroutine; Flask looks at each one in each request."""
        return func


def create_app(settings: Settings) -> Application:
    """The application for *settings*.  Opens no connection; each worker process makes its own."""
    app = Application(
        __name__,
        info=Info(title="Fulfillment", version="1", description=API_DESCRIPTION),
        security_schemes={"token": SecurityScheme(type="http", scheme="bearer")},
        # Every operation names its problems itself, as `default`; the library's own list of
        # faults (422) is not ours.
        validation_error_status="default",
        validation_error_model=Problem,
        doc_ui=False,  # its pages use inline scripts; ours is /api/docs
        template_folder=str(TEMPLATES),
        static_folder=str(STATIC),
    )
    app.config.update(configuration(settings))
    logs.configure(level=settings.log_level, as_json=settings.log_json)
    db.init_app(app)
    web.wire(app, secure=settings.cookie_secure)
    api.register(app)
    office.register(app)
    pages.register(app)
    if settings.trusted_proxies:
        app.wsgi_app = behind_proxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[assignment, method-assign]  # as Flask documents it
    with app.app_context():
        prepare_engine(db.engine)
    return app


def configuration(settings: Settings) -> dict[str, Any]:
    """What the application and its extensions read at run time, by Flask's names and ours."""
    secure = settings.cookie_secure
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database_url),
        "MAX_CONTENT_LENGTH": settings.max_content_bytes,
        "BOARD_STREAMS": settings.threads // 2,
        "TRUSTED_HOSTS": list(settings.trusted_hosts),
        "SESSION_COOKIE_NAME": "__Host-form" if secure else "form",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WEBHOOK_RULES": webhook_rules(settings),
        "PROOF_PHOTOS": settings.instance_dir / proof_photos.FOLDER,
        "CARRIER_CREDENTIALS": settings.instance_dir / "carriers",
        "SESSION_LIMITS": SessionLimits(
            office_idle_seconds=settings.office_idle_seconds,
            session_seconds=settings.session_seconds,
        ),
    }


def engine_options(url: str) -> dict[str, object]:
    hidden = {"hide_parameters": True}  # names and addresses do not get into the log with an error
    if url.startswith("sqlite"):
        import pysqlite3.dbapi2

        return hidden | {"module": pysqlite3.dbapi2, "connect_args": {"timeout": 30}}
    return hidden | {
        "connect_args": {"options": POSTGRESQL_OPTIONS},
        "pool_pre_ping": True,
        "pool_use_lifo": True,  # the connections that know the statements are used again first
    }
