"""An order's way through the warehouse by the JSON API alone: everybody does what the answers say."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from fulfillment.domain.barcodes import Own, own_code

Call = Callable[[str, str, str, Any], Any]
"""(person, method, path below /api/v1, JSON body or None) -> the JSON of the answer."""

ADDRESS = {
    "country": "GB",
    "name": "A Customer",
    "lines": ["10 High Street"],
    "city": "London",
    "postcode": "E16 2AA",
}
_references = itertools.count(1)
_run = uuid.uuid4().hex[:8]


def an_order(*lines: tuple[str, int], **values: Any) -> dict[str, Any]:
    """The body of a new order of (SKU, quantity) lines."""
    return {
        "seller": "SHOP",
        "channel": "web",
        "reference": f"{_run}-{next(_references)}",
        "placed_at": "2026-03-04T09:30:00Z",
        "address": ADDRESS,
        "currency": "GBP",
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
        **values,
    }


def tote(code: str) -> str:
    """The barcode of a tote."""
    return own_code(Own.TOTE, code)


def place(code: str) -> str:
    """The barcode of a bin."""
    return own_code(Own.LOCATION, code)


def command(name: str) -> str:
    """A barcode of the command sheet."""
    return own_code(Own.COMMAND, name)


def reason(name: str) -> str:
    """A barcode of the reason sheet."""
    return own_code(Own.REASON, name.upper())


class Journey:
    """One warehouse's people, who know no more than the answers tell them.

    *barcode_of* tells what stands on a product with this SKU.
    """

    def __init__(
        self, call: Call, *, warehouse_id: int, barcode_of: Callable[[str], str] = str
    ) -> None:
        self.call = call
        self.warehouse_id = warehouse_id
        self.barcode_of = barcode_of

    # --- the office ----------------------------------------------------------------------

    def take(self, *lines: tuple[str, int], **values: Any) -> int:
        """Take an order in; its id."""
        taken = self.call("supervisor1", "POST", "/orders", an_order(*lines, **values))
        return int(taken["order_id"])

    def allocate(self, order_id: int) -> dict[str, Any]:
        """Promise stock to one order."""
        answer: dict[str, Any] = self.call(
            "supervisor1", "POST", f"/orders/{order_id}/allocate", None
        )
        return answer

    def release(self, **choice: Any) -> dict[str, Any]:
        """Release a wave."""
        body = {"warehouse_id": self.warehouse_id, **choice}
        answer: dict[str, Any] = self.call("supervisor1", "POST", "/waves", body)
        return answer

    def order(self, order_id: int) -> dict[str, Any]:
        """An order with everything on it."""
        answer: dict[str, Any] = self.call("supervisor1", "GET", f"/orders/{order_id}", None)
        return answer

    # --- the shelves ---------------------------------------------------------------------

    def claim(self, picker: str = "picker1", **which: Any) -> dict[str, Any]:
        """Get a pick list."""
        body = {"warehouse_id": self.warehouse_id, **which}
        answer: dict[str, Any] = self.call(picker, "POST", "/pick-lists/claim", body)
        return answer

    def pick_scan(self, list_id: int, raw: str, picker: str = "picker1") -> dict[str, Any]:
        """One scan of a picker."""
        body = {"scan_id": str(uuid.uuid4()), "raw": raw}
        answer: dict[str, Any] = self.call(picker, "POST", f"/pick-lists/{list_id}/scans", body)
        return answer

    def pick(self, totes: Iterable[str], picker: str = "picker1", **which: Any) -> dict[str, str]:
        """Claim a list and pick it, every order into the next of *totes*; shipment -> tote."""
        empty = iter(totes)
        view = self.claim(picker, **which)
        list_id = view["list"]["id"]
        used: dict[str, str] = {}
        while view["list"]["state"] == "claimed":
            step = view["next"]
            if step["code"] == "bin":
                raw = place(step["fields"]["bin"])
            elif step["code"] == "item":
                raw = self.barcode_of(step["fields"]["sku"])
            else:
                code = step["fields"]["tote"] or next(empty)
                raw = tote(code)
            view = self.pick_scan(list_id, raw, picker)
            assert view["verdict"]["accepted"], view["verdict"]
            if view["verdict"]["code"].startswith("put"):
                used[view["verdict"]["fields"]["shipment"]] = view["verdict"]["fields"]["tote"]
        return used

    # --- the bench -----------------------------------------------------------------------

    def scan(
        self, station_id: int, raw: str, packer: str = "packer1", scan_id: str | None = None
    ) -> dict[str, Any]:
        """One scan at a station."""
        body = {"scan_id": scan_id or str(uuid.uuid4()), "raw": raw}
        answer: dict[str, Any] = self.call(packer, "POST", f"/stations/{station_id}/scans", body)
        return answer

    def weigh(self, station_id: int, grams: int, packer: str = "packer1") -> dict[str, Any]:
        """A stable reading of the scale."""
        body = {"scan_id": str(uuid.uuid4()), "grams": grams}
        answer: dict[str, Any] = self.call(packer, "POST", f"/stations/{station_id}/weights", body)
        return answer

    def pack(self, station_id: int, code: str, packer: str = "packer1") -> dict[str, Any]:
        """Pack the shipment in a tote until it is shipped; the last answer."""
        answer = self.scan(station_id, tote(code), packer)
        while (step := answer["next"])["code"] != "scan-tote":
            assert answer["verdict"]["accepted"], answer["verdict"]
            if step["code"] == "scan-missing":
                line = next(one for one in answer["bench"]["lines"] if one["missing"])
                answer = self.scan(station_id, self.barcode_of(line["sku"]), packer)
            elif step["code"] == "weigh":
                parcel = next(one for one in answer["bench"]["parcels"] if one["state"] == "closed")
                answer = self.weigh(station_id, parcel["expected_grams"], packer)
            else:
                answer = self.scan(station_id, step["fields"]["tracking"], packer)
        return answer
