"""Warehouses: their places and cartons, carrier services, when vans leave, days without any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.catalogue import (
    PLACE_KINDS,
    CartonEntry,
    CutOffEntry,
    LocationEntry,
    PriceEntry,
    ServiceEntry,
    ServiceRuleEntry,
    WarehouseEntry,
)
from fulfillment.domain.errors import invalid
from fulfillment.domain.orders import PostalAddress
from fulfillment.domain.people import Permission
from fulfillment.office import choices, forms
from fulfillment.office.addresses import typed_address
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.office.paging import next_page
from fulfillment.services import walls
from fulfillment.services.catalogue import listing, places, terms
from fulfillment.services.catalogue.timetables import timetable
from fulfillment.services.printing.found_labels import PLACES_WITH

blueprint = Blueprint("office_warehouses", __name__, url_prefix="/warehouses")

MOST_GRAMS = 10_000_000
MOST_MM = 100_000
RULE_PARTS = 7
PRICE_PARTS = 4
IN_TIME = "in time"
"""How a rule says it, in every language: it is part of the form's own notation."""
NO_ADDRESS = PostalAddress(country="")


@blueprint.get("")
@page(Permission.SEE_CATALOGUE)
def list_warehouses() -> Answer:
    """All of them, and the carrier services that they share."""
    return _list_page()


@blueprint.post("")
@page(Permission.MANAGE_PEOPLE)
def create_warehouse() -> Answer:
    """A new warehouse."""

    def create() -> None:
        code = forms.text("code", most=16)
        if code in choices.warehouses().values():
            raise invalid("code", "repeated-key")
        places.put_warehouse(actor(), _warehouse_entry(code, layout=None))

    return _shared("create", create, _("The warehouse is there."))


@blueprint.post("/services")
@page(Permission.CHANGE_POLICY)
def put_service() -> Answer:
    """A carrier service: new, or its name and the end of its numbers changed."""

    def put() -> None:
        entry = ServiceEntry(
            carrier=forms.text("carrier", most=32).upper(),
            code=forms.text("code", most=32).upper(),
            name=forms.text("name"),
            first_number=forms.number("first_number", least=1),
            last_number=forms.number("last_number", least=1),
        )
        terms.put_service(actor(), entry)

    return _shared("service", put, _("The service is saved."))


@blueprint.post("/service-rules")
@page(Permission.CHANGE_POLICY)
def put_service_rules() -> Answer:
    """By which rules shipments get their service: the form replaces what was there."""

    def put() -> None:
        typed = forms.lines("rules", most=20_000).split("\n")
        terms.put_service_rules(actor(), [_rule(line) for line in typed if line.strip()])

    return _shared("rules", put, _("The rules are saved; they choose for shipments from now on."))


@blueprint.post("/service-prices")
@page(Permission.CHANGE_POLICY)
def put_prices() -> Answer:
    """What a service costs and how long it takes: the form replaces its price table."""

    def put() -> None:
        typed = forms.lines("prices", most=20_000).split("\n")
        terms.put_prices(
            actor(),
            forms.text("service", most=129),
            [_price(line) for line in typed if line.strip()],
            currency=forms.text("currency", most=3).upper(),
        )

    return _shared("prices", put, _("The prices are saved; rules compare them from now on."))


@blueprint.get("/<int:warehouse_id>")
@page(Permission.SEE_CATALOGUE)
def read_warehouse(warehouse_id: int) -> Answer:
    """A warehouse with its cartons and its timetable."""
    return _warehouse_page(warehouse_id)


@blueprint.post("/<int:warehouse_id>")
@page(Permission.CHANGE_CATALOGUE)
def change_warehouse(warehouse_id: int) -> Answer:
    """Its name, time zone and address."""
    return _act(
        warehouse_id,
        "warehouse",
        lambda row: places.put_warehouse(
            actor(), _warehouse_entry(row["code"], layout=row["layout"])
        ),
    )


@blueprint.post("/<int:warehouse_id>/cartons")
@page(Permission.CHANGE_CATALOGUE)
def put_carton(warehouse_id: int) -> Answer:
    """A box type: new, or changed by its code."""

    def put(row: Mapping[str, Any]) -> None:
        entry = CartonEntry(
            code=forms.text("code", most=32).upper(),
            name=forms.text("name"),
            length_mm=forms.number("length_mm", least=1, most=MOST_MM),
            width_mm=forms.number("width_mm", least=1, most=MOST_MM),
            height_mm=forms.number("height_mm", least=1, most=MOST_MM),
            tare_grams=forms.number("tare_grams", most=MOST_GRAMS),
            most_grams=forms.number("most_grams", least=1, most=MOST_GRAMS),
        )
        places.put_cartons(actor(), row["code"], [entry])

    return _act(warehouse_id, "carton", put)


@blueprint.post("/<int:warehouse_id>/cut-offs")
@page(Permission.CHANGE_CATALOGUE)
def put_cut_offs(warehouse_id: int) -> Answer:
    """All vans of one service: the form replaces what was there."""

    def put(row: Mapping[str, Any]) -> None:
        service = forms.text("service", most=129)
        entries = [_cut_off(line) for line in forms.lines("times", most=2_000).split("\n") if line]
        terms.put_cut_offs(actor(), row["code"], service, entries)

    return _act(warehouse_id, "cut-offs", put)


@blueprint.post("/<int:warehouse_id>/holidays")
@page(Permission.CHANGE_CATALOGUE)
def put_holidays(warehouse_id: int) -> Answer:
    """All days without a van: the form replaces what was there."""

    def put(row: Mapping[str, Any]) -> None:
        typed = forms.lines("days", most=20_000).split()
        terms.put_holidays(actor(), row["code"], [_day(text) for text in typed])

    return _act(warehouse_id, "holidays", put)


@blueprint.get("/<int:warehouse_id>/places")
@page(Permission.SEE_CATALOGUE)
def list_places(warehouse_id: int) -> Answer:
    """The places of a warehouse."""
    return _places_page(warehouse_id)


@blueprint.post("/<int:warehouse_id>/places")
@page(Permission.CHANGE_CATALOGUE)
def put_place(warehouse_id: int) -> Answer:
    """A place: new, or changed by its code."""
    warehouse = choices.one_warehouse(warehouse_id)

    def put() -> None:
        entry = LocationEntry(
            code=forms.text("code", most=32).upper(),
            kind=forms.choice("kind", PLACE_KINDS),
            zone=forms.text("zone", most=16, required=False),
            aisle=forms.optional_number("aisle", most=10_000),
            x_metres=forms.optional_decimal("x_metres"),
            y_metres=forms.optional_decimal("y_metres"),
            active=forms.ticked("active"),
        )
        places.put_locations(actor(), warehouse["code"], [entry])

    refused = attempt("place", put)
    if refused is not None:
        return _places_page(warehouse_id, refused)
    return done(_("Saved."), url_for(".list_places", warehouse_id=warehouse_id))


@blueprint.get("/<int:warehouse_id>/walls")
@page(Permission.SEE_CATALOGUE)
def list_walls(warehouse_id: int) -> Answer:
    """The put walls of a warehouse."""
    return _walls_page(warehouse_id)


@blueprint.post("/<int:warehouse_id>/walls")
@page(Permission.CHANGE_CATALOGUE)
def put_wall(warehouse_id: int) -> Answer:
    """A put wall: new, or changed by its code."""
    warehouse = choices.one_warehouse(warehouse_id)

    def put() -> None:
        entry = walls.WallEntry(
            code=forms.text("code", most=walls.LONGEST_CODE).upper(),
            name=forms.text("name"),
            slots=forms.number("slots", least=1, most=walls.MOST_SLOTS),
        )
        walls.put_wall(actor(), warehouse["code"], entry)

    refused = attempt("wall", put)
    if refused is not None:
        return _walls_page(warehouse_id, refused)
    return done(_("Saved."), url_for(".list_walls", warehouse_id=warehouse_id))


@blueprint.get("/walls/<int:wall_id>/labels.pdf")
@page(Permission.SEE_CATALOGUE)
def slot_labels(wall_id: int) -> Response:
    """The labels of a wall's slots."""
    response = Response(walls.slot_labels(actor(), wall_id=wall_id), mimetype="application/pdf")
    response.headers["Content-Disposition"] = "inline; filename=slots.pdf"
    return response


# --- parts ---------------------------------------------------------------------------------------


def _warehouse_entry(code: str, *, layout: Mapping[str, Any] | None) -> WarehouseEntry:
    # The form has one name for the house and one for the address.
    address = typed_address()
    return WarehouseEntry(
        code=code,
        name=forms.text("warehouse_name"),
        timezone=forms.text("timezone", most=64),
        address=address,
        layout=layout,
    )


def _rule(line: str) -> ServiceRuleEntry:
    """A line like ``LOCAL/EXPRESS; W1; GB; 2000; 600; in time; 950``; what is left out fits all."""
    parts = [part.strip() for part in line.split(";")]
    if len(parts) > RULE_PARTS:
        raise invalid("rules", "wrong-form", line)
    parts += [""] * (RULE_PARTS - len(parts))
    service, warehouse, country, grams, longest_mm, in_time, minor = parts
    if in_time not in ("", IN_TIME):
        raise invalid("rules", "wrong-form", line)
    return ServiceRuleEntry(
        service=service.upper(),
        warehouse=warehouse,
        country=country.upper(),
        most_grams=forms.whole("most_grams", grams, least=1, most=MOST_GRAMS),
        most_mm=forms.whole("most_mm", longest_mm, least=1, most=MOST_MM),
        in_time=bool(in_time),
        most_minor=forms.whole("most_minor", minor, least=1, most=terms.MOST_MINOR),
    )


def _rule_line(rule: ServiceRuleEntry) -> str:
    """The line that :func:`_rule` reads back."""
    limits = (rule.most_grams, rule.most_mm, IN_TIME if rule.in_time else None, rule.most_minor)
    parts = (rule.service, rule.warehouse, rule.country, *limits)
    return "; ".join("" if part is None else str(part) for part in parts).rstrip("; ")


def _price(line: str) -> PriceEntry:
    """A line like ``GB; 2000; 425; 2``: country, grams at most, price in minor units, days."""
    parts = [part.strip() for part in line.split(";")]
    if len(parts) != PRICE_PARTS:
        raise invalid("prices", "wrong-form", line)
    country, grams, minor, days = parts
    price = forms.whole("price_minor", minor, most=terms.MOST_MINOR)
    takes = forms.whole("days", days, most=terms.MOST_DAYS)
    if price is None or takes is None:
        raise invalid("prices", "wrong-form", line)
    most_grams = forms.whole("most_grams", grams, least=1, most=MOST_GRAMS)
    return PriceEntry(price, takes, country.upper(), most_grams)


def _cut_off(line: str) -> CutOffEntry:
    """A line like ``17:00 1234567``: the time, then weekdays from Monday = 1."""
    typed, _blank, days = line.strip().partition(" ")
    digits = days.replace(" ", "") or "12345"
    if not (digits.isascii() and digits.isdigit()):
        raise invalid("weekdays", "not-weekdays", days)
    weekdays = tuple(int(digit) - 1 for digit in digits)
    return CutOffEntry(forms.minute_of("local_time", typed), weekdays)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid("days", "not-a-day", text) from None


def _shared(form: str, command: Callable[[], None], sentence: str) -> Answer:
    refused = attempt(form, command)
    if refused is not None:
        return _list_page(refused)
    return done(sentence, url_for(".list_warehouses"))


def _act(warehouse_id: int, form: str, command: Callable[[Mapping[str, Any]], object]) -> Answer:
    warehouse = choices.one_warehouse(warehouse_id)
    refused = attempt(form, lambda: command(warehouse))
    if refused is not None:
        return _warehouse_page(warehouse_id, refused)
    return done(_("Saved."), url_for(".read_warehouse", warehouse_id=warehouse_id))


def _list_page(refused: Refusal | None = None) -> Answer:
    return draw(
        "office/warehouses.html",
        refused,
        warehouses=choices.warehouse_rows(),
        services=choices.service_rows(),
        rules=(rules := listing.list_service_rules(actor())),
        rule_lines="\n".join(map(_rule_line, rules)),
        prices=listing.list_prices(actor()),
        timezones=sorted(available_timezones()),
        address=NO_ADDRESS,
    )


def _warehouse_page(warehouse_id: int, refused: Refusal | None = None) -> Answer:
    warehouse = choices.one_warehouse(warehouse_id)
    stored = warehouse["address"]
    names = ("country", "name", "company", "city", "region", "postcode", "phone", "email")
    return draw(
        "office/warehouse.html",
        refused,
        warehouse=warehouse,
        address=PostalAddress(
            **{name: stored.get(name, "") for name in names},
            lines=tuple(stored.get("lines", ())),
        ),
        cartons=listing.list_cartons(actor(), warehouse["code"], limit=listing.MOST_ON_A_PAGE).rows,
        timetable=timetable(actor(), warehouse["code"]),
        services=[f"{row['carrier']}/{row['code']}" for row in choices.service_rows()],
        timezones=sorted(available_timezones()),
    )


def _walls_page(warehouse_id: int, refused: Refusal | None = None) -> Answer:
    warehouse = choices.one_warehouse(warehouse_id)
    found = walls.list_walls(actor(), warehouse_id=warehouse_id)
    return draw("office/walls.html", refused, warehouse=warehouse, walls=found)


def _places_page(warehouse_id: int, refused: Refusal | None = None) -> Answer:
    warehouse = choices.one_warehouse(warehouse_id)
    asked = request.method == "GET"
    found = listing.list_locations(
        actor(),
        warehouse["code"],
        kind=forms.choice("kind", PLACE_KINDS, default="") if asked else "",
        search=forms.text("text", most=32, required=False) if asked else "",
        after=(forms.optional_number("after") if asked else None) or 0,
        limit=100,
    )
    return draw(
        "office/places.html",
        refused,
        warehouse=warehouse,
        places=found.rows,
        kinds=PLACE_KINDS,
        labelled=_labelled(warehouse_id),
        next_page=next_page(after=found.next_after),
    )


def _labelled(warehouse_id: int) -> Mapping[str, str]:
    """The kind of label of each kind of place; none for who prints none."""
    if not actor().may(Permission.CHANGE_CATALOGUE, warehouse_id=warehouse_id):
        return {}
    return {place: kind for kind, places in PLACES_WITH.items() for place in places}
