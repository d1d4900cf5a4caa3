"""Service rules and timetables as the domain wants them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from fulfillment.domain.carriage import Price, PriceTable, ServiceRule, Timetable
from fulfillment.domain.cutoffs import Departure
from fulfillment.store.base import table_of
from fulfillment.store.catalog import CarrierService, CutOff, Holiday, ServicePrice, Warehouse
from fulfillment.store.catalog import ServiceRule as RuleRow
from fulfillment.store.transaction import Transaction


@dataclass(frozen=True)
class Dock:
    """A warehouse as a sender: its code and its timetable."""

    warehouse_id: int
    code: str
    timetable: Timetable


def read_docks(tx: Transaction, warehouse_ids: Iterable[int] | None = None) -> dict[int, Dock]:
    """The warehouses (all, or these) with their cut-offs and coming holidays, in one statement."""
    query = _DOCKS
    if warehouse_ids is not None:
        query = query.where(_warehouse.c.id.in_(sorted(warehouse_ids)))
    names: dict[int, tuple[str, str]] = {}
    departures: dict[int, dict[int, set[Departure]]] = defaultdict(lambda: defaultdict(set))
    holidays = defaultdict(set)
    for row in tx.execute(query, {"from_day": (tx.now - timedelta(days=1)).date()}):
        names[row.id] = (row.code, row.timezone)
        if row.service_id is not None:
            departure = Departure(row.local_time, frozenset(row.weekdays))
            departures[row.id][row.service_id].add(departure)
        if row.day is not None:
            holidays[row.id].add(row.day)
    return {
        key: Dock(
            key,
            code,
            Timetable(
                zone=ZoneInfo(zone),
                departures={s: tuple(found) for s, found in departures[key].items()},
                holidays=frozenset(holidays[key]),
            ),
        )
        for key, (code, zone) in names.items()
    }


_warehouse, _cut_off, _holiday = table_of(Warehouse), table_of(CutOff), table_of(Holiday)
_DOCKS = (
    select(
        _warehouse.c.id,
        _warehouse.c.code,
        _warehouse.c.timezone,
        _cut_off.c.service_id,
        _cut_off.c.local_time,
        _cut_off.c.weekdays,
        _holiday.c.day,
    )
    .outerjoin(_cut_off, _cut_off.c.warehouse_id == _warehouse.c.id)
    .outerjoin(
        _holiday,
        (_holiday.c.warehouse_id == _warehouse.c.id) & (_holiday.c.day >= bindparam("from_day")),
    )
    .order_by(_warehouse.c.id)
)
_rule = table_of(RuleRow)
_RULES = select(_rule).order_by(_rule.c.rank, _rule.c.id)


def read_service_rules(tx: Transaction) -> tuple[ServiceRule, ...]:
    """All service rules by rank."""
    rows = tx.execute(_RULES)
    return tuple(
        ServiceRule(
            rank=row.rank,
            service_id=row.service_id,
            warehouse_id=row.warehouse_id,
            country=row.country,
            most_grams=row.most_grams,
            most_mm=row.most_mm,
            in_time=row.in_time,
            most_minor=row.most_minor,
        )
        for row in rows
    )


def read_prices(tx: Transaction) -> PriceTable:
    """The prices of all services, in one statement."""
    price, service = table_of(ServicePrice), table_of(CarrierService)
    rows = tx.execute(
        select(price, (service.c.carrier + "/" + service.c.code).label("service"))
        .join(service, service.c.id == price.c.service_id)
        .order_by(price.c.id)
    )
    return PriceTable(
        Price(
            service_id=row.service_id,
            service=row.service,
            price_minor=row.price_minor,
            currency=row.currency,
            days=row.days,
            country=row.country,
            most_grams=row.most_grams,
        )
        for row in rows
    )
