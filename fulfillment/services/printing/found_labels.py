"""Which labels of a warehouse a choice means: its rows become labels with what scanners read.

Places carry our own barcodes; a product's label carries what the product is scanned by, one label
for each of its barcodes, and its SKU where it has none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from fulfillment.domain.access import may_give
from fulfillment.domain.barcodes import Own, gtin_is_valid, own_code
from fulfillment.domain.checks import choice_faults, integer_faults, text_faults
from fulfillment.domain.errors import Fault, InvalidInput, UnknownThing
from fulfillment.domain.people import SYSTEM_USER_ID, Actor, Grant, Permission, Role
from fulfillment.domain.printing import (
    HOUSE_LABEL_KINDS,
    MOST_HOUSE_LABEL_COPIES,
    MOST_HOUSE_LABELS,
)
from fulfillment.domain.values import BIN, QUARANTINE, TOTE
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location, Product, ProductBarcode, Seller, Warehouse
from fulfillment.store.people import RoleGrant, User
from fulfillment.store.transaction import Transaction
from labels import BadgeLabel, BinLabel, CartLabel, ProductLabel, Symbology, ToteLabel

_place, _warehouse = table_of(Location), table_of(Warehouse)
_product, _barcode, _seller = table_of(Product), table_of(ProductBarcode), table_of(Seller)
_user, _grant = table_of(User), table_of(RoleGrant)

Label = BinLabel | ToteLabel | CartLabel | ProductLabel | BadgeLabel

PLACES_WITH: Mapping[str, tuple[str, ...]] = {
    "bin-label": (BIN, "bulk", "staging", QUARANTINE),
    "tote-label": (TOTE,),
    "cart-label": ("cart",),
}
"""The places that get a kind of label."""
FILTERS: Mapping[str, tuple[str, ...]] = {
    "bin-label": ("zone", "starts_with"),
    "tote-label": ("starts_with",),
    "cart-label": ("starts_with",),
    "product-label": ("seller", "starts_with"),
    "badge-label": (),
}
"""What can be asked of the labels of a kind, besides their codes."""

LONGEST_CODE = 128
CODES_NAMED = 20
"""In a refusal; more are counted."""


@dataclass(frozen=True, kw_only=True)
class LabelChoice:
    """Which labels are printed: those of ``codes``, or all of a kind that the rest leaves over.

    ``codes`` are those of places, SKUs, or badges.  ``zone`` is for places, ``seller`` for
    products; ``starts_with`` is the beginning of the code or SKU.
    """

    kind: str
    codes: tuple[str, ...] = ()
    zone: str = ""
    starts_with: str = ""
    seller: str = ""
    copies: int = 1


@dataclass(frozen=True)
class HouseLabel:
    """A label, and the code that it is asked for by."""

    code: str
    label: Label


def permission_for(kind: str) -> Permission:
    """Who prints a kind of label: whoever may change what carries it."""
    return Permission.MANAGE_PEOPLE if kind == "badge-label" else Permission.CHANGE_CATALOGUE


def found_labels(
    tx: Transaction,
    actor: Actor,
    *,
    warehouse_id: int,
    choice: LabelChoice,
    roles: Mapping[str, str],
) -> tuple[HouseLabel, ...]:
    """The labels of a choice, each once: as they were typed, else in the order of their codes.

    *roles* are the words for what people are.  Raises InvalidInput with every fault, also for
    codes that name nothing in use here, and UnknownThing.
    """
    _require(choice_faults("kind", choice.kind, HOUSE_LABEL_KINDS))
    warehouse = _warehouse_seen(tx, actor, permission_for(choice.kind), warehouse_id)
    _require(_choice_faults(choice))
    if choice.kind == "badge-label":
        found = _badges(tx, actor, warehouse_id=warehouse_id, warehouse=warehouse, roles=roles)
        found = [one for one in found if not choice.codes or one.code in choice.codes]
    elif choice.kind == "product-label":
        found = _products(tx, actor, warehouse_id=warehouse_id, choice=choice)
    else:
        found = _places(tx, warehouse_id=warehouse_id, choice=choice)
    _refuse_unknown(choice.codes, {one.code for one in found})
    _refuse_too_many(len(found), choice.copies)
    if not choice.codes:
        return tuple(sorted(found, key=lambda one: _in_order(one.code)))
    typed = {code: number for number, code in reversed(list(enumerate(choice.codes)))}
    return tuple(sorted(found, key=lambda one: typed[one.code]))


# --- what is found ---------------------------------------------------------------------------


def _places(tx: Transaction, *, warehouse_id: int, choice: LabelChoice) -> list[HouseLabel]:
    query = select(_place.c.code, _place.c.zone).where(
        _place.c.warehouse_id == warehouse_id,
        _place.c.kind.in_(PLACES_WITH[choice.kind]),
        _place.c.active,
        *_narrowed(_place.c.code, choice),
    )
    if choice.zone:
        query = query.where(_place.c.zone == choice.zone)
    made = _LABEL_OF_PLACE[choice.kind]
    return [HouseLabel(row.code, made(row.code, row.zone)) for row in _limited(tx, query, choice)]


_LABEL_OF_PLACE: Mapping[str, Callable[[str, str], Label]] = {
    "bin-label": lambda code, zone: BinLabel(
        code=code, barcode=own_code(Own.LOCATION, code), zone=zone
    ),
    "tote-label": lambda code, _zone: ToteLabel(code=code, barcode=own_code(Own.TOTE, code)),
    "cart-label": lambda code, _zone: CartLabel(code=code, barcode=own_code(Own.CART, code)),
}


def _products(
    tx: Transaction, actor: Actor, *, warehouse_id: int, choice: LabelChoice
) -> list[HouseLabel]:
    sellers = _sellers_seen(tx, actor, warehouse_id=warehouse_id, code=choice.seller)
    query = (
        select(_product.c.sku, _product.c.name, _barcode.c.code, _barcode.c.quantity)
        .outerjoin(_barcode, _barcode.c.product_id == _product.c.id)
        .where(
            _product.c.seller_id.in_(sellers),
            _product.c.active,
            _product.c.is_kit.is_(False),
            *_narrowed(_product.c.sku, choice),
        )
        .order_by(_product.c.seller_id, _barcode.c.quantity, _barcode.c.code)
    )
    return [HouseLabel(row.sku, _label_of_product(row)) for row in _limited(tx, query, choice)]


def _label_of_product(row: Any) -> ProductLabel:
    symbology, content = symbol_of(row.code or row.sku)
    return ProductLabel(
        sku=row.sku,
        product_name=row.name,
        barcode=content,
        symbology=symbology,
        quantity=row.quantity or 1,
    )


def symbol_of(code: str) -> tuple[Symbology, str]:
    """How a product's stored code is drawn, and the text that a scanner then sends.

    GTINs are stored as GTIN-14: those of 8, 12 and 13 digits are drawn as EAN-13, which holds them
    with zeros in front.  A real GTIN-14 is drawn in Code 128 like all else: GS1 wants ITF-14 at
    least 70 mm wide and 32 mm high, and stickers are smaller.
    """
    is_gtin = code.isascii() and code.isdigit() and len(code) == 14 and gtin_is_valid(code)
    if is_gtin and code.startswith("0"):
        return Symbology.EAN_13, code[1:]
    return Symbology.CODE_128, code


def _badges(
    tx: Transaction, actor: Actor, *, warehouse_id: int, warehouse: str, roles: Mapping[str, str]
) -> list[HouseLabel]:
    """The badges of people who work there and whom *actor* may manage."""
    rows = tx.execute(
        select(
            _user.c.id,
            _user.c.name,
            _user.c.badge,
            _grant.c.role,
            _grant.c.warehouse_id,
            _grant.c.seller_id,
        )
        .join(_grant, _grant.c.user_id == _user.c.id)
        .where(_user.c.badge.is_not(None), _user.c.active, _user.c.id != SYSTEM_USER_ID)
        .order_by(_user.c.id, _grant.c.id)
    )
    people: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        people[row.badge, row.name].append(row)
    found = []
    for (badge, name), granted in people.items():
        grants = [Grant.of_role(Role(g.role), g.warehouse_id, g.seller_id) for g in granted]
        here = dict.fromkeys(g.role for g in granted if g.warehouse_id in (None, warehouse_id))
        if here and all(may_give(actor, grant) for grant in grants):
            role = ", ".join(roles.get(one, one) for one in here)
            label = BadgeLabel(
                name=name, barcode=_badge_code(badge), role=role, warehouse=warehouse
            )
            found.append(HouseLabel(badge, label))
    return found


def _badge_code(badge: str) -> str:
    """What a station takes for a badge: our own barcode, or, of other characters, the badge itself."""
    try:
        return own_code(Own.BADGE, badge)
    except ValueError:
        return badge


# --- where it is looked for ------------------------------------------------------------------


def _warehouse_seen(
    tx: Transaction, actor: Actor, permission: Permission, warehouse_id: int
) -> str:
    """The code of a warehouse in which the actor has *permission*."""
    key = str(warehouse_id)
    actor.require_sight(
        permission, kind="warehouse", key=key, warehouse_id=warehouse_id, seller_id=None
    )
    query = select(_warehouse.c.code).where(_warehouse.c.id == warehouse_id)
    code = tx.execute(query).scalar_one_or_none()
    if code is None:
        raise UnknownThing(kind="warehouse", key=key)
    return str(code)


def _sellers_seen(tx: Transaction, actor: Actor, *, warehouse_id: int, code: str) -> list[int]:
    """The seller with *code*, or every one, whose products the actor may change there."""
    found = [
        row.id
        for row in tx.execute(select(_seller.c.id, _seller.c.code).order_by(_seller.c.id))
        if code in ("", row.code)
        and actor.may(Permission.CHANGE_CATALOGUE, warehouse_id=warehouse_id, seller_id=row.id)
    ]
    if code and not found:
        raise UnknownThing(kind="seller", key=code)
    return found


def _narrowed(column: Any, choice: LabelChoice) -> list[ColumnElement[bool]]:
    """The conditions on the code that a choice asks for."""
    found: list[ColumnElement[bool]] = []
    if choice.codes:
        found.append(column.in_(choice.codes))
    if choice.starts_with:
        found.append(column.istartswith(choice.starts_with, autoescape=True))
    return found


def _limited(tx: Transaction, query: Select[Any], choice: LabelChoice) -> Sequence[Any]:
    """The rows; more than can be printed are counted, and not read."""
    count = tx.execute(select(func.count()).select_from(query.order_by(None).subquery()))
    _refuse_too_many(int(count.scalar_one()), choice.copies)
    return tx.execute(query).all()


# --- refusals --------------------------------------------------------------------------------


def _choice_faults(choice: LabelChoice) -> Iterable[Fault]:
    if len(choice.codes) > MOST_HOUSE_LABELS:
        yield Fault("codes", "too-many", f"{len(choice.codes)} > {MOST_HOUSE_LABELS}")
    for code in choice.codes[:MOST_HOUSE_LABELS]:
        yield from text_faults("codes", code, most=LONGEST_CODE, required=True)
    for name in ("zone", "starts_with", "seller"):
        given = getattr(choice, name)
        yield from text_faults(name, given, most=LONGEST_CODE)
        # A list of codes says it all: that a filter is left out silently would surprise somebody.
        wanted = name in FILTERS[choice.kind] and (name == "seller" or not choice.codes)
        if given and not wanted:
            yield Fault(name, "not-wanted", given)
    yield from integer_faults("copies", choice.copies, least=1, most=MOST_HOUSE_LABEL_COPIES)


def _refuse_unknown(asked: Sequence[str], found: set[str]) -> None:
    unknown = [code for code in dict.fromkeys(asked) if code not in found]
    if unknown:
        raise InvalidInput((Fault("codes", "unknown-here", named(unknown)),))


def named(codes: Sequence[str]) -> str:
    """The first of many codes for a sentence, and how many more there are."""
    more = len(codes) - CODES_NAMED
    return ", ".join(codes[:CODES_NAMED]) + (f", … (+{more})" if more > 0 else "")


def _refuse_too_many(count: int, copies: int) -> None:
    if count * copies > MOST_HOUSE_LABELS:
        text = f"{count * copies} > {MOST_HOUSE_LABELS}"
        raise InvalidInput((Fault("labels", "too-many", text),))


def _require(faults: Iterable[Fault]) -> None:
    found = tuple(faults)
    if found:
        raise InvalidInput(found)


def _in_order(code: str) -> tuple[tuple[int, int, str], ...]:
    """The key under which T2 comes before T10."""
    parts = re.split(r"([0-9]+)", code)
    return tuple(
        (1, int(part), part) if number % 2 else (0, 0, part) for number, part in enumerate(parts)
    )
