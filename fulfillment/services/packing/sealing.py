"""Close a parcel, weigh it, make its label, and take any of that back."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, insert, select, update

from fulfillment.carriers import local
from fulfillment.domain.errors import IllegalEvent, NumbersExhausted, UnknownThing
from fulfillment.domain.packing import (
    CartonType,
    Held,
    Packed,
    PackLine,
    Piece,
    Transfer,
    answered_before,
    expected_grams,
    explaining,
    missing_words,
    suggest_carton,
    transfers,
)
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.domain.states import LABEL, PARCEL, SHIPMENT
from fulfillment.domain.values import Accepted, Place, Refused, Verdict
from fulfillment.services.packing import buying
from fulfillment.services.packing.replies import (
    Bench,
    BenchReply,
    ParcelView,
    first_verdict,
    load_lines,
    record,
    reply_of,
)
from fulfillment.store import packing as rows
from fulfillment.store import printing as prints
from fulfillment.store import purchases
from fulfillment.store.base import table_of
from fulfillment.store.carrier_requests import begin_tracking
from fulfillment.store.journal import audit, known_scan
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Label, LabelReprint, Parcel
from fulfillment.store.scans import check_scan_id
from fulfillment.store.stock import Move, Reservation, StockBalance, post
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import ToteUse

_parcel = table_of(Parcel)
_shipment = table_of(Shipment)
_label = table_of(Label)
_reservation = table_of(Reservation)


# --- closing -----------------------------------------------------------------------------------


def complete(tx: Transaction, bench: Bench, *, packed_by: int) -> str:
    """All pieces are in: close the open parcel and mark the shipment packed; the carton's code."""
    code = close_parcel(tx, bench, packed_by=packed_by)
    bench.state = SHIPMENT.advance(bench.state, "complete")
    stamps = {"state": bench.state, "packed_at": tx.now, "packed_by_id": packed_by}
    tx.execute(_STAMP, {"b_shipment": bench.row.shipment_id, **stamps})
    return code


_STAMP = update(_shipment).where(_shipment.c.id == bindparam("b_shipment"))


def close_parcel(tx: Transaction, bench: Bench, *, packed_by: int) -> str:
    """Fix the contents of the open parcel, its carton and expected weight; the carton's code."""
    row = bench.row
    contents = _contents(tx, bench, row.parcel_id, alone=row.parcel_sequence == 1)
    if not contents:
        # Nothing came into the next parcel after all; the ones before are everything.
        tx.execute(update(_parcel).where(_parcel.c.id == row.parcel_id).values(state="cancelled"))
        return ""
    carton = _carton_for(tx, bench, contents, chosen_id=row.carton_id)
    tx.execute(
        _CHANGE_PARCEL,
        {
            "b_parcel": row.parcel_id,
            "b_state": "open",
            "state": PARCEL.advance("open", "close"),
            "carton_id": carton.id if carton else None,
            "expected_grams": _expected(bench.lines, contents, carton),
            "packed_by_id": packed_by,
        },
    )
    return carton.code if carton else ""


_CHANGE_PARCEL = update(_parcel).where(
    _parcel.c.id == bindparam("b_parcel"), _parcel.c.state == bindparam("b_state")
)


def choose_carton(tx: Transaction, bench: Bench, code: str) -> Verdict:
    """CARTON x: use this box for the open parcel, or for the last one that was not weighed."""
    cartons = _cartons(tx, bench.row.warehouse_id)
    carton = next((one for one in cartons if one.code == code), None)
    if carton is None:
        return Refused("unknown-carton", {"carton": code})
    parcels = [
        one
        for one in rows.parcels_of(tx, bench.row.shipment_id)
        if one.state in ("open", "closed", "weighed")
    ]
    if not parcels:
        return label_exists(tx, bench)
    parcel = next((one for one in parcels if one.state != "weighed"), parcels[-1])
    if parcel.state == "weighed" and (waits := buying.being_bought(tx, bench)):
        return waits
    values: dict[str, Any] = {"carton_id": carton.id}
    if parcel.state != "open":
        contents = _contents(tx, bench, parcel.id)
        values |= {
            "expected_grams": _expected(bench.lines, contents, carton),
            "state": "closed",
            "weight_grams": None,
        }
    tx.execute(update(_parcel).where(_parcel.c.id == parcel.id).values(**values))
    return Accepted("carton-chosen", {"carton": code})


def after_take_out(tx: Transaction, bench: Bench) -> None:
    """Pieces left the parcels: forget weights that no longer hold, and have a parcel open again."""
    shipment_id = bench.row.shipment_id
    bench.lines = load_lines(tx, shipment_id)
    parcels = rows.parcels_of(tx, shipment_id)
    contents = rows.contents_of(tx, shipment_id)
    has_open = any(parcel.state == "open" for parcel in parcels)
    for parcel in parcels:
        if parcel.state == "open":
            continue
        inside = [one for one in contents if one.parcel_id == parcel.id]
        carton = _carton_for(tx, bench, inside, chosen_id=parcel.carton_id)
        values: dict[str, Any] = {
            "state": "closed" if inside else "cancelled",
            "expected_grams": _expected(bench.lines, inside, carton),
            "weight_grams": None,
            "override_by_id": None,
        }
        if not has_open and parcel is parcels[-1]:
            values["state"] = PARCEL.initial
        tx.execute(update(_parcel).where(_parcel.c.id == parcel.id).values(**values))
    if bench.state == "packed":
        bench.state = SHIPMENT.advance(bench.state, "reopen")
        tx.execute(
            update(_shipment)
            .where(_shipment.c.id == shipment_id)
            .values(state=bench.state, packed_at=None, packed_by_id=None)
        )


@dataclass(frozen=True)
class Content:
    """Verified pieces of a line in a parcel."""

    parcel_id: int
    shipment_line_id: int
    quantity: int
    lot: str = ""
    serial: str = ""


def _contents(
    tx: Transaction, bench: Bench, parcel_id: int | None = None, *, alone: bool = False
) -> list[Content]:
    """What lies in a parcel, or in all of them (None).

    *alone*: the parcel is the shipment's only one.  Then it holds all that is packed, and unless
    lots or serials matter nothing has to be asked.
    """
    if alone and parcel_id is not None and all(line.tracking == "none" for line in bench.lines):
        return [Content(parcel_id, line.id, line.packed) for line in bench.lines if line.packed]
    return [
        Content(one.parcel_id, one.shipment_line_id, one.quantity, one.lot, one.serial)
        for one in rows.contents_of(tx, bench.row.shipment_id)
        if parcel_id in (None, one.parcel_id)
    ]


def _cartons(tx: Transaction, warehouse_id: int) -> list[CartonType]:
    return [
        CartonType(
            row.id,
            row.code,
            row.length_mm,
            row.width_mm,
            row.height_mm,
            row.tare_grams,
            row.most_grams,
        )
        for row in rows.cartons_of(tx, warehouse_id)
    ]


def _carton_for(
    tx: Transaction, bench: Bench, contents: Sequence[Any], *, chosen_id: int | None
) -> CartonType | None:
    """The carton that was scanned, else the suggested one."""
    cartons = _cartons(tx, bench.row.warehouse_id)
    chosen = next((carton for carton in cartons if carton.id == chosen_id), None)
    if chosen is not None:
        return chosen
    by_id = {line.id: line for line in bench.lines}
    pieces = [
        Piece(
            one.quantity,
            by_id[one.shipment_line_id].weight_grams,
            by_id[one.shipment_line_id].sides_mm,
        )
        for one in contents
    ]
    return suggest_carton(pieces, cartons)


def _expected(
    lines: Iterable[PackLine], contents: Sequence[Any], carton: CartonType | None
) -> int | None:
    weights = {line.id: line.weight_grams for line in lines}
    pieces = ((weights[one.shipment_line_id], one.quantity) for one in contents)
    return expected_grams(pieces, carton.tare_grams if carton else 0)


# --- weighing ----------------------------------------------------------------------------------


@writes
def weigh(
    tx: Transaction, actor: Actor, *, station_id: int, scan_id: str, grams: int, source: str
) -> BenchReply:
    """Take a stable reading of the station's scale for the parcel that waits for one.

    Inside the tolerance (or with nothing to compare) the parcel is weighed; when it was the
    last one, the labels are made in the same transaction.  Outside, it waits: weigh again, or
    :func:`override_weight`.  *source* says where the figure came from (scale, typed, bridge).
    """
    check_scan_id(scan_id)
    row = rows.bench_at(tx, station_id, scan_id)
    if row is None:
        known = known_scan(tx, scan_id)
        if known is None:
            raise UnknownThing(kind="open order", key=str(station_id))
        first = answered_before(accepted=known.accepted, code=known.code, fields=known.fields)
        return reply_of(tx, first, None, repeated=True)
    actor.require(Permission.PACK, warehouse_id=row.warehouse_id)
    bench = Bench(row, load_lines(tx, row.shipment_id), row.state, row.mode)
    if row.known_id is not None:
        return reply_of(tx, first_verdict(row), bench, repeated=True)
    verdict, parcel_id = _weighed(tx, actor, bench, grams=grams, source=source)
    record(
        tx,
        actor,
        station_id=station_id,
        scan_id=scan_id,
        raw=f"{grams} g {source}",
        verdict=verdict,
        shipment_id=row.shipment_id,
        parcel_id=parcel_id,
    )
    return reply_of(tx, verdict, bench)


def _weighed(
    tx: Transaction, actor: Actor, bench: Bench, *, grams: int, source: str
) -> tuple[Verdict, int | None]:
    if bench.state == "cancelled":
        fields = {"order": bench.row.order_number, "reason": bench.row.cancel_reason}
        return Refused("order-cancelled", fields), None
    if bench.state == "packing":
        return Refused("not-complete", {"missing": missing_words(bench.lines)}), None
    if bench.state != "packed":
        return Refused("not-weighable", {"state": bench.state}), None
    if grams <= 0:
        return Refused("weight-not-positive", {"grams": grams}), None
    parcels = rows.parcels_of(tx, bench.row.shipment_id)
    parcel = next((one for one in parcels if one.state == "closed"), None)
    if parcel is None:
        waits = buying.being_bought(tx, bench)
        return waits or Refused("not-weighable", {"state": bench.state}), None
    weight: dict[str, Any] = {
        "weight_grams": grams,
        "weight_source": source,
        "weighed_at": tx.now,
        "weighed_by_id": actor.user_id,
    }
    refusal = _outside(bench, parcel, grams)
    if refusal is None and _is_last_to_weigh(parcel, parcels) and not bench.row.holds:
        return _make_labels(tx, actor, bench, parcels, {parcel.id: weight}), parcel.id
    if refusal is None:
        weight["state"] = PARCEL.advance(parcel.state, "weigh")
    tx.execute(update(_parcel).where(_parcel.c.id == parcel.id).values(**weight))
    if refusal is not None:
        return refusal, parcel.id
    if bench.row.holds:
        return _held(tx, bench), parcel.id
    return Accepted("weighed", {"grams": grams, "parcel": parcel.sequence}), parcel.id


def _is_last_to_weigh(parcel: Any, parcels: Iterable[Any]) -> bool:
    return not any(one.state == "closed" and one.id != parcel.id for one in parcels)


def _held(tx: Transaction, bench: Bench) -> Refused:
    holds = ", ".join(rows.open_holds(tx, bench.row.order_id, bench.row.shipment_id))
    return Refused("order-on-hold", {"order": bench.row.order_number, "holds": holds})


def _outside(bench: Bench, parcel: Any, grams: int) -> Refused | None:
    if parcel.expected_grams is None:
        return None
    allowed = WarehousePolicy.of(bench.row.policy).weight_allowed_grams(parcel.expected_grams)
    difference = grams - parcel.expected_grams
    if abs(difference) <= allowed:
        return None
    pieces = explaining(difference, bench.lines, allowed_grams=allowed)
    return Refused(
        "weight-outside",
        {
            "grams": grams,
            "expected": parcel.expected_grams,
            "allowed": allowed,
            "lacking": pieces if difference < 0 else "",
            "extra": pieces if difference > 0 else "",
        },
    )


def forget_weight(tx: Transaction, bench: Bench) -> Verdict:
    """RE-WEIGH: the parcel that was weighed last goes on the scale again."""
    if bench.state == "labelled":
        return label_exists(tx, bench)
    parcels = rows.parcels_of(tx, bench.row.shipment_id)
    weighed = [one for one in parcels if one.state in ("weighed", "closed")]
    if bench.state != "packed" or not weighed:
        return Refused("not-weighable", {"state": bench.state})
    live = {one.parcel_id for one in purchases.live_purchases(tx, bench.row.shipment_id)}
    again = [one for one in weighed if one.id not in live]
    if not again:
        return buying.being_bought(tx, bench) or Refused("not-weighable", {"state": bench.state})
    parcel = next((one for one in reversed(again) if one.state == "weighed"), again[0])
    tx.execute(
        update(_parcel)
        .where(_parcel.c.id == parcel.id)
        .values(state="closed", weight_grams=None, weighed_at=None, override_by_id=None)
    )
    return Accepted("weigh-again", {"parcel": parcel.sequence})


@writes
def override_weight(
    tx: Transaction,
    actor: Actor,
    *,
    shipment_id: int,
    reason: str,
    granted_by_id: int | None = None,
) -> Verdict:
    """Accept the measured weight of the parcel that is outside the tolerance.

    Needs the permission OVERRIDE of *actor*, or *granted_by_id*: the supervisor whose badge and
    PIN were checked for this one act.  Audited with *reason*; raises Conflict when no parcel of
    the shipment waits with a weight.
    """
    row = rows.shipment_facts(tx, shipment_id)
    if row is None:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    actor.require_sight(
        Permission.OVERRIDE if granted_by_id is None else Permission.PACK,
        kind="shipment",
        key=str(shipment_id),
        warehouse_id=row.warehouse_id,
        seller_id=row.seller_id,
    )
    bench = Bench(row, load_lines(tx, shipment_id), row.state)
    parcels = rows.parcels_of(tx, shipment_id)
    parcel = next((one for one in parcels if one.state == "closed" and one.weight_grams), None)
    if row.state != "packed" or parcel is None:
        raise IllegalEvent(machine="parcel", state=row.state, event="override weight")
    supervisor_id = granted_by_id or actor.user_id
    override = {"override_by_id": supervisor_id, "override_reason": reason[:200]}
    audit(
        tx,
        by_id=supervisor_id,
        act="override-weight",
        subject=("parcel", parcel.id),
        warehouse_id=row.warehouse_id,
        reason=reason,
        details={
            "measured_grams": parcel.weight_grams,
            "expected_grams": parcel.expected_grams,
            "packer": actor.user_id,
        },
    )
    if _is_last_to_weigh(parcel, parcels) and not row.holds:
        return _make_labels(tx, actor, bench, parcels, {parcel.id: override})
    tx.execute(
        update(_parcel)
        .where(_parcel.c.id == parcel.id)
        .values(**override, state=PARCEL.advance(parcel.state, "weigh"))
    )
    if row.holds:
        return _held(tx, bench)
    return Accepted("weighed", {"grams": parcel.weight_grams, "parcel": parcel.sequence})


# --- labels ------------------------------------------------------------------------------------


def _make_labels(
    tx: Transaction,
    actor: Actor,
    bench: Bench,
    parcels: Sequence[Any],
    weights: dict[int, dict[str, Any]],
) -> Verdict:
    """Make a label for every parcel and move the goods into the parcels; or have labels bought.

    Only the local carrier's labels are made in this transaction.  *weights* are the weighing columns
    that a parcel gets with its label (by parcel id).
    """
    row = bench.row
    drawn = rows.draw_numbers(tx, row.service_id, len(parcels)) if row.service_id else None
    if drawn is None:
        return _have_bought(tx, actor, bench, parcels, weights)
    contents = _label_contents(tx, bench, parcels, weights, service=drawn.name)
    carrier = local.LocalCarrier(itertools.count(drawn.first))
    labels = []
    for parcel, content in zip(parcels, contents, strict=True):
        request = buying.request_of(content, service=drawn.code, package={})
        bought = carrier.buy(request, key=parcel.sscc)
        labels.append(
            {
                "parcel_id": parcel.id,
                "carrier": drawn.carrier,
                "service": drawn.code,
                "tracking_number": bought.tracking_number,
                "content": {**content, "tracking_number": bought.tracking_number},
                "purchase_id": None,
            }
        )
    return _seal(tx, bench, parcels, labels, weights, by_id=actor.user_id)


def _have_bought(
    tx: Transaction,
    actor: Actor,
    bench: Bench,
    parcels: Sequence[Any],
    weights: dict[int, dict[str, Any]],
) -> Verdict:
    """Write down that a carrier's labels shall be bought; the parcels are weighed meanwhile."""
    account = purchases.account_of_service(tx, bench.row.service_id)
    if account is None:
        raise NumbersExhausted(range_name=str(bench.row.service_id))
    contents = _label_contents(tx, bench, parcels, weights, service=account.name)
    for parcel in parcels:
        if parcel.id in weights:
            weighed = {**weights[parcel.id], "state": PARCEL.advance(parcel.state, "weigh")}
            tx.execute(update(_parcel).where(_parcel.c.id == parcel.id).values(**weighed))
    return buying.intend(tx, bench, account, parcels, contents, by_id=actor.user_id)


def seal_bought(tx: Transaction, shipment_id: int) -> bool:
    """Seal a shipment all of whose labels are bought; False while one is missing.

    The answer of a carrier comes in a transaction of its own, long after the packer weighed: the
    goods move, and the labels are queued for the printer, when the last one is there.
    """
    row = rows.shipment_facts(tx, shipment_id)
    parcels = rows.parcels_of(tx, shipment_id)
    bought = purchases.bought_for(tx, shipment_id)
    is_whole = all(one.state == "weighed" and one.id in bought for one in parcels)
    if row is None or row.state != "packed" or not is_whole:
        return False
    bench = Bench(row, load_lines(tx, shipment_id), row.state)
    found = [bought[parcel.id] for parcel in parcels]
    labels = [
        {
            "parcel_id": one.parcel_id,
            "carrier": one.carrier,
            "service": one.service,
            "tracking_number": one.tracking_number,
            "content": {**one.content, "tracking_number": one.tracking_number},
            "purchase_id": one.id,
        }
        for one in found
    ]
    _seal(tx, bench, parcels, labels, {}, by_id=found[-1].intended_by_id)
    begin_tracking(tx, shipment_id)
    return True


def _seal(
    tx: Transaction,
    bench: Bench,
    parcels: Sequence[Any],
    labels: list[dict[str, Any]],
    weights: dict[int, dict[str, Any]],
    *,
    by_id: int,
) -> Accepted:
    """Stick the labels on: they are stored and queued, and the goods lie in the parcels."""
    row = bench.row
    place_of = rows.parcel_places(tx, parcels, row.warehouse_id)
    made = {"created_at": tx.now, "created_by_id": by_id}
    tx.execute(insert(_label), [{**label, **made} for label in labels])
    prints.queue_labels(tx, shipment_id=row.shipment_id, by_id=by_id)
    for parcel in parcels:
        _mark_labelled(tx, parcel, place_of[parcel.id], weights.get(parcel.id, {}))
    _move_into_parcels(tx, by_id, bench, place_of, tracking=labels[0]["tracking_number"])
    bench.state = SHIPMENT.advance(bench.state, "label")
    tx.execute(
        _STAMP,
        {
            "b_shipment": row.shipment_id,
            "state": bench.state,
            "weighed_at": tx.now,
            "weighed_by_id": by_id,
            "labelled_at": tx.now,
            "labelled_by_id": by_id,
        },
    )
    bench.parcels = tuple(
        ParcelView(
            sequence=parcel.sequence,
            state="labelled",
            sscc=parcel.sscc,
            expected_grams=parcel.expected_grams,
            weight_grams=label["content"]["weight_grams"],
            tracking_number=label["tracking_number"],
            confirmed=False,
        )
        for parcel, label in zip(parcels, labels, strict=True)
    )
    return Accepted(
        "label-printed",
        {"tracking": labels[0]["tracking_number"], "parcel": 1, "parcels": len(parcels)},
    )


def _mark_labelled(tx: Transaction, parcel: Any, place: Place, weight: dict[str, Any]) -> None:
    state = PARCEL.advance(parcel.state, "weigh") if weight else parcel.state
    changed = tx.execute(
        _CHANGE_PARCEL,
        {
            "b_parcel": parcel.id,
            "b_state": parcel.state,
            **weight,
            "state": PARCEL.advance(state, "label"),
            "location_id": place.id,
        },
    )
    if changed.rowcount != 1:
        raise AssertionError("a parcel is labelled only when it is weighed")


def _move_into_parcels(
    tx: Transaction, by_id: int, bench: Bench, place_of: dict[int, Place], *, tracking: str
) -> None:
    """Post what the scans said: the goods leave their totes and lie in the parcels."""
    shipment_id = bench.row.shipment_id
    held = rows.held_by(tx, shipment_id)
    alone = next(iter(place_of)) if len(place_of) == 1 else None
    contents = _contents(tx, bench, alone, alone=alone is not None)
    product_of = {line.id: line.product_id for line in bench.lines}
    serial_at = rows.serial_places(
        tx, [(product_of[one.shipment_line_id], one.serial) for one in contents if one.serial]
    )
    units: dict[tuple[int, int, str, str], int] = {}
    for one in contents:
        key = (place_of[one.parcel_id].id, product_of[one.shipment_line_id], one.lot, one.serial)
        units[key] = units.get(key, 0) + one.quantity
    moves = transfers(
        [Held(one.location_id, one.product_id, one.lot, one.quantity) for one in held],
        [
            Packed(place, product, lot, quantity, serial, serial_at.get((product, serial)))
            for (place, product, lot, serial), quantity in units.items()
        ],
    )
    place_by_id = {place.id: place for place in place_of.values()}
    place_by_id |= {
        one.location_id: Place(one.location_id, one.kind, one.warehouse_id) for one in held
    }
    post(
        tx,
        actor_id=by_id,
        moves=[_pack_move(move, bench, place_by_id, tracking=tracking) for move in moves],
    )
    _reservations_follow(tx, held, contents, place_of, product_of)
    _leave_totes(tx, shipment_id, {one.location_id for one in held})


def _leave_totes(tx: Transaction, shipment_id: int, places: set[int]) -> None:
    """Its totes and slots are free again, and the batch totes that ran empty."""
    tx.execute(
        _LEAVE_TOTES, {"b_shipment": shipment_id, "b_places": sorted(places), "b_now": tx.now}
    )


_use, _balance = table_of(ToteUse), table_of(StockBalance)
_LEAVE_TOTES = (
    update(_use)
    .where(
        _use.c.closed_at.is_(None),
        (_use.c.shipment_id == bindparam("b_shipment"))
        | (
            _use.c.shipment_id.is_(None)
            & _use.c.tote_id.in_(bindparam("b_places", expanding=True))
            & ~exists().where(_balance.c.location_id == _use.c.tote_id, _balance.c.on_hand > 0)
        ),
    )
    .values(closed_at=bindparam("b_now"))
)


def _pack_move(
    move: Transfer, bench: Bench, place_by_id: dict[int, Place], *, tracking: str
) -> Move:
    return Move(
        product_id=move.product_id,
        quantity=move.quantity,
        source=place_by_id[move.source_id],
        target=place_by_id[move.target_id],
        reason="pack",
        reference=("shipment", bench.row.shipment_id),
        key=f"pack:{move.product_id}:{move.source_id}:{move.target_id}:{move.lot}:{move.serial}:{tracking}",
        lot=move.lot,
        serial=move.serial,
        reserved_quantity=move.quantity,
        reserve_at_target=move.quantity,
    )


def _reservations_follow(
    tx: Transaction,
    held: Sequence[Any],
    contents: Sequence[Content],
    place_of: dict[int, Place],
    product_of: dict[int, int],
) -> None:
    """The reservation rows now name the parcels."""
    if len(place_of) == 1 and len({(one.shipment_line_id, one.lot) for one in held}) == len(held):
        (place,) = place_of.values()
        tx.execute(
            update(_reservation)
            .where(_reservation.c.shipment_line_id.in_([one.shipment_line_id for one in held]))
            .values(location_id=place.id)
        )
        return
    places_left = sorted({one.location_id for one in held})
    lines = sorted({one.shipment_line_id for one in held})
    tx.execute(
        delete(_reservation).where(
            _reservation.c.shipment_line_id.in_(lines), _reservation.c.location_id.in_(places_left)
        )
    )
    units: dict[tuple[int, int, str], int] = {}
    for one in contents:
        key = (one.shipment_line_id, place_of[one.parcel_id].id, one.lot)
        units[key] = units.get(key, 0) + one.quantity
    tx.execute(
        insert(_reservation),
        [
            {
                "shipment_line_id": line,
                "location_id": place,
                "product_id": product_of[line],
                "lot": lot,
                "quantity": quantity,
            }
            for (line, place, lot), quantity in sorted(units.items())
        ],
    )


def _label_contents(
    tx: Transaction,
    bench: Bench,
    parcels: Sequence[Any],
    weights: dict[int, dict[str, Any]],
    *,
    service: str,
) -> list[dict[str, Any]]:
    """The fields of :class:`labels.values.ShippingLabel`: what is drawn now and at every reprint.

    The tracking number is still missing: the carrier gives it.
    """
    facts = rows.label_facts(tx, bench.row.order_id, bench.row.warehouse_id)
    receiver = {
        name: getattr(facts, name)
        for name in ("name", "company", "lines", "city", "region", "postcode", "country", "phone")
    }
    return [
        {
            "sender": facts.sender,
            "receiver": receiver,
            "return_address": facts.warehouse_address,
            "tracking_number": "",
            "sscc": parcel.sscc,
            "service": service,
            "routing_text": f"{facts.country} {facts.postcode}".strip(),
            "parcel_number": number,
            "parcel_count": len(parcels),
            "weight_grams": weights.get(parcel.id, {}).get("weight_grams", parcel.weight_grams),
            "order_number": bench.row.order_number,
        }
        for number, parcel in enumerate(parcels, start=1)
    ]


def label_exists(tx: Transaction, bench: Bench) -> Refused:
    """The refusal of a change to a labelled shipment: void the label first."""
    parcels = rows.parcels_of(tx, bench.row.shipment_id)
    tracking = next((one.tracking_number for one in parcels if one.tracking_number), "")
    return Refused("label-exists", {"tracking": tracking})


def void_all(tx: Transaction, actor: Actor, bench: Bench, *, reason: str) -> Verdict:
    """Void the labels of the shipment: it is packed and weighed again, the goods stay in the boxes."""
    if bench.state == "packed" and (bought := buying.being_bought(tx, bench)):
        return _withdraw(tx, actor, bench, bought.fields, reason=reason)
    if bench.state != "labelled":
        return Refused("no-label")
    parcels = [one for one in rows.parcels_of(tx, bench.row.shipment_id) if one.label_id]
    if any(one.purchase_id for one in parcels):
        purchases.unwanted(tx, [bench.row.shipment_id], by_id=actor.user_id)
    tx.execute(
        update(_label)
        .where(_label.c.id.in_([one.label_id for one in parcels]), _label.c.state == "active")
        .values(
            state=LABEL.advance("active", "void"),
            voided_at=tx.now,
            voided_by_id=actor.user_id,
            void_reason=reason[:200],
        )
    )
    tx.execute(
        update(_parcel)
        .where(_parcel.c.id.in_([one.id for one in parcels]))
        .values(state="closed", weight_grams=None, weighed_at=None, override_by_id=None)
    )
    prints.labels_were_voided(tx, [one.label_id for one in parcels], by_id=actor.user_id)
    bench.state = SHIPMENT.advance(bench.state, "void")
    tx.execute(
        update(_shipment)
        .where(_shipment.c.id == bench.row.shipment_id)
        .values(
            state=bench.state,
            weighed_at=None,
            weighed_by_id=None,
            labelled_at=None,
            labelled_by_id=None,
        )
    )
    audit(
        tx,
        by_id=actor.user_id,
        act="void-label",
        subject=("shipment", bench.row.shipment_id),
        warehouse_id=bench.row.warehouse_id,
        reason=reason,
        details={"tracking_numbers": [one.tracking_number for one in parcels]},
    )
    return Accepted("label-voided", {"tracking": ", ".join(one.tracking_number for one in parcels)})


def _withdraw(
    tx: Transaction, actor: Actor, bench: Bench, fields: dict[str, Any], *, reason: str
) -> Verdict:
    """Labels that are being bought are not wanted any more: what is sold all the same is voided."""
    shipment_id = bench.row.shipment_id
    purchases.unwanted(tx, [shipment_id], by_id=actor.user_id)
    tx.execute(
        update(_parcel)
        .where(_parcel.c.shipment_id == shipment_id, _parcel.c.state == "weighed")
        .values(state="closed", weight_grams=None, weighed_at=None, override_by_id=None)
    )
    audit(
        tx,
        by_id=actor.user_id,
        act="withdraw-label",
        subject=("shipment", shipment_id),
        warehouse_id=bench.row.warehouse_id,
        reason=reason,
    )
    return Accepted("label-withdrawn", fields, tone="attention")


@writes
def void_label(tx: Transaction, actor: Actor, *, shipment_id: int, reason: str) -> Verdict:
    """Void the active labels of a shipment that is not shipped yet (a corrected address needs it)."""
    bench = _bench_of(tx, actor, shipment_id)
    verdict = void_all(tx, actor, bench, reason=reason)
    if isinstance(verdict, Refused):
        raise IllegalEvent(machine="shipment", state=bench.state, event="void")
    return verdict


def reprint(
    tx: Transaction,
    actor: Actor,
    bench: Bench,
    *,
    reason: str = "scanned REPRINT",
    granted_by_id: int | None = None,
) -> Verdict:
    """Print the first unconfirmed label again, counted; a second one needs a supervisor.

    Refused while the first print still waits for its printer: it would come out twice.
    """
    parcels = [one for one in rows.parcels_of(tx, bench.row.shipment_id) if one.label_id]
    if not parcels:
        return Refused("no-label")
    parcel = next((one for one in parcels if one.confirmed_at is None), parcels[-1])
    job = prints.latest_label_jobs(tx, [parcel.label_id]).get(parcel.label_id)
    if job is not None and job.state in ("queued", "leased"):
        waiting = {"tracking": parcel.tracking_number, "printer": job.printer}
        return Refused("label-waiting", waiting)
    table = table_of(LabelReprint)
    count = tx.execute(
        select(func.count()).select_from(table).where(table.c.label_id == parcel.label_id)
    ).scalar_one()
    may_again = granted_by_id is not None or actor.may(
        Permission.OVERRIDE, warehouse_id=bench.row.warehouse_id
    )
    fields = {"tracking": parcel.tracking_number, "count": count + 1}
    if count and not may_again:
        return Refused("reprint-needs-supervisor", fields)
    tx.execute(
        insert(table),
        {
            "label_id": parcel.label_id,
            "at": tx.now,
            "by_id": actor.user_id,
            "granted_by_id": granted_by_id,
            "reason": reason[:200],
        },
    )
    prints.repeat_was_granted(tx, parcel.label_id, by_id=actor.user_id)
    prints.queue_labels(
        tx,
        shipment_id=bench.row.shipment_id,
        label_id=parcel.label_id,
        by_id=actor.user_id,
        why=reason,
        reprint=count + 1,
    )
    return Accepted("label-reprinted", fields)


@writes
def reprint_label(
    tx: Transaction,
    actor: Actor,
    *,
    shipment_id: int,
    reason: str,
    granted_by_id: int | None = None,
) -> Verdict:
    """Count a reprint of a valid label, with who and why; more than one needs a supervisor."""
    bench = _bench_of(tx, actor, shipment_id)
    return reprint(tx, actor, bench, reason=reason, granted_by_id=granted_by_id)


def _bench_of(tx: Transaction, actor: Actor, shipment_id: int) -> Bench:
    row = rows.shipment_facts(tx, shipment_id)
    if row is None:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    actor.require_sight(
        Permission.PACK,
        kind="shipment",
        key=str(shipment_id),
        warehouse_id=row.warehouse_id,
        seller_id=row.seller_id,
    )
    return Bench(row, load_lines(tx, shipment_id), row.state)
