"""Products with their barcodes and kits: look them up, change them, make new ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.catalogue import BarcodeEntry, ProductEntry
from fulfillment.domain.errors import InvalidInput, UnknownThing
from fulfillment.domain.people import Permission
from fulfillment.domain.values import PACK_KINDS, TRACKING
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.office.paging import next_page
from fulfillment.services.catalogue import listing, products
from fulfillment.services.stock_levels import ProductHead, product_head

blueprint = Blueprint("office_catalogue", __name__, url_prefix="/products")

NUMBERS = (
    "weight_grams",
    "length_mm",
    "width_mm",
    "height_mm",
    "low_stock_level",
    "lead_time_days",
)
MOST_COMPONENT = 100_000


@blueprint.get("")
@page(Permission.SEE_CATALOGUE)
def list_products() -> Answer:
    """Products of a seller."""
    return _list_page()


@blueprint.post("")
@page(Permission.CHANGE_CATALOGUE)
def create_product() -> Answer:
    """A new product; the rest of it is typed on its own page."""
    entries: list[ProductEntry] = []

    def create() -> None:
        entries.append(ProductEntry(sku=forms.text("sku", most=64), name=forms.text("name")))
        seller = forms.text("seller", most=64)
        products.put_products(actor(), seller, entries)

    refused = attempt("create", create)
    if refused is not None:
        return _list_page(refused)
    found = listing.product_detail(actor(), forms.text("seller", most=64), entries[0].sku)
    to = url_for(".read_product", product_id=found.product["id"])
    return done(_("Product %(sku)s is there.", sku=entries[0].sku), to)


@blueprint.get("/<int:product_id>")
@page(Permission.SEE_CATALOGUE)
def read_product(product_id: int) -> Answer:
    """One product, whole."""
    return _product_page(product_id)


@blueprint.post("/<int:product_id>")
@page(Permission.CHANGE_CATALOGUE)
def change_product(product_id: int) -> Answer:
    """Change a product."""

    def change(head: ProductHead) -> None:
        products.put_products(actor(), head.seller, [_entry(head.sku)])

    return _act(product_id, "product", change, _("Saved."))


@blueprint.post("/<int:product_id>/barcodes")
@page(Permission.CHANGE_CATALOGUE)
def add_barcode(product_id: int) -> Answer:
    """A barcode more, or another quantity for one that is there."""

    def add(head: ProductHead) -> None:
        entry = BarcodeEntry(
            sku=head.sku,
            code=forms.text("code", most=128),
            kind=forms.choice("kind", PACK_KINDS),
            quantity=forms.number("quantity", least=1, most=MOST_COMPONENT),
        )
        products.put_barcodes(actor(), head.seller, [entry])

    return _act(product_id, "barcode", add, _("The barcode is saved."))


@blueprint.post("/<int:product_id>/barcodes/remove")
@page(Permission.CHANGE_CATALOGUE)
def remove_barcode(product_id: int) -> Answer:
    """Take a barcode away."""

    def remove(head: ProductHead) -> None:
        code = forms.text("code", most=128)
        detail = listing.product_detail(actor(), head.seller, head.sku)
        if code not in {row["code"] for row in detail.barcodes}:
            raise UnknownThing(kind="barcode", key=code)
        products.remove_barcode(actor(), head.seller, code)

    return _act(product_id, "barcodes", remove, _("The barcode is taken away."))


@blueprint.post("/<int:product_id>/kit")
@page(Permission.CHANGE_CATALOGUE)
def change_kit(product_id: int) -> Answer:
    """What a kit is made of; nothing makes it a plain product."""

    def change(head: ProductHead) -> None:
        products.put_kit(actor(), head.seller, head.sku, _components())

    return _act(product_id, "kit", change, _("The kit is saved."))


def _components() -> dict[str, int]:
    """Lines like ``3 SKU``."""
    found: dict[str, int] = {}
    for line in forms.lines("components", most=10_000).split("\n"):
        units, _blank, sku = line.strip().partition(" ")
        if units:
            found[sku.strip()] = forms.whole("components", units, least=1, most=MOST_COMPONENT) or 0
    return found


def _entry(sku: str) -> ProductEntry:
    tags = (tag.strip() for tag in forms.text("tags", most=2_000, required=False).split(","))
    numbers: dict[str, Any] = {name: forms.optional_number(name) for name in NUMBERS}
    return ProductEntry(
        sku=sku,
        name=forms.text("name"),
        tracking=forms.choice("tracking", TRACKING),
        has_expiry=forms.ticked("has_expiry"),
        picture_url=forms.text("picture_url", most=500, required=False) or None,
        tags=tuple(tag for tag in tags if tag),
        active=forms.ticked("active"),
        **numbers,
    )


def _act(
    product_id: int, form: str, command: Callable[[ProductHead], None], sentence: str
) -> Answer:
    head = product_head(actor(), product_id)
    refused = attempt(form, lambda: command(head))
    if refused is not None:
        return _product_page(product_id, refused)
    return done(sentence, url_for(".read_product", product_id=product_id))


def _product_page(product_id: int, refused: Refusal | None = None) -> Answer:
    head = product_head(actor(), product_id)
    detail = listing.product_detail(actor(), head.seller, head.sku)
    return draw(
        "office/product.html",
        refused,
        head=head,
        product=detail.product,
        barcodes=detail.barcodes,
        components=detail.components,
        tracking=TRACKING,
        pack_kinds=PACK_KINDS,
        numbers=NUMBERS,
    )


def _list_page(refused: Refusal | None = None) -> Answer:
    sellers = list(choices.sellers().values())
    asked = request.values.get("seller", "")
    seller = asked if asked in sellers else next(iter(sellers), "")
    found = listing.Page((), None)
    try:
        asked_for = request.method == "GET"
        search = forms.text("text", most=100, required=False) if asked_for else ""
        after = forms.optional_number("after") if asked_for else None
        if seller:
            found = listing.list_products(actor(), seller, search=search, after=after or 0)
    except InvalidInput as error:
        refused = forms.refusal("search", error)
    return draw(
        "office/products.html",
        refused,
        products=found.rows,
        sellers=sellers,
        seller=seller,
        next_page=next_page(after=found.next_after),
    )
