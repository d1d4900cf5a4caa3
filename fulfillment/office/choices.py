"""What can be chosen on the forms: the sellers, warehouses and services that somebody sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment.access import actor
from fulfillment.domain.errors import UnknownThing
from fulfillment.services.catalogue import listing
from fulfillment.services.catalogue.listing import MOST_ON_A_PAGE


def sellers() -> dict[int, str]:
    """Codes by id."""
    return _codes(listing.list_sellers(actor(), limit=MOST_ON_A_PAGE).rows)


def warehouses() -> dict[int, str]:
    """Codes by id."""
    return _codes(warehouse_rows())


def warehouse_rows() -> tuple[Mapping[str, Any], ...]:
    """Everything about the warehouses."""
    return listing.list_warehouses(actor(), limit=MOST_ON_A_PAGE).rows


def one_warehouse(warehouse_id: int | None) -> Mapping[str, Any]:
    """The warehouse with this id, the first one for None; raises :class:`UnknownThing`."""
    for row in warehouse_rows():
        if warehouse_id in (None, row["id"]):
            return row
    raise UnknownThing(kind="warehouse", key=str(warehouse_id or ""))


def services() -> dict[int, str]:
    """``CARRIER/CODE · name`` by id."""
    return {row["id"]: f"{row['carrier']}/{row['code']} · {row['name']}" for row in service_rows()}


def service_rows() -> tuple[Mapping[str, Any], ...]:
    """Everything about the carrier services."""
    return listing.list_services(actor(), limit=MOST_ON_A_PAGE).rows


def _codes(rows: tuple[Mapping[str, Any], ...]) -> dict[int, str]:
    return {row["id"]: row["code"] for row in rows}
