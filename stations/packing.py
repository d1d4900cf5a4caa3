"""The packing station: one page; every gesture is a scan that is answered with the new view."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Response as FlaskResponse
from flask import jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from fulfillment.access import actor, page, presence
from fulfillment.domain.errors import invalid
from fulfillment.domain.people import Permission
from fulfillment.domain.values import Accepted, Refused, Verdict
from fulfillment.services import documents, packing
from fulfillment.services import stations as services
from fulfillment.services.kept_scans import KeptReply
from fulfillment.services.packing import BenchReply
from stations import words
from stations.entry import badge_in_text, leaving
from stations.frame import (
    LOG_IN,
    answer,
    answers_json,
    blueprint,
    body,
    kept_of_another,
    raw_in,
    scan_id_in,
    source_in,
    station_id,
)

MOST_GRAMS = 1_000_000
SOURCES = ("scale", "typed", "bridge")
OPENING = frozenset({"opened", "resumed", "taken-over", "short-recorded"})
"""After these the page needs another table of barcodes."""


@blueprint.get("/pack")
@page(Permission.PACK, locked=LOG_IN)
def pack() -> str | Response:
    """The page: what is open at the station now, rendered here, then repainted by its script."""
    station = station_id()
    if station is None:
        return redirect(url_for(LOG_IN, next=url_for("stations.pack")), HTTPStatus.SEE_OTHER)
    reply = packing.bench(actor(), station_id=station)
    return render_template(
        "stations/pack.html",
        idle_seconds=presence().idle_seconds,
        table=_table(reply),
        **_shown(reply, first=True),
    )


@blueprint.get("/pack/state")
@answers_json
@page(Permission.PACK, locked=LOG_IN)
def pack_state() -> Response:
    """The present state for a page that comes back from the dark, with a fresh form token.

    And what came of a weight that a bridge sent: the page asks while it awaits one.
    """
    reply = packing.bench(actor(), station_id=_station())
    view = reply.view
    weighed = services.last_weighing(actor(), shipment_id=view.shipment_id) if view else None
    told = {} if weighed is None else {"tone": weighed.tone, "message": _words(weighed)}
    return jsonify(
        csrf=generate_csrf(),
        html=_fragment(replace(reply, verdict=weighed or reply.verdict), first=weighed is None),
        table=_table(reply),
        weights=_weights(reply),
        **told,
    )


@blueprint.post("/scan")
@answers_json
@page(Permission.PACK, locked=LOG_IN)
def scan() -> Response:
    """One scan at the bench."""
    sent = body()
    raw, scan_id, source = raw_in(sent), scan_id_in(sent), source_in(sent)
    kept = kept_of_another(sent, process="pack", raw=raw)
    if kept is not None:
        return _kept(kept)
    away = leaving(raw)
    if away is not None:
        return away
    reply = packing.scan(actor(), station_id=_station(), scan_id=scan_id, raw=raw, source=source)
    return _answer(reply)


@blueprint.post("/weigh")
@answers_json
@page(Permission.PACK, locked=LOG_IN)
def weigh() -> Response:
    """A stable reading: of the scale in the page, of the bridge, or typed by hand."""
    sent = body()
    grams, source = sent.get("grams"), sent.get("source")
    if type(grams) is not int or not -MOST_GRAMS <= grams <= MOST_GRAMS:
        raise invalid("grams", "not-a-whole-number")
    if not isinstance(source, str) or source not in SOURCES:
        raise invalid("source", "not-one-of", ", ".join(SOURCES))
    kept = kept_of_another(sent, process="pack", raw=f"{grams} g {source}")
    if kept is not None:
        return _kept(kept)
    return _answer(
        packing.weigh(
            actor(), station_id=_station(), scan_id=scan_id_in(sent), grams=grams, source=source
        )
    )


@blueprint.post("/override-weight")
@answers_json
@page(Permission.PACK, locked=LOG_IN)
def override_weight() -> Response:
    """A supervisor accepts the weight with badge, PIN and reason, for this one parcel."""
    sent = body()
    badge, pin, reason = (_short_text(sent, name) for name in ("badge", "pin", "reason"))
    station = _station()
    before = packing.bench(actor(), station_id=station)
    if before.view is None:
        raise invalid("shipment", "missing")
    signed = services.sign_override(
        actor(), station_id=station, badge=badge_in_text(badge), pin=pin
    )
    verdict: Verdict
    if isinstance(signed, Refused):
        verdict = signed
    else:
        verdict = packing.override_weight(
            actor(),
            shipment_id=before.view.shipment_id,
            reason=reason,
            granted_by_id=signed,
        )
    after = packing.bench(actor(), station_id=station)
    return _answer(BenchReply(verdict, after.view, after.next_code, after.next_fields))


@blueprint.get("/labels/<int:shipment_id>.pdf")
@page(Permission.PACK, locked=LOG_IN)
def label(shipment_id: int) -> Response:
    """The labels of a shipment as they were made, for a browser that prints them itself."""
    parcel = request.args.get("parcel", type=int)
    pdf = documents.shipment_labels(actor(), shipment_id, parcel=parcel)
    return FlaskResponse(pdf, mimetype="application/pdf")


def _station() -> int:
    station = station_id()
    if station is None:
        raise invalid("station", "missing")
    return station


def _short_text(sent: dict[str, Any], name: str) -> str:
    text = sent.get(name)
    if not isinstance(text, str) or not text.strip() or len(text) > 200 or not text.isprintable():
        raise invalid(name, "wrong-form", "1..200")
    return text.strip()


def _answer(reply: BenchReply) -> Response:
    verdict = reply.verdict
    return answer(
        "pack",
        verdict,
        html=_fragment(reply),
        repeated=reply.repeated,
        table=_table(reply) if verdict.code in OPENING or reply.view is None else None,
    )


def _kept(kept: KeptReply) -> Response:
    """The answer to a scan of somebody who is logged in here no more."""
    after = packing.bench(actor(), station_id=_station())
    return _answer(replace(after, verdict=kept.verdict, repeated=kept.repeated))


def _fragment(reply: BenchReply, *, first: bool = False) -> str:
    return render_template("stations/pack_view.html", **_shown(reply, first=first))


def _shown(reply: BenchReply, *, first: bool = False) -> dict[str, Any]:
    """What the template of the view is given; *first*: nothing was scanned on this page yet."""
    view = reply.view
    return {
        "view": view,
        "weights": _weights(reply),
        "awaits_weight": reply.awaits_weight,
        "verdict": None if first else reply.verdict,
        "accepted": isinstance(reply.verdict, Accepted),
        "message": "" if first else _words(reply.verdict),
        "batch": reply.batch,
        "next_code": reply.next_code,
        "next_step": words.of_next_step("pack", reply.next_code, reply.next_fields),
        "to_print": view is not None
        and any(one.tracking_number and not one.confirmed for one in view.parcels),
    }


def _words(verdict: Verdict) -> str:
    return words.of_verdict("pack", verdict)


def _weights(reply: BenchReply) -> str:
    """Changes when a weight or a label came from elsewhere: what the page compares meanwhile."""
    view = reply.view
    if view is None:
        return ""
    parcels = [f"{one.state}:{one.weight_grams}" for one in view.parcels]
    purchases = [f"{one.state}:{one.needs_person}:{one.detail}" for one in view.purchases]
    return " ".join(parcels + purchases)


def _table(reply: BenchReply) -> dict[str, Any] | None:
    """*barcode -> line, quantity* of the open shipment, and its lines: all that is counted by
    while the server cannot be asked."""
    view = reply.view
    if view is None or view.state != "packing":
        return None
    codes = services.list_barcodes(actor(), shipment_id=view.shipment_id)
    return {
        "shipment": view.shipment_id,
        "order": view.order_number,
        "lines": {
            str(line.id): {"name": f"{line.sku} {line.name}", "missing": line.missing}
            for line in view.lines
        },
        "codes": {code.code: [code.line_id, code.quantity] for code in codes},
    }
