"""A piece that broke or is missing at the bench.

The books first: what is missing goes from the tote to *missing* and a count task asks for
the bin it came from; what broke goes to quarantine.  Then the warehouse's policy: a
replacement pick, ship the rest, or wait for a supervisor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import bindparam, insert, select, update

from fulfillment.domain.allocation import BinStock, Take, choose_bins
from fulfillment.domain.packing import Item
from fulfillment.domain.people import Actor
from fulfillment.domain.policy import WarehousePolicy
from fulfillment.domain.states import ORDER, PICK_LIST, SHIPMENT
from fulfillment.domain.values import BIN, PARCEL, QUARANTINE, Accepted, Place, Refused, Verdict
from fulfillment.services.packing import sealing
from fulfillment.services.packing.replies import Bench, load_lines, today_at
from fulfillment.store import batch_totes, reservations
from fulfillment.store import packing as rows
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Location
from fulfillment.store.orders import Hold, Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.parcels import PackSession, Parcel
from fulfillment.store.stock import (
    Move,
    Pin,
    Reservation,
    SerialUnit,
    lock_balances,
    post,
    reserve,
    virtual_end,
)
from fulfillment.store.transaction import Transaction
from fulfillment.store.work import (
    PickFeed,
    PickList,
    PickListShipment,
    PickStop,
    Task,
    ToteUse,
)

_line = table_of(ShipmentLine)
_reservation = table_of(Reservation)
_shipment = table_of(Shipment)


@dataclass(frozen=True)
class Gap:
    """Units of a line's lot that should be in a tote (or parcel) and are not fit to pack."""

    line_id: int
    product_id: int
    sku: str
    lot: str
    tote: Place
    units: int
    serials: tuple[str, ...] = ()
    """The serial numbers that were not verified, where each unit has one."""


def lot_of_serial(tx: Transaction, bench: Bench, item: Item) -> str | None:
    """The lot of a serial that the ledger has in a tote (or parcel) of this shipment; else None."""
    unit = table_of(SerialUnit)
    found = tx.execute(
        select(unit.c.location_id, unit.c.lot).where(
            unit.c.product_id == item.product_id, unit.c.serial == item.serial
        )
    ).one_or_none()
    places = {one.location_id for one in rows.held_by(tx, bench.row.shipment_id)}
    return found.lot if found is not None and found.location_id in places else None


def short_at_bench(
    tx: Transaction,
    actor: Actor,
    bench: Bench,
    *,
    scan_id: str,
    reason: str,
    product_id: int | None,
    units: int | None,
) -> Verdict:
    """Take *units* of a product (None: everything missing) out of the shipment's goods.

    Which units with serial numbers are missing is known once all others are in a box: until
    then ``serial-needed`` asks for those.
    """
    gaps = _gaps(tx, bench, product_id=product_id, units=units)
    gaps, unsure = _with_serials(tx, bench, gaps)
    if unsure:
        return Refused("serial-needed", {"sku": unsure})
    _post_gaps(tx, actor, bench, gaps, scan_id=scan_id, reason=reason)
    policy = WarehousePolicy.of(bench.row.policy)
    takes = _replacements(tx, bench, gaps) if policy.bench_short == "replace" else None
    if takes is not None:
        _replace(tx, actor, bench, takes)
        follows = "replacement-pick"
    else:
        _owe(tx, bench, gaps)
        follows = "backorder"
        if policy.bench_short == "wait":
            _wait(tx, actor, bench, reason)
            follows = "wait"
    _settle_bench(tx, actor, bench)
    fields = {
        "sku": ", ".join(sorted({gap.sku for gap in gaps})),
        "quantity": sum(gap.units for gap in gaps),
        "follows": follows,
        "reason": reason,
    }
    return Accepted("short-recorded", fields, tone="attention")


def _gaps(tx: Transaction, bench: Bench, *, product_id: int | None, units: int | None) -> list[Gap]:
    """Which reserved units in which totes the missing pieces are.

    After a voided label the goods lie in parcels: what is verified is looked for there first.
    """
    left = {
        line.id: line.missing
        for line in bench.lines
        if line.missing and product_id in (None, line.product_id)
    }
    sku_of = {line.id: line.sku for line in bench.lines}
    still = units if units is not None else sum(left.values())
    packed: dict[tuple[int, str], int] = {}
    for one in rows.contents_of(tx, bench.row.shipment_id):
        key = (one.shipment_line_id, one.lot)
        packed[key] = packed.get(key, 0) + one.quantity
    gaps: list[Gap] = []
    held = rows.held_by(tx, bench.row.shipment_id)
    for one in sorted(held, key=lambda row: row.kind != PARCEL):
        key = (one.shipment_line_id, one.lot)
        verified = min(one.quantity, packed.get(key, 0))
        packed[key] = packed.get(key, 0) - verified
        if one.kind == BIN:
            continue
        taken = min(one.quantity - verified, left.get(one.shipment_line_id, 0), still)
        if taken <= 0:
            continue
        left[one.shipment_line_id] -= taken
        still -= taken
        tote = Place(one.location_id, one.kind, one.warehouse_id)
        gaps.append(
            Gap(
                one.shipment_line_id,
                one.product_id,
                sku_of[one.shipment_line_id],
                one.lot,
                tote,
                taken,
            )
        )
    return gaps


def _with_serials(tx: Transaction, bench: Bench, gaps: list[Gap]) -> tuple[list[Gap], str]:
    """The gaps with the numbers of their units, and the SKU of which these are not known yet."""
    tracked = {line.product_id for line in bench.lines if line.tracking == "serial"}
    if not tracked & {gap.product_id for gap in gaps}:
        return gaps, ""
    boxed = {one.serial for one in rows.contents_of(tx, bench.row.shipment_id)}
    left: dict[tuple[int, int], list[str]] = {}
    named: list[Gap] = []
    for gap in gaps:
        if gap.product_id not in tracked:
            named.append(gap)
            continue
        key = (gap.tote.id, gap.product_id)
        if key not in left:
            here = rows.serials_at(tx, gap.tote.id, gap.product_id)
            left[key] = [serial for serial in here if serial not in boxed]
        taken, left[key] = left[key][: gap.units], left[key][gap.units :]
        named.append(replace(gap, serials=tuple(taken)))
    unsure = next((gap.sku for gap in gaps if left.get((gap.tote.id, gap.product_id))), "")
    return named, unsure


def _post_gaps(
    tx: Transaction, actor: Actor, bench: Bench, gaps: list[Gap], *, scan_id: str, reason: str
) -> None:
    damaged = reason == "damaged"
    target = _quarantine(tx, bench.row.warehouse_id) if damaged else virtual_end("missing")
    post(
        tx,
        actor_id=actor.user_id,
        moves=[
            Move(
                product_id=gap.product_id,
                quantity=units,
                source=gap.tote,
                target=target,
                reason="damaged" if damaged else "short",
                reference=("shipment", bench.row.shipment_id),
                key=f"bench-short:{scan_id}:{gap.line_id}:{gap.lot}:{gap.tote.id}:{serial}",
                lot=gap.lot,
                serial=serial,
                reserved_quantity=units,
                hold_at_target=units if damaged and not target.is_virtual else 0,
                note=reason,
            )
            for gap in gaps
            for serial, units in [(serial, 1) for serial in gap.serials] or [("", gap.units)]
        ],
    )
    for gap in gaps:
        reservations.free(
            tx,
            shipment_line_id=gap.line_id,
            lot=gap.lot,
            location_id=gap.tote.id,
            quantity=gap.units,
        )
    batch_totes.close_if_empty(tx, {gap.tote.id for gap in gaps})
    tx.execute(_UNPICK, [{"b_line": gap.line_id, "b_units": gap.units} for gap in gaps])
    if not damaged:
        _ask_for_counts(tx, actor, bench, gaps, reason)


_UNPICK = (
    update(_line)
    .where(_line.c.id == bindparam("b_line"))
    .values(picked=_line.c.picked - bindparam("b_units"))
)


def _quarantine(tx: Transaction, warehouse_id: int) -> Place:
    """The warehouse's quarantine; without one, broken goods are scrapped at once."""
    found = tx.execute(
        select(Location.id)
        .where(Location.warehouse_id == warehouse_id, Location.kind == QUARANTINE)
        .order_by(Location.id)
        .limit(1)
    ).scalar_one_or_none()
    return virtual_end("scrap") if found is None else Place(found, QUARANTINE, warehouse_id)


def _ask_for_counts(
    tx: Transaction, actor: Actor, bench: Bench, gaps: list[Gap], reason: str
) -> None:
    """A count of the bin that each missing piece was picked from."""
    for gap in gaps:
        bin_id = tx.execute(
            select(PickStop.location_id)
            .join(PickFeed, PickFeed.stop_id == PickStop.id)
            .where(PickFeed.shipment_line_id == gap.line_id, PickStop.lot == gap.lot)
            .order_by(PickStop.id.desc())
            .limit(1)
        ).scalar_one_or_none()
        if bin_id is None:
            continue
        tx.execute(
            insert(table_of(Task)),
            {
                "kind": "count",
                "warehouse_id": bench.row.warehouse_id,
                "location_id": bin_id,
                "product_id": gap.product_id,
                "lot": gap.lot,
                "quantity": gap.units,
                "reason": reason,
                "shipment_id": bench.row.shipment_id,
                "created_at": tx.now,
                "created_by_id": actor.user_id,
            },
        )


# --- what follows ------------------------------------------------------------------------------


def _replacements(tx: Transaction, bench: Bench, gaps: list[Gap]) -> list[tuple[Gap, Take]] | None:
    """Free stock in other bins for every gap, or None when it does not reach."""
    free = lock_balances(tx, bench.row.warehouse_id, {gap.product_id for gap in gaps})
    left = {(row.location_id, row.product_id, row.lot): row.free for row in free}
    today = today_at(tx, bench.row.timezone)
    result: list[tuple[Gap, Take]] = []
    for gap in gaps:
        stock = [
            BinStock(
                row.location_id,
                row.code,
                row.lot,
                left[row.location_id, row.product_id, row.lot],
                row.expires_on,
            )
            for row in free
            if row.product_id == gap.product_id
        ]
        takes = choose_bins(gap.units, stock, today=today)
        if sum(take.quantity for take in takes) < gap.units:
            return None
        for take in takes:
            left[take.location_id, gap.product_id, take.lot] -= take.quantity
            result.append((gap, take))
    wanted: dict[int, int] = {}
    for gap in gaps:
        wanted[gap.product_id] = wanted.get(gap.product_id, 0) + gap.units
    return result if rows.promisable(tx, bench.row.warehouse_id, wanted) else None


def _replace(tx: Transaction, actor: Actor, bench: Bench, takes: list[tuple[Gap, Take]]) -> None:
    """Reserve the replacement and make a pick list for it; the box waits half full."""
    warehouse_id = bench.row.warehouse_id
    by_place: dict[tuple[int, int, str], int] = {}
    by_line: dict[tuple[int, int, int, str], int] = {}
    for gap, take in takes:
        place_key = (take.location_id, gap.product_id, take.lot)
        by_place[place_key] = by_place.get(place_key, 0) + take.quantity
        line_key = (gap.line_id, *place_key)
        by_line[line_key] = by_line.get(line_key, 0) + take.quantity
    post(
        tx,
        actor_id=actor.user_id,
        pins=[
            Pin(Place(location, "bin", warehouse_id), product, lot, reserved=units)
            for (location, product, lot), units in by_place.items()
        ],
    )
    reserve(
        tx,
        [
            {
                "shipment_line_id": line,
                "location_id": location,
                "product_id": product,
                "lot": lot,
                "quantity": units,
            }
            for (line, location, product, lot), units in sorted(by_line.items())
        ],
    )
    _replacement_list(tx, bench, by_line)
    bench.state = SHIPMENT.advance(bench.state, "await-pick")
    tx.execute(
        update(_shipment)
        .where(_shipment.c.id == bench.row.shipment_id)
        .values(state=bench.state, picked_at=None, picked_by_id=None)
    )


def _replacement_list(
    tx: Transaction, bench: Bench, by_line: dict[tuple[int, int, int, str], int]
) -> None:
    """A pick list of its own, in the wave that the shipment came from, ahead of all others."""
    wave_id = tx.execute(
        select(PickList.wave_id)
        .join(PickListShipment, PickListShipment.pick_list_id == PickList.id)
        .where(PickListShipment.shipment_id == bench.row.shipment_id)
        .order_by(PickList.id)
        .limit(1)
    ).scalar_one()
    number = rows.count_pick_lists(tx, bench.row.shipment_id)
    created = tx.execute(
        insert(table_of(PickList)),
        {
            "number": f"L{bench.row.shipment_id}R{number}",
            "wave_id": wave_id,
            "warehouse_id": bench.row.warehouse_id,
            "state": PICK_LIST.initial,
            "priority": 1_000_000,
            "due_at": bench.row.cut_off_at,
            "walk": {},
        },
    ).inserted_primary_key
    assert created is not None
    list_id = created[0]
    tx.execute(
        insert(table_of(PickListShipment)),
        {"pick_list_id": list_id, "shipment_id": bench.row.shipment_id, "position": 1},
    )
    stops: dict[tuple[int, int, str], int] = {}
    for (line, location, product, lot), units in sorted(by_line.items()):
        stop = stops.get((location, product, lot))
        if stop is None:
            key = tx.execute(
                insert(table_of(PickStop)),
                {
                    "pick_list_id": list_id,
                    "sequence": len(stops) + 1,
                    "location_id": location,
                    "product_id": product,
                    "lot": lot,
                },
            ).inserted_primary_key
            assert key is not None
            stop = stops[location, product, lot] = int(key[0])
        tx.execute(
            insert(table_of(PickFeed)),
            {"stop_id": stop, "shipment_line_id": line, "position": 1, "quantity": units},
        )


def _owe(tx: Transaction, bench: Bench, gaps: list[Gap]) -> None:
    """The units are owed again: the shipment shrinks, the order has a backorder."""
    for gap in gaps:
        order_line_id = tx.execute(
            update(_line)
            .where(_line.c.id == gap.line_id)
            .values(quantity=_line.c.quantity - gap.units)
            .returning(_line.c.order_line_id)
        ).scalar_one()
        tx.execute(
            update(OrderLine)
            .where(OrderLine.id == order_line_id)
            .values(allocated=OrderLine.allocated - gap.units)
        )
    order = table_of(Order)
    tx.execute(
        update(order)
        .where(order.c.id == bench.row.order_id, order.c.state.in_(ORDER.sources("fall-back")))
        .values(state="confirmed")
    )
    tx.execute(update(order).where(order.c.id == bench.row.order_id).values(has_backorder=True))


def _wait(tx: Transaction, actor: Actor, bench: Bench, reason: str) -> None:
    tx.execute(
        insert(table_of(Hold)),
        {
            "order_id": bench.row.order_id,
            "shipment_id": bench.row.shipment_id,
            "type": "stock",
            "reason": f"short at the bench: {reason}",
            "placed_at": tx.now,
            "placed_by_id": actor.user_id,
        },
    )


def _settle_bench(tx: Transaction, actor: Actor, bench: Bench) -> None:
    """Go on: to weighing when the rest is complete, off the bench when the shipment waits or is gone."""
    row = bench.row
    bench.lines = load_lines(tx, row.shipment_id)
    if not bench.lines:
        _give_up(tx, actor, bench)
    elif bench.state == "packing" and not bench.missing:
        sealing.complete(tx, bench, packed_by=actor.user_id)
    if bench.state in ("picking", "cancelled") or rows.open_holds(
        tx, row.order_id, row.shipment_id
    ):
        session = table_of(PackSession)
        tx.execute(
            update(session)
            .where(session.c.id == row.session_id)
            .values(closed_at=tx.now, closed_why="short", mode="")
        )
        bench.closed = True


def _give_up(tx: Transaction, actor: Actor, bench: Bench) -> None:
    """Nothing of the shipment is left."""
    shipment_id = bench.row.shipment_id
    bench.state = SHIPMENT.advance(bench.state, "cancel")
    tx.execute(
        update(_shipment)
        .where(_shipment.c.id == shipment_id)
        .values(
            state=bench.state,
            cancelled_at=tx.now,
            cancelled_by_id=actor.user_id,
            cancel_reason="all short at the bench",
        )
    )
    parcel, tote_use = table_of(Parcel), table_of(ToteUse)
    tx.execute(update(parcel).where(parcel.c.shipment_id == shipment_id).values(state="cancelled"))
    tx.execute(
        update(tote_use)
        .where(tote_use.c.shipment_id == shipment_id, tote_use.c.closed_at.is_(None))
        .values(closed_at=tx.now)
    )
