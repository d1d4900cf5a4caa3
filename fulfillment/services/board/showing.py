"""The board as pages and the API show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from fulfillment.domain.board.pace import STEPS, Pace
from fulfillment.domain.board.pace import rates as orders_an_hour
from fulfillment.domain.board.standing import (
    BOARD_STAGES,
    STANDINGS,
    Standing,
    longest_stage,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.states import STAGES
from fulfillment.services.board.choosing import BoardChoice, chosen
from fulfillment.services.board.exceptions import count_exceptions
from fulfillment.services.board.people import Rate, holders, rates, user_names
from fulfillment.services.board.reading import BoardFloor, BoardShipment, read_floor, seen_by
from fulfillment.store.base import table_of
from fulfillment.store.catalog import CarrierService
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.transaction import Transaction, reads

MOST_WATCHED = 50
"""Orders shown one by one; the numbers count all, and open the list of all."""

_shipment, _order, _service = table_of(Shipment), table_of(Order), table_of(CarrierService)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Van:
    """The orders of one service and cut-off; both None for those without a van."""

    service_id: int | None
    service: str
    cut_off_at: datetime | None
    minutes_left: int | None
    """Whole minutes until the cut-off, negative after it."""
    orders: int
    pieces: int
    stages: Mapping[str, int]
    """Orders in each of :data:`BOARD_STAGES`."""
    standings: Mapping[str, int]
    """Orders in each of :data:`STANDINGS`."""
    last_leaves_at: datetime | None
    """When the last of them will leave, as far as the forecast can say."""


@dataclass(frozen=True)
class Watched:
    """A shipment that is late or at risk."""

    shipment_id: int
    order_id: int
    order: str
    shipment: str
    service: str
    cut_off_at: datetime | None
    minutes_left: int | None
    standing: Standing
    stage: str
    holder: str
    """Who has it in hand; '' for nobody."""
    leaves_at: datetime | None
    """The forecast."""
    margin_minutes: int | None
    """From the forecast to the cut-off; negative: it misses it."""
    dispatched_at: datetime | None
    longest_stage: str
    """The stamp at the end of the stage that took longest; '' where nothing is stamped."""
    longest_minutes: int
    longest_by: str
    """Who ended that stage, or has it in hand."""


@dataclass(frozen=True)
class StepNow:
    """A step of the floor with its people and pace now."""

    step: str
    people: int
    basis: str
    orders_an_hour: float
    order_minutes: float
    scan_minutes: float


@dataclass(frozen=True)
class BoardView:
    """The board of a warehouse."""

    warehouse_id: int
    warehouse: str
    name: str
    timezone: str
    at: datetime
    vans: tuple[Van, ...]
    stages: Mapping[str, int]
    standings: Mapping[str, int]
    watched: tuple[Watched, ...]
    steps: tuple[StepNow, ...]
    people: tuple[Rate, ...]
    stations: tuple[Rate, ...]
    exceptions: Mapping[str, int]


@dataclass(frozen=True)
class ForecastRow:
    """One open shipment with its forecast."""

    shipment_id: int
    order_id: int
    service_id: int | None
    stage: str
    cut_off_at: datetime | None
    leaves_at: datetime | None
    margin_minutes: int | None
    standing: Standing


@reads
def board(tx: Transaction, actor: Actor, warehouse_id: int) -> BoardView:
    """The board now; raises :class:`UnknownThing` for a warehouse that the actor does not see."""
    floor = read_floor(tx, actor, warehouse_id)
    seen = list(seen_by(actor, floor.shipments))
    services = service_names(tx)
    people, stations = rates(tx, warehouse_id, floor.work)
    return BoardView(
        warehouse_id=warehouse_id,
        warehouse=floor.house.code,
        name=floor.house.name,
        timezone=floor.house.zone.key,
        at=floor.now,
        vans=tuple(_vans(floor, seen, services)),
        stages=_by_stage(seen),
        standings=_by_standing(floor, seen),
        watched=tuple(_watched(tx, floor, seen, services)),
        steps=tuple(_steps(floor)),
        people=people,
        stations=stations,
        exceptions=count_exceptions(tx, floor.house),
    )


@reads
def forecast(tx: Transaction, actor: Actor, choice: BoardChoice) -> tuple[ForecastRow, ...]:
    """The shipments of a choice with their forecasts, the tightest first."""
    floor = read_floor(tx, actor, choice.warehouse_id)
    found = [
        ForecastRow(
            one.open.shipment_id,
            one.order_id,
            one.service_id,
            one.stage,
            one.open.cut_off_at,
            floor.leaves.get(one.open.shipment_id),
            margin_minutes(one.open.cut_off_at, floor.leaves.get(one.open.shipment_id)),
            floor.standings[one.open.shipment_id],
        )
        for one in chosen(floor, actor, choice)
        if one.dispatched_at is None
    ]
    return tuple(sorted(found, key=lambda row: (_tightness(row.margin_minutes), row.shipment_id)))


@reads
def order_numbers(tx: Transaction, actor: Actor, order_ids: Sequence[int]) -> dict[int, str]:
    """The numbers of orders by id, of sellers that the actor sees."""
    actor.require(Permission.SEE_REPORTS)
    query = select(_order.c.id, _order.c.number).where(_order.c.id.in_(sorted(set(order_ids))))
    sellers = actor.seller_ids(Permission.SEE_REPORTS)
    if sellers is not None:
        query = query.where(_order.c.seller_id.in_(sorted(sellers)))
    return {row.id: row.number for row in tx.execute(query)}


def service_names(tx: Transaction) -> dict[int, str]:
    """``CARRIER/CODE`` by id."""
    rows = tx.execute(select(_service.c.id, _service.c.carrier, _service.c.code))
    return {row.id: f"{row.carrier}/{row.code}" for row in rows}


def margin_minutes(cut_off_at: datetime | None, leaves_at: datetime | None) -> int | None:
    """Whole minutes from the forecast to the cut-off, rounded towards being late."""
    if cut_off_at is None or leaves_at is None:
        return None
    return int((cut_off_at - leaves_at) // timedelta(minutes=1))


def _tightness(margin: int | None) -> tuple[bool, int]:
    return (margin is None, margin or 0)


# --- numbers -----------------------------------------------------------------------------


def _vans(
    floor: BoardFloor, seen: Iterable[BoardShipment], services: Mapping[int, str]
) -> list[Van]:
    groups: dict[tuple[int | None, datetime | None], list[BoardShipment]] = defaultdict(list)
    for one in seen:
        groups[one.service_id, one.open.cut_off_at].append(one)
    vans = []
    for (service_id, cut_off_at), found in groups.items():
        leaves = [floor.leaves.get(one.open.shipment_id) for one in found]
        vans.append(
            Van(
                service_id=service_id,
                service=services.get(service_id or 0, ""),
                cut_off_at=cut_off_at,
                minutes_left=margin_minutes(cut_off_at, floor.now),
                orders=len({one.order_id for one in found}),
                pieces=sum(one.open.pieces for one in found),
                stages=_by_stage(found),
                standings=_by_standing(floor, found),
                last_leaves_at=max((at for at in leaves if at is not None), default=None),
            )
        )
    return sorted(vans, key=lambda van: (van.cut_off_at or _NEVER, van.service))


def _by_stage(found: Iterable[BoardShipment]) -> dict[str, int]:
    orders: dict[str, set[int]] = defaultdict(set)
    for one in found:
        orders[one.stage].add(one.order_id)
    return {stage: len(orders[stage]) for stage in BOARD_STAGES}


def _by_standing(floor: BoardFloor, found: Iterable[BoardShipment]) -> dict[str, int]:
    orders: dict[str, set[int]] = defaultdict(set)
    standings = floor.standings
    for one in found:
        orders[standings[one.open.shipment_id]].add(one.order_id)
    return {name: len(orders[name]) for name in STANDINGS}


def _steps(floor: BoardFloor) -> list[StepNow]:
    paces: Mapping[str, Pace] = floor.paces
    capacity = orders_an_hour(paces)
    return [
        StepNow(
            step,
            paces[step].people,
            paces[step].basis,
            capacity[step],
            paces[step].order_minutes,
            paces[step].scan_minutes,
        )
        for step in STEPS
        if step != "dispatch" or floor.house.scan_out
    ]


# --- one by one --------------------------------------------------------------------------


def _watched(
    tx: Transaction, floor: BoardFloor, seen: Iterable[BoardShipment], services: Mapping[int, str]
) -> list[Watched]:
    """What is late or at risk: what can still be saved first, the tightest first."""
    standings, leaves = floor.standings, floor.leaves
    found = [one for one in seen if standings[one.open.shipment_id] in ("late", "at-risk")]
    found.sort(key=lambda one: _urgency(floor, one))
    shown = found[:MOST_WATCHED]
    ids = [one.open.shipment_id for one in shown]
    heads = _heads(tx, ids)
    has = holders(tx, ids)
    names = user_names(tx, [*has.values(), *_stampers(heads.values())])
    return [
        _watch(
            one,
            heads[one.open.shipment_id],
            standing=standings[one.open.shipment_id],
            leaves_at=leaves.get(one.open.shipment_id),
            holder=names.get(has.get(one.open.shipment_id, 0), ""),
            names=names,
            service=services.get(one.service_id or 0, ""),
            now=floor.now,
        )
        for one in shown
    ]


def _urgency(floor: BoardFloor, one: BoardShipment) -> tuple[bool, bool, datetime, datetime, int]:
    key = one.open.shipment_id
    return (
        one.dispatched_at is not None,
        floor.standings[key] == "late",
        one.open.cut_off_at or _NEVER,
        floor.leaves.get(key) or _NEVER,
        key,
    )


def _heads(tx: Transaction, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Numbers and stamps of the shipments that are shown one by one."""
    stamps = [
        _shipment.c[f"{stage}{end}"]
        for stage in STAGES
        for end in ("_at", "_by_id")
        if f"{stage}{end}" in _shipment.c
    ]
    query = (
        select(
            _shipment.c.id,
            _shipment.c.number,
            _order.c.number.label("order_number"),
            _order.c.confirmed_by_id,
            *stamps,
        )
        .join(_order, _order.c.id == _shipment.c.order_id)
        .where(_shipment.c.id.in_(ids))
    )
    return {row.id: row for row in tx.execute(query)}


def _stampers(rows: Iterable[Row[Any]]) -> Iterable[int | None]:
    for row in rows:
        for stage in STAGES:
            yield getattr(row, f"{stage}_by_id")


def _watch(
    one: BoardShipment,
    head: Row[Any],
    *,
    standing: Standing,
    leaves_at: datetime | None,
    holder: str,
    names: Mapping[int, str],
    service: str,
    now: datetime,
) -> Watched:
    stamps = [(stage, getattr(head, f"{stage}_at")) for stage in STAGES]
    longest = longest_stage(stamps, until=now)
    by_id = getattr(head, f"{longest.stage}_by_id") if longest else None
    return Watched(
        shipment_id=one.open.shipment_id,
        order_id=one.order_id,
        order=head.order_number,
        shipment=head.number,
        service=service,
        cut_off_at=one.open.cut_off_at,
        minutes_left=margin_minutes(one.open.cut_off_at, now),
        standing=standing,
        stage=one.stage,
        holder=holder,
        leaves_at=leaves_at,
        margin_minutes=margin_minutes(one.open.cut_off_at, leaves_at),
        dispatched_at=one.dispatched_at,
        longest_stage=longest.stage if longest else "",
        longest_minutes=int(longest.seconds // 60) if longest else 0,
        longest_by=names.get(by_id, "") if by_id is not None else holder,
    )
