"""The camera as a second scanner: a frame or a photograph in, the codes that it shows out.

The page sends each code on as a scan of its own, to the address that the scanner's go to; nothing
is counted here, and nothing kept unless the warehouse keeps proof photos. Errors are problems
(RFC 9457).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from flask import current_app, jsonify, request
from werkzeug.wrappers import Response

from fulfillment.access import actor, page
from fulfillment.domain.barcodes import GROUP_SEPARATOR, ProductScan, parse
from fulfillment.domain.errors import DecoderStopped, NotAPicture, PictureTooLarge, invalid
from fulfillment.domain.people import Permission
from fulfillment.services import expected, proof_photos
from fulfillment.services.proof_photos import Occasion
from stations import decoding
from stations.decoding import Decoded, Symbology
from stations.decoding.opening import LARGEST_FILE_BYTES, LARGEST_PIXELS
from stations.frame import LOG_IN, blueprint, scan_id_in, station_id, warehouse_in_use
from stations.gate import Gate


@dataclass(frozen=True)
class Kind:
    """What a picture is: the most bytes that are read, and the time that it may take."""

    most_bytes: int
    budget_ms: int
    proves: bool
    """Whether it is kept where the warehouse keeps proof photos."""


KINDS = {
    "frame": Kind(1_000_000, decoding.LIVE_BUDGET_MS, proves=False),
    "photo": Kind(LARGEST_FILE_BYTES, decoding.UPLOAD_BUDGET_MS, proves=True),
}
AIM = {Symbology.GS1_128: "]C1", Symbology.GS1_DATA_MATRIX: "]d2"}
"""What a scanner puts before a code so that its FNC1 is not lost (ISO/IEC 15424)."""

_gate = Gate()
_log = structlog.get_logger("pictures")


@blueprint.post("/pictures/pack")
@page(Permission.PACK, locked=LOG_IN)
def read_at_bench() -> Response:
    """A picture of the packing page."""
    station = station_id()
    if station is None:
        raise invalid("station", "missing")
    kind = _kind()
    image = _sent(kind)
    wanted = proof_photos.occasion_at(actor(), station_id=station) if kind.proves else None
    decoded = _read_and_keep(image, kind, wanted) if wanted else _read(image, kind)
    return _answer(decoded, lambda: expected.at_bench(actor(), station_id=station))


@blueprint.post("/pictures/pick")
@page(Permission.PICK, locked=LOG_IN)
def read_on_list() -> Response:
    """A picture of the handheld."""
    warehouse_id = warehouse_in_use(Permission.PICK)
    if warehouse_id is None:
        raise invalid("warehouse", "missing")
    kind = _kind()
    return _answer(
        _read(_sent(kind), kind), lambda: expected.on_list(actor(), warehouse_id=warehouse_id)
    )


def scan_text(code: Decoded) -> str:
    """The code as a scanner would type it."""
    return AIM.get(code.symbology, "") + code.text.lstrip(GROUP_SEPARATOR)


def ranked(decoded: Sequence[Decoded], codes: frozenset[str]) -> list[Decoded]:
    """What is expected first; nothing added, nothing taken away."""
    return decoding.ranked(decoded, expected={one.text for one in decoded if _is_in(one, codes)})


def _is_in(code: Decoded, codes: frozenset[str]) -> bool:
    scanned = parse(scan_text(code))
    stored = scanned.code if isinstance(scanned, ProductScan) else code.text.upper()
    return stored in codes


# --- in ------------------------------------------------------------------------------------------


def _kind() -> Kind:
    kind = KINDS.get(request.args.get("kind", "frame"))
    if kind is None:
        raise invalid("kind", "not-one-of", ", ".join(KINDS))
    return kind


def _sent(kind: Kind) -> bytes:
    """The body, no more of it than the kind allows; raises :class:`PictureTooLarge`."""
    if (request.content_length or 0) > kind.most_bytes:
        raise _too_large(kind)
    request.max_content_length = kind.most_bytes
    return request.get_data()


def _read(image: bytes, kind: Kind) -> list[Decoded]:
    with _at_decoder(image, kind):
        return decoding.decode_upload(image, budget_ms=kind.budget_ms)


def _read_and_keep(image: bytes, kind: Kind, wanted: Occasion) -> list[Decoded]:
    """The same for a photo that proves what was packed: a clean copy of it is kept."""
    scan_id = scan_id_in(request.args)
    with _at_decoder(image, kind):
        read = decoding.decode_and_copy(image, budget_ms=kind.budget_ms)
    root = current_app.config["PROOF_PHOTOS"]
    proof_photos.keep(actor(), wanted, scan_id=scan_id, jpeg=read.jpeg, root=root)
    return read.decoded


@contextmanager
def _at_decoder(image: bytes, kind: Kind) -> Iterator[None]:
    """Be let to the decoder, behind limits.

    Raises :class:`NotAPicture`, :class:`PictureTooLarge`, :class:`DecoderStopped` and
    :class:`DecoderBusy`.
    """
    with _gate.passing(station_id() or ("user", actor().user_id)):
        try:
            yield
        except decoding.PictureError as refused:
            if refused.code.startswith("too-many"):
                raise _too_large(kind) from None
            raise NotAPicture(reason=refused.code) from None
        except decoding.DecoderStoppedError as stopped:
            _log.warning("decoder-stopped", bytes=len(image), why=str(stopped.__cause__))
            raise DecoderStopped from None


def _too_large(kind: Kind) -> PictureTooLarge:
    return PictureTooLarge(most_bytes=kind.most_bytes, most_pixels=LARGEST_PIXELS)


# --- out -----------------------------------------------------------------------------------------


def _answer(decoded: Sequence[Decoded], codes: Callable[[], frozenset[str]]) -> Response:
    """The codes in their order; what is expected is asked for only where there is one to find."""
    in_order = ranked(decoded, codes()) if len(decoded) > 1 else decoded
    return jsonify(codes=[_shown(one) for one in in_order])


def _shown(code: Decoded) -> dict[str, Any]:
    return {"raw": scan_text(code), "symbology": code.symbology, "corners": code.corners}
