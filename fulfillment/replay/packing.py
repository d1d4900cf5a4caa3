"""Picked orders are checked piece by piece, weighed, labelled and shipped at a bench."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.packing import FILL_PERCENT, PackLine
from fulfillment.domain.people import Actor
from fulfillment.domain.values import Accepted, Refused
from fulfillment.replay import questions
from fulfillment.replay.cancelling import change_of_mind
from fulfillment.replay.house import CARTONS, Crew, Goods, House
from fulfillment.replay.questions import Waiting
from fulfillment.replay.scanning import Luck, ReplayError, Slip, Tally
from fulfillment.services import dispatching, packing
from fulfillment.services.orders import review
from fulfillment.services.packing import BenchReply, BenchView

SHORT_SHARE = 0.005
"""Of the shipments at the bench."""
WRONG_WEIGHT_SHARE = 0.01
VOID_SHARE = 0.002

_LARGEST = CARTONS[-1]
_PARCEL_GRAMS = _LARGEST.most_grams - _LARGEST.tare_grams
_PARCEL_MM3 = _LARGEST.length_mm * _LARGEST.width_mm * _LARGEST.height_mm * FILL_PERCENT // 100

Cancels = Callable[[str, Waiting], bool]
"""Asked at each stage of a shipment: whether its order was cancelled now."""


@dataclass
class Memory:
    """What packers of the house remember: codes of other orders that they may scan by mistake."""

    shipped: dict[int, str] = field(default_factory=dict)
    """By warehouse id: a shipment that is shipped."""
    tracking: str = ""
    """A label that is on another box."""
    void: dict[int, str] = field(default_factory=dict)
    """By warehouse id: a label that is void, while its parcel has another one."""
    batch_stations: set[int] = field(default_factory=set)
    """Stations where a batch tote stood last: a piece is not out of place there."""
    sorters: set[int] = field(default_factory=set)
    """User ids of those who have put something into a slot: they can take it back."""


@dataclass
class Bench:
    """A packer at a station with a shipment in front of them."""

    house: House
    crew: Crew
    luck: Luck
    tally: Tally
    memory: Memory
    packer: Actor
    other: Actor
    """The packer of the next station."""
    shipment: Waiting
    others: tuple[Waiting, ...]
    """Other shipments that wait to be packed."""
    view: BenchView | None = None
    next_code: str = ""
    grams: int = 0
    mm3: int = 0
    """Of what lies in the open parcel."""
    pieces: int = 0
    """Counted into the open parcel."""
    serials: dict[str, list[str]] = field(default_factory=dict)
    """Serial numbers in the totes that are not in a box yet, by SKU."""
    boxed_serial: dict[str, str] = field(default_factory=dict)
    """The serial number that was counted last, by SKU."""

    @property
    def lines(self) -> tuple[PackLine, ...]:
        """The lines of the shipment, as the page shows them."""
        return self.view.lines if self.view else ()

    @property
    def open_lines(self) -> list[PackLine]:
        """The lines that miss pieces."""
        return [line for line in self.lines if line.missing]

    def goods(self, line: PackLine) -> Goods:
        """What a line is about."""
        return self.house.goods[line.sku]

    def scan(self, raw: str, *, by: Actor | None = None) -> Accepted | Refused:
        """Scan something at one's own station."""
        packer = by or self.packer
        reply = packing.scan(
            packer, station_id=station(packer), scan_id=self.luck.scan_id(), raw=raw
        )
        return self._seen(reply, own=by is None or by is self.packer)

    def weigh(self, grams: int) -> Accepted | Refused:
        """Read the scale."""
        reply = packing.weigh(
            self.packer,
            station_id=station(self.packer),
            scan_id=self.luck.scan_id(),
            grams=grams,
            source="scale",
        )
        return self._seen(reply, own=True)

    def do(self, raw: str) -> Accepted | Refused:
        """A scan that is right: only the news of a cancelled order may refuse it."""
        verdict = self.scan(raw)
        if isinstance(verdict, Refused) and verdict.code != "order-cancelled":
            raise ReplayError(f"pack: {raw!r} was refused: {verdict.code} {verdict.fields}")
        return verdict

    def command(self, command: Command) -> Accepted | Refused:
        """Scan a command that is right."""
        return self.do(own_code(Own.COMMAND, command))

    def look(self) -> None:
        """Open the page of the station again."""
        self._take(packing.bench(self.packer, station_id=station(self.packer)))

    def _seen(self, reply: BenchReply, *, own: bool) -> Accepted | Refused:
        self.tally.note("pack", reply.verdict)
        if own:
            self._take(reply)
        return reply.verdict

    def _take(self, reply: BenchReply) -> None:
        self.view, self.next_code = reply.view, reply.next_code

    @property
    def state(self) -> str:
        """The state of the shipment, '' while nothing is open."""
        return self.view.state if self.view else ""


def station(packer: Actor) -> int:
    """Where a packer stands."""
    if packer.station_id is None:
        raise ReplayError(f"{packer.name} stands at no station")
    return packer.station_id


def pack_and_ship(bench: Bench, cancels: Cancels) -> str:
    """Take a picked shipment through the bench; its last state there.

    ``shipped``, ``cancelled``, or ``picking`` when a replacement has to be picked first.
    """
    shipment = bench.shipment
    if cancels("picked", shipment):
        return find_cancelled(bench)
    if not open_order(bench):
        return bench.state
    if not _check_pieces(bench, cancels):
        return bench.state
    return weigh_and_ship(bench, cancels)


def weigh_and_ship(bench: Bench, cancels: Cancels) -> str:
    """Take a shipment whose pieces are all in their boxes to its end at the bench."""
    shipment = bench.shipment
    if cancels("packed", shipment):
        return find_cancelled(bench)
    _weigh_all(bench)
    if cancels("labelled", shipment):
        return find_cancelled(bench)
    _confirm_labels(bench)
    if cancels("shipped", shipment):
        return "cancelled"
    bench.memory.shipped[bench.crew.warehouse_id] = shipment.number
    return "shipped"


def find_cancelled(bench: Bench) -> str:
    """The packer hears of the cancellation with the next scan."""
    verdict = bench.scan(_opening_code(bench))
    if verdict.code != "order-cancelled":
        raise ReplayError(f"pack: a cancelled order answered {verdict}")
    return "cancelled"


def _opening_code(bench: Bench) -> str:
    return _barcode_of(bench.shipment)


def _barcode_of(shipment: Waiting) -> str:
    """What is scanned to open a shipment."""
    if shipment.slot:
        return own_code(Own.SLOT, shipment.slot)
    if shipment.totes:
        return own_code(Own.TOTE, shipment.totes[0])
    return own_code(Own.SHIPMENT, shipment.number)


# --- opening ---------------------------------------------------------------------------------


def open_order(bench: Bench) -> bool:
    """Scan the tote at the bench; False when the order turns out to be cancelled."""
    bench.luck.slip("pack", BEFORE_OPENING, bench)
    verdict = bench.do(_opening_code(bench))
    if isinstance(verdict, Refused):
        return False
    bench.memory.batch_stations.discard(station(bench.packer))
    _watch_take_over(bench)
    for line in bench.lines:
        if line.tracking == "serial":
            bench.serials[line.sku] = questions.serials_of_shipment(
                bench.shipment.shipment_id, line.product_id
            )
    return True


def _watch_take_over(bench: Bench) -> None:
    """Another packer takes the order over, and its first one takes it back."""
    needed = bench.luck.lacks("pack", "lost-to-take-over")
    if not needed and not bench.luck.happens(bench.luck.slip_share / 10):
        return
    if is_busy(bench.other):
        return
    tote, again = _opening_code(bench), own_code(Own.COMMAND, Command.TAKE_OVER)
    piece = bench.goods(bench.lines[0]).piece
    for thief, victim in ((bench.other, bench.packer), (bench.packer, bench.other)):
        for raw in (tote, again, again):
            bench.scan(raw, by=thief)
        bench.scan(piece, by=victim)
    bench.look()


def is_busy(packer: Actor) -> bool:
    """Whether an order is open at a packer's station."""
    view = packing.bench(packer, station_id=station(packer)).view
    return view is not None


# --- pieces ----------------------------------------------------------------------------------


def _check_pieces(bench: Bench, cancels: Cancels) -> bool:
    """Scan every piece; False when the shipment is done with at this bench."""
    short_at = _short_at(bench)
    asked = False
    while bench.state == "packing" and bench.open_lines:
        if bench.luck.slip("pack", WHILE_PACKING, bench):
            continue
        missing = sum(line.missing for line in bench.lines)
        if short_at is not None and missing <= short_at:
            short_at = None
            _report_short(bench)
            continue
        if not scan_next(bench):
            return False
        if not asked:
            asked = True
            if cancels("packing", bench.shipment):
                find_cancelled(bench)
                return False
    return bench.state == "packed"


def scan_next(bench: Bench) -> bool:
    """Count the largest pack that fits; False when the order turns out to be cancelled."""
    line = bench.open_lines[0]
    goods = bench.goods(line)
    raw, pieces = _code_for(bench, line, goods)
    if bench.pieces and not _fits(bench, goods, pieces):
        bench.grams = bench.mm3 = bench.pieces = 0
        return isinstance(bench.command(Command.NEXT_PARCEL), Accepted)
    if bench.luck.happens(0.002):
        bench.do(own_code(Own.CARTON, _LARGEST.code))
    if isinstance(bench.do(raw), Refused):
        return False
    bench.grams += pieces * goods.weight_grams
    bench.mm3 += pieces * goods.volume_mm3
    bench.pieces += pieces
    if line.tracking == "serial":
        bench.boxed_serial[line.sku] = bench.serials[line.sku].pop()
    elif bench.luck.happens(0.002):
        _take_back(bench, raw, pieces, goods)
    return True


def _code_for(bench: Bench, line: PackLine, goods: Goods) -> tuple[str, int]:
    if line.tracking == "serial":
        return goods.code(1, serial=bench.serials[line.sku][-1])
    if line.tracking == "lot":
        share = next(one for one in line.lots if one.quantity > one.packed)
        most = min(line.missing, share.quantity - share.packed)
        return goods.code(_most(goods, most), lot=share.lot)
    return goods.code(_most(goods, line.missing))


def _most(goods: Goods, missing: int) -> int:
    """Of *missing* pieces as many as go into one parcel at all: a packer opens larger packs."""
    return max(1, min(missing, _PARCEL_GRAMS // goods.weight_grams))


def _fits(bench: Bench, goods: Goods, pieces: int) -> bool:
    return (
        bench.grams + pieces * goods.weight_grams <= _PARCEL_GRAMS
        and bench.mm3 + pieces * goods.volume_mm3 <= _PARCEL_MM3
    )


def _take_back(bench: Bench, raw: str, pieces: int, goods: Goods) -> None:
    """UNDO, or TAKE OUT and the same pack again."""
    if bench.luck.happens(0.5):
        bench.command(Command.UNDO)
    else:
        bench.command(Command.TAKE_OUT)
        bench.do(raw)
    bench.grams -= pieces * goods.weight_grams
    bench.mm3 -= pieces * goods.volume_mm3
    bench.pieces -= pieces


# --- short at the bench --------------------------------------------------------------------------


def _short_at(bench: Bench) -> int | None:
    """With how many pieces left one will be missing; None mostly."""
    if any(line.tracking == "serial" for line in bench.lines):
        return None
    # Only the pick of a replacement finds the order's tote on another walk.
    is_in_tote = bool(bench.shipment.totes) and bench.luck.lacks("pick", "tote-taken")
    needed = is_in_tote and bench.luck.tries("replace", most=20)
    if not needed and not bench.luck.happens(SHORT_SHARE):
        return None
    return 1 + bench.luck.below(sum(line.missing for line in bench.lines))


def _report_short(bench: Bench) -> None:
    """SHORT, the reason, and the piece that is missing or broken."""
    line = bench.luck.one_of(bench.open_lines)
    share = next((one for one in line.lots if one.quantity > one.packed), None)
    bench.command(Command.SHORT)
    alone = sum(one.missing for one in bench.lines) == 1
    bench.do(own_code(Own.REASON, bench.luck.one_of(("DAMAGED", "NOT-FOUND"))))
    if not alone:
        bench.do(bench.goods(line).code(1, lot=share.lot if share else "")[0])


# --- weight and label ------------------------------------------------------------------------------


def _weigh_all(bench: Bench) -> None:
    bench.luck.slip("pack", BEFORE_WEIGHING, bench)
    while bench.state == "packed":
        _weigh_next(bench)
    if bench.state != "labelled":
        raise ReplayError(f"pack: {bench.shipment.number} is {bench.state} after weighing")
    needed = bench.luck.lacks("pack", "label-void") or bench.luck.lacks("dispatch", "label-void")
    if bench.luck.happens(VOID_SHARE) or (
        needed and bench.crew.warehouse_id not in bench.memory.void
    ):
        _print_again(bench)


def _weigh_next(bench: Bench) -> None:
    assert bench.view is not None, "a packed shipment is open"
    parcel = next(one for one in bench.view.parcels if one.state == "closed")
    expected = parcel.expected_grams or 1
    wrong = bench.luck.happens(WRONG_WEIGHT_SHARE) or bench.luck.lacks("pack", "weight-outside")
    if not wrong:
        _weigh_right(bench, expected)
        return
    if bench.weigh(expected + expected // 10 + 100).code != "weight-outside":
        raise ReplayError("pack: a wrong weight was taken")
    if bench.luck.happens(0.5):
        bench.command(Command.RE_WEIGH)
        return
    if bench.luck.happens(0.5):
        _weigh_right(bench, expected)
        return
    packing.override_weight(
        bench.crew.supervisor,
        shipment_id=bench.shipment.shipment_id,
        reason="weighed twice, all pieces are there",
    )
    bench.look()


def _weigh_right(bench: Bench, expected: int) -> None:
    noise = bench.luck.below(expected // 100 + 5) - expected // 200
    if isinstance(bench.weigh(max(1, expected + noise)), Refused):
        raise ReplayError(f"pack: the right weight of {bench.shipment.number} was refused")


def _print_again(bench: Bench) -> None:
    """The label is spoilt: void it, weigh again, another number."""
    assert bench.view is not None, "a labelled shipment is open"
    spoilt = bench.view.parcels[0].tracking_number or ""
    bench.command(Command.VOID_LABEL)
    while bench.state == "packed":
        _weigh_next(bench)
    bench.memory.void[bench.crew.warehouse_id] = spoilt


def _confirm_labels(bench: Bench) -> None:
    """Scan each label on its box; the last one ships."""
    bench.luck.slip("pack", WHEN_LABELLED, bench)
    assert bench.view is not None, "a labelled shipment is open"
    parcels = bench.view.parcels
    _scan_out_too_early(bench, parcels[0].tracking_number or "")
    for parcel in parcels:
        by_sscc = bench.luck.happens(0.2)
        bench.do(parcel.sscc if by_sscc else parcel.tracking_number or "")
    if bench.state != "shipped":
        raise ReplayError(f"pack: {bench.shipment.number} is {bench.state}, not shipped")
    bench.memory.tracking = parcels[0].tracking_number or ""


def _scan_out_too_early(bench: Bench, tracking: str) -> None:
    """Somebody carries a box to the van before its label was confirmed."""
    luck = bench.luck
    if luck.lacks("dispatch", "parcel-not-shipped") or luck.happens(luck.slip_share / 10):
        reply = dispatching.scan_out(
            bench.packer,
            warehouse_id=bench.crew.warehouse_id,
            scan_id=luck.scan_id(),
            raw=tracking,
        )
        bench.tally.note("dispatch", reply.verdict)


# --- slips -------------------------------------------------------------------------------------


def _always(_bench: Bench) -> bool:
    return True


def _scans(raw: str | Callable[[Bench], str]) -> Callable[[Bench], None]:
    def make(bench: Bench) -> None:
        bench.scan(raw if isinstance(raw, str) else raw(bench))

    return make


def _commands(command: Command) -> Callable[[Bench], None]:
    return _scans(own_code(Own.COMMAND, command))


def _first(tracking: str) -> Callable[[Bench], bool]:
    return lambda bench: bench.open_lines[0].tracking == tracking


def _full_line(bench: Bench) -> PackLine | None:
    """A line that is complete, whose product is on no other line that is not."""
    still = {line.product_id for line in bench.open_lines}
    return next(
        (line for line in bench.lines if not line.missing and line.product_id not in still), None
    )


def _scan_full_line(bench: Bench) -> None:
    line = _full_line(bench)
    assert line is not None, "fits says so"
    bench.scan(bench.goods(line).piece)


def _packed_nothing(bench: Bench) -> bool:
    return not any(line.packed for line in bench.lines)


def _packed_something(bench: Bench) -> bool:
    return not _packed_nothing(bench)


def _foreign_goods(bench: Bench) -> Goods:
    own = {line.sku for line in bench.lines}
    return next(goods for sku, goods in bench.house.goods.items() if sku not in own)


def _missing_of(bench: Bench, line: PackLine) -> int:
    return sum(one.missing for one in bench.lines if one.product_id == line.product_id)


def _another_tote(bench: Bench) -> str:
    return next(_barcode_of(one) for one in bench.others if one.totes or one.slot)


def _held_order(bench: Bench) -> None:
    """A supervisor holds the order; its packer is told, and it is released again."""
    supervisor = bench.crew.supervisor
    placed = review.place_hold(
        supervisor,
        bench.shipment.order_id,
        hold_type="customer-note",
        reason="the customer wants to talk first",
        shipment_id=bench.shipment.shipment_id,
    )
    bench.scan(_opening_code(bench))
    review.release_hold(supervisor, placed.hold_id, reason="talked to the customer")


def _free(bench: Bench) -> bool:
    """Nothing is open at the station."""
    return bench.shipment.state == "picked"


def _without_batch(bench: Bench) -> bool:
    return _free(bench) and station(bench.packer) not in bench.memory.batch_stations


def _at_other_station(bench: Bench) -> None:
    bench.scan(_opening_code(bench), by=bench.other)


def _take_out_what_is_not_in(bench: Bench) -> None:
    bench.command(Command.TAKE_OUT)
    bench.scan(bench.goods(bench.open_lines[0]).piece)


def _may_be_cancelled(bench: Bench) -> bool:
    return bench.luck.lacks("pack", "order-cancelled") and bool(
        questions.still_here([bench.shipment.order_id])
    )


def _cancel(bench: Bench) -> None:
    change_of_mind(bench.house.office, bench.shipment.order_id)
    find_cancelled(bench)


def _short_without_reason(bench: Bench) -> None:
    bench.command(Command.SHORT)
    bench.scan(bench.goods(bench.open_lines[0]).piece)
    bench.command(Command.UNDO)


def _short_of_something_full(bench: Bench) -> None:
    line = _full_line(bench)
    assert line is not None, "fits says so"
    bench.command(Command.SHORT)
    bench.do(own_code(Own.REASON, "NOT-FOUND"))
    bench.scan(bench.goods(line).piece)
    bench.command(Command.UNDO)


def _foreign_warehouse(bench: Bench) -> str:
    here = bench.crew.warehouse_id
    others = bench.memory.shipped
    return next((number for key, number in others.items() if key != here), "")


def _unpicked(bench: Bench) -> str:
    found = questions.some_shipment(bench.crew.warehouse_id, "allocated", "released", "picking")
    return found.number if found else ""


BEFORE_OPENING: tuple[Slip[Bench], ...] = (
    Slip("no-order-open", _without_batch, _scans(lambda bench: _foreign_goods(bench).piece)),
    Slip("unreadable", _free, _scans("]C1?")),
    Slip("unknown-barcode", _free, _scans(own_code(Own.TOTE, "NOTHING"))),
    Slip("nothing-to-take-over", _free, _commands(Command.TAKE_OVER)),
    Slip("order-on-hold", _free, _held_order),
    Slip(
        "order-shipped",
        lambda bench: _free(bench) and bool(bench.memory.shipped.get(bench.crew.warehouse_id)),
        _scans(lambda bench: own_code(Own.SHIPMENT, bench.memory.shipped[bench.crew.warehouse_id])),
    ),
    Slip(
        "other-warehouse",
        lambda bench: _free(bench) and bool(_foreign_warehouse(bench)),
        _scans(lambda bench: own_code(Own.SHIPMENT, _foreign_warehouse(bench))),
    ),
    Slip(
        "not-picked-yet",
        lambda bench: _free(bench) and bool(_unpicked(bench)),
        _scans(lambda bench: own_code(Own.SHIPMENT, _unpicked(bench))),
    ),
)
"""While the bench is free."""

WHILE_PACKING: tuple[Slip[Bench], ...] = (
    Slip("unreadable", _always, _scans("]C1?")),
    Slip("unknown-barcode", _always, _scans("4000000000006")),
    Slip("not-for-packing", _always, _scans(own_code(Own.LOCATION, "X"))),
    Slip("wrong-item", _always, _scans(lambda bench: _foreign_goods(bench).piece)),
    Slip("too-many", lambda bench: _full_line(bench) is not None, _scan_full_line),
    Slip(
        "pack-too-big",
        lambda bench: (
            _missing_of(bench, bench.open_lines[0]) < bench.goods(bench.open_lines[0]).packs[0][0]
        ),
        _scans(lambda bench: bench.goods(bench.open_lines[0]).packs[0][1]),
    ),
    Slip(
        "wrong-lot",
        _first("lot"),
        _scans(lambda bench: bench.goods(bench.open_lines[0]).code(1, lot="NOSUCHLOT")[0]),
    ),
    Slip(
        "lot-needed",
        lambda bench: _first("lot")(bench) and _lots_at(bench) > 1,
        _scans(lambda bench: bench.goods(bench.open_lines[0]).piece),
    ),
    Slip(
        "expired",
        _always,
        _scans(lambda bench: f"01{bench.goods(bench.open_lines[0]).piece.zfill(14)}17200101"),
    ),
    Slip(
        "serial-needed",
        _first("serial"),
        _scans(lambda bench: bench.goods(bench.open_lines[0]).piece),
    ),
    Slip(
        "serial-not-here",
        _first("serial"),
        _scans(lambda bench: bench.goods(bench.open_lines[0]).code(1, serial="NOTOURS")[0]),
    ),
    Slip(
        "serial-twice",
        lambda bench: bench.open_lines[0].sku in bench.boxed_serial,
        _scans(
            lambda bench: bench.goods(bench.open_lines[0]).code(
                1, serial=bench.boxed_serial[bench.open_lines[0].sku]
            )[0]
        ),
    ),
    Slip("not-in-box", _packed_nothing, _take_out_what_is_not_in),
    Slip("nothing-to-undo", _packed_nothing, _commands(Command.UNDO)),
    Slip("not-complete", _always, _commands(Command.CONFIRM)),
    Slip("parcel-empty", _packed_nothing, _commands(Command.NEXT_PARCEL)),
    Slip(
        "order-open",
        lambda bench: (
            _packed_something(bench) and any(one.totes or one.slot for one in bench.others)
        ),
        _scans(_another_tote),
    ),
    Slip("opened-elsewhere", lambda bench: not is_busy(bench.other), _at_other_station),
    Slip("unknown-carton", _always, _scans(own_code(Own.CARTON, "NO-SUCH-BOX"))),
    Slip("reason-needed", _always, _short_without_reason),
    Slip("order-cancelled", _may_be_cancelled, _cancel),
    Slip(
        "nothing-short",
        lambda bench: (
            _full_line(bench) is not None and sum(line.missing for line in bench.lines) > 1
        ),
        _short_of_something_full,
    ),
)
"""While pieces are missing."""

BEFORE_WEIGHING: tuple[Slip[Bench], ...] = (
    Slip("weight-not-positive", _always, lambda bench: _weigh_nothing(bench)),
    Slip("no-label", _always, _commands(Command.VOID_LABEL)),
    Slip("nothing-short", _always, _commands(Command.SHORT)),
    Slip("too-many", _always, _scan_full_line),
)
"""When every piece is in its box."""

WHEN_LABELLED: tuple[Slip[Bench], ...] = (
    Slip("label-exists", _always, _commands(Command.UNDO)),
    Slip("not-weighable", _always, lambda bench: _weigh_nothing(bench)),
    Slip(
        "wrong-label",
        lambda bench: bool(bench.memory.tracking),
        _scans(lambda bench: bench.memory.tracking),
    ),
    Slip(
        "label-void",
        lambda bench: bench.crew.warehouse_id in bench.memory.void,
        _scans(lambda bench: bench.memory.void[bench.crew.warehouse_id]),
    ),
    Slip(
        "reprint-needs-supervisor",
        lambda bench: not _prints_on_paper(bench),
        lambda bench: _reprint_twice(bench),
    ),
    Slip("label-waiting", lambda bench: _prints_on_paper(bench), _commands(Command.REPRINT)),
)
"""When the label is printed and not confirmed yet."""


def _lots_at(bench: Bench) -> int:
    product_id = bench.open_lines[0].product_id
    lots = {
        share.lot for line in bench.lines if line.product_id == product_id for share in line.lots
    }
    return len(lots)


def _prints_on_paper(bench: Bench) -> bool:
    """Whether the bench has a printer, which is off, and not only its browser's print dialog."""
    return bench.packer is bench.crew.packers[0]


def _weigh_nothing(bench: Bench) -> None:
    bench.weigh(0)


def _reprint_twice(bench: Bench) -> None:
    bench.command(Command.REPRINT)
    bench.scan(own_code(Own.COMMAND, Command.REPRINT))
