"""Warehouses, the places in them, and cartons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from fulfillment.domain.catalogue import (
    CartonEntry,
    LocationEntry,
    WarehouseEntry,
    carton_faults,
    location_faults,
    warehouse_faults,
)
from fulfillment.domain.errors import Fault, InvalidInput, UnknownThing
from fulfillment.domain.orders import address_faults
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.catalogue.upserting import (
    Plan,
    Upserted,
    carry_out,
    repeated_keys,
    require_faultless,
    take_turns,
)
from fulfillment.services.orders.addresses import known_countries
from fulfillment.store.base import table_of
from fulfillment.store.batches import batches
from fulfillment.store.catalog import Carton, Location, Warehouse
from fulfillment.store.stock import StockBalance
from fulfillment.store.transaction import Transaction, writes

LOCATION_DEFAULTS: Mapping[str, Any] = {
    "kind": "bin", "zone": "", "aisle": None, "x_metres": None, "y_metres": None, "active": True,
}  # fmt: skip


@writes
def put_warehouse(tx: Transaction, actor: Actor, entry: WarehouseEntry) -> Upserted:
    """Create or change a warehouse by its code; its policy has a page of its own."""
    faults = (
        *warehouse_faults(entry),
        *address_faults(entry.address, countries=known_countries()),
    )
    if faults:
        raise InvalidInput(faults)
    table = table_of(Warehouse)
    known = tx.execute(select(table).where(table.c.code == entry.code)).mappings().one_or_none()
    if known is None:
        actor.require(Permission.MANAGE_PEOPLE)  # only who may people it may build it
    else:
        warehouse_to_change(tx, actor, entry.code)
    plan = Plan(table)
    fields = {
        "code": entry.code,
        "name": entry.name,
        "timezone": entry.timezone,
        "address": entry.address.as_document(),
        "layout": dict(entry.layout) if entry.layout is not None else None,
    }
    plan.put(dict(known) if known else None, fields, defaults={"policy": {}})
    return carry_out(tx, plan)


@writes
def put_locations(
    tx: Transaction, actor: Actor, warehouse: str, entries: Sequence[LocationEntry]
) -> Upserted:
    """Create or change bins, totes and other places by code: all of them, or none.

    A code is one place in the whole house, and its kind never changes.
    """
    warehouse_to_change(tx, actor, warehouse)
    rows = [{**vars(entry), "warehouse": warehouse} for entry in entries]
    plan = plan_locations(tx, actor, rows)
    require_faultless(plan, "locations")
    return carry_out(tx, plan)


@writes
def put_cartons(
    tx: Transaction, actor: Actor, warehouse: str, entries: Sequence[CartonEntry]
) -> Upserted:
    """Create or change the box types of a warehouse by code: all of them, or none."""
    warehouse_id = warehouse_to_change(tx, actor, warehouse)
    table = table_of(Carton)
    known = {
        row["code"]: dict(row)
        for row in tx.execute(select(table).where(table.c.warehouse_id == warehouse_id)).mappings()
    }
    plan = Plan(table)
    twice = repeated_keys([entry.code for entry in entries])
    for index, entry in enumerate(entries):
        faults = carton_faults(entry)
        if index in twice:
            faults = (Fault("code", "repeated-key", entry.code),)
        if not plan.refuse(index, faults):
            fields = {**vars(entry), "warehouse_id": warehouse_id}
            plan.put(known.get(entry.code), fields, defaults={})
    require_faultless(plan, "cartons")
    return carry_out(tx, plan)


def warehouse_to_change(tx: Transaction, actor: Actor, code: str) -> int:
    """The id of a warehouse whose places the actor may change; its changes take turns."""
    warehouse_id = warehouse_seen(tx, actor, Permission.CHANGE_CATALOGUE, code)
    take_turns(tx, Warehouse, warehouse_id)
    return warehouse_id


def warehouse_seen(tx: Transaction, actor: Actor, permission: Permission, code: str) -> int:
    """The id of the warehouse with *code*; a foreign one is answered like an unknown one."""
    actor.require(permission)
    table = table_of(Warehouse)
    found = tx.execute(select(table.c.id).where(table.c.code == code)).scalar_one_or_none()
    if found is None or not actor.may(permission, warehouse_id=found):
        raise UnknownThing(kind="warehouse", key=code)
    return int(found)


def plan_locations(tx: Transaction, actor: Actor, rows: Sequence[Mapping[str, Any]]) -> Plan:
    """What to do with *rows* of place fields and ``warehouse``; what a row leaves out stays."""
    plan = Plan(table_of(Location))
    warehouses = {
        row.code: row.id
        for row in tx.execute(select(table_of(Warehouse).c.code, table_of(Warehouse).c.id))
        if actor.may(Permission.CHANGE_CATALOGUE, warehouse_id=row.id)
    }
    twice = repeated_keys([row["code"] for row in rows])
    known = _locations_by_code(tx, (str(row["code"]) for row in rows))
    stocked = _with_stock(tx, (place["id"] for place in known.values()))
    for index, row in enumerate(rows):
        fields = {name: value for name, value in row.items() if name != "warehouse"}
        if plan.refuse(index, location_faults(fields)):
            continue
        warehouse_id = warehouses.get(row["warehouse"])
        if warehouse_id is None:
            plan.refuse(index, [Fault("warehouse", "unknown-warehouse", str(row["warehouse"]))])
            continue
        if index in twice:
            plan.refuse(index, [Fault("code", "repeated-key", row["code"])])
            continue
        fields["warehouse_id"] = warehouse_id
        place = known.get(row["code"])
        if not plan.refuse(index, _change_faults(place, fields, stocked)):
            plan.put(place, fields, defaults=LOCATION_DEFAULTS)
    return plan


def _change_faults(
    known: Mapping[str, Any] | None, fields: Mapping[str, Any], stocked: set[int]
) -> list[Fault]:
    if known is None:
        return []
    faults: list[Fault] = []
    if known["warehouse_id"] != fields["warehouse_id"]:
        faults.append(Fault("code", "taken-elsewhere", str(fields["code"])))
    elif known["kind"] != fields.get("kind", known["kind"]):
        faults.append(Fault("kind", "never-changes", str(known["kind"])))
    if known["id"] in stocked and not fields.get("active", True):
        faults.append(Fault("active", "has-stock"))
    return faults


def _locations_by_code(tx: Transaction, codes: Iterable[str]) -> dict[str, dict[str, Any]]:
    table = table_of(Location)
    return {
        row["code"]: dict(row)
        for batch in batches(sorted(set(codes)))
        for row in tx.execute(select(table).where(table.c.code.in_(batch))).mappings()
    }


def _with_stock(tx: Transaction, location_ids: Iterable[int]) -> set[int]:
    table = table_of(StockBalance)
    return {
        row.location_id
        for batch in batches(sorted(location_ids))
        for row in tx.execute(
            select(table.c.location_id)
            .where(table.c.location_id.in_(batch), table.c.on_hand > 0)
            .distinct()
        )
    }
