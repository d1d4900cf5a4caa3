"""Batch totes of orders of several pieces are sorted by order at a put wall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Actor
from fulfillment.domain.values import Accepted, Refused
from fulfillment.domain.walls import Piece, WallState
from fulfillment.replay import questions
from fulfillment.replay.cancelling import change_of_mind
from fulfillment.replay.house import Crew, Goods, House, Wall
from fulfillment.replay.packing import Cancels, Memory, is_busy, station
from fulfillment.replay.questions import BatchTote, Lying, Waiting
from fulfillment.replay.scanning import Luck, ReplayError, Slip, Tally
from fulfillment.services import packing, sorting
from fulfillment.services.walls import slot_code

_UNDO = own_code(Own.COMMAND, Command.UNDO)


@dataclass
class Sorting:
    """Somebody at a put wall with a batch tote before them, and somebody else nearby."""

    house: House
    crew: Crew
    luck: Luck
    tally: Tally
    memory: Memory
    sorter: Actor
    other: Actor
    packer: Actor
    """Who will pack what is sorted."""
    cancels: Cancels
    tote: BatchTote
    state: WallState
    lying: list[Lying]
    """What is to be sorted still."""
    serials: dict[int, list[str]] = field(default_factory=dict)
    """Serial numbers in the tote, by product id."""

    # --- what is before the sorter --------------------------------------------------------

    @property
    def wall(self) -> Wall:
        """Where they stand."""
        return self.crew.walls[0]

    @property
    def small_wall(self) -> Wall:
        """The other one."""
        return self.crew.walls[-1]

    @property
    def tote_code(self) -> str:
        """The barcode of the tote."""
        return own_code(Own.TOTE, self.tote.code)

    @property
    def in_hand(self) -> Piece:
        """The piece whose slot is awaited."""
        assert self.state.in_hand is not None, "a slot is awaited"
        return self.state.in_hand

    @property
    def line_in_hand(self) -> Lying:
        """Where the piece in hand stands in the books."""
        piece = self.in_hand
        return next(
            one
            for one in self.lying
            if (one.line_id, one.lot) == (piece.shipment_line_id, piece.lot)
        )

    def goods(self, one: Lying) -> Goods:
        """What lies there."""
        return self.house.goods[one.sku]

    def code_of(self, one: Lying) -> str:
        """The barcode of a piece."""
        serial = self.serials[one.product_id][-1] if one.tracking == "serial" else ""
        return self.goods(one).code(1, lot=one.lot, serial=serial)[0]

    def wanting(self, product_id: int) -> list[Lying]:
        """Who wants a product."""
        return [one for one in self.lying if one.product_id == product_id]

    def is_slotted(self, one: Lying) -> bool:
        """Whether the order has a slot at the wall."""
        return any(slot.order_number == one.shipment.order_number for slot in self.state.slots)

    # --- scans ------------------------------------------------------------------------------

    def scan(
        self, raw: str, *, by: Actor | None = None, at: Wall | None = None
    ) -> Accepted | Refused:
        """Scan something at the wall; the state follows when it is one's own."""
        wall = at or self.wall
        reply = sorting.scan(
            by or self.sorter, wall_id=wall.id, scan_id=self.luck.scan_id(), raw=raw
        )
        self.tally.note("sort", reply.verdict)
        if by is None and at is None:
            self.state = reply.view
        return reply.verdict

    def do(self, raw: str, *, by: Actor | None = None, at: Wall | None = None) -> Accepted:
        """A scan that is right."""
        verdict = self.scan(raw, by=by, at=at)
        if isinstance(verdict, Refused):
            raise ReplayError(f"sort: {raw!r} was refused: {verdict.code} {verdict.fields}")
        return verdict

    # --- the work ---------------------------------------------------------------------------

    def work(self) -> None:
        """Sort the tote until nothing in it is wanted."""
        self._bring_to_the_bench_too_early()
        while self.luck.slip("sort", BEFORE_TOTE, self):
            pass
        self.do(self.tote_code)
        while self.lying:
            if self.luck.slip("sort", SLIPS, self):
                continue
            if self.state.awaits == "slot":
                self._put()
            else:
                self._take()

    def _take(self) -> None:
        one = self.lying[0]
        self.do(self.code_of(one))
        shipment = self.line_in_hand.shipment
        if self.luck.happens(0.5) and self.cancels("picked", shipment):
            self.hear_of_cancellation(shipment)
            return
        if self.in_hand.tracking != "serial" and self.in_hand.wanted > self.in_hand.quantity:
            self.do(own_code(Own.QUANTITY, str(self.in_hand.wanted)))

    def _put(self) -> None:
        line, piece = self.line_in_hand, self.in_hand
        slot = own_code(Own.SLOT, piece.slot.code)
        verdict = self.do(slot)
        self.memory.sorters.add(self.sorter.user_id)
        if self.luck.happens(0.002):
            self.do(_UNDO)
            return
        if line.tracking == "serial":
            self.serials[line.product_id].remove(piece.serial)
        self.sorted(line, piece.quantity)
        if verdict.code == "slot-complete":
            self._undo_too_late(slot)

    def sorted(self, line: Lying, units: int) -> None:
        """So many units of a line lie in their slot."""
        place = self.lying.index(line)
        left = line.quantity - units
        self.lying[place : place + 1] = [Lying(**{**vars(line), "quantity": left})] if left else []

    def hear_of_cancellation(self, shipment: Waiting) -> None:
        """The sorter hears of it with the scan of the slot; the rest of it is not sorted."""
        verdict = self.scan(own_code(Own.SLOT, self.in_hand.slot.code))
        if verdict.code != "order-cancelled":
            raise ReplayError(f"sort: a cancelled order answered {verdict}")
        self.lying = [one for one in self.lying if one.shipment.order_id != shipment.order_id]

    def _undo_too_late(self, slot: str) -> None:
        """A packer has the order on the bench already."""
        luck = self.luck
        if not luck.lacks("sort", "undo-too-late") and not luck.happens(luck.slip_share / 10):
            return
        if is_busy(self.packer):
            return
        if self.pack_scan(slot).code != "opened" or self.scan(_UNDO).code != "undo-too-late":
            raise ReplayError("sort: a put was taken back from an order on the bench")

    def _bring_to_the_bench_too_early(self) -> None:
        """A packer takes an order, then its tote, before it was sorted."""
        luck = self.luck
        needed = luck.lacks("pack", "not-sorted-yet") or luck.lacks("pack", "sort-first")
        if not needed and not luck.happens(luck.slip_share / 3):
            return
        if self.tote.singles or is_busy(self.packer):
            return
        several = next(one.shipment for one in self.lying if one.shipment.pieces > 1)
        order = own_code(Own.SHIPMENT, several.number)
        told = [self.pack_scan(raw).code for raw in (order, self.tote_code)]
        if told != ["not-sorted-yet", "sort-first"]:
            raise ReplayError(f"pack: what is not sorted yet answered {told}")

    def pack_scan(self, raw: str) -> Accepted | Refused:
        """A scan at the packer's bench."""
        return scan_at_bench(self.packer, self.luck, self.tally, raw)


def scan_at_bench(packer: Actor, luck: Luck, tally: Tally, raw: str) -> Accepted | Refused:
    """A scan at a packer's bench, by the way."""
    reply = packing.scan(packer, station_id=station(packer), scan_id=luck.scan_id(), raw=raw)
    tally.note("pack", reply.verdict)
    return reply.verdict


def sort_totes(
    house: House,
    crew: Crew,
    luck: Luck,
    tally: Tally,
    memory: Memory,
    cancels: Cancels,
    *,
    turn: int,
) -> None:
    """Sort every batch tote of a warehouse that holds goods of orders of several pieces."""
    sorter, other = (crew.pickers[(turn + one) % len(crew.pickers)] for one in (0, 1))
    packer = crew.packers[turn % len(crew.packers)]
    for tote in questions.batch_totes(crew.warehouse_id):
        lying = questions.lying_in(tote.tote_id) if tote.others else []
        if lying:
            Sorting(
                house=house,
                crew=crew,
                luck=luck,
                tally=tally,
                memory=memory,
                sorter=sorter,
                other=other,
                packer=packer,
                cancels=cancels,
                tote=tote,
                state=sorting.see_wall(sorter, wall_id=crew.walls[0].id),
                lying=lying,
                serials={
                    one.product_id: questions.serials_at(tote.tote_id, one.product_id)
                    for one in lying
                    if one.tracking == "serial"
                },
            ).work()


def look_into_empty_totes(crew: Crew, luck: Luck, tally: Tally, *, turn: int) -> None:
    """Somebody sorts or packs a batch tote in which only goods for put-back are left."""
    needed = luck.lacks("sort", "tote-empty") or luck.lacks("pack", "batch-tote-empty")
    if not needed and not luck.happens(luck.slip_share):
        return
    packer = crew.packers[turn % len(crew.packers)]
    totes = [one for one in questions.batch_totes(crew.warehouse_id) if one.is_done_with]
    if not totes or is_busy(packer):
        return
    raw = own_code(Own.TOTE, totes[0].code)
    wall = crew.walls[0]
    reply = sorting.scan(crew.pickers[0], wall_id=wall.id, scan_id=luck.scan_id(), raw=raw)
    tally.note("sort", reply.verdict)
    told = [reply.verdict.code, scan_at_bench(packer, luck, tally, raw).code]
    if told != ["tote-empty", "batch-tote-empty"]:
        raise ReplayError(f"sort: a tote without orders answered {told}")


# --- slips -------------------------------------------------------------------------------------


def _always(_at: Sorting) -> bool:
    return True


def _scans(raw: str | Callable[[Sorting], str]) -> Callable[[Sorting], None]:
    def make(at: Sorting) -> None:
        at.scan(raw if isinstance(raw, str) else raw(at))

    return make


def _holds(at: Sorting) -> bool:
    return at.state.awaits == "slot"


def _awaits_item(at: Sorting) -> bool:
    return at.state.awaits == "item"


def _holds_what_is_counted(at: Sorting) -> bool:
    return _holds(at) and at.in_hand.tracking != "serial"


def _another_slot(at: Sorting) -> str:
    number = 1 if at.in_hand.slot.number != 1 else 2
    return own_code(Own.SLOT, slot_code(at.wall.code, number))


def _first_slot(at: Sorting) -> str:
    return own_code(Own.SLOT, slot_code(at.wall.code, 1))


def _foreign_piece(at: Sorting) -> str:
    inside = questions.skus_at(at.tote.tote_id)
    return next(goods.piece for sku, goods in at.house.goods.items() if sku not in inside)


def _serial_line(at: Sorting) -> Lying | None:
    if not _awaits_item(at):
        return None
    return next((one for one in at.lying if one.tracking == "serial"), None)


def _without_serial(at: Sorting) -> None:
    one = _serial_line(at)
    assert one is not None, "fits says so"
    at.scan(at.goods(one).piece)


def _with_foreign_serial(at: Sorting) -> None:
    one = _serial_line(at)
    assert one is not None, "fits says so"
    at.scan(at.goods(one).code(1, serial="NOTOURS")[0])


def _of_two_lots(at: Sorting) -> Lying | None:
    """A line whose product lies in the tote in several lots."""
    if not _awaits_item(at):
        return None
    lots: dict[int, set[str]] = {}
    for one in at.lying:
        if one.tracking == "lot":
            lots.setdefault(one.product_id, set()).add(one.lot)
    return next((one for one in at.lying if len(lots.get(one.product_id, ())) > 1), None)


def _without_lot(at: Sorting) -> None:
    one = _of_two_lots(at)
    assert one is not None, "fits says so"
    at.scan(at.goods(one).piece)


def _in_big_packs(at: Sorting) -> Lying | None:
    """A line whose product comes in a pack of more than any order of the tote wants."""
    if not _awaits_item(at):
        return None
    return next(
        (
            one
            for one in at.lying
            if one.tracking == "none"
            and at.goods(one).packs[0][0] > max(two.quantity for two in at.wanting(one.product_id))
        ),
        None,
    )


def _scan_big_pack(at: Sorting) -> None:
    one = _in_big_packs(at)
    assert one is not None, "fits says so"
    at.scan(at.goods(one).packs[0][1])


def _may_be_cancelled(at: Sorting) -> bool:
    return (
        _holds(at)
        and at.luck.lacks("sort", "order-cancelled")
        and bool(questions.still_here([at.line_in_hand.shipment.order_id]))
    )


def _cancel(at: Sorting) -> None:
    shipment = at.line_in_hand.shipment
    change_of_mind(at.house.office, shipment.order_id)
    at.hear_of_cancellation(shipment)


def _only_one_wants_it(at: Sorting) -> bool:
    return (
        _holds(at) and at.in_hand.tracking == "none" and len(at.wanting(at.in_hand.product_id)) == 1
    )


def _be_overtaken(at: Sorting) -> None:
    """Somebody else takes the rest of the same product out of the tote and is faster."""
    line, piece = at.line_in_hand, at.in_hand
    slot = own_code(Own.SLOT, piece.slot.code)
    scans = [at.tote_code, at.code_of(line)]
    if line.quantity > 1:
        scans.append(own_code(Own.QUANTITY, str(line.quantity)))
    for raw in (*scans, slot):
        at.do(raw, by=at.other)
    at.memory.sorters.add(at.other.user_id)
    at.sorted(line, line.quantity)
    at.scan(slot)


def _has_slot_here_only(at: Sorting) -> Lying | None:
    """A line of a product that only orders with a slot at the wall want."""
    if not _awaits_item(at) or at.small_wall is at.wall:
        return None
    return next(
        (
            one
            for one in at.lying
            if one.tracking == "none" and all(map(at.is_slotted, at.wanting(one.product_id)))
        ),
        None,
    )


def _go_to_the_other_wall(at: Sorting) -> None:
    one = _has_slot_here_only(at)
    assert one is not None, "fits says so"
    at.do(at.tote_code, by=at.other, at=at.small_wall)
    at.scan(at.code_of(one), by=at.other, at=at.small_wall)


def _two_strangers(at: Sorting) -> tuple[Lying, Lying] | None:
    """Lines of two products that no order wants together, and orders without a slot want."""
    if not _awaits_item(at) or at.small_wall is at.wall or at.small_wall.slots != 1:
        return None
    free = [one for one in at.lying if one.tracking == "none" and not at.is_slotted(one)]
    by_product = {
        one.product_id: {two.shipment.shipment_id for two in at.wanting(one.product_id)}
        for one in free
    }
    for one in free:
        for two in free:
            if not by_product[one.product_id] & by_product[two.product_id]:
                return one, two
    return None


def _fill_the_small_wall(at: Sorting) -> None:
    """The only slot of the small wall is taken when somebody comes with another order's piece."""
    strangers = _two_strangers(at)
    assert strangers is not None, "fits says so"
    first, second = strangers
    wall = at.small_wall
    at.do(at.tote_code, by=at.other, at=wall)
    at.do(at.code_of(first), by=at.other, at=wall)
    at.do(at.tote_code, at=wall)
    at.scan(at.code_of(second), at=wall)
    at.do(_UNDO, by=at.other, at=wall)


BEFORE_TOTE: tuple[Slip[Sorting], ...] = (
    Slip(
        "tote-first",
        lambda at: at.state.tote_id is None,
        _scans(lambda at: at.goods(at.lying[0]).piece),
    ),
    Slip(
        "nothing-to-undo",
        lambda at: at.sorter.user_id not in at.memory.sorters,
        _scans(_UNDO),
    ),
    Slip("item-first", _always, _scans(_first_slot)),
)
"""With empty hands, before a tote was scanned."""

SLIPS: tuple[Slip[Sorting], ...] = (
    Slip("unreadable", _always, _scans("]C1?")),
    Slip("not-for-sorting", _always, _scans(own_code(Own.COMMAND, Command.SHORT))),
    Slip("unknown-tote", _awaits_item, _scans(own_code(Own.TOTE, "NO-SUCH-TOTE"))),
    Slip("item-first", _awaits_item, _scans(own_code(Own.QUANTITY, "1"))),
    Slip("unknown-barcode", _awaits_item, _scans("4000000000006")),
    Slip("wrong-item", _awaits_item, _scans(_foreign_piece)),
    Slip("lot-needed", lambda at: _of_two_lots(at) is not None, _without_lot),
    Slip("serial-needed", lambda at: _serial_line(at) is not None, _without_serial),
    Slip("serial-not-here", lambda at: _serial_line(at) is not None, _with_foreign_serial),
    Slip("case-too-big", lambda at: _in_big_packs(at) is not None, _scan_big_pack),
    Slip("other-wall", lambda at: _has_slot_here_only(at) is not None, _go_to_the_other_wall),
    Slip("wall-full", lambda at: _two_strangers(at) is not None, _fill_the_small_wall),
    Slip("in-hand", _holds, _scans(lambda at: at.tote_code)),
    Slip("unknown-slot", _holds, _scans(own_code(Own.SLOT, "NO-SUCH-SLOT"))),
    Slip("wrong-slot", _holds, _scans(_another_slot)),
    Slip(
        "wrong-quantity",
        _holds_what_is_counted,
        _scans(lambda at: own_code(Own.QUANTITY, str(at.in_hand.wanted + 1))),
    ),
    Slip("order-cancelled", _may_be_cancelled, _cancel),
    Slip("already-sorted", _only_one_wants_it, _be_overtaken),
)
"""``tote-still-picked``, ``tote-empty`` and ``undo-too-late`` have moments of their own."""
