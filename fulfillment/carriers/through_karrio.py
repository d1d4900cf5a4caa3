"""Real carriers through karrio's SDK: `pip install 'fulfillment[carriers]'` and a connector each.

An account of kind ``karrio`` names the ``connector`` (``ups``, ``dhl_express`` …) in its settings;
its credentials are the connector's own settings (``client_id``, ``account_number`` …).  Further
settings: ``services`` (our service code -> karrio's, else the code in small letters), ``options``
and ``server_url`` (a gateway or a sandbox in the carrier's place).

The SDK's fluent calls turn every exception into a message, and its HTTP has neither a time limit
nor a promise to send once: where Sentry is installed, a request whose answer is lost is sent
again.  A purchase must not be, so the mapper and the proxy of the connector are called one after
the other here, and requests go out through :func:`_sent_once`.

At its import the SDK turns two things off for the whole process: that HTTPS checks who answers,
and that Pillow refuses pictures of which a part is missing.  :func:`_process_kept` turns them on
again.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import ModuleType
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from babel.numbers import get_currency_precision
from PIL import ImageFile

from fulfillment.carriers.protocol import (
    Account,
    Address,
    AnswerUnknown,
    BoughtLabel,
    Handover,
    LabelFormat,
    LabelRequest,
    ManifestRequest,
    NotOffered,
    NotSetUp,
    Package,
    Pickup,
    PickupRequest,
    Rate,
    Refused,
    Tracking,
    TrackingEvent,
    TrackingState,
    Unreachable,
)
from fulfillment.domain.purchases import CALL_SECONDS

GRAMS_OF_A_KILO = 1000
BUSY = frozenset({429})
WRONG_CREDENTIALS = frozenset({401, 403})
_STATES: Mapping[str, TrackingState] = {
    "pending": "announced",
    "picked_up": "moving",
    "in_transit": "moving",
    "out_for_delivery": "out-for-delivery",
    "ready_for_pickup": "out-for-delivery",
    "delivered": "delivered",
    "on_hold": "problem",
    "delivery_delayed": "problem",
    "delivery_failed": "problem",
    "cancelled": "problem",
    "return_to_sender": "returned",
}
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Of an event without a moment."""


@dataclass
class _Call:
    """The last request of a call: its status, if it was answered."""

    status: int | None = None


_call: ContextVar[_Call | None] = ContextVar("call of a carrier", default=None)


def _sent_once(request: Request, timeout: float | None = None) -> Any:
    """Send a request once, with a time limit, and note the status of the answer."""
    call = _call.get()
    if call is not None:
        call.status = None
    if not request.full_url.startswith(("https://", "http://")):
        raise URLError("not a web address")
    try:
        answer = urlopen(request, timeout=timeout or CALL_SECONDS)  # noqa: S310  # checked above
    except HTTPError as problem:
        if call is not None:
            call.status = problem.code
        raise
    if call is not None:
        call.status = answer.status
    return answer


@contextmanager
def _process_kept() -> Iterator[None]:
    """Put back what an import changes for everybody; see the top of this file."""
    trust = ssl._create_default_https_context  # the name that PEP 476 gives it
    reads_torn_pictures = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        yield
    finally:
        ssl._create_default_https_context = trust
        ImageFile.LOAD_TRUNCATED_IMAGES = reads_torn_pictures


@cache
def _sdk() -> ModuleType:
    """The SDK, set up to send a request once; raises :class:`NotSetUp` where it is not installed."""
    try:
        with _process_kept(), warnings.catch_warnings():
            # It brings PyPDF2, which says at import that it has a successor.
            warnings.simplefilter("ignore", DeprecationWarning)
            importlib.import_module("loguru").logger.disable("karrio")  # it logs addresses
            sdk = importlib.import_module("karrio.sdk")
    except ImportError:
        raise NotSetUp(
            "karrio is not installed here: pip install 'fulfillment[carriers]'"
        ) from None
    transport = importlib.import_module("karrio.core.utils.helpers")
    if not hasattr(transport, "_urlopen_with_span"):
        raise NotSetUp("this version of karrio sends its requests in another way")
    setattr(transport, "_urlopen_with_span", _sent_once)  # noqa: B010  # the module has no types
    return sdk


def _models() -> Any:
    return importlib.import_module("karrio.core.models")


class KarrioCarrier:
    """A carrier that the SDK has a connector for.

    The carriers behind it know no idempotency keys: the key goes along as the shipper's reference,
    and what is in doubt is looked up by a person in the carrier's own list.
    """

    honours_keys = False

    def __init__(self, account: Account) -> None:
        sdk = _sdk()
        self._settings = account.settings
        name = str(account.settings.get("connector", ""))
        if name not in sdk.gateway.providers:
            raise NotSetUp(f"karrio has no connector {name!r} here: pip install karrio_{name}")
        try:
            self._gateway = sdk.gateway[name].create(self._with_server(name, account))
        except importlib.import_module("karrio.core.errors").ShippingSDKError as problem:
            raise NotSetUp(f"{problem}: {problem.__cause__}") from None

    def _with_server(self, name: str, account: Account) -> Any:
        fields = {"carrier_id": account.carrier, **account.credentials}
        server_url = account.settings.get("server_url")
        if not server_url:
            return fields
        settings = importlib.import_module(f"karrio.mappers.{name}").Settings
        elsewhere = type("Settings", (settings,), {"server_url": property(lambda _: server_url)})
        try:
            return elsewhere(**fields)
        except TypeError as problem:
            raise NotSetUp(str(problem)) from None

    # --- the protocol --------------------------------------------------------------------------

    def rate(self, request: LabelRequest) -> tuple[Rate, ...]:
        """What the carrier's services cost now, the cheapest first."""
        models = _models()
        payload = models.RateRequest(
            shipper=_address(request.sender),
            recipient=_address(request.receiver),
            parcels=[_parcel(request.package)],
            options=dict(self._settings.get("options", {})),
        )
        found = self._done("rate", payload, "get_rates")
        rates = [
            Rate(
                service=one.service,
                price_minor=_minor(one.total_charge, one.currency),
                currency=one.currency,
                days=one.transit_days,
            )
            for one in found
        ]
        return tuple(sorted(rates, key=lambda one: (one.price_minor, one.service)))

    def buy(self, request: LabelRequest, *, key: str) -> BoughtLabel:
        """Buy a label; the key goes along as the reference."""
        models = _models()
        payload = models.ShipmentRequest(
            service=self._service(request.service),
            shipper=_address(request.sender),
            recipient=_address(request.receiver),
            return_address=_address(request.return_address) if request.return_address else None,
            parcels=[_parcel(request.package)],
            payment=models.Payment(paid_by="sender"),
            options=dict(self._settings.get("options", {})),
            reference=key,
            order_id=request.reference,
            label_type=request.format.upper(),
        )
        return _label(self._done("shipment", payload, "create_shipment"))

    def find(self, key: str) -> BoughtLabel | None:
        """The SDK cannot look a label up by its reference."""
        raise NotOffered(f"look for the reference {key} in the carrier's own list")

    def void(self, label: BoughtLabel, *, key: str) -> None:  # noqa: ARG002  # no keys here
        """Take a label back by the carrier's own reference."""
        models = _models()
        payload = models.ShipmentCancelRequest(
            shipment_identifier=label.carrier_reference or label.tracking_number
        )
        self._done("cancel_shipment", payload, "cancel_shipment")

    def track(self, tracking_number: str) -> Tracking:
        """Where a parcel is."""
        payload = _models().TrackingRequest(tracking_numbers=[tracking_number])
        (found, *_rest) = self._done("tracking", payload, "get_tracking")
        return Tracking(
            _STATES.get(found.status or "", "unknown"),
            tuple(reversed([_event(one) for one in found.events])),
        )

    def manifest(self, request: ManifestRequest, *, key: str) -> Handover:
        """Close what is handed over, where the connector can."""
        payload = _models().ManifestRequest(
            shipment_identifiers=list(request.references),
            address=_address(request.sender),
            reference=key,
        )
        found = self._done("manifest", payload, "create_manifest")
        document = found.doc.manifest if found.doc else None
        return Handover(str(found.id or key), _decoded(document) if document else None)

    def pickup(self, request: PickupRequest, *, key: str) -> Pickup:
        """Ask for a van, where the connector can."""
        payload = _models().PickupRequest(
            pickup_date=request.day.isoformat(),
            ready_time=f"{request.ready_at:%H:%M}",
            closing_time=f"{request.closes_at:%H:%M}",
            address=_address(request.address),
            parcels=[_parcel(Package(request.grams))],
            parcels_count=request.parcels,
            instruction=key,
        )
        return Pickup(self._done("pickup", payload, "schedule_pickup").confirmation_number)

    # --- one call ------------------------------------------------------------------------------

    def _done(self, act: str, payload: Any, method: str) -> Any:
        """Carry one act out: what the connector made of the carrier's answer."""
        if method not in self._gateway.proxy_methods:
            raise NotOffered(f"karrio's connector {self._settings['connector']} has no {method}")
        prepare = getattr(self._gateway.mapper, f"create_{act}_request")
        request = _prepared(prepare, payload)
        self._log_in()
        call = _Call()
        token = _call.set(call)
        try:
            answer = getattr(self._gateway.proxy, method)(request)
            found, messages = getattr(self._gateway.mapper, f"parse_{act}_response")(answer)
        except URLError as problem:
            raise _of_url_error(problem) from None
        except OSError as problem:
            raise AnswerUnknown(type(problem).__name__) from None
        except Exception as problem:  # whatever a connector chokes on, it was asked
            raise AnswerUnknown(f"{type(problem).__name__}: {problem}") from None
        finally:
            _call.reset(token)
        if not found:
            raise _why_not(call.status, messages)
        return found

    def _log_in(self) -> None:
        """Fetch the token first: what fails here has bought nothing."""
        if "authenticate" not in self._gateway.proxy_methods:
            return
        errors = importlib.import_module("karrio.core.errors")
        try:
            self._gateway.proxy.authenticate(None)
        except errors.ParsedMessagesError as problem:
            raise NotSetUp(_said(problem.messages)) from None
        except Exception as problem:  # nothing was asked yet, whatever it is
            raise Unreachable(f"{type(problem).__name__}: {problem}") from None

    def _service(self, code: str) -> str:
        return str(self._settings.get("services", {}).get(code, code.lower()))


def _prepared(prepare: Callable[[Any], Any], payload: Any) -> Any:
    """The carrier's own request; what the connector cannot put into it is refused here."""
    try:
        request = prepare(payload)
        request.serialize()
    except Exception as problem:  # connectors raise what they like
        details = getattr(problem, "details", None)
        raise Refused(f"{problem} {details or ''}".strip() or type(problem).__name__) from None
    return request


def _of_url_error(problem: URLError) -> Unreachable | AnswerUnknown:
    """Refused, unknown and untrusted hosts were sent nothing; of anything else nobody can be sure."""
    reason = problem.reason
    if isinstance(reason, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError):
        return Unreachable(type(reason).__name__)
    return AnswerUnknown(str(reason))


def _why_not(status: int | None, messages: list[Any]) -> Exception:
    """Why a connector made nothing of an answer: what the status and the carrier's words say."""
    words = _said(messages)
    if status in BUSY:
        return Unreachable(words or f"status {status}")
    if status in WRONG_CREDENTIALS:
        return NotSetUp(words or f"status {status}")
    if status is None or status >= 500 or not messages:
        return AnswerUnknown(words or f"status {status}")
    return Refused(words)


def _said(messages: list[Any]) -> str:
    return "; ".join(f"{one.code} {one.message}".strip() for one in messages or ())


# --- values --------------------------------------------------------------------------------------


def _address(address: Address) -> Any:
    first, *rest = address.lines or ("",)
    return _models().Address(
        person_name=address.name or None,
        company_name=address.company or None,
        address_line1=first,
        address_line2=", ".join(rest) or None,
        city=address.city or None,
        state_code=address.region or None,
        postal_code=address.postcode or None,
        country_code=address.country,
        phone_number=address.phone or None,
    )


def _parcel(package: Package) -> Any:
    if package.grams is None:
        raise Refused("the parcel has no weight")
    sides = (package.length_mm, package.width_mm, package.height_mm)
    measured = (
        dict(
            zip(("length", "width", "height"), (side / 10 for side in sides if side), strict=True),
            dimension_unit="CM",
        )
        if all(sides)
        else {}
    )
    kilos = package.grams / GRAMS_OF_A_KILO
    return _models().Parcel(
        weight=kilos, weight_unit="KG", packaging_type="your_packaging", **measured
    )


def _label(found: Any) -> BoughtLabel:
    if not (found.docs and found.docs.label):
        raise AnswerUnknown(f"sold as {found.tracking_number}, without a label")
    rate = found.selected_rate
    format_name = cast(LabelFormat, (found.label_type or "PDF").lower())
    return BoughtLabel(
        tracking_number=found.tracking_number,
        carrier_reference=found.shipment_identifier or "",
        format=format_name if format_name == "zpl" else "pdf",
        document=_decoded(found.docs.label),
        price_minor=_minor(rate.total_charge, rate.currency) if rate and rate.currency else None,
        currency=rate.currency or "" if rate else "",
    )


def _decoded(document: str) -> bytes:
    try:
        return base64.b64decode(document, validate=True)
    except binascii.Error:
        raise AnswerUnknown("the label is no base64") from None


def _minor(amount: float, currency: str) -> int:
    minor: int = round(amount * 10 ** int(get_currency_precision(currency)))
    return minor


def _event(event: Any) -> TrackingEvent:
    at = datetime.fromisoformat(event.timestamp) if event.timestamp else _LONG_AGO
    return TrackingEvent(
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        words=event.description or "",
        place=event.location or "",
    )
