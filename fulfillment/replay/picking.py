"""Pick lists are claimed and walked, scan by scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.errors import NothingToDo
from fulfillment.domain.people import Actor
from fulfillment.domain.pick_walk import Feed, PickState, Stop
from fulfillment.domain.picking import shared_out
from fulfillment.domain.values import SHORT_REASONS, Accepted, Refused
from fulfillment.replay import questions
from fulfillment.replay.cancelling import change_of_mind
from fulfillment.replay.house import Crew, Goods, House
from fulfillment.replay.questions import Waiting
from fulfillment.replay.scanning import Luck, ReplayError, Slip, Tally
from fulfillment.services import packing, picking, sorting

SHORT_SHARE = 0.02
"""Of the stops."""
TOTE_GRAMS = 25_000
"""What a tote carries: then TOTE FULL is scanned and another one taken."""

_NEWS = ("order-cancelled", "batch-order-cancelled")

Started = Callable[[Waiting], bool]
"""Called after the first put for a shipment; whether its order was cancelled."""


@dataclass
class Walk:
    """A picker with a list, the goods before their eyes, and somebody else nearby."""

    house: House
    crew: Crew
    luck: Luck
    tally: Tally
    picker: Actor
    other: Actor
    packer: Actor
    """Who will pack what is picked; looks at a tote too early once."""
    state: PickState
    totes: list[str]
    """Unused ones on the cart."""
    shipments: dict[int, Waiting]
    started: Started
    put_shipments: set[int] = field(default_factory=set)
    looked_at: set[int] = field(default_factory=set)
    """Stops for which was decided whether they are short."""
    grams: dict[str, int] = field(default_factory=dict)
    """What each tote of the cart weighs."""
    last_put: tuple[int, str] | None = None
    """Shipment and tote of the last put."""

    # --- what is before the picker --------------------------------------------------------

    @property
    def stop(self) -> Stop:
        """The stop to work at."""
        assert self.state.stop is not None, "a walk without a stop is over"
        return self.state.stop

    @property
    def feed(self) -> Feed:
        """The feed to take for."""
        assert self.state.feed is not None, "an open stop has an open feed"
        return self.state.feed

    @property
    def goods(self) -> Goods:
        """What lies in the stop's bin."""
        return self.house.goods[self.stop.sku]

    def serial(self) -> str:
        """A serial number that is in the bin and not in hand yet."""
        here = questions.serials_at(self.stop.location_id, self.stop.product_id)
        return next(serial for serial in here if serial not in self.state.in_hand_serials)

    def item(self, *, most: int | None = None) -> str:
        """The barcode to scan: the largest that fits what is still wanted."""
        wanted = self.state.wanted_now - self.state.in_hand if most is None else most
        if self.stop.tracking == "serial":
            return self.goods.code(1, serial=self.serial())[0]
        return self.goods.code(wanted, lot=self.stop.lot)[0]

    def other_goods(self) -> Goods:
        """A product that is not wanted here."""
        skus = self.house.goods
        return next(one for sku, one in skus.items() if sku != self.stop.sku)

    # --- scans ------------------------------------------------------------------------------

    def scan(self, raw: str, *, by: Actor | None = None) -> Accepted | Refused:
        """Scan something; the state follows."""
        reply = picking.scan(
            by or self.picker,
            pick_list_id=self.state.list_id,
            scan_id=self.luck.scan_id(),
            raw=raw,
        )
        self.tally.note("pick", reply.verdict)
        self.state = reply.view
        return reply.verdict

    def do(self, raw: str) -> Accepted | Refused:
        """A scan that is right: only the news of a cancelled order may refuse it."""
        verdict = self.scan(raw)
        if isinstance(verdict, Refused) and verdict.code not in _NEWS:
            raise ReplayError(f"pick: {raw!r} was refused: {verdict.code} {verdict.fields}")
        return verdict

    def command(self, command: Command) -> str:
        """The barcode of a command."""
        return own_code(Own.COMMAND, command)


def walk_next_list(
    house: House,
    crew: Crew,
    luck: Luck,
    tally: Tally,
    *,
    turn: int,
    started: Started,
) -> bool:
    """Claim the next list of a warehouse and walk it to its end; False when none is open."""
    picker = crew.pickers[turn % len(crew.pickers)]
    other = crew.pickers[(turn + 1) % len(crew.pickers)]
    _scan_unclaimed(crew, luck, tally, picker)
    try:
        state = picking.claim_list(picker, warehouse_id=crew.warehouse_id)
    except NothingToDo:
        return False
    walk = Walk(
        house=house,
        crew=crew,
        luck=luck,
        tally=tally,
        picker=picker,
        other=other,
        packer=crew.packers[turn % len(crew.packers)],
        state=state,
        totes=questions.free_totes(crew.warehouse_id)[::-1],
        shipments={one.shipment_id: one for one in questions.shipments_of_list(state.list_id)},
        started=started,
    )
    while walk.state.state in ("open", "claimed"):
        if walk.state.state == "open":
            walk.state = picking.claim_list(
                picker, warehouse_id=crew.warehouse_id, number=walk.state.number
            )
        _step(walk)
    if luck.lacks("pick", "list-done") or luck.happens(luck.slip_share):
        walk.scan(own_code(Own.LOCATION, crew.bins[0]))
    return True


def _scan_unclaimed(crew: Crew, luck: Luck, tally: Tally, picker: Actor) -> None:
    """Somebody starts to walk without having claimed the list."""
    if not luck.lacks("pick", "list-not-claimed") and not luck.happens(luck.slip_share):
        return
    found = questions.open_list(crew.warehouse_id)
    if found is not None:
        raw = own_code(Own.LOCATION, crew.bins[0])
        reply = picking.scan(picker, pick_list_id=found.id, scan_id=luck.scan_id(), raw=raw)
        tally.note("pick", reply.verdict)


def _step(walk: Walk) -> None:
    """One gesture, right or wrong."""
    if walk.state.cancelled or walk.state.stop is None:
        walk.do(own_code(Own.LOCATION, walk.crew.bins[0]))
        return
    if walk.luck.slip("pick", SLIPS, walk):
        return
    match walk.state.awaits:
        case "bin":
            _go(walk)
        case "item":
            _take(walk)
        case "tote":
            _put(walk)
        case awaited:
            raise ReplayError(f"pick: {awaited} is awaited on list {walk.state.number}")


def _go(walk: Walk) -> None:
    if walk.state.next_stop is not None and walk.luck.happens(0.005):
        walk.do(walk.command(Command.SKIP))
    elif walk.luck.happens(0.002):
        walk.do(walk.command(Command.HAND_OVER))
    else:
        walk.do(own_code(Own.LOCATION, walk.stop.location_code))


def _take(walk: Walk) -> None:
    if walk.stop.id not in walk.looked_at and not walk.state.in_hand:
        walk.looked_at.add(walk.stop.id)
        if _is_short(walk):
            _report_short(walk, found=walk.luck.below(walk.stop.wanted))
            return
    walk.do(walk.item())


def _is_short(walk: Walk) -> bool:
    tracking = walk.stop.tracking
    # The count that follows is the only one that refuses what does not fit tracked goods.
    to_count = tracking != "none" and walk.luck.tries(f"short-{tracking}", most=2)
    return walk.luck.happens(SHORT_SHARE) or to_count


def _report_short(walk: Walk, *, found: int) -> None:
    walk.do(walk.command(Command.SHORT))
    if found:
        walk.do(own_code(Own.QUANTITY, str(found)))
    walk.do(own_code(Own.REASON, walk.luck.one_of(SHORT_REASONS[:4]).upper()))


def _put(walk: Walk) -> None:
    feed = walk.feed
    grams = walk.state.in_hand * walk.goods.weight_grams
    load = walk.grams.get(feed.tote, 0)
    if feed.tote and load and load + grams > TOTE_GRAMS and not _keeps_together(walk):
        walk.do(walk.command(Command.TOTE_FULL))
        return
    if _by_quantity(walk) and walk.state.in_hand > 1 and walk.luck.happens(0.005):
        fewer = 1 + walk.luck.below(walk.state.in_hand - 1)
        walk.do(own_code(Own.QUANTITY, str(fewer)))
    tote = feed.tote or walk.totes.pop()
    served = _served(walk)
    walk.do(own_code(Own.TOTE, tote))
    walk.grams[tote] = load + grams
    # A batch tote opens no order at packing.
    walk.last_put = None if walk.state.is_batch else (feed.shipment_id, tote)
    if walk.state.is_batch:
        _bring_to_the_wall_too_early(walk, tote)
    if walk.luck.happens(0.002) and not walk.state.cancelled and walk.state.state == "claimed":
        walk.do(walk.command(Command.UNDO))
        walk.last_put = None
    elif new := [one for one in served if one not in walk.put_shipments]:
        walk.put_shipments.update(new)
        for shipment_id in new:
            walk.started(walk.shipments[shipment_id])
        walk.state = picking.see_list(walk.picker, pick_list_id=walk.state.list_id)


def _served(walk: Walk) -> list[int]:
    """The shipments that what is in hand is for."""
    if not walk.state.is_batch:
        return [walk.feed.shipment_id]
    shares = shared_out(walk.stop, walk.state.in_hand)
    return list(dict.fromkeys(share.feed.shipment_id for share in shares))


def _keeps_together(walk: Walk) -> bool:
    """Only lots that lie in one tote are mistaken for each other at the wall."""
    return walk.state.is_batch and walk.luck.lacks("sort", "lot-needed")


def _bring_to_the_wall_too_early(walk: Walk, tote: str) -> None:
    """Somebody wants to sort what is being picked still."""
    luck = walk.luck
    if not walk.crew.walls or walk.state.state != "claimed":
        return
    if luck.lacks("sort", "tote-still-picked") or luck.happens(luck.slip_share / 10):
        reply = sorting.scan(
            walk.other,
            wall_id=walk.crew.walls[0].id,
            scan_id=luck.scan_id(),
            raw=own_code(Own.TOTE, tote),
        )
        walk.tally.note("sort", reply.verdict)


# --- slips -------------------------------------------------------------------------------------


def _awaits(*kinds: str) -> Callable[[Walk], bool]:
    return lambda walk: walk.state.awaits in kinds


def _scans(raw: str | Callable[[Walk], str]) -> Callable[[Walk], None]:
    def make(walk: Walk) -> None:
        walk.scan(raw if isinstance(raw, str) else raw(walk))

    return make


def _scan_on_anothers_list(walk: Walk) -> None:
    walk.scan(own_code(Own.LOCATION, walk.stop.location_code), by=walk.other)


def _at_item(walk: Walk) -> bool:
    return walk.state.awaits == "item" and not walk.state.in_hand


def _by_quantity(walk: Walk) -> bool:
    """Goods in hand of a product of which no single pieces are counted."""
    return walk.state.awaits == "tote" and not walk.state.counts_pieces


def _serials_in_hand(walk: Walk) -> bool:
    return bool(walk.state.in_hand_serials) and walk.state.awaits in ("item", "tote")


def _tracked(kind: str) -> Callable[[Walk], bool]:
    return lambda walk: _at_item(walk) and walk.stop.tracking == kind


def _other_tote(walk: Walk) -> str:
    """A tote of this list that another order's goods lie in; '' when there is none."""
    own = walk.feed.tote
    stops = [stop for stop in (walk.state.stop, walk.state.next_stop) if stop is not None]
    return next(
        (
            feed.tote
            for stop in stops
            for feed in stop.feeds
            if feed.tote not in ("", own) and feed.shipment_id != walk.feed.shipment_id
        ),
        "",
    )


def _in_other_tote(walk: Walk) -> bool:
    return walk.state.awaits == "tote" and bool(_other_tote(walk))


def _bound(walk: Walk) -> bool:
    return walk.state.awaits == "tote" and bool(walk.feed.tote) and bool(walk.totes)


def _scan_full_tote(walk: Walk) -> None:
    full = walk.feed.tote
    walk.do(walk.command(Command.TOTE_FULL))
    walk.scan(own_code(Own.TOTE, full))


def _tote_of_another_list(walk: Walk) -> str:
    """The tote in which the order's goods of an earlier walk wait; '' when there is none."""
    feed = walk.feed
    if feed.tote or walk.state.is_batch:
        return ""
    ready = questions.totes_elsewhere(feed.shipment_id, pick_list_id=walk.state.list_id)
    return ready[0] if ready else ""


def _ask_short(walk: Walk, raw: str) -> None:
    """SHORT, then something that does not belong there, then never mind."""
    walk.do(walk.command(Command.SHORT))
    walk.scan(raw)
    walk.do(walk.command(Command.UNDO))


def _undo_too_late(walk: Walk) -> None:
    """The last put completed an order, and a packer has it on the bench already."""
    assert walk.last_put is not None, "fits says so"
    reply = packing.scan(
        walk.packer,
        station_id=_station(walk.packer),
        scan_id=walk.luck.scan_id(),
        raw=own_code(Own.TOTE, walk.last_put[1]),
    )
    walk.tally.note("pack", reply.verdict)
    if isinstance(reply.verdict, Refused):
        raise ReplayError(f"pack: a picked order cannot be opened: {reply.verdict}")
    walk.scan(walk.command(Command.UNDO))


def _can_be_cancelled(walk: Walk) -> list[int]:
    """Orders with pieces in a tote already, while the news of a cancelled one is wanted."""
    code = "batch-order-cancelled" if walk.state.is_batch else "order-cancelled"
    if not walk.luck.lacks("pick", code):
        return []
    if walk.state.awaits not in ("bin", "item", "tote") or len(walk.shipments) < 2:
        return []
    orders = [walk.shipments[one].order_id for one in sorted(walk.put_shipments)]
    return questions.still_here(orders)


def _cancel_one(walk: Walk) -> None:
    change_of_mind(walk.house.office, _can_be_cancelled(walk)[0])
    walk.scan(own_code(Own.LOCATION, walk.crew.bins[0]))


def _station(packer: Actor) -> int:
    assert packer.station_id is not None, "a packer stands at a station"
    return packer.station_id


def _last_put_is_complete(walk: Walk) -> bool:
    if walk.last_put is None or walk.state.in_hand or walk.state.awaits not in ("bin", "item"):
        return False
    states = questions.ready_to_pack(walk.crew.warehouse_id)
    return any(
        one.shipment_id == walk.last_put[0] and one.state == "picked" and len(one.totes) == 1
        for one in states
    )


SLIPS: tuple[Slip[Walk], ...] = (
    Slip(
        "not-your-list",
        _awaits("bin", "item", "tote"),
        _scan_on_anothers_list,
    ),
    Slip(
        "batch-order-cancelled",
        lambda walk: walk.state.is_batch and bool(_can_be_cancelled(walk)),
        _cancel_one,
    ),
    Slip(
        "order-cancelled",
        lambda walk: not walk.state.is_batch and bool(_can_be_cancelled(walk)),
        _cancel_one,
    ),
    Slip("unreadable", _awaits("bin", "item", "tote"), _scans("]C1?")),
    Slip(
        "not-for-picking",
        _awaits("bin", "item", "tote"),
        _scans(own_code(Own.CARTON, "M")),
    ),
    Slip("bin-first", _awaits("bin"), _scans(lambda walk: walk.goods.piece)),
    Slip(
        "wrong-bin",
        _awaits("bin"),
        _scans(
            lambda walk: own_code(
                Own.LOCATION,
                next(code for code in walk.crew.bins if code != walk.stop.location_code),
            )
        ),
    ),
    Slip(
        "in-hand",
        _awaits("tote"),
        _scans(lambda walk: own_code(Own.LOCATION, walk.stop.location_code)),
    ),
    Slip(
        "item-first",
        _at_item,
        _scans(lambda walk: own_code(Own.TOTE, walk.feed.tote or walk.crew.totes[0])),
    ),
    Slip("unknown-barcode", _at_item, _scans("4000000000006")),
    Slip("wrong-item", _at_item, _scans(lambda walk: walk.other_goods().piece)),
    Slip(
        "wrong-lot",
        _tracked("lot"),
        _scans(lambda walk: walk.goods.code(1, lot="NOSUCHLOT")[0]),
    ),
    Slip(
        "expired",
        _at_item,
        _scans(lambda walk: f"01{walk.goods.piece.zfill(14)}17200101"),
    ),
    Slip(
        "case-too-big",
        lambda walk: (
            _at_item(walk)
            and walk.stop.tracking == "none"
            and walk.goods.packs[0][0] > walk.state.wanted_now
        ),
        _scans(lambda walk: walk.goods.packs[0][1]),
    ),
    Slip(
        "too-many",
        lambda walk: walk.state.awaits == "tote" and walk.stop.tracking != "serial",
        _scans(lambda walk: walk.goods.code(1, lot=walk.stop.lot)[0]),
    ),
    Slip("serial-needed", _tracked("serial"), _scans(lambda walk: walk.goods.piece)),
    Slip(
        "serial-not-here",
        _tracked("serial"),
        _scans(lambda walk: walk.goods.code(1, serial="NOTOURS")[0]),
    ),
    Slip(
        "serial-in-hand",
        _serials_in_hand,
        _scans(lambda walk: walk.goods.code(1, serial=walk.state.in_hand_serials[0])[0]),
    ),
    Slip(
        "scan-every-piece",
        lambda walk: bool(walk.state.in_hand) and walk.state.counts_pieces,
        _scans(own_code(Own.QUANTITY, "1")),
    ),
    Slip(
        "wrong-quantity",
        _by_quantity,
        _scans(lambda walk: own_code(Own.QUANTITY, str(walk.state.wanted_now + 1))),
    ),
    Slip(
        "unknown-tote",
        _awaits("tote"),
        _scans(own_code(Own.TOTE, "NO-SUCH-TOTE")),
    ),
    Slip(
        "tote-of-another",
        _in_other_tote,
        _scans(lambda walk: own_code(Own.TOTE, _other_tote(walk))),
    ),
    Slip("wrong-tote", _bound, _scans(lambda walk: own_code(Own.TOTE, walk.totes[-1]))),
    Slip("tote-is-full", _bound, _scan_full_tote),
    Slip(
        "tote-taken",
        lambda walk: walk.state.awaits == "tote" and bool(_tote_of_another_list(walk)),
        _scans(lambda walk: own_code(Own.TOTE, _tote_of_another_list(walk))),
    ),
    Slip(
        "nothing-to-undo",
        lambda walk: walk.state.awaits == "bin" and not walk.put_shipments,
        _scans(lambda walk: walk.command(Command.UNDO)),
    ),
    Slip("undo-too-late", _last_put_is_complete, _undo_too_late),
    Slip(
        "last-stop",
        lambda walk: (
            walk.state.awaits == "bin"
            and walk.state.stops_open == 1
            and walk.state.next_stop is None
        ),
        _scans(lambda walk: walk.command(Command.SKIP)),
    ),
    Slip("short-first", _at_item, _scans(own_code(Own.REASON, "EMPTY"))),
    Slip("reason-needed", _at_item, lambda walk: _ask_short(walk, walk.goods.piece)),
    Slip("unknown-reason", _at_item, lambda walk: _ask_short(walk, own_code(Own.REASON, "RAIN"))),
    Slip(
        "quantity-needed",
        _by_quantity,
        lambda walk: _ask_short(walk, own_code(Own.REASON, "EMPTY")),
    ),
    Slip(
        "nothing-short",
        _at_item,
        lambda walk: _ask_short(walk, own_code(Own.QUANTITY, str(walk.stop.wanted))),
    ),
    Slip(
        "fewer-than-in-hand",
        lambda walk: bool(walk.state.in_hand) and walk.state.counts_pieces,
        lambda walk: _ask_short(walk, own_code(Own.QUANTITY, "0")),
    ),
)
"""``list-done`` and ``list-not-claimed`` have moments of their own."""
