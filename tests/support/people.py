"""The people of the small warehouse with a token each, and a journey through the API with them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask

from tests.support.journeys import Journey
from tests.support.web import ApiClient, api_client
from tests.support.world import World

BASE = "/api/v1"


class People:
    """Everybody of a :class:`World`, each with a real token."""

    def __init__(self, app: Flask, world: World) -> None:
        self._app = app
        self.world = world
        self._clients: dict[str, ApiClient] = {}

    def client(self, person: str) -> ApiClient:
        """The client of somebody, made when it is first asked for."""
        if person not in self._clients:
            user_id = self.world.people[person].user_id
            self._clients[person] = api_client(self._app, user_id)
        return self._clients[person]

    def send(self, person: str, method: str, path: str, body: Any = None) -> Any:
        """The response, whatever it is."""
        more = {} if body is None else {"json": body}
        return self.client(person).request(method, BASE + path, **more)

    def call(self, person: str, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer that is no error."""
        response = self.send(person, method, path, body)
        assert response.status_code < HTTPStatus.BAD_REQUEST, response.text
        return response.json

    def refused(
        self, person: str, method: str, path: str, body: Any = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and body of a problem."""
        response = self.send(person, method, path, body)
        assert response.mimetype == "application/problem+json", response.text
        problem: dict[str, Any] = response.json
        return response.status_code, problem

    def journey(self, warehouse: str = "W1") -> Journey:
        """A way through a warehouse; of W2 with its own people."""
        suffix = "" if warehouse == "W1" else "_w2"

        def call(person: str, method: str, path: str, body: Any) -> Any:
            return self.call(person + suffix, method, path, body)

        return Journey(call, warehouse_id=self.world.warehouses[warehouse])
