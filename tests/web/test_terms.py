"""Service rules, sellers' settings and region priorities on their pages; why a shipment's service."""

from __future__ import annotations

from flask import Flask

from fulfillment.domain.people import Role
from fulfillment.services import allocating
from fulfillment.services.catalogue import listing
from fulfillment.services.orders.intake import take_order
from fulfillment.store.orders import Order, Shipment
from tests.support.benches import codes
from tests.support.office import Office, complaint, rows, words
from tests.support.orders import an_order
from tests.support.web import api_client
from tests.support.world import World

RULES = "The first rule that fits counts; what is left out fits all"
PAGE = "/warehouses"


def test_rules_are_changed_on_the_page_and_a_shipment_says_which_one_chose_its_service(
    app: Flask, world: World
) -> None:
    office = Office(app, world, Role.SUPERVISOR)
    typed = "LOCAL/STD; W1; GB; 2000; 600\nlocal/std"
    office.done(f"{PAGE}/service-rules", on=PAGE, rules=typed)
    assert rows(office.page(PAGE), RULES) == [
        ["1", "LOCAL/STD", "W1", "GB", "2000", "600", "–", "–"],
        ["2", "LOCAL/STD", "every", "every", "–", "–", "–", "–"],
    ]
    world.product("A", weight_grams=300, length_mm=100, width_mm=550, height_mm=20)
    world.stock("A", 5)
    take_order(world.people["admin"], an_order(("A", 2)))
    office.done("/orders/allocate", on="/waves")
    (order,) = codes(Order, "id")
    page = words(office.page(f"/orders/{order.id}"))
    assert (
        "Why this service: rule 1 is the first that fits (from this warehouse, to GB, "
        "600 g of at most 2000 g, longest side 550 mm of at most 600 mm)." in page
    )
    (shipment,) = codes(Shipment, "id")
    boss = world.people["supervisor1"]
    allocating.change_service(boss, shipment.id, world.service_id)
    page = words(office.page(f"/orders/{order.id}"))
    assert f"Why this service: {boss.name} chose it." in page


def test_a_rule_that_means_nothing_is_refused_and_the_old_ones_stay(
    app: Flask, world: World
) -> None:
    office = Office(app, world, Role.SUPERVISOR)
    answer = office.refused(f"{PAGE}/service-rules", on=PAGE, rules="NO/SUCH\nLOCAL/STD;;XX;a")
    assert complaint(answer)
    answer = office.refused(f"{PAGE}/service-rules", on=PAGE, rules="NO/SUCH")
    assert "Service 1 is no carrier service: NO/SUCH" in complaint(answer)


def test_a_seller_is_set_up_with_its_regions_on_its_page(app: Flask, world: World) -> None:
    office = Office(app, world, Role.ADMINISTRATOR, warehouse=None)
    path = f"/settings/sellers/{world.seller_id}"
    office.done(f"{path}/regions", on=path, priorities="W2 1 FR\nW1 2 FR\nW1 1")
    caption = (
        "The lowest rank is asked first; a country without a line of its own takes those of "
        "every country"
    )
    assert rows(office.page(path), caption) == [
        ["every", "1", "W1"],
        ["FR", "1", "W2"],
        ["FR", "2", "W1"],
    ]
    settings = {
        "seller_name": "The Shop",
        "allocation_rule": "most-stock",
        "ship_complete": "on",
        "countries": "gb fr",
        "country": "GB",
        "name": "The Shop",
        "lines": "1 Dock Road",
        "city": "London",
        "postcode": "E16 2AA",
    }
    office.done(path, on=path, **settings)
    (seller,) = listing.list_sellers(world.people["admin"]).rows
    assert (seller["allocation_rule"], seller["ship_complete"]) == ("most-stock", True)
    assert seller["review_rules"]["countries"] == ["GB", "FR"]
    assert office.press("/settings/sellers/999", on=path, **settings).status_code == 404
    clash = office.refused("/settings/sellers", on="/settings/sellers", code="shop", **settings)
    assert "Code stands twice" in complaint(clash)


def test_a_program_reads_the_rules_and_priorities(app: Flask, world: World) -> None:
    client = api_client(app, world.people["admin"].user_id)
    rules = client.get("/api/v1/carrier-service-rules").json
    assert rules["rules"] == [
        {
            "service": "LOCAL/STD",
            "warehouse": "",
            "country": "",
            "most_grams": None,
            "most_mm": None,
            "in_time": False,
            "most_minor": None,
        }
    ]
    found = client.get("/api/v1/sellers/SHOP/region-priorities").json["priorities"]
    assert [one["warehouse"] for one in found] == ["W1", "W2"]
