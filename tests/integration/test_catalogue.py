"""The catalogue: put by key, the same again changes nothing, what would mislead is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest
from sqlalchemy import select

from fulfillment.domain.catalogue import (
    BarcodeEntry,
    CartonEntry,
    CutOffEntry,
    LocationEntry,
    ProductEntry,
    RegionPriorityEntry,
    SellerEntry,
    ServiceEntry,
    ServiceRuleEntry,
    WarehouseEntry,
)
from fulfillment.domain.errors import InvalidInput, NotPermitted, UnknownThing
from fulfillment.domain.orders import PostalAddress, ReviewRules
from fulfillment.domain.people import PERMISSIONS, Actor, Grant, Role
from fulfillment.services.catalogue.listing import (
    list_cartons,
    list_locations,
    list_products,
    list_sellers,
    list_services,
    list_warehouses,
    product_detail,
)
from fulfillment.services.catalogue.places import put_cartons, put_locations, put_warehouse
from fulfillment.services.catalogue.products import (
    put_barcodes,
    put_kit,
    put_products,
    remove_barcode,
)
from fulfillment.services.catalogue.terms import (
    put_cut_offs,
    put_holidays,
    put_region_priorities,
    put_seller,
    put_service,
    put_service_rules,
)
from fulfillment.services.catalogue.upserting import Upserted
from fulfillment.services.orders.intake import take_order
from fulfillment.store.catalog import (
    CarrierService,
    CutOff,
    Holiday,
    ProductBarcode,
    RegionPriority,
    Seller,
    ServiceRule,
)
from tests.support.digest import contents
from tests.support.orders import an_order
from tests.support.world import World, fetch

DOCK = PostalAddress(country="GB", name="Dock", lines=("1 Dock Road",), city="London")


def faults(refusal: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str]]:
    return [(fault.where, fault.code) for fault in refusal.value.faults]


def test_a_product_is_put_by_its_sku(world: World) -> None:
    admin = world.people["admin"]
    apple = ProductEntry("A", "Apple", weight_grams=120, tags=("fruit",))
    assert put_products(admin, "SHOP", [apple]) == Upserted(1, 0, 0)
    before = contents()
    assert put_products(admin, "SHOP", [apple]) == Upserted(0, 0, 1)
    assert contents() == before
    assert put_products(admin, "SHOP", [replace(apple, name="Red apple")]) == Upserted(0, 1, 0)
    detail = product_detail(admin, "SHOP", "A")
    assert (detail.product["name"], detail.product["tags"]) == ("Red apple", ["fruit"])


def test_one_wrong_product_keeps_all_out(world: World) -> None:
    before = contents()
    with pytest.raises(InvalidInput) as refusal:
        put_products(
            world.people["admin"],
            "SHOP",
            [
                ProductEntry("A", "Apple"),
                ProductEntry("B", " ", weight_grams=0, tracking="batch"),
                ProductEntry("C", "C", has_expiry=True),
                ProductEntry("A", "Apple"),
            ],
        )
    assert faults(refusal) == [
        ("products[1].name", "required"),
        ("products[1].weight_grams", "out-of-range"),
        ("products[1].tracking", "not-one-of"),
        ("products[2].has_expiry", "needs-lots"),
        ("products[3].sku", "repeated-key"),
    ]
    assert contents() == before


def test_tracking_does_not_change_under_stock(world: World) -> None:
    world.product("A")
    world.stock("A", 1)
    with pytest.raises(InvalidInput) as refusal:
        put_products(
            world.people["admin"], "SHOP", [ProductEntry("A", "Product A", tracking="lot")]
        )
    assert faults(refusal) == [("products[0].tracking", "has-stock")]


def test_a_upc_and_its_ean_are_one_barcode(world: World) -> None:
    world.product("A")
    world.product("B")
    admin = world.people["admin"]
    put_barcodes(admin, "SHOP", [BarcodeEntry("A", "036000291452")])
    again = put_barcodes(admin, "SHOP", [BarcodeEntry("A", "0036000291452")])
    assert again == Upserted(0, 0, 1)
    with pytest.raises(InvalidInput) as refusal:
        put_barcodes(admin, "SHOP", [BarcodeEntry("B", "00036000291452")])
    assert faults(refusal) == [("barcodes[0].code", "barcode-taken")]
    remove_barcode(admin, "SHOP", "00036000291452")
    put_barcodes(admin, "SHOP", [BarcodeEntry("B", "036000291452", "case", 12)])
    (row,) = fetch(
        select(ProductBarcode.product_id, ProductBarcode.quantity).where(
            ProductBarcode.code == "00036000291452"
        )
    )
    assert tuple(row) == (world.products["B"], 12)
    with pytest.raises(UnknownThing):
        remove_barcode(admin, "SHOP", "NONE")


def test_a_kit_is_made_of_products_that_are_no_kits(world: World) -> None:
    for sku in ("KIT", "OTHER", "A", "B"):
        world.product(sku)
    admin = world.people["admin"]
    put_kit(admin, "SHOP", "KIT", {"A": 2, "B": 1})
    assert product_detail(admin, "SHOP", "KIT").components == (("A", 2), ("B", 1))
    assert take_order(admin, an_order(("KIT", 1))).created
    before = contents()
    wrong: list[tuple[str, dict[str, int], str]] = [
        ("OTHER", {"KIT": 1}, "kit-in-a-kit"),
        ("OTHER", {"OTHER": 1}, "kit-in-a-kit"),
        ("OTHER", {"NONE": 1}, "unknown-sku"),
        ("OTHER", {"A": 0}, "out-of-range"),
        ("A", {"B": 1}, "is-a-component"),
    ]
    for sku, components, code in wrong:
        with pytest.raises(InvalidInput) as refusal:
            put_kit(admin, "SHOP", sku, components)
        assert [fault.code for fault in refusal.value.faults] == [code]
    assert contents() == before
    put_kit(admin, "SHOP", "KIT", {})
    assert product_detail(admin, "SHOP", "KIT").product["is_kit"] is False


def test_what_lies_on_a_shelf_does_not_become_a_kit(world: World) -> None:
    world.product("KIT")
    world.product("A")
    world.stock("KIT", 1)
    with pytest.raises(InvalidInput) as refusal:
        put_kit(world.people["admin"], "SHOP", "KIT", {"A": 1})
    assert faults(refusal) == [("sku", "has-stock")]


def test_places_are_put_by_their_code(world: World) -> None:
    supervisor = world.people["supervisor1"]
    entries = [
        LocationEntry("W1-B-01-1-1", zone="B", aisle=2, x_metres=4.5, y_metres=1),
        LocationEntry("W1T99", kind="tote"),
    ]
    assert put_locations(supervisor, "W1", entries) == Upserted(2, 0, 0)
    assert put_locations(supervisor, "W1", entries) == Upserted(0, 0, 2)
    with pytest.raises(UnknownThing):
        put_locations(supervisor, "W2", [LocationEntry("W2-B-01")])
    with pytest.raises(NotPermitted):
        put_locations(world.people["picker1"], "W1", [LocationEntry("W1-B-02")])


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (LocationEntry("w1-b"), ("code", "not-a-code")),
        (LocationEntry("W1--B"), ("code", "not-a-code")),
        (LocationEntry("W1_B"), ("code", "not-a-code")),
        (LocationEntry(""), ("code", "required")),
        (LocationEntry("W1-P", kind="parcel"), ("kind", "not-one-of")),
        (LocationEntry("W1-P", x_metres=float("inf")), ("x_metres", "not-a-number")),
        (LocationEntry("W1-P", y_metres=10_001), ("y_metres", "out-of-range")),
        (LocationEntry("W2T1", kind="tote"), ("code", "taken-elsewhere")),
        (LocationEntry("SCRAP"), ("code", "taken-elsewhere")),
        (LocationEntry("W1T1"), ("kind", "never-changes")),
        (LocationEntry("W1-A-01-1-1", active=False), ("active", "has-stock")),
    ],
)
def test_a_wrong_place_changes_nothing(
    world: World, entry: LocationEntry, fault: tuple[str, str]
) -> None:
    world.product("A")
    world.stock("A", 1)
    before = contents()
    with pytest.raises(InvalidInput) as refusal:
        put_locations(world.people["admin"], "W1", [LocationEntry("W1-Z-1"), entry])
    assert faults(refusal) == [(f"locations[1].{fault[0]}", fault[1])]
    assert contents() == before


def test_cartons_are_put_by_their_code(world: World) -> None:
    admin = world.people["admin"]
    small = CartonEntry("S", "Small", 200, 150, 100, 30)
    assert put_cartons(admin, "W1", [small]) == Upserted(1, 0, 0)
    assert put_cartons(admin, "W1", [replace(small, tare_grams=35)]) == Upserted(0, 1, 0)
    assert [row["code"] for row in list_cartons(admin, "W1").rows] == ["M", "S"]
    with pytest.raises(InvalidInput) as refusal:
        put_cartons(admin, "W1", [replace(small, length_mm=0), replace(small, tare_grams=40_000)])
    assert faults(refusal) == [
        ("cartons[0].length_mm", "out-of-range"),
        ("cartons[1].code", "repeated-key"),
    ]


def test_only_administrators_build_warehouses_and_admit_sellers(world: World) -> None:
    entry = WarehouseEntry("W3", "Third", "Asia/Taipei", DOCK)
    seller = SellerEntry("NEW", "New", DOCK, review_rules=ReviewRules(countries=("GB",)))
    anywhere = Actor(
        world.people["supervisor1"].user_id, "S", (Grant(PERMISSIONS[Role.SUPERVISOR]),)
    )
    for actor in (world.people["supervisor1"], anywhere):
        with pytest.raises(NotPermitted):
            put_warehouse(actor, entry)
        with pytest.raises(NotPermitted):
            put_seller(actor, seller)
    admin = world.people["admin"]
    assert put_warehouse(admin, entry) == Upserted(1, 0, 0)
    assert put_warehouse(admin, entry) == Upserted(0, 0, 1)
    assert put_seller(admin, seller) == Upserted(1, 0, 0)
    assert put_seller(admin, seller) == Upserted(0, 0, 1)
    assert put_seller(anywhere, replace(seller, ship_complete=True)) == Upserted(0, 1, 0)
    (rules,) = fetch(select(Seller.review_rules).where(Seller.code == "NEW"))
    assert ReviewRules.of(rules.review_rules) == seller.review_rules
    assert [row["code"] for row in list_sellers(admin).rows] == ["SHOP", "NEW"]
    assert [row["code"] for row in list_warehouses(admin).rows] == ["W1", "W2", "W3"]
    with pytest.raises(InvalidInput) as refusal:
        put_warehouse(admin, replace(entry, timezone="Mars/Olympus", code="w 3"))
    assert faults(refusal) == [("code", "not-a-code"), ("timezone", "unknown-timezone")]


def test_the_numbers_of_a_service_never_come_twice(world: World) -> None:
    admin = world.people["admin"]
    entry = ServiceEntry("LOCAL", "STD", "Standard", last_number=500)
    assert put_service(admin, entry) == Upserted(0, 1, 0)
    assert put_service(admin, ServiceEntry("LOCAL", "NEXT", "Next day", 100, 999)).created == 1
    (row,) = fetch(
        select(CarrierService.next_number, CarrierService.last_number).where(
            CarrierService.code == "NEXT"
        )
    )
    assert tuple(row) == (100, 999)
    put_service(admin, ServiceEntry("LOCAL", "NEXT", "Next day", 500, 999))
    with pytest.raises(InvalidInput) as refusal:
        put_service(admin, ServiceEntry("LOCAL", "NEXT", "Next day", 1, 98))
    assert faults(refusal) == [("last_number", "numbers-used")]
    assert [row["code"] for row in list_services(admin).rows] == ["STD", "NEXT"]


def test_rules_cut_offs_holidays_and_regions_are_replaced_as_a_whole(world: World) -> None:
    admin = world.people["admin"]
    put_service_rules(
        admin, [ServiceRuleEntry("LOCAL/STD", "W1", "GB", 2_000), ServiceRuleEntry("LOCAL/STD")]
    )
    assert len(fetch(select(ServiceRule.id))) == 2
    put_cut_offs(
        admin,
        "W1",
        "LOCAL/STD",
        [CutOffEntry(time(12, 0)), CutOffEntry(time(17, 30), (5, 6))],
    )
    rows = fetch(
        select(CutOff.local_time, CutOff.weekdays)
        .where(CutOff.warehouse_id == world.warehouses["W1"])
        .order_by(CutOff.local_time)
    )
    assert [tuple(row) for row in rows] == [
        (time(12, 0), [0, 1, 2, 3, 4]),
        (time(17, 30), [5, 6]),
    ]
    put_holidays(admin, "W1", [date(2026, 12, 25), date(2026, 12, 25), date(2027, 1, 1)])
    put_holidays(admin, "W1", [date(2026, 12, 26)])
    assert [row.day for row in fetch(select(Holiday.day))] == [date(2026, 12, 26)]
    put_region_priorities(
        admin, "SHOP", [RegionPriorityEntry("W2", 1), RegionPriorityEntry("W1", 1, "FR")]
    )
    assert len(fetch(select(RegionPriority.id))) == 2


def test_wrong_terms_change_nothing(world: World) -> None:
    admin = world.people["admin"]
    before = contents()
    with pytest.raises(InvalidInput):
        put_service_rules(admin, [ServiceRuleEntry("NO/SUCH", "W9", "ZZ", 0)])
    with pytest.raises(InvalidInput):
        put_cut_offs(admin, "W1", "LOCAL/STD", [CutOffEntry(time(12, 0, 5), (7,))])
    with pytest.raises(UnknownThing):
        put_cut_offs(admin, "W1", "LOCAL/NONE", [])
    with pytest.raises(InvalidInput):
        put_holidays(admin, "W1", [date(9999, 1, 1)])
    with pytest.raises(InvalidInput):
        put_region_priorities(
            admin, "SHOP", [RegionPriorityEntry("W1", 1), RegionPriorityEntry("W1", 2)]
        )
    assert contents() == before


def test_lists_come_in_pages_and_can_be_searched(world: World) -> None:
    for number in range(7):
        world.product(f"P{number}", name="100% wool" if number == 3 else "Sock")
    admin = world.people["admin"]
    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        page = list_products(admin, "SHOP", after=after, limit=3)
        seen += [row["sku"] for row in page.rows]
        after = page.next_after
    assert seen == [f"P{number}" for number in range(7)]
    for search in ("p3", "100%", "P3"):
        found = list_products(admin, "SHOP", search=search).rows
        assert [row["sku"] for row in found] == ["P3"]
    assert list_products(admin, "SHOP", search="%").rows == found
    totes = list_locations(admin, "W1", kind="tote", search="w1t1")
    assert [row["code"] for row in totes.rows] == ["W1T1", "W1T10", "W1T11", "W1T12"]


def test_nobody_sees_another_warehouse_or_seller(world: World) -> None:
    supervisor = world.people["supervisor1"]
    assert [row["code"] for row in list_warehouses(supervisor).rows] == ["W1"]
    with pytest.raises(UnknownThing):
        list_locations(supervisor, "W2")
    stranger = Actor(1, "X", (Grant(PERMISSIONS[Role.SUPERVISOR], seller_id=99),))
    assert list_sellers(stranger).rows == ()
    with pytest.raises(UnknownThing):
        list_products(stranger, "SHOP")
    with pytest.raises(NotPermitted):
        list_products(world.people["packer1"], "SHOP")
