"""Whole orders through HTTP by many clients at once: who they are, and how one order goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.serving import Answer, Client
from fulfillment.domain.people import Permission, Role, system
from fulfillment.services import people
from fulfillment.store.catalog import Location
from fulfillment.store.people import RoleGrant, Station, User
from tests.support.journeys import Journey
from tests.support.world import NOON, World, insert_row

ROLES = {"supervisor1": Role.SUPERVISOR, "picker1": Role.PICKER, "packer1": Role.PACKER}


@dataclass(frozen=True)
class Crew:
    """Three people with a token each, and the station and the tote that they share."""

    warehouse_id: int
    station_id: int
    tote: str
    tokens: dict[str, str]


def hire(world: World, number: int) -> Crew:
    """A crew of its own for a client."""
    warehouse_id = world.warehouses["W1"]
    code = f"BENCH{number}"
    insert_row(Location, warehouse_id=warehouse_id, kind="tote", code=code)
    return Crew(
        warehouse_id=warehouse_id,
        station_id=insert_row(Station, warehouse_id=warehouse_id, code=code, name=code),
        tote=code,
        tokens={
            name: _token(f"{name}-{number}", role, warehouse_id) for name, role in ROLES.items()
        },
    )


def _token(login: str, role: Role, warehouse_id: int) -> str:
    user_id = insert_row(User, login=login, name=login, created_at=NOON)
    insert_row(
        RoleGrant,
        user_id=user_id,
        role=role,
        warehouse_id=warehouse_id,
        granted_at=NOON,
        granted_by_id=1,
    )
    token = people.create_token(
        system(),
        name="bench",
        user_id=user_id,
        scopes=list(Permission),
        warehouse_ids=(),
        station_id=None,
    )
    return token.secret


@dataclass
class Walk:
    """One crew at work through HTTP; every answer is kept."""

    crew: Crew
    port: int
    answers: list[Answer | str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._clients = {name: Client(self.port, token) for name, token in self.crew.tokens.items()}

    def journey(self) -> Journey:
        """The way of an order, step by step."""
        return Journey(self._call, warehouse_id=self.crew.warehouse_id)

    def _call(self, person: str, method: str, path: str, body: Any) -> Any:
        answer = self._clients[person].send(method, f"/api/v1{path}", body)
        if answer.status >= 400:
            self.answers.append(f"{method} {path}: {answer.status} {answer.body}")
            raise OrderStopped
        self.answers.append(answer)
        return answer.body

    def release(self, journey: Journey, _order_id: int) -> dict[str, Any]:
        """A wave of what is allocated: where one crew works alone, its own order."""
        return journey.release()

    def ship_one(self, lines: Sequence[tuple[str, int]]) -> None:
        """One order from intake to shipped; what goes wrong stands in the answers."""
        journey = self.journey()
        try:
            order_id = journey.take(*lines)
            journey.allocate(order_id)
            wave = self.release(journey, order_id)
            journey.pick([self.crew.tote], number=wave["lists"][0])
            last = journey.pack(self.crew.station_id, self.crew.tote)
        except OrderStopped:
            return
        if last["verdict"]["code"] != "shipped":
            self.answers.append(f"not shipped: {last['verdict']}")


class WalkAmongOthers(Walk):
    """A crew among others: it releases its own order, whatever else is allocated."""

    def release(self, journey: Journey, order_id: int) -> dict[str, Any]:
        """A wave of the one order."""
        ids = [shipment["id"] for shipment in journey.order(order_id)["shipments"]]
        return journey.release(shipment_ids=ids)


class OrderStopped(Exception):
    """A request of the order was refused."""
