"""Invoices become orders as a channel would send them.

The file names countries in its own words and no streets, so each country gets one complete
address; every hundredth customer forgets the postcode, and review mends that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from fulfillment.domain.orders import MOST_LINES, NewLine, NewOrder, PostalAddress
from fulfillment.replay.invoices import Invoice
from fulfillment.store.batches import batches

CHANNEL: Final = "retail"
CURRENCY: Final = "GBP"
_FORGETFUL: Final = 100


class Town(NamedTuple):
    """A place that the postal rules of its country find complete."""

    country: str
    city: str
    postcode: str = ""
    region: str = ""


_TOWNS: Final[Mapping[str, Town]] = {
    "United Kingdom": Town("GB", "Leeds", "LS1 4AP"),
    "Germany": Town("DE", "Berlin", "10117"),
    "France": Town("FR", "Paris", "75001"),
    "EIRE": Town("IE", "Dublin", "D02 AF30"),
    "Belgium": Town("BE", "Brussels", "1000"),
    "Netherlands": Town("NL", "Utrecht", "3511 AD"),
    "Spain": Town("ES", "Madrid", "28001", "Madrid"),
    "Australia": Town("AU", "Sydney", "2000", "NSW"),
    "Switzerland": Town("CH", "Bern", "3011"),
    "Portugal": Town("PT", "Lisboa", "1100-148"),
    "Channel Islands": Town("JE", "St Helier", "JE2 3QA"),
    "Japan": Town("JP", "Chiyoda", "100-0001", "Tokyo"),
    "Hong Kong": Town("HK", "Central", region="Hong Kong Island"),
    "USA": Town("US", "New York", "10001", "NY"),
    "RSA": Town("ZA", "Cape Town", "8001"),
    "Norway": Town("NO", "Oslo", "0150"),
    "Italy": Town("IT", "Roma", "00184", "RM"),
    "Finland": Town("FI", "Helsinki", "00100"),
    "Cyprus": Town("CY", "Nicosia", "1010"),
    "Sweden": Town("SE", "Stockholm", "111 20"),
    "Austria": Town("AT", "Wien", "1010"),
    "Denmark": Town("DK", "Copenhagen", "1050"),
    "Israel": Town("IL", "Tel Aviv", "6100000"),
    "Poland": Town("PL", "Warszawa", "00-001"),
    "Greece": Town("GR", "Athens", "105 57"),
    "Iceland": Town("IS", "Reykjavik", "101"),
    "Singapore": Town("SG", "Singapore", "018956"),
    "Lebanon": Town("LB", "Beirut", "2038 3054"),
    "United Arab Emirates": Town("AE", "Dubai", region="Dubai"),
    "Saudi Arabia": Town("SA", "Riyadh", "11564"),
    "Czech Republic": Town("CZ", "Praha", "110 00"),
    "Canada": Town("CA", "Ottawa", "K1A 0B1", "ON"),
    "Brazil": Town("BR", "São Paulo", "01000-000", "SP"),
    "Malta": Town("MT", "Valletta", "VLT 1010"),
    "Lithuania": Town("LT", "Vilnius", "01100"),
    "Bahrain": Town("BH", "Manama", "317"),
    "European Community": Town("BE", "Brussels", "1000"),
}
_UNKNOWN: Final = _TOWNS["United Kingdom"]


def town_of(country: str) -> Town:
    """The town of an ISO 3166-1 country code that is among the file's."""
    return next(town for town in _TOWNS.values() if town.country == country)


def address_of(customer: str, country: str) -> PostalAddress:
    """A complete address of *customer* in the file's *country*; unknown words mean the UK."""
    town = _TOWNS.get(country, _UNKNOWN)
    return PostalAddress(
        country=town.country,
        name=f"Customer {customer}",
        lines=("1 Market Street",),
        city=town.city,
        region=town.region,
        postcode=town.postcode,
    )


def orders_of(seller: str, invoice: Invoice, *, number: int) -> Iterator[NewOrder]:
    """The order of an invoice; one of more lines than an order may have comes in parts.

    *number* counts the invoices: it says whose address comes incomplete.
    """
    address = address_of(invoice.customer, invoice.country)
    if number % _FORGETFUL == _FORGETFUL - 1:
        address = replace(address, postcode="", city="")
    for part, lines in enumerate(batches(invoice.lines, MOST_LINES), start=1):
        yield NewOrder(
            seller=seller,
            channel=CHANNEL,
            reference=invoice.number if part == 1 else f"{invoice.number}-{part}",
            placed_at=invoice.placed_at,
            address=address,
            currency=CURRENCY,
            lines=tuple(
                NewLine(line.stock_code, line.quantity, line.unit_price_minor) for line in lines
            ),
            customer=invoice.customer,
        )
