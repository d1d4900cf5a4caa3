"""When vans leave a warehouse: its cut-offs and the days without any, as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from sqlalchemy import select

from fulfillment.domain.people import Actor, Permission
from fulfillment.services.catalogue.places import warehouse_seen
from fulfillment.store.base import table_of
from fulfillment.store.catalog import CarrierService, CutOff, Holiday
from fulfillment.store.transaction import Transaction, reads


@dataclass(frozen=True)
class Departure:
    """A van of a service (``CARRIER/CODE``): local minute and weekdays (Monday = 0)."""

    service: str
    local_time: time
    weekdays: tuple[int, ...]


@dataclass(frozen=True)
class WarehouseTimetable:
    """The vans of a warehouse by service and time, and the days without any, all in its zone."""

    departures: tuple[Departure, ...]
    holidays: tuple[date, ...]


@reads
def timetable(tx: Transaction, actor: Actor, warehouse: str) -> WarehouseTimetable:
    """The timetable of a warehouse."""
    warehouse_id = warehouse_seen(tx, actor, Permission.SEE_CATALOGUE, warehouse)
    cut_off, service, holiday = table_of(CutOff), table_of(CarrierService), table_of(Holiday)
    rows = tx.execute(
        select(
            (service.c.carrier + "/" + service.c.code).label("service"),
            cut_off.c.local_time,
            cut_off.c.weekdays,
        )
        .join(service, service.c.id == cut_off.c.service_id)
        .where(cut_off.c.warehouse_id == warehouse_id)
        .order_by(service.c.carrier, service.c.code, cut_off.c.local_time)
    )
    departures = tuple(Departure(row.service, row.local_time, tuple(row.weekdays)) for row in rows)
    days = tx.execute(
        select(holiday.c.day).where(holiday.c.warehouse_id == warehouse_id).order_by(holiday.c.day)
    ).scalars()
    return WarehouseTimetable(departures, tuple(days))
