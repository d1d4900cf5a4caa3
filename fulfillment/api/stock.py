"""Stock: what is where, what moved it; and the supervisor's corrections."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import (
    CodeText,
    Input,
    Key,
    Output,
    PageOutput,
    PageQuery,
    Quantity,
    Reason,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.services import stock
from fulfillment.services.paging import Page

routes = Routes("stock", tag="Stock")


class UnitsInput(Input):
    """Which units: a seller's SKU, its lot and serial number where they are tracked."""

    seller_id: Key
    sku: CodeText
    lot: str = Field("", max_length=64)
    serial: str = Field("", max_length=64)
    expires_on: date | None = Field(None, description="With the first units of a lot.")

    def units(self) -> stock.Units:
        """The same for the service."""
        return stock.Units(
            seller_id=self.seller_id,
            sku=self.sku,
            lot=self.lot,
            serial=self.serial,
            expires_on=self.expires_on,
        )


class ReceiveInput(UnitsInput):
    """Units that came in, and what they came with."""

    location: CodeText
    quantity: Quantity
    document: CodeText


class AdjustInput(UnitsInput):
    """Units that turned up (or, negative, are not there), and why."""

    location: CodeText
    delta: int = Field(ge=-1_000_000, le=1_000_000)
    reason: Reason


class SetInput(UnitsInput):
    """How many units lie there, and why the books said otherwise."""

    location: CodeText
    quantity: int = Field(ge=0, le=1_000_000)
    reason: Reason


class MoveInput(UnitsInput):
    """Free units that go from one place to another of the same warehouse."""

    source: CodeText
    target: CodeText
    quantity: Quantity
    reason: str = Field("", max_length=500)


class BalanceOutput(Output):
    """Units of a lot at a place, after the command."""

    location: str
    sku: str
    lot: str
    on_hand: int
    reserved: int
    held: int


@routes.post("/stock/receipts", permission=Permission.CHANGE_STOCK, answer=BalanceOutput)
def receive_stock(actor: Actor, body: ReceiveInput) -> stock.Balance:
    """Take units in from a supplier."""
    return stock.receive_stock(
        actor,
        location=body.location,
        units=body.units(),
        quantity=body.quantity,
        document=body.document,
    )


@routes.post("/stock/adjustments", permission=Permission.CHANGE_STOCK, answer=BalanceOutput)
def adjust_stock(actor: Actor, body: AdjustInput) -> stock.Balance:
    """Add or take away units, with a reason; reserved units stay."""
    return stock.adjust_stock(
        actor, location=body.location, units=body.units(), delta=body.delta, reason=body.reason
    )


@routes.post("/stock/counts", permission=Permission.CHANGE_STOCK, answer=BalanceOutput)
def set_stock(actor: Actor, body: SetInput) -> stock.Balance:
    """Say how many units lie somewhere; at least what is reserved and held there."""
    return stock.set_stock(
        actor,
        location=body.location,
        units=body.units(),
        quantity=body.quantity,
        reason=body.reason,
    )


@routes.post("/stock/moves", permission=Permission.CHANGE_STOCK, answer=BalanceOutput)
def move_stock(actor: Actor, body: MoveInput) -> stock.Balance:
    """Move free units to another place; the answer is the target's balance."""
    return stock.move_stock(
        actor,
        source=body.source,
        target=body.target,
        units=body.units(),
        quantity=body.quantity,
        reason=body.reason,
    )


# --- looking -----------------------------------------------------------------------------


class ProductStockQuery(PageQuery):
    """In which warehouse."""

    sku: str | None = Field(None, max_length=64, description="SKUs that begin like this.")


class ProductStockOutput(Output):
    """Units of a product in a warehouse."""

    product_id: int
    seller_id: int
    sku: str
    name: str
    on_hand: int
    reserved: int = Field(description="Pinned to shipments in bins, totes and parcels.")
    held: int
    promised: int = Field(description="Owed from here, bin not chosen yet.")
    available: int = Field(description="What can still be promised.")


class ProductStockPage(PageOutput):
    """Products by id."""

    items: list[ProductStockOutput]


@routes.get(
    "/warehouses/<int:warehouse_id>/stock",
    permission=Permission.SEE_STOCK,
    answer=ProductStockPage,
)
def stock_by_product(
    actor: Actor, warehouse_id: int, query: ProductStockQuery
) -> Page[stock.ProductStock]:
    """On hand, reserved, promised and available of the products in a warehouse."""
    found = stock.stock_by_product(
        actor,
        warehouse_id=warehouse_id,
        sku=query.sku,
        after_id=query.after(),
        limit=query.limit + 1,
    )
    return Page.cut(found, limit=query.limit, key=lambda row: (row.product_id,))


class PlaceStockQuery(PageQuery):
    """What, where."""

    location: str | None = Field(None, max_length=64)
    product_id: Key | None = None

    def place(self) -> tuple[str, int, str]:
        """Location, product and lot after which the page begins."""
        key = self.key_like(("", 0, ""))
        return str(key[0]), int(key[1]), str(key[2])


class PlaceStockOutput(Output):
    """Units of a lot at a place."""

    location_id: int
    location: str
    kind: str
    product_id: int
    sku: str
    name: str
    lot: str
    expires_on: date | None
    on_hand: int
    reserved: int
    held: int
    free: int


class PlaceStockPage(PageOutput):
    """By location, product and lot."""

    items: list[PlaceStockOutput]


@routes.get(
    "/warehouses/<int:warehouse_id>/stock-by-location",
    permission=Permission.SEE_STOCK,
    answer=PlaceStockPage,
)
def stock_by_place(
    actor: Actor, warehouse_id: int, query: PlaceStockQuery
) -> Page[stock.PlaceStock]:
    """What lies where in a warehouse."""
    found = stock.stock_by_place(
        actor,
        warehouse_id=warehouse_id,
        location=query.location,
        product_id=query.product_id,
        after=query.place(),
        limit=query.limit + 1,
    )
    return Page.cut(
        found, limit=query.limit, key=lambda row: (row.location, row.product_id, row.lot)
    )


class MoveOutput(Output):
    """A move of the ledger; nothing of it is ever changed."""

    id: int
    at: datetime
    sku: str
    lot: str
    serial: str
    quantity: int
    source: str
    target: str
    reason: str
    reference_kind: str
    reference_id: int
    actor: str
    note: str


class MovePage(PageOutput):
    """Moves, the newest first."""

    items: list[MoveOutput]


@routes.get("/products/<int:product_id>/moves", permission=Permission.SEE_STOCK, answer=MovePage)
def moves_of_product(actor: Actor, product_id: int, query: PageQuery) -> Page[stock.MoveRow]:
    """The moves of a product in your warehouses, the newest first."""
    found = stock.moves_of_product(
        actor, product_id=product_id, before_id=query.after() or None, limit=query.limit + 1
    )
    return Page.cut(found, limit=query.limit, key=lambda row: (row.id,))


@routes.get("/locations/<location>/moves", permission=Permission.SEE_STOCK, answer=MovePage)
def moves_of_place(actor: Actor, location: str, query: PageQuery) -> Page[stock.MoveRow]:
    """The moves into and out of a place, the newest first."""
    found = stock.moves_of_place(
        actor, location=location, before_id=query.after() or None, limit=query.limit + 1
    )
    return Page.cut(found, limit=query.limit, key=lambda row: (row.id,))
