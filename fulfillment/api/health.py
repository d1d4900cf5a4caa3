"""For machines that watch or read the service: health, readiness, figures, its description.

Open to everybody: `/healthz` (the process answers), `/readyz` (the database answers and has this
version's schema; says yes or no, never why), `/openapi.json` and `/api/docs`. `/metrics` needs a
token with `see-reports`: an address on the loopback proves nothing behind a proxy.
"""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app, json, render_template
from flask_openapi3.openapi import OpenAPI
from sqlalchemy.exc import SQLAlchemyError

from fulfillment import messages, metrics, migrating
from fulfillment.access import public
from fulfillment.api.frame import by_bearer
from fulfillment.api.problems import problem
from fulfillment.domain.people import Permission
from fulfillment.services import health

blueprint = Blueprint("api_health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    """The service can work."""
    try:
        ready = health.schema_revision() == migrating.newest()
    except SQLAlchemyError:
        ready = False
    if not ready:
        return problem(503, code="not-ready", fields={})
    return Response("ready\n", mimetype="text/plain")


@blueprint.get("/metrics")
def figures() -> Response:
    """Figures for Prometheus."""
    by_bearer().actor.require(Permission.SEE_REPORTS)
    return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


figures.__dict__["permission"] = Permission.SEE_REPORTS


@blueprint.get("/openapi.json")
@public
def description() -> Response:
    """The description of the API."""
    return Response(json.dumps(_description()), mimetype="application/json")


@blueprint.get("/api/docs")
@public
def docs() -> str:
    """The description of the API, for people."""
    return render_template(
        "api/docs.html",
        description=_description(),
        messages=messages.MESSAGES,
        title=messages.title,
    )


def _description() -> dict[str, object]:
    return cast(OpenAPI, current_app).api_doc
