"""Looking things up, a page at a time: each page begins after the last id of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select

from fulfillment.domain.catalogue import (
    CHEAPEST,
    PriceEntry,
    RegionPriorityEntry,
    ServiceRuleEntry,
)
from fulfillment.domain.errors import UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.catalogue.places import warehouse_seen
from fulfillment.services.catalogue.products import seller_seen
from fulfillment.store.base import Base, table_of
from fulfillment.store.catalog import (
    CarrierService,
    Carton,
    KitComponent,
    Location,
    Product,
    ProductBarcode,
    RegionPriority,
    Seller,
    ServicePrice,
    ServiceRule,
    Warehouse,
)
from fulfillment.store.transaction import Transaction, reads

MOST_ON_A_PAGE = 200


@dataclass(frozen=True)
class Page:
    """Rows by column name, and the id to ask the next page with (None: this was the last)."""

    rows: tuple[Mapping[str, Any], ...]
    next_after: int | None


@dataclass(frozen=True)
class ProductDetail:
    """A product with everything that hangs on it."""

    product: Mapping[str, Any]
    barcodes: tuple[Mapping[str, Any], ...]
    components: tuple[tuple[str, int], ...]
    """(SKU, units) of a kit."""


@reads
def list_products(
    tx: Transaction,
    actor: Actor,
    seller: str,
    *,
    search: str = "",
    after: int = 0,
    limit: int = 50,
) -> Page:
    """Products of a seller whose SKU, name or a barcode contains *search*."""
    seller_id = seller_seen(tx, actor, Permission.SEE_CATALOGUE, seller)
    table, barcode = table_of(Product), table_of(ProductBarcode)
    query = select(table).where(table.c.seller_id == seller_id)
    if search:
        with_code = select(barcode.c.product_id).where(
            barcode.c.seller_id == seller_id, barcode.c.code.contains(search, autoescape=True)
        )
        query = query.where(
            or_(
                table.c.sku.icontains(search, autoescape=True),
                table.c.name.icontains(search, autoescape=True),
                table.c.id.in_(with_code),
            )
        )
    return _page(tx, query, Product, after, limit)


@reads
def product_detail(tx: Transaction, actor: Actor, seller: str, sku: str) -> ProductDetail:
    """One product with its barcodes and, of a kit, its components."""
    seller_id = seller_seen(tx, actor, Permission.SEE_CATALOGUE, seller)
    table, barcode, kit = table_of(Product), table_of(ProductBarcode), table_of(KitComponent)
    product = (
        tx.execute(select(table).where(table.c.seller_id == seller_id, table.c.sku == sku))
        .mappings()
        .one_or_none()
    )
    if product is None:
        raise UnknownThing(kind="product", key=sku)
    barcodes = tx.execute(
        select(barcode).where(barcode.c.product_id == product["id"]).order_by(barcode.c.code)
    ).mappings()
    components = tx.execute(
        select(table.c.sku, kit.c.quantity)
        .join(kit, kit.c.component_id == table.c.id)
        .where(kit.c.kit_id == product["id"])
        .order_by(table.c.sku)
    )
    return ProductDetail(
        product=dict(product),
        barcodes=tuple(dict(row) for row in barcodes),
        components=tuple((row.sku, row.quantity) for row in components),
    )


@reads
def list_locations(
    tx: Transaction,
    actor: Actor,
    warehouse: str,
    *,
    kind: str = "",
    search: str = "",
    after: int = 0,
    limit: int = 50,
) -> Page:
    """Places of a warehouse, of one kind and with *search* in the code where given."""
    warehouse_id = warehouse_seen(tx, actor, Permission.SEE_CATALOGUE, warehouse)
    table = table_of(Location)
    query = select(table).where(table.c.warehouse_id == warehouse_id)
    if kind:
        query = query.where(table.c.kind == kind)
    if search:
        query = query.where(table.c.code.contains(search.upper(), autoescape=True))
    return _page(tx, query, Location, after, limit)


@reads
def list_cartons(
    tx: Transaction, actor: Actor, warehouse: str, *, after: int = 0, limit: int = 50
) -> Page:
    """Box types of a warehouse."""
    warehouse_id = warehouse_seen(tx, actor, Permission.SEE_CATALOGUE, warehouse)
    table = table_of(Carton)
    query = select(table).where(table.c.warehouse_id == warehouse_id)
    return _page(tx, query, Carton, after, limit)


@reads
def list_sellers(tx: Transaction, actor: Actor, *, after: int = 0, limit: int = 50) -> Page:
    """The sellers that the actor may see."""
    actor.require(Permission.SEE_CATALOGUE)
    table = table_of(Seller)
    ids = actor.seller_ids(Permission.SEE_CATALOGUE)
    query = select(table)
    if ids is not None:
        query = query.where(table.c.id.in_(sorted(ids)))
    return _page(tx, query, Seller, after, limit)


@reads
def list_warehouses(tx: Transaction, actor: Actor, *, after: int = 0, limit: int = 50) -> Page:
    """The warehouses that the actor may see."""
    actor.require(Permission.SEE_CATALOGUE)
    table = table_of(Warehouse)
    ids = actor.warehouse_ids(Permission.SEE_CATALOGUE)
    query = select(table)
    if ids is not None:
        query = query.where(table.c.id.in_(sorted(ids)))
    return _page(tx, query, Warehouse, after, limit)


@reads
def list_services(tx: Transaction, actor: Actor, *, after: int = 0, limit: int = 50) -> Page:
    """The carrier services."""
    actor.require(Permission.SEE_CATALOGUE)
    table = table_of(CarrierService)
    shown = [column for column in table.c if column.name != "account_id"]
    return _page(tx, select(*shown), CarrierService, after, limit)


@reads
def list_service_rules(tx: Transaction, actor: Actor) -> tuple[ServiceRuleEntry, ...]:
    """The rules by which shipments get their service, in the order in which they are tried."""
    actor.require(Permission.SEE_CATALOGUE)
    rule, service = table_of(ServiceRule), table_of(CarrierService)
    warehouse = table_of(Warehouse)
    rows = tx.execute(
        select(
            service.c.carrier,
            service.c.code,
            func.coalesce(warehouse.c.code, "").label("warehouse"),
            rule.c.country,
            rule.c.most_grams,
            rule.c.most_mm,
            rule.c.in_time,
            rule.c.most_minor,
        )
        .outerjoin(service, service.c.id == rule.c.service_id)
        .outerjoin(warehouse, warehouse.c.id == rule.c.warehouse_id)
        .order_by(rule.c.rank, rule.c.service_id)
    )
    return tuple(
        ServiceRuleEntry(
            service=CHEAPEST if row.carrier is None else f"{row.carrier}/{row.code}",
            warehouse=row.warehouse,
            country=row.country,
            most_grams=row.most_grams,
            most_mm=row.most_mm,
            in_time=row.in_time,
            most_minor=row.most_minor,
        )
        for row in rows
    )


@dataclass(frozen=True)
class ServicePrices:
    """The price table of a service (``CARRIER/CODE``), by country and weight step."""

    service: str
    currency: str
    prices: tuple[PriceEntry, ...]


@reads
def list_prices(tx: Transaction, actor: Actor) -> tuple[ServicePrices, ...]:
    """The price tables of the services that have one."""
    actor.require(Permission.SEE_CATALOGUE)
    price, service = table_of(ServicePrice), table_of(CarrierService)
    rows = tx.execute(
        select(price, (service.c.carrier + "/" + service.c.code).label("service"))
        .join(service, service.c.id == price.c.service_id)
        .order_by(service.c.carrier, service.c.code, price.c.id)
    ).all()
    found: dict[tuple[str, str], list[PriceEntry]] = {}
    for row in rows:
        entry = PriceEntry(row.price_minor, row.days, row.country, row.most_grams)
        found.setdefault((row.service, row.currency), []).append(entry)
    return tuple(
        ServicePrices(service, currency, tuple(entries))
        for (service, currency), entries in found.items()
    )


@reads
def list_region_priorities(
    tx: Transaction, actor: Actor, seller: str
) -> tuple[RegionPriorityEntry, ...]:
    """Which warehouse serves which country first for a seller; the lowest rank is the first."""
    seller_id = seller_seen(tx, actor, Permission.SEE_CATALOGUE, seller)
    table, warehouse = table_of(RegionPriority), table_of(Warehouse)
    rows = tx.execute(
        select(warehouse.c.code, table.c.rank, table.c.country)
        .join(warehouse, warehouse.c.id == table.c.warehouse_id)
        .where(table.c.seller_id == seller_id)
        .order_by(table.c.country, table.c.rank, warehouse.c.code)
    )
    return tuple(RegionPriorityEntry(row.code, row.rank, row.country) for row in rows)


def _page(tx: Transaction, query: Select[Any], model: type[Base], after: int, limit: int) -> Page:
    """One row more than asked for tells whether there is a next page."""
    size = max(1, min(limit, MOST_ON_A_PAGE))
    key = table_of(model).c.id
    rows = [
        dict(row)
        for row in tx.execute(query.where(key > after).order_by(key).limit(size + 1)).mappings()
    ]
    return Page(tuple(rows[:size]), rows[size - 1]["id"] if len(rows) > size else None)
