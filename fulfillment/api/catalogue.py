"""Sellers, products, barcodes, kits; warehouses, places, cartons; carrier services and their vans.

Everything is created or changed by its code, so that sending it twice changes nothing.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, time
from typing import Any, Literal

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Output, PageOutput, PageQuery, Quantity
from fulfillment.api.orders import AddressInput
from fulfillment.domain.catalogue import (
    BarcodeEntry,
    CartonEntry,
    CutOffEntry,
    LocationEntry,
    PriceEntry,
    ProductEntry,
    RegionPriorityEntry,
    SellerEntry,
    ServiceEntry,
    ServiceRuleEntry,
    WarehouseEntry,
)
from fulfillment.domain.orders import ReviewRules
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.catalogue import listing, places, products, terms
from fulfillment.services.catalogue.upserting import Upserted
from fulfillment.services.paging import Page

routes = Routes("catalogue", tag="Catalogue")

MOST_ENTRIES = 5_000
LARGEST_BULK_BYTES = 8 * 1024 * 1024


class UpsertedOutput(Output):
    """How many were new, how many changed, how many were like this already."""

    created: int
    updated: int
    unchanged: int


class SearchQuery(PageQuery):
    """Part of a code or name."""

    search: str = Field("", max_length=200)


def _page(found: listing.Page) -> Page[Any]:
    return Page(found.rows, None if found.next_after is None else (found.next_after,))


# --- products ----------------------------------------------------------------------------


class ProductInput(Input):
    """One SKU.  Weights and sizes are of one piece; null: not known."""

    sku: str
    name: str
    weight_grams: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    tracking: Literal["none", "lot", "serial"] = "none"
    has_expiry: bool = False
    low_stock_level: int | None = None
    lead_time_days: int | None = None
    picture_url: str | None = None
    tags: list[str] = Field(default=[], max_length=50)
    active: bool = True

    def entry(self) -> ProductEntry:
        """The same for the service."""
        return ProductEntry(**{**dict(self), "tags": tuple(self.tags)})


class ProductsInput(Input):
    """Products of a seller: all of them, or none."""

    products: list[ProductInput] = Field(min_length=1, max_length=MOST_ENTRIES)


class ProductOutput(Output):
    """One SKU of a seller."""

    id: int
    sku: str
    name: str
    weight_grams: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    tracking: str
    has_expiry: bool
    is_kit: bool
    low_stock_level: int | None
    lead_time_days: int | None
    picture_url: str | None
    tags: list[str]
    active: bool


class ProductPage(PageOutput):
    """Products by id."""

    items: list[ProductOutput]


class BarcodeOutput(Output):
    """A code, and the pieces that it stands for."""

    code: str
    kind: str
    quantity: int


class ComponentOutput(Output):
    """Units of a product in one kit."""

    sku: str
    quantity: int


class ProductDetailOutput(Output):
    """A product with its barcodes and, of a kit, its components."""

    product: ProductOutput
    barcodes: list[BarcodeOutput]
    components: list[ComponentOutput]


@routes.get("/sellers/<seller>/products", permission=Permission.SEE_CATALOGUE, answer=ProductPage)
def list_products(actor: Actor, seller: str, query: SearchQuery) -> Page[Any]:
    """Products whose SKU, name or a barcode contains `search`."""
    return _page(
        listing.list_products(
            actor, seller, search=query.search, after=query.after(), limit=query.limit
        )
    )


@routes.put(
    "/sellers/<seller>/products",
    permission=Permission.CHANGE_CATALOGUE,
    answer=UpsertedOutput,
    largest_body_bytes=LARGEST_BULK_BYTES,
)
def put_products(actor: Actor, seller: str, body: ProductsInput) -> Upserted:
    """Create or change products by SKU, all or none."""
    return products.put_products(actor, seller, [one.entry() for one in body.products])


def product_detail_output(found: listing.ProductDetail) -> dict[str, Any]:
    """A product as JSON."""
    components = [{"sku": sku, "quantity": quantity} for sku, quantity in found.components]
    return ProductDetailOutput.model_validate(
        {"product": found.product, "barcodes": found.barcodes, "components": components}
    ).model_dump(mode="json")


@routes.get(
    "/sellers/<seller>/products/<path:sku>",
    permission=Permission.SEE_CATALOGUE,
    answer=ProductDetailOutput,
    render=product_detail_output,
)
def read_product(actor: Actor, seller: str, sku: str) -> listing.ProductDetail:
    """A product with its barcodes and, of a kit, its components."""
    return listing.product_detail(actor, seller, sku)


class BarcodeInput(Input):
    """A code on a package of a SKU."""

    sku: str
    code: str
    kind: Literal["each", "inner", "case"] = "each"
    quantity: int = 1

    def entry(self) -> BarcodeEntry:
        """The same for the service."""
        return BarcodeEntry(**dict(self))


class BarcodesInput(Input):
    """Barcodes of a seller's products: all of them, or none."""

    barcodes: list[BarcodeInput] = Field(min_length=1, max_length=MOST_ENTRIES)


@routes.put(
    "/sellers/<seller>/barcodes",
    permission=Permission.CHANGE_CATALOGUE,
    answer=UpsertedOutput,
    largest_body_bytes=LARGEST_BULK_BYTES,
)
def put_barcodes(actor: Actor, seller: str, body: BarcodesInput) -> Upserted:
    """Create or change barcodes, all or none; a code names one product of a seller."""
    return products.put_barcodes(actor, seller, [one.entry() for one in body.barcodes])


@routes.delete("/sellers/<seller>/barcodes/<path:code>", permission=Permission.CHANGE_CATALOGUE)
def remove_barcode(actor: Actor, seller: str, code: str) -> None:
    """Take a barcode away, so that another product may have it."""
    products.remove_barcode(actor, seller, code)


class KitInput(Input):
    """SKU to units in one kit; empty: no kit any more."""

    components: dict[str, Quantity] = Field(max_length=200)


@routes.put(
    "/sellers/<seller>/kits/<path:sku>", permission=Permission.CHANGE_CATALOGUE, answer=None
)
def put_kit(actor: Actor, seller: str, sku: str, body: KitInput) -> None:
    """Make a product a kit; orders that came in before keep their components."""
    products.put_kit(actor, seller, sku, body.components)


# --- sellers -----------------------------------------------------------------------------


class ReviewRulesInput(Input):
    """When an order needs no person: every condition that is set must hold."""

    pass_everything: bool = False
    most_total_minor: int | None = None
    countries: list[str] = Field(default=[], max_length=300)
    customers: list[str] = Field(default=[], max_length=10_000)
    refused_tags: list[str] = Field(default=[], max_length=200)
    hold_customer_notes: bool = False

    def value(self) -> ReviewRules:
        """The same for the service."""
        return ReviewRules(
            **{
                **dict(self),
                "countries": tuple(self.countries),
                "customers": tuple(self.customers),
                "refused_tags": tuple(self.refused_tags),
            }
        )


class SellerInput(Input):
    """Whose goods and orders these are, and their rules."""

    name: str
    sender: AddressInput
    allocation_rule: str = "region-priority"
    ship_complete: bool = False
    review_rules: ReviewRulesInput = ReviewRulesInput()


class SellerOutput(Output):
    """A seller."""

    id: int
    code: str
    name: str
    allocation_rule: str
    ship_complete: bool
    sender: dict[str, Any]
    review_rules: dict[str, Any]


class SellerPage(PageOutput):
    """Sellers by id."""

    items: list[SellerOutput]


@routes.get("/sellers", permission=Permission.SEE_CATALOGUE, answer=SellerPage)
def list_sellers(actor: Actor, query: PageQuery) -> Page[Any]:
    """The sellers that you may see."""
    return _page(listing.list_sellers(actor, after=query.after(), limit=query.limit))


@routes.put("/sellers/<seller>", permission=Permission.CHANGE_CATALOGUE, answer=UpsertedOutput)
def put_seller(actor: Actor, seller: str, body: SellerInput) -> Upserted:
    """Create or change a seller; a new one is made by administrators."""
    entry = SellerEntry(
        code=seller,
        name=body.name,
        sender=body.sender.value(),
        allocation_rule=body.allocation_rule,
        ship_complete=body.ship_complete,
        review_rules=body.review_rules.value(),
    )
    return terms.put_seller(actor, entry)


class RegionPriorityInput(Input):
    """The warehouse that serves a country at this rank, the lowest first."""

    warehouse: str
    rank: int
    country: str = Field("", description="Empty: anywhere.")


class RegionPrioritiesInput(Input):
    """All of a seller's priorities."""

    priorities: list[RegionPriorityInput] = Field(max_length=5_000)


class RegionPriorityOutput(Output):
    """A warehouse's rank for a country."""

    warehouse: str
    rank: int
    country: str


class RegionPrioritiesOutput(Output):
    """All of a seller's priorities."""

    priorities: list[RegionPriorityOutput]


@routes.get(
    "/sellers/<seller>/region-priorities",
    permission=Permission.SEE_CATALOGUE,
    answer=RegionPrioritiesOutput,
    render=lambda found: {"priorities": [asdict(one) for one in found]},
)
def list_region_priorities(actor: Actor, seller: str) -> tuple[RegionPriorityEntry, ...]:
    """Which warehouse serves which country first."""
    return listing.list_region_priorities(actor, seller)


@routes.put(
    "/sellers/<seller>/region-priorities", permission=Permission.CHANGE_CATALOGUE, answer=None
)
def put_region_priorities(actor: Actor, seller: str, body: RegionPrioritiesInput) -> None:
    """Replace which warehouse serves which country first."""
    entries = [RegionPriorityEntry(**dict(one)) for one in body.priorities]
    terms.put_region_priorities(actor, seller, entries)


# --- warehouses --------------------------------------------------------------------------


class WarehouseInput(Input):
    """A building; its policy has an address of its own."""

    name: str
    timezone: str = Field(description="A name of the IANA time zone database.")
    address: AddressInput
    layout: dict[str, Any] | None = Field(
        None, description="`aisles`, `aisle_x`, `cross_y`, `depot` in metres, for walks."
    )


class WarehouseOutput(Output):
    """A building."""

    id: int
    code: str
    name: str
    timezone: str
    address: dict[str, Any]
    layout: dict[str, Any] | None


class WarehousePage(PageOutput):
    """Warehouses by id."""

    items: list[WarehouseOutput]


@routes.get("/warehouses", permission=Permission.SEE_CATALOGUE, answer=WarehousePage)
def list_warehouses(actor: Actor, query: PageQuery) -> Page[Any]:
    """The warehouses that you may see."""
    return _page(listing.list_warehouses(actor, after=query.after(), limit=query.limit))


@routes.put(
    "/warehouses/<warehouse>", permission=Permission.CHANGE_CATALOGUE, answer=UpsertedOutput
)
def put_warehouse(actor: Actor, warehouse: str, body: WarehouseInput) -> Upserted:
    """Create or change a warehouse by its code."""
    entry = WarehouseEntry(
        code=warehouse,
        name=body.name,
        timezone=body.timezone,
        address=body.address.value(),
        layout=body.layout,
    )
    return places.put_warehouse(actor, entry)


class LocationInput(Input):
    """A place; coordinates in metres from the warehouse's own corner."""

    code: str
    kind: Literal["bin", "bulk", "staging", "quarantine", "tote", "cart"] = "bin"
    zone: str = ""
    aisle: int | None = None
    x_metres: float | None = None
    y_metres: float | None = None
    active: bool = True


class LocationsInput(Input):
    """Places of a warehouse: all of them, or none."""

    locations: list[LocationInput] = Field(min_length=1, max_length=MOST_ENTRIES)


class LocationOutput(Output):
    """A place."""

    id: int
    code: str
    kind: str
    zone: str
    aisle: int | None
    x_metres: float | None
    y_metres: float | None
    active: bool


class LocationPage(PageOutput):
    """Places by id."""

    items: list[LocationOutput]


class LocationQuery(SearchQuery):
    """Part of a code, and the kind of place."""

    kind: str = Field("", max_length=16)


@routes.get(
    "/warehouses/<warehouse>/locations", permission=Permission.SEE_CATALOGUE, answer=LocationPage
)
def list_locations(actor: Actor, warehouse: str, query: LocationQuery) -> Page[Any]:
    """The places of a warehouse."""
    return _page(
        listing.list_locations(
            actor,
            warehouse,
            kind=query.kind,
            search=query.search,
            after=query.after(),
            limit=query.limit,
        )
    )


@routes.put(
    "/warehouses/<warehouse>/locations",
    permission=Permission.CHANGE_CATALOGUE,
    answer=UpsertedOutput,
    largest_body_bytes=LARGEST_BULK_BYTES,
)
def put_locations(actor: Actor, warehouse: str, body: LocationsInput) -> Upserted:
    """Create or change bins, totes and other places by code, all or none."""
    entries = [LocationEntry(**dict(one)) for one in body.locations]
    return places.put_locations(actor, warehouse, entries)


class CartonInput(Input):
    """A box type: inner size, tare, the most that it may weigh with its content."""

    code: str
    name: str
    length_mm: int
    width_mm: int
    height_mm: int
    tare_grams: int
    most_grams: int = 30_000


class CartonsInput(Input):
    """Box types of a warehouse: all of them, or none."""

    cartons: list[CartonInput] = Field(min_length=1, max_length=500)


class CartonOutput(Output):
    """A box type."""

    id: int
    code: str
    name: str
    length_mm: int
    width_mm: int
    height_mm: int
    tare_grams: int
    most_grams: int


class CartonPage(PageOutput):
    """Box types by id."""

    items: list[CartonOutput]


@routes.get(
    "/warehouses/<warehouse>/cartons", permission=Permission.SEE_CATALOGUE, answer=CartonPage
)
def list_cartons(actor: Actor, warehouse: str, query: PageQuery) -> Page[Any]:
    """The box types of a warehouse."""
    return _page(listing.list_cartons(actor, warehouse, after=query.after(), limit=query.limit))


@routes.put(
    "/warehouses/<warehouse>/cartons",
    permission=Permission.CHANGE_CATALOGUE,
    answer=UpsertedOutput,
)
def put_cartons(actor: Actor, warehouse: str, body: CartonsInput) -> Upserted:
    """Create or change box types by code, all or none."""
    entries = [CartonEntry(**dict(one)) for one in body.cartons]
    return places.put_cartons(actor, warehouse, entries)


# --- carriers ----------------------------------------------------------------------------


class ServiceInput(Input):
    """A service; its labels draw their numbers up to `last_number`."""

    name: str
    first_number: int = 1
    last_number: int = 99_999_999


class ServiceOutput(Output):
    """A service of a carrier."""

    id: int
    carrier: str
    code: str
    name: str
    next_number: int
    last_number: int


class ServicePage(PageOutput):
    """Services by id."""

    items: list[ServiceOutput]


@routes.get("/carrier-services", permission=Permission.SEE_CATALOGUE, answer=ServicePage)
def list_services(actor: Actor, query: PageQuery) -> Page[Any]:
    """The carrier services."""
    return _page(listing.list_services(actor, after=query.after(), limit=query.limit))


@routes.put(
    "/carrier-services/<carrier>/<code>",
    permission=Permission.CHANGE_POLICY,
    answer=UpsertedOutput,
)
def put_service(actor: Actor, carrier: str, code: str, body: ServiceInput) -> Upserted:
    """Create or change a carrier service; no number comes twice."""
    return terms.put_service(actor, ServiceEntry(carrier=carrier, code=code, **dict(body)))


class ServiceRuleInput(Input):
    """The service of shipments that fit; what is empty or null fits all."""

    service: str = Field(description="`CARRIER/CODE`, or `CHEAPEST`: of those with a price for it.")
    warehouse: str = ""
    country: str = ""
    most_grams: int | None = None
    most_mm: int | None = Field(None, description="Longest side of the longest piece.")
    in_time: bool = Field(False, description="Only if it arrives by the order's promised day.")
    most_minor: int | None = Field(None, description="Only if it costs no more, in minor units.")


class ServiceRuleOutput(Output):
    """A rule."""

    service: str
    warehouse: str
    country: str
    most_grams: int | None
    most_mm: int | None
    in_time: bool
    most_minor: int | None


class ServiceRulesInput(Input):
    """All rules; the first that fits counts."""

    rules: list[ServiceRuleInput] = Field(max_length=1_000)


class ServiceRulesOutput(Output):
    """The rules in the order in which they are tried."""

    rules: list[ServiceRuleOutput]


@routes.get(
    "/carrier-service-rules",
    permission=Permission.SEE_CATALOGUE,
    answer=ServiceRulesOutput,
    render=lambda rules: {"rules": [asdict(one) for one in rules]},
)
def list_service_rules(actor: Actor) -> tuple[ServiceRuleEntry, ...]:
    """By which rules shipments get their service."""
    return listing.list_service_rules(actor)


@routes.put("/carrier-service-rules", permission=Permission.CHANGE_POLICY, answer=None)
def put_service_rules(actor: Actor, body: ServiceRulesInput) -> None:
    """Replace the rules by which shipments get their service."""
    terms.put_service_rules(actor, [ServiceRuleEntry(**dict(one)) for one in body.rules])


class PriceInput(Input):
    """One step of a price table; a country that is empty is everywhere else."""

    price_minor: int
    days: int = Field(description="Calendar days from the day its van leaves to its arrival.")
    country: str = ""
    most_grams: int | None = None


class PricesInput(Input):
    """The whole price table of a service; all services have one currency."""

    currency: str = Field(description="ISO 4217.")
    prices: list[PriceInput] = Field(max_length=1_000)


class PriceOutput(Output):
    """One step of a price table."""

    price_minor: int
    days: int
    country: str
    most_grams: int | None


class ServicePricesOutput(Output):
    """The price table of a service."""

    service: str
    currency: str
    prices: list[PriceOutput]


class PriceTablesOutput(Output):
    """The services that have a price table."""

    items: list[ServicePricesOutput]


@routes.get(
    "/carrier-service-prices",
    permission=Permission.SEE_CATALOGUE,
    answer=PriceTablesOutput,
    render=lambda tables: {"items": [asdict(one) for one in tables]},
)
def list_prices(actor: Actor) -> tuple[listing.ServicePrices, ...]:
    """What the services cost, and how long they take."""
    return listing.list_prices(actor)


@routes.put(
    "/carrier-services/<carrier>/<code>/prices", permission=Permission.CHANGE_POLICY, answer=None
)
def put_prices(actor: Actor, carrier: str, code: str, body: PricesInput) -> None:
    """Replace the price table of a service."""
    entries = [PriceEntry(**dict(one)) for one in body.prices]
    terms.put_prices(actor, f"{carrier}/{code}", entries, currency=body.currency)


class CutOffInput(Input):
    """The local minute at which the van leaves on these weekdays (Monday = 0)."""

    local_time: time
    weekdays: list[int] = Field(default=[0, 1, 2, 3, 4], min_length=1, max_length=7)


class CutOffsInput(Input):
    """All departures of a service at a warehouse."""

    cut_offs: list[CutOffInput] = Field(max_length=100)


@routes.put(
    "/warehouses/<warehouse>/cut-offs/<carrier>/<code>",
    permission=Permission.CHANGE_POLICY,
    answer=None,
)
def put_cut_offs(actor: Actor, warehouse: str, carrier: str, code: str, body: CutOffsInput) -> None:
    """Replace the cut-offs of a service at a warehouse."""
    entries = [CutOffEntry(one.local_time, tuple(one.weekdays)) for one in body.cut_offs]
    terms.put_cut_offs(actor, warehouse, f"{carrier}/{code}", entries)


class HolidaysInput(Input):
    """All days on which no van leaves."""

    days: list[date] = Field(max_length=1_000)


@routes.put("/warehouses/<warehouse>/holidays", permission=Permission.CHANGE_POLICY, answer=None)
def put_holidays(actor: Actor, warehouse: str, body: HolidaysInput) -> None:
    """Replace the days on which no van leaves a warehouse."""
    terms.put_holidays(actor, warehouse, body.days)
