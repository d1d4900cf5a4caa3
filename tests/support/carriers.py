"""A carrier that sells labels over HTTP and misbehaves on demand, and the adapter that speaks to it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import select, update

from fulfillment.carriers import register
from fulfillment.carriers.protocol import (
    Account,
    AnswerUnknown,
    BoughtLabel,
    Handover,
    LabelRequest,
    ManifestRequest,
    NotOffered,
    NotSetUp,
    Pickup,
    PickupRequest,
    Rate,
    Refused,
    Tracking,
    TrackingEvent,
    Unreachable,
)
from fulfillment.services import purchases
from fulfillment.store.catalog import CarrierAccount, CarrierService
from fulfillment.store.purchases import LabelPurchase
from tests.support.benches import codes
from tests.support.world import World, change, fetch, insert_row

PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3 the label of the carrier itself\n%%EOF\n"
ZPL = b"^XA^FO30,30^A0N,30^FDthe carrier's own^FS\x00\xff^XZ"


@dataclass
class Sold:
    """A label that the carrier has been paid for; ``void`` when it took it back."""

    key: str
    number: str
    request: dict[str, Any]
    void: bool = False


@dataclass
class FakeCarrier:
    """``sold`` is its till.  It listens from :meth:`switch_on` on.

    Manners: ``sell``; ``refuse`` says why; ``hang`` sells, and says nothing until switched off;
    ``die`` sells, and closes the connection before it answers; ``busy`` answers 503 and does
    nothing; ``keep`` sells, and refuses to void;
    ``lost`` closes the connection, whatever is asked.
    ``honours_keys``: a known key is answered with
    the label that it bought.
    """

    honours_keys: bool = True
    manner: str = "sell"
    sold: list[Sold] = field(default_factory=list)
    asked: int = 0
    whereabouts: str = "moving"
    moves: list[list[str]] = field(default_factory=list)
    """Events of every parcel: when, what, where."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    def switch_on(self, manner: str = "sell") -> None:
        """Listen, with the given manner."""
        self.switch_off()
        self.manner = manner
        self._released.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler_of(self))
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def switch_off(self) -> None:
        """Refuse connections from now on; who hangs is let go."""
        self._released.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> FakeCarrier:
        self.switch_on()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.switch_off()

    @property
    def paid(self) -> list[Sold]:
        """Labels that the house pays for."""
        return [one for one in self.sold if not one.void]

    def answer(self, act: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Status and answer; None: the connection is closed without one."""
        with self._lock:
            self.asked += 1
            if self.manner == "busy":
                return 503, {"error": "busy"}
            if act == "find":
                found = self._known(body["key"])
                return (200, self._label(found)) if found else (404, {"error": "unknown"})
            if act == "void":
                return self._void(body)
            if self.manner == "lost":
                return None
            if act == "track":
                return 200, {"state": self.whereabouts, "events": self.moves}
            if act != "buy":
                return 200, _OTHER_ACTS[act]
            if self.manner == "refuse":
                return 422, {"error": "the postcode is not in the city"}
            known = self._known(body["key"]) if self.honours_keys else None
            label = known or Sold(body["key"], f"FC{len(self.sold) + 1:08d}", body["request"])
            if known is None:
                self.sold.append(label)
        if self.manner == "die":
            return None
        if self.manner == "hang":
            self._released.wait()
            return None
        return 200, self._label(label)

    def _void(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.manner == "keep":
            return 422, {"error": "it was scanned already"}
        for one in self.sold:
            if one.number == body["number"]:
                one.void = True
        return 200, {}

    def _known(self, key: str) -> Sold | None:
        return next((one for one in self.sold if one.key == key), None)

    def _label(self, label: Sold) -> dict[str, Any]:
        document = ZPL if label.request["format"] == "zpl" else PDF
        return {
            "number": label.number,
            "reference": f"ref-{label.number}",
            "format": label.request["format"],
            "document": base64.b64encode(document).decode(),
            "price_minor": 425,
        }


_OTHER_ACTS: dict[str, dict[str, Any]] = {
    "rate": {"rates": [["STD", 425, "GBP", 2]]},
    "manifest": {"number": "M-1"},
    "pickup": {"number": "P-1"},
}


def _handler_of(carrier: FakeCarrier) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server calls
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = carrier.answer(self.path.strip("/"), body)
            if answer is None:
                self.close_connection = True
                return
            status, content = answer
            encoded = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *_args: object) -> None:
            pass

    return Handler


class HttpCarrier:
    """Speaks to a :class:`FakeCarrier`; ``settings``: port, honours_keys, can_find, seconds."""

    def __init__(self, account: Account) -> None:
        self._settings = account.settings
        if "token" in self._settings and account.credentials.get("token") is None:
            raise NotSetUp("no token")

    @property
    def honours_keys(self) -> bool:
        return bool(self._settings.get("honours_keys", True))

    def rate(self, request: LabelRequest) -> tuple[Rate, ...]:
        return tuple(
            Rate(*one) for one in self._post("rate", {"request": asdict(request)})["rates"]
        )

    def buy(self, request: LabelRequest, *, key: str) -> BoughtLabel:
        return _label(self._post("buy", {"key": key, "request": asdict(request)}))

    def find(self, key: str) -> BoughtLabel | None:
        if not self._settings.get("can_find", True):
            raise NotOffered("no list")
        try:
            return _label(self._post("find", {"key": key}))
        except Refused:
            return None

    def void(self, label: BoughtLabel, *, key: str) -> None:
        self._post("void", {"key": key, "number": label.tracking_number})

    def track(self, tracking_number: str) -> Tracking:
        found = self._post("track", {"number": tracking_number})
        events = [(datetime.fromisoformat(at), *rest) for at, *rest in found["events"]]
        return Tracking(found["state"], tuple(TrackingEvent(*one) for one in events))

    def manifest(self, request: ManifestRequest, *, key: str) -> Handover:
        body = {"key": key, "references": request.references}
        return Handover(self._post("manifest", body)["number"])

    def pickup(self, request: PickupRequest, *, key: str) -> Pickup:
        body = {"key": key, "parcels": request.parcels}
        return Pickup(self._post("pickup", body)["number"])

    def _post(self, act: str, body: dict[str, Any]) -> dict[str, Any]:
        port, seconds = self._settings["port"], self._settings.get("seconds", 5)
        connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
        try:
            connection.connect()
        except OSError as problem:
            raise Unreachable(type(problem).__name__) from None
        try:
            connection.request("POST", f"/{act}", json.dumps(body))
            answer = connection.getresponse()
            content = json.loads(answer.read())
        except (OSError, HTTPException) as problem:
            raise AnswerUnknown(type(problem).__name__) from None
        finally:
            connection.close()
        if answer.status == 503:
            raise Unreachable(content["error"])
        if answer.status != 200:
            raise Refused(content["error"])
        return dict(content)


def _label(content: dict[str, Any]) -> BoughtLabel:
    return BoughtLabel(
        tracking_number=content["number"],
        carrier_reference=content["reference"],
        format=content["format"],
        document=base64.b64decode(content["document"]),
        price_minor=content["price_minor"],
        currency="GBP",
    )


register("http-test", HttpCarrier)


def use_carrier(world: World, carrier: FakeCarrier, **settings: Any) -> int:
    """Have the labels of LOCAL/STD bought from *carrier* from now on; the account's id."""
    account_id = insert_row(
        CarrierAccount,
        carrier="FAKE",
        kind="http-test",
        settings={"port": carrier.port, "honours_keys": carrier.honours_keys, **settings},
    )
    change(
        update(CarrierService)
        .where(CarrierService.id == world.service_id)
        .values(account_id=account_id, carrier="FAKE")
    )
    return account_id


def purchase_states() -> list[str]:
    """The states of all purchases in their order."""
    return [row.state for row in codes(LabelPurchase, "state")]


def settle_due(root: Path = Path("/nonexistent")) -> list[str | None]:
    """Ask about everything that is due, once each."""
    return [
        purchases.settle_next(purchase_id, credentials_root=root)
        for purchase_id, _carrier in purchases.look().due
    ]


def settle_all(clock: Callable[..., None], root: Path = Path("/nonexistent")) -> None:
    """Ask, let time pass and ask again, until nothing is due by itself any more.

    *clock* is called to let an hour pass.
    """
    for _round in range(20):
        settle_due(root)
        waits = fetch(
            select(LabelPurchase.id).where(
                LabelPurchase.next_attempt_at.is_not(None) | LabelPurchase.lease_until.is_not(None)
            )
        )
        if not waits:
            return
        clock()
        purchases.recover()
    raise AssertionError("it never comes to an end")
