"""The terms of trade: sellers and their warehouses by region, carrier services, cut-offs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update

from fulfillment import carriers
from fulfillment.domain.catalogue import (
    CHEAPEST,
    MOST_GRAMS,
    CarrierAccountEntry,
    CutOffEntry,
    PriceEntry,
    RegionPriorityEntry,
    SellerEntry,
    ServiceEntry,
    ServiceRuleEntry,
    cut_off_faults,
    day_faults,
    seller_faults,
    service_faults,
)
from fulfillment.domain.checks import (
    choice_faults,
    code_faults,
    flag_faults,
    integer_faults,
    shown,
)
from fulfillment.domain.errors import Fault, InvalidInput, UnknownThing, invalid
from fulfillment.domain.orders import address_faults
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.catalogue.places import warehouse_to_change
from fulfillment.services.catalogue.products import seller_to_change
from fulfillment.services.catalogue.upserting import Plan, Upserted, carry_out
from fulfillment.services.orders.addresses import known_countries, known_currencies
from fulfillment.store import journal
from fulfillment.store.base import Base, table_of
from fulfillment.store.catalog import (
    CarrierAccount,
    CarrierService,
    CutOff,
    Holiday,
    RegionPriority,
    Seller,
    ServicePrice,
    ServiceRule,
    Warehouse,
)
from fulfillment.store.transaction import Transaction, reads, writes

MOST_RANK = 1_000
MOST_MM = 100_000
MOST_MINOR = 10**9
MOST_DAYS = 365
MOST_SETTINGS = 4_000
LOCAL = "local"


@writes
def put_seller(tx: Transaction, actor: Actor, entry: SellerEntry) -> Upserted:
    """Create or change a seller by its code."""
    faults = (*seller_faults(entry), *address_faults(entry.sender, countries=known_countries()))
    if faults:
        raise InvalidInput(faults)
    table = table_of(Seller)
    known = tx.execute(select(table).where(table.c.code == entry.code)).mappings().one_or_none()
    if known is None:
        actor.require(Permission.MANAGE_PEOPLE)  # a new seller is a matter of the administrators
    else:
        seller_to_change(tx, actor, entry.code)
    rules = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(entry.review_rules).items()
    }
    plan = Plan(table)
    fields = {
        "code": entry.code,
        "name": entry.name,
        "sender": entry.sender.as_document(),
        "allocation_rule": entry.allocation_rule,
        "ship_complete": entry.ship_complete,
        "review_rules": rules,
    }
    plan.put(dict(known) if known else None, fields, defaults={})
    done = carry_out(tx, plan)
    seller_id = tx.execute(select(table.c.id).where(table.c.code == entry.code)).scalar_one()
    settings = {name: fields[name] for name in ("allocation_rule", "ship_complete")}
    _audit(tx, actor, "seller.settings", ("seller", seller_id), [{**settings, "review": rules}])
    return done


@writes
def put_region_priorities(
    tx: Transaction, actor: Actor, seller: str, entries: Sequence[RegionPriorityEntry]
) -> None:
    """Replace which warehouse serves which country first for a seller."""
    seller_id = seller_to_change(tx, actor, seller)
    warehouses = _ids(tx, Warehouse)
    faults: list[Fault] = []
    for index, entry in enumerate(entries):
        where = f"priorities[{index}]"
        faults += integer_faults(f"{where}.rank", entry.rank, least=1, most=MOST_RANK)
        faults += _known_or_blank(f"{where}.country", entry.country, known_countries(), "country")
        if entry.warehouse not in warehouses:
            faults.append(Fault(f"{where}.warehouse", "unknown-warehouse", entry.warehouse))
    keys = [(entry.country, entry.warehouse) for entry in entries]
    if len(set(keys)) != len(keys):
        faults.append(Fault("priorities", "repeated-key"))
    if faults:
        raise InvalidInput(tuple(faults))
    table = table_of(RegionPriority)
    rows = [
        {
            "seller_id": seller_id,
            "country": entry.country,
            "warehouse_id": warehouses[entry.warehouse],
            "rank": entry.rank,
        }
        for entry in entries
    ]
    _replace(tx, delete(table).where(table.c.seller_id == seller_id), RegionPriority, rows)
    _audit(tx, actor, "seller.region-priorities", ("seller", seller_id), rows)


@writes
def put_service(tx: Transaction, actor: Actor, entry: ServiceEntry) -> Upserted:
    """Create or change a carrier service.  Its numbers go on where they are: none comes twice."""
    actor.require(Permission.CHANGE_POLICY)
    faults = service_faults(entry)
    if faults:
        raise InvalidInput(faults)
    table = table_of(CarrierService)
    known = (
        tx.execute(
            select(table)
            .where(table.c.carrier == entry.carrier, table.c.code == entry.code)
            .with_for_update()
        )
        .mappings()
        .one_or_none()
    )
    if known is not None and entry.last_number < known["next_number"] - 1:
        raise invalid("last_number", "numbers-used", known["next_number"] - 1)
    plan = Plan(table)
    account = table_of(CarrierAccount)
    account_id = tx.execute(
        select(account.c.id).where(account.c.carrier == entry.carrier, account.c.kind != LOCAL)
    ).scalar_one_or_none()
    fields = {
        "carrier": entry.carrier,
        "code": entry.code,
        "name": entry.name,
        "last_number": entry.last_number,
        "account_id": account_id,
    }
    plan.put(dict(known) if known else None, fields, defaults={"next_number": entry.first_number})
    return carry_out(tx, plan)


@writes
def put_carrier_account(tx: Transaction, actor: Actor, entry: CarrierAccountEntry) -> None:
    """Say how the labels of a carrier's services are bought from now on.

    Labels that are being bought go on with what they were asked with.  Secrets do not belong in
    here: they lie in a file on the worker's host (``docs/carriers.md``).
    """
    actor.require(Permission.CHANGE_POLICY)
    faults = [*code_faults("carrier", entry.carrier, most=32)]
    faults += choice_faults("kind", entry.kind, carriers.kinds())
    if len(json.dumps(dict(entry.settings))) > MOST_SETTINGS:
        faults.append(Fault("settings", "too-long", str(MOST_SETTINGS)))
    if faults:
        raise InvalidInput(tuple(faults))
    account, service = table_of(CarrierAccount), table_of(CarrierService)
    known = tx.execute(
        select(account.c.id).where(account.c.carrier == entry.carrier).with_for_update()
    ).scalar_one_or_none()
    values = {"kind": entry.kind, "settings": dict(entry.settings)}
    if known is None:
        known = tx.execute(
            insert(account).values(carrier=entry.carrier, **values).returning(account.c.id)
        ).scalar_one()
    else:
        tx.execute(update(account).where(account.c.id == known).values(**values))
    tx.execute(
        update(service)
        .where(service.c.carrier == entry.carrier)
        .values(account_id=None if entry.kind == LOCAL else known)
    )
    _audit(
        tx,
        actor,
        "carrier-account",
        ("carrier-account", known),
        [{"carrier": entry.carrier, **values}],
    )


@reads
def list_carrier_accounts(tx: Transaction, actor: Actor) -> tuple[CarrierAccountEntry, ...]:
    """How the labels of carriers are bought, by carrier; one that is missing is the local one."""
    actor.require(Permission.CHANGE_POLICY)
    account = table_of(CarrierAccount)
    rows = tx.execute(select(account).order_by(account.c.carrier))
    return tuple(CarrierAccountEntry(row.carrier, row.kind, row.settings) for row in rows)


@writes
def put_service_rules(tx: Transaction, actor: Actor, entries: Sequence[ServiceRuleEntry]) -> None:
    """Replace the rules by which shipments get their service; the first that fits counts."""
    actor.require(Permission.CHANGE_POLICY)
    table = table_of(CarrierService)
    services = {
        f"{row.carrier}/{row.code}": row.id
        for row in tx.execute(select(table.c.id, table.c.carrier, table.c.code))
    }
    warehouses = {"": None, **_ids(tx, Warehouse)}
    faults: list[Fault] = []
    for index, entry in enumerate(entries):
        where = f"rules[{index}]"
        faults += _known_or_blank(f"{where}.country", entry.country, known_countries(), "country")
        if entry.service not in services and entry.service != CHEAPEST:
            faults.append(Fault(f"{where}.service", "unknown-service", entry.service))
        if entry.warehouse not in warehouses:
            faults.append(Fault(f"{where}.warehouse", "unknown-warehouse", entry.warehouse))
        found = flag_faults(f"{where}.in_time", entry.in_time)
        faults += found
        limits = (
            ("most_grams", entry.most_grams, MOST_GRAMS),
            ("most_mm", entry.most_mm, MOST_MM),
            ("most_minor", entry.most_minor, MOST_MINOR),
        )
        for name, limit, most in limits:
            if limit is not None:
                faults += integer_faults(f"{where}.{name}", limit, least=1, most=most)
    if faults:
        raise InvalidInput(tuple(faults))
    rows = [
        {
            "rank": rank,
            "service_id": services.get(entry.service),
            "warehouse_id": warehouses[entry.warehouse],
            "country": entry.country,
            "most_grams": entry.most_grams,
            "most_mm": entry.most_mm,
            "in_time": entry.in_time,
            "most_minor": entry.most_minor,
        }
        for rank, entry in enumerate(entries, start=1)
    ]
    _replace(tx, delete(table_of(ServiceRule)), ServiceRule, rows)
    _audit(tx, actor, "service-rules", ("service-rule", 0), rows)


@writes
def put_prices(
    tx: Transaction, actor: Actor, service: str, entries: Sequence[PriceEntry], *, currency: str
) -> None:
    """Replace the price table of a service (``CARRIER/CODE``): by country and weight step.

    All services have one currency, because rules compare their prices.
    """
    actor.require(Permission.CHANGE_POLICY)
    service_id = _service_id(tx, service)
    table = table_of(ServicePrice)
    others = tx.execute(
        select(table.c.currency).where(table.c.service_id != service_id).limit(1)
    ).scalar_one_or_none()
    faults: list[Fault] = []
    if currency not in known_currencies():
        faults.append(Fault("currency", "unknown-currency", shown(currency)))
    elif others not in (None, currency):
        faults.append(Fault("currency", "another-currency", str(others)))
    for index, entry in enumerate(entries):
        where = f"prices[{index}]"
        faults += _known_or_blank(f"{where}.country", entry.country, known_countries(), "country")
        faults += integer_faults(
            f"{where}.price_minor", entry.price_minor, least=0, most=MOST_MINOR
        )
        faults += integer_faults(f"{where}.days", entry.days, least=0, most=MOST_DAYS)
        if entry.most_grams is not None:
            name = f"{where}.most_grams"
            faults += integer_faults(name, entry.most_grams, least=1, most=MOST_GRAMS)
    keys = [(entry.country, entry.most_grams) for entry in entries]
    if len(set(keys)) != len(keys):
        faults.append(Fault("prices", "repeated-key"))
    if faults:
        raise InvalidInput(tuple(faults))
    rows = [
        {
            "service_id": service_id,
            "country": entry.country,
            "most_grams": entry.most_grams,
            "price_minor": entry.price_minor,
            "currency": currency,
            "days": entry.days,
        }
        for entry in entries
    ]
    _replace(tx, delete(table).where(table.c.service_id == service_id), ServicePrice, rows)
    _audit(tx, actor, "service.prices", ("service", service_id), rows)


@writes
def put_cut_offs(
    tx: Transaction, actor: Actor, warehouse: str, service: str, entries: Sequence[CutOffEntry]
) -> None:
    """Replace the cut-offs of a service (``CARRIER/CODE``) at a warehouse."""
    warehouse_id = warehouse_to_change(tx, actor, warehouse)
    service_id = _service_id(tx, service)
    faults = tuple(
        fault
        for index, entry in enumerate(entries)
        for fault in cut_off_faults(f"cut_offs[{index}]", entry)
    )
    if faults:
        raise InvalidInput(faults)
    table = table_of(CutOff)
    rows = [
        {
            "warehouse_id": warehouse_id,
            "service_id": service_id,
            "local_time": entry.local_time,
            "weekdays": sorted(entry.weekdays),
        }
        for entry in entries
    ]
    old = delete(table).where(
        table.c.warehouse_id == warehouse_id, table.c.service_id == service_id
    )
    _replace(tx, old, CutOff, rows)
    shown_rows = [{**row, "local_time": row["local_time"].isoformat()} for row in rows]  # type: ignore[attr-defined]  # the dict holds mixed values
    _audit(tx, actor, "warehouse.cut-offs", ("warehouse", warehouse_id), shown_rows)


@writes
def put_holidays(tx: Transaction, actor: Actor, warehouse: str, days: Iterable[date]) -> None:
    """Replace the days on which no van leaves a warehouse."""
    warehouse_id = warehouse_to_change(tx, actor, warehouse)
    wanted = sorted(set(days))
    faults = tuple(fault for day in wanted for fault in day_faults("days", day))
    if faults:
        raise InvalidInput(faults)
    table = table_of(Holiday)
    rows = [{"warehouse_id": warehouse_id, "day": day} for day in wanted]
    _replace(tx, delete(table).where(table.c.warehouse_id == warehouse_id), Holiday, rows)
    shown_rows = [{"day": day.isoformat()} for day in wanted]
    _audit(tx, actor, "warehouse.holidays", ("warehouse", warehouse_id), shown_rows)


def _service_id(tx: Transaction, service: str) -> int:
    carrier, _, code = service.partition("/")
    table = table_of(CarrierService)
    found = tx.execute(
        select(table.c.id).where(table.c.carrier == carrier, table.c.code == code)
    ).scalar_one_or_none()
    if found is None:
        raise UnknownThing(kind="service", key=service)
    return int(found)


def _ids(tx: Transaction, model: type[Base]) -> dict[str, int]:
    table = table_of(model)
    return {row.code: row.id for row in tx.execute(select(table.c.code, table.c.id))}


def _known_or_blank(where: str, value: str, known: frozenset[str], kind: str) -> list[Fault]:
    return [] if value == "" or value in known else [Fault(where, f"unknown-{kind}", value)]


def _replace(tx: Transaction, old: Any, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    tx.execute(old)
    if rows:
        tx.execute(insert(table_of(model)), list(rows))


def _audit(
    tx: Transaction, actor: Actor, act: str, subject: tuple[str, int], rows: Sequence[Any]
) -> None:
    journal.audit(tx, by_id=actor.user_id, act=act, subject=subject, details={"rows": list(rows)})
