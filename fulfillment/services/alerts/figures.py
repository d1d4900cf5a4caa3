"""The figures that rules watch, each kind by a few statements, whatever the number of subjects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import ColumnElement, func, literal, or_, select, union_all

from fulfillment.domain.alerts import Figure, Rule, slowness
from fulfillment.domain.board.pace import STEPS, paces
from fulfillment.domain.people import system
from fulfillment.services.board.exceptions import KINDS as EXCEPTIONS
from fulfillment.services.board.reading import BoardFloor, activity, read_floor, work_done
from fulfillment.store.base import UtcDateTime, in_state, table_of
from fulfillment.store.catalog import Product, Seller
from fulfillment.store.journal import ScanEvent
from fulfillment.store.outbox import OutboxDelivery
from fulfillment.store.parcels import PackSession
from fulfillment.store.people import Station
from fulfillment.store.printing import Printer
from fulfillment.store.stock import WarehouseBalance
from fulfillment.store.transaction import Transaction

MOST_SUBJECTS = 500
"""Of one rule: more would be no alert but a list, and there is a report for that."""
WEEKS = 4
WAITING = ("short-picks", "weights", "print-jobs", "carriers", "scales", "unsent")
"""The exceptions that wait for somebody: the others pass by themselves or are watched apart."""

_product, _seller, _balance = table_of(Product), table_of(Seller), table_of(WarehouseBalance)
_printer, _station, _session = table_of(Printer), table_of(Station), table_of(PackSession)
_scan, _delivery = table_of(ScanEvent), table_of(OutboxDelivery)


@dataclass
class Look:
    """A warehouse at one moment; what several rules need is read once."""

    tx: Transaction
    warehouse_id: int

    @cached_property
    def floor(self) -> BoardFloor:
        """The board of now."""
        return read_floor(self.tx, system(), self.warehouse_id)


def figures(look: Look, rule: Rule) -> list[Figure]:
    """The figures that the rule watches, or at least those of them that are bad."""
    return _READERS[rule.kind](look, rule)


def _low_stock(look: Look, rule: Rule) -> list[Figure]:
    """Products with less available than the threshold, or than their own level where that is 0."""
    available = _balance.c.sellable - _balance.c.promised
    limit: ColumnElement[int] = (
        literal(rule.threshold) if rule.threshold else _product.c.low_stock_level
    )
    query = (
        select(
            _product.c.id,
            _seller.c.code.label("seller"),
            _product.c.sku,
            available.label("available"),
            limit.label("level"),
        )
        .select_from(
            _balance.join(_product, _product.c.id == _balance.c.product_id).join(
                _seller, _seller.c.id == _product.c.seller_id
            )
        )
        .where(
            _balance.c.warehouse_id == look.warehouse_id,
            _product.c.active,
            _product.c.is_kit.is_(False),
            available < limit,
        )
        .order_by(_product.c.id)
        .limit(MOST_SUBJECTS)
    )
    return [
        Figure(f"product:{row.id}", f"{row.seller} {row.sku}", int(row.available), int(row.level))
        for row in look.tx.execute(query)
    ]


def _standing(name: str) -> Callable[[Look, Rule], list[Figure]]:
    """How many orders have this standing, as the board counts them."""

    def read(look: Look, _rule: Rule) -> list[Figure]:
        floor = look.floor
        orders = {
            one.order_id
            for one in floor.shipments
            if one.dispatched_at is None and floor.standings[one.open.shipment_id] == name
        }
        return [Figure(f"orders:{name}", "", len(orders))]

    return read


def _slow_stages(look: Look, _rule: Rule) -> list[Figure]:
    """Each step's time for an order, in percent of the same hour of past weeks."""
    past = [
        paces(
            (activity(one) for one in work_done(look.tx, look.warehouse_id, until=then)), now=then
        )
        for then in (look.tx.now - timedelta(weeks=back) for back in range(1, WEEKS + 1))
    ]
    found = []
    for step in STEPS:
        percent = slowness(look.floor.paces[step], [one[step] for one in past])
        if percent is not None:
            found.append(Figure(f"step:{step}", step, percent))
    return found


def _printers(look: Look, _rule: Rule) -> list[Figure]:
    """Printers that are away or want something."""
    query = (
        select(_printer.c.id, _printer.c.code)
        .where(
            _printer.c.warehouse_id == look.warehouse_id,
            _printer.c.active,
            _printer.c.condition.in_(("attention", "offline")),
        )
        .order_by(_printer.c.id)
        .limit(MOST_SUBJECTS)
    )
    return [Figure(f"printer:{row.id}", row.code, 1) for row in look.tx.execute(query)]


def _exceptions(look: Look, _rule: Rule) -> list[Figure]:
    """For how many minutes the oldest exception of each kind has been waiting."""
    oldest = [
        select(literal(kind).label("kind"), func.min(found.c.at, type_=UtcDateTime).label("at"))
        for kind in WAITING
        for found in (EXCEPTIONS[kind](look.floor.house, look.tx.now).subquery(),)
    ]
    return [
        Figure(f"exception:{row.kind}", row.kind, _minutes(look, row.at))
        for row in look.tx.execute(union_all(*oldest))
        if row.at is not None
    ]


def _silent_stations(look: Look, _rule: Rule) -> list[Figure]:
    """For how many minutes nothing came from a station at which an order is open."""
    last = (
        select(_scan.c.station_id, func.max(_scan.c.at).label("at"))
        .where(_scan.c.at > look.tx.now - timedelta(days=1), _scan.c.station_id.is_not(None))
        .group_by(_scan.c.station_id)
        .subquery()
    )
    query = (
        select(
            _station.c.id,
            _station.c.code,
            func.max(_session.c.opened_at, type_=UtcDateTime).label("opened_at"),
            func.max(last.c.at, type_=UtcDateTime).label("heard_at"),
        )
        .select_from(
            _session.join(_station, _station.c.id == _session.c.station_id).outerjoin(
                last, last.c.station_id == _station.c.id
            )
        )
        .where(_station.c.warehouse_id == look.warehouse_id, _session.c.closed_at.is_(None))
        .group_by(_station.c.id, _station.c.code)
        .order_by(_station.c.id)
    )
    return [
        Figure(f"station:{row.id}", row.code, _minutes(look, max(row.opened_at, heard_at)))
        for row in look.tx.execute(query)
        for heard_at in (row.heard_at or row.opened_at,)
    ]


def _dead_messages(look: Look, _rule: Rule) -> list[Figure]:
    """Messages that could not be delivered and that nobody has decided on."""
    query = select(func.count()).where(
        in_state(_delivery, "dead"),
        or_(_delivery.c.warehouse_id.is_(None), _delivery.c.warehouse_id == look.warehouse_id),
    )
    return [Figure("outbox", "", int(look.tx.execute(query).scalar_one()))]


def _minutes(look: Look, since: datetime) -> int:
    return int((look.tx.now - since).total_seconds() // 60)


_READERS: Mapping[str, Callable[[Look, Rule], list[Figure]]] = {
    "low-stock": _low_stock,
    "at-risk": _standing("at-risk"),
    "late": _standing("late"),
    "slow-stage": _slow_stages,
    "printer-down": _printers,
    "exceptions": _exceptions,
    "station-silent": _silent_stations,
    "outbox-dead": _dead_messages,
}
