"""Products, their barcodes, and kits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from fulfillment.domain.barcodes import product_code
from fulfillment.domain.catalogue import (
    MOST_KIT_COMPONENTS,
    MOST_PIECES,
    BarcodeEntry,
    ProductEntry,
    barcode_faults,
    product_faults,
    stored_code,
)
from fulfillment.domain.checks import integer_faults
from fulfillment.domain.errors import Fault, InvalidInput, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.catalogue.upserting import (
    Plan,
    Upserted,
    carry_out,
    repeated_keys,
    require_faultless,
    take_turns,
)
from fulfillment.store import journal
from fulfillment.store.base import table_of
from fulfillment.store.batches import batches
from fulfillment.store.catalog import KitComponent, Product, ProductBarcode, Seller
from fulfillment.store.stock import StockBalance
from fulfillment.store.transaction import Transaction, writes

PRODUCT_DEFAULTS: Mapping[str, Any] = {
    "weight_grams": None, "length_mm": None, "width_mm": None, "height_mm": None,
    "tracking": "none", "has_expiry": False, "is_kit": False, "low_stock_level": None,
    "lead_time_days": None, "picture_url": None, "tags": [], "active": True,
}  # fmt: skip


@writes
def put_products(
    tx: Transaction, actor: Actor, seller: str, entries: Sequence[ProductEntry]
) -> Upserted:
    """Create or change products by SKU: all of them, or none (:class:`InvalidInput`)."""
    seller_id = seller_to_change(tx, actor, seller)
    plan = plan_products(tx, seller_id, [dict(vars(entry)) for entry in entries])
    require_faultless(plan, "products")
    return carry_out(tx, plan)


@writes
def put_barcodes(
    tx: Transaction, actor: Actor, seller: str, entries: Sequence[BarcodeEntry]
) -> Upserted:
    """Create or change barcodes: all of them, or none.

    A code names one product of a seller: a code of another product, or another product's
    SKU, is the fault ``barcode-taken``.
    """
    seller_id = seller_to_change(tx, actor, seller)
    plan = plan_barcodes(tx, seller_id, entries)
    require_faultless(plan, "barcodes")
    return carry_out(tx, plan)


@writes
def remove_barcode(tx: Transaction, actor: Actor, seller: str, code: str) -> None:
    """Take a barcode away, so that another product may have it.  *code* as people read it."""
    seller_id = seller_to_change(tx, actor, seller)
    table = table_of(ProductBarcode)
    product_id = tx.execute(
        delete(table)
        .where(table.c.seller_id == seller_id, table.c.code == product_code(code))
        .returning(table.c.product_id)
    ).scalar_one_or_none()
    if product_id is None:
        raise UnknownThing(kind="barcode", key=code)
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="barcode.remove",
        subject=("product", product_id),
        details={"code": code},
    )


@writes
def put_kit(
    tx: Transaction, actor: Actor, seller: str, sku: str, components: Mapping[str, int]
) -> None:
    """Make a product a kit of *components* (SKU to units in one kit); none = no kit any more.

    Orders that came in before keep the components that they were exploded into.
    """
    seller_id = seller_to_change(tx, actor, seller)
    products = products_by_sku(tx, seller_id, [sku, *components])
    if sku not in products:
        raise UnknownThing(kind="product", key=sku)
    kit = products[sku]
    faults = [
        *_kit_faults(tx, kit["id"]),
        *_component_faults(sku, components, products),
    ]
    if faults:
        raise InvalidInput(tuple(faults))
    table = table_of(KitComponent)
    tx.execute(delete(table).where(table.c.kit_id == kit["id"]))
    if components:
        tx.execute(
            insert(table),
            [
                {"kit_id": kit["id"], "component_id": products[part]["id"], "quantity": units}
                for part, units in sorted(components.items())
            ],
        )
    product = table_of(Product)
    tx.execute(update(product).where(product.c.id == kit["id"]).values(is_kit=bool(components)))
    journal.audit(
        tx,
        by_id=actor.user_id,
        act="product.kit",
        subject=("product", kit["id"]),
        details={"components": dict(sorted(components.items()))},
    )


def seller_to_change(tx: Transaction, actor: Actor, code: str) -> int:
    """The id of a seller whose catalogue the actor may change; its changes take turns."""
    seller_id = seller_seen(tx, actor, Permission.CHANGE_CATALOGUE, code)
    take_turns(tx, Seller, seller_id)
    return seller_id


def seller_seen(tx: Transaction, actor: Actor, permission: Permission, code: str) -> int:
    """The id of the seller with *code*; a foreign one is answered like an unknown one."""
    actor.require(permission)
    table = table_of(Seller)
    seller_id = tx.execute(select(table.c.id).where(table.c.code == code)).scalar_one_or_none()
    if seller_id is None or not actor.may(permission, seller_id=seller_id):
        raise UnknownThing(kind="seller", key=code)
    return int(seller_id)


def products_by_sku(
    tx: Transaction, seller_id: int, skus: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Whole product rows of a seller by SKU."""
    table = table_of(Product)
    return {
        row["sku"]: dict(row)
        for batch in batches(sorted(set(skus)))
        for row in tx.execute(
            select(table).where(table.c.seller_id == seller_id, table.c.sku.in_(batch))
        ).mappings()
    }


# --- planning ----------------------------------------------------------------------------


def plan_products(tx: Transaction, seller_id: int, rows: Sequence[Mapping[str, Any]]) -> Plan:
    """What to do with *rows* of product fields; what a row does not name stays as it is."""
    plan = Plan(table_of(Product))
    twice = repeated_keys([row.get("sku") for row in rows])
    known = products_by_sku(tx, seller_id, [str(row["sku"]) for row in rows])
    stocked = _with_stock(tx, [product["id"] for product in known.values()])
    for index, row in enumerate(rows):
        if plan.refuse(index, product_faults(row)):
            continue
        if index in twice:
            plan.refuse(index, [Fault("sku", "repeated-key", row["sku"])])
            continue
        product = known.get(row["sku"])
        fields = {**row, "seller_id": seller_id}
        if "tags" in fields:
            fields["tags"] = list(fields["tags"])
        if not plan.refuse(index, _product_faults(product, fields, stocked)):
            plan.put(product, fields, defaults=PRODUCT_DEFAULTS)
    return plan


def _product_faults(
    known: Mapping[str, Any] | None, fields: Mapping[str, Any], stocked: set[int]
) -> list[Fault]:
    """What does not fit the product that is there, or one field the other."""
    faults: list[Fault] = []
    together = {**PRODUCT_DEFAULTS, **(known or {}), **fields}
    if known is None and "name" not in fields:
        faults.append(Fault("name", "required"))
    if together["has_expiry"] and together["tracking"] == "none":
        faults.append(Fault("has_expiry", "needs-lots"))
    if known is not None and known["id"] in stocked:
        faults += [
            Fault(name, "has-stock", str(fields[name]))
            for name in ("tracking", "has_expiry")
            if name in fields and fields[name] != known[name]
        ]
    return faults


def _with_stock(tx: Transaction, product_ids: Iterable[int]) -> set[int]:
    table = table_of(StockBalance)
    return {
        row.product_id
        for batch in batches(sorted(product_ids))
        for row in tx.execute(
            select(table.c.product_id)
            .where(table.c.product_id.in_(batch), table.c.on_hand > 0)
            .distinct()
        )
    }


def plan_barcodes(tx: Transaction, seller_id: int, entries: Sequence[BarcodeEntry]) -> Plan:
    """What to do with *entries*; see :func:`put_barcodes`."""
    plan = Plan(table_of(ProductBarcode))
    faultless: dict[int, str] = {}
    for index, entry in enumerate(entries):
        if not plan.refuse(index, barcode_faults(entry)):
            faultless[index] = stored_code(entry.code)
    skus = [entries[index].sku for index in faultless]
    products = products_by_sku(tx, seller_id, [*skus, *faultless.values()])
    known = _barcodes_by_code(tx, seller_id, faultless.values())
    twice = repeated_keys(list(faultless.values()))
    for position, (index, code) in enumerate(faultless.items()):
        entry = entries[index]
        if position in twice:
            plan.refuse(index, [Fault("code", "repeated-key", code)])
        elif entry.sku not in products:
            plan.refuse(index, [Fault("sku", "unknown-sku", entry.sku)])
        elif (holder := _holder(products, known, code, entry.sku)) is not None:
            plan.refuse(index, [Fault("code", "barcode-taken", f"{code}: {holder}")])
        else:
            fields = {
                "seller_id": seller_id,
                "product_id": products[entry.sku]["id"],
                "code": code,
                "kind": entry.kind,
                "quantity": entry.quantity,
            }
            plan.put(known.get(code), fields, defaults={})
    return plan


def _holder(
    products: Mapping[str, Any], known: Mapping[str, Any], code: str, sku: str
) -> str | None:
    """The SKU of another product that *code* already names."""
    if code in known and known[code]["sku"] != sku:
        return str(known[code]["sku"])
    return code if code in products and code != sku else None


def _barcodes_by_code(
    tx: Transaction, seller_id: int, codes: Iterable[str]
) -> dict[str, dict[str, Any]]:
    table, product = table_of(ProductBarcode), table_of(Product)
    rows = (
        row
        for batch in batches(sorted(set(codes)))
        for row in tx.execute(
            select(table, product.c.sku)
            .join(product, product.c.id == table.c.product_id)
            .where(table.c.seller_id == seller_id, table.c.code.in_(batch))
        ).mappings()
    )
    return {row["code"]: dict(row) for row in rows}


def _kit_faults(tx: Transaction, kit_id: int) -> list[Fault]:
    """A kit is never on a shelf, and never inside another kit."""
    table = table_of(KitComponent)
    faults = [Fault("sku", "has-stock")] if _with_stock(tx, [kit_id]) else []
    inside = tx.execute(select(table.c.kit_id).where(table.c.component_id == kit_id)).first()
    return [*faults, Fault("sku", "is-a-component")] if inside else faults


def _component_faults(
    sku: str, components: Mapping[str, int], products: Mapping[str, Mapping[str, Any]]
) -> list[Fault]:
    faults: list[Fault] = []
    if len(components) > MOST_KIT_COMPONENTS:
        faults.append(Fault("components", "too-many", str(len(components))))
    for part, units in components.items():
        where = f"components[{part}]"
        faults.extend(integer_faults(where, units, least=1, most=MOST_PIECES))
        if part not in products:
            faults.append(Fault(where, "unknown-sku", part))
        elif part == sku or products[part]["is_kit"]:
            faults.append(Fault(where, "kit-in-a-kit", part))
    return faults
