"""Clients as the outside has them: a program with a token, and a browser that fills forms in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fulfillment.domain.people import Permission, system
from fulfillment.services import people


class ApiClient:
    """A program with one token."""

    def __init__(self, app: Flask, secret: str) -> None:
        self._app = app
        self._client: FlaskClient = app.test_client()
        self.secret = secret

    def request(
        self, method: str, path: str, *, key: str | None = None, **more: Any
    ) -> TestResponse:
        """Send one request; *key* is its ``Idempotency-Key``."""
        headers = {"Authorization": f"Bearer {self.secret}", **more.pop("headers", {})}
        if key is not None:
            headers["Idempotency-Key"] = key
        with self._app.app_context():  # each request has its own, as outside of tests
            return self._client.open(path, method=method, headers=headers, buffered=True, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        """GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        """POST; ``json=`` is the body."""
        return self.request("POST", path, **more)


def api_client(
    app: Flask,
    user_id: int,
    *,
    scopes: Iterable[Permission] = tuple(Permission),
    warehouse_ids: tuple[int, ...] = (),
    station_id: int | None = None,
) -> ApiClient:
    """A client with a fresh token of a user."""
    token = people.create_token(
        system(),
        name="test",
        user_id=user_id,
        scopes=list(scopes),
        warehouse_ids=warehouse_ids,
        station_id=station_id,
    )
    return ApiClient(app, token.secret)


_FORM_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Browser:
    """A browser without scripts: keeps cookies, and sends a page's own form token with its form."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.client: FlaskClient = app.test_client()

    def request(self, method: str, path: str, **more: Any) -> TestResponse:
        """Send anything."""
        with self._app.app_context():  # each request has its own, as outside of tests
            return self.client.open(path, method=method, buffered=True, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        """Open a page."""
        return self.request("GET", path, **more)

    def submit(
        self, path: str, *, page: str | None = None, form: dict[str, Any] | None = None, **more: Any
    ) -> TestResponse:
        """Open *page* (or *path* itself), take its form token, and post the form to *path*."""
        found = _FORM_TOKEN.search(self.get(page or path).text)
        fields = {**(form or {}), **({"csrf_token": found[1]} if found else {})}
        return self.request("POST", path, data=fields, **more)

    def log_in(self, login: str, password: str) -> TestResponse:
        """Log in at the office."""
        return self.submit("/log-in", form={"login": login, "password": password})
