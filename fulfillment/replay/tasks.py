"""Put-backs and counts are done by scans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Actor
from fulfillment.domain.tasks import TaskState
from fulfillment.domain.values import SLOT, TOTE, Accepted, Refused
from fulfillment.replay import questions
from fulfillment.replay.house import Crew, Goods, House
from fulfillment.replay.scanning import Luck, ReplayError, Slip, Tally
from fulfillment.services import tasks

_CODE_KINDS = {TOTE: Own.TOTE, SLOT: Own.SLOT}
COUNTED_ONE_BY_ONE = 24
"""More units in a bin are counted in the head, and typed."""


@dataclass
class Work:
    """Somebody with a task."""

    house: House
    crew: Crew
    luck: Luck
    tally: Tally
    worker: Actor
    other: Actor
    state: TaskState
    serials: list[str] = field(default_factory=list)
    """Serial numbers at the place."""

    @property
    def goods(self) -> Goods:
        """What the task is about."""
        return self.house.goods[self.state.sku]

    @property
    def place(self) -> str:
        """The barcode of the place: a bin, a tote, a slot, or a parcel's SSCC."""
        state = self.state
        if state.place_sscc:
            return state.place_sscc
        return own_code(_CODE_KINDS.get(state.place.kind, Own.LOCATION), state.place_code)

    def scan(self, raw: str, *, by: Actor | None = None) -> Accepted | Refused:
        """Scan something for the task."""
        reply = tasks.scan(
            by or self.worker, task_id=self.state.id, scan_id=self.luck.scan_id(), raw=raw
        )
        self.tally.note("task", reply.verdict)
        self.state = reply.view
        return reply.verdict

    def do(self, raw: str) -> None:
        """A scan that is right."""
        verdict = self.scan(raw)
        if isinstance(verdict, Refused):
            raise ReplayError(f"task: {raw!r} was refused: {verdict.code} {verdict.fields}")

    def slip(self, slips: tuple[Slip[Work], ...]) -> None:
        """Perhaps make mistakes."""
        while self.luck.slip("task", slips, self):
            pass


def do_tasks(house: House, crew: Crew, luck: Luck, tally: Tally) -> int:
    """Do every open task of a warehouse; how many there were."""
    done = 0
    while found := tasks.list_tasks(crew.pickers[0], warehouse_id=crew.warehouse_id):
        for state in found:
            work = Work(house, crew, luck, tally, crew.pickers[0], crew.pickers[1], state)
            work.serials = (
                questions.serials_at(state.location_id, state.product_id)
                if state.tracking == "serial"
                else []
            )
            (_count if state.kind == "count" else _put_back)(work)
            if luck.lacks("task", "task-done") or luck.happens(luck.slip_share):
                work.scan(work.place)
            if work.state.state != "done":
                raise ReplayError(f"task: {state.id} is {work.state.state} after its last scan")
            done += 1
    return done


def _arrive(work: Work) -> None:
    work.slip(BEFORE_ARRIVING)
    work.do(work.place)
    work.slip(NOT_MINE)


# --- put-back ----------------------------------------------------------------------------------


def _put_back(work: Work) -> None:
    _arrive(work)
    target = work.state.suggested or work.luck.one_of(work.crew.bins)
    while work.state.left:
        work.slip(WITH_EMPTY_HANDS)
        while work.state.in_hand < work.state.left:
            work.do(_item(work, work.state.left - work.state.in_hand))
            work.slip(WITH_GOODS)
            if work.luck.happens(0.1):
                break
        work.do(own_code(Own.LOCATION, target))


def _item(work: Work, most: int) -> str:
    if work.state.tracking == "serial":
        return work.goods.code(1, serial=work.serials.pop())[0]
    return work.goods.code(most, lot=work.state.lot)[0]


# --- count -------------------------------------------------------------------------------------


def _count(work: Work) -> None:
    _arrive(work)
    work.slip(WHILE_COUNTING)
    units = _what_is_there(work)
    if work.state.tracking == "serial":
        for serial in work.serials[:units]:
            work.do(work.goods.code(1, serial=serial)[0])
            work.slip(WITH_SERIALS)
    elif units > COUNTED_ONE_BY_ONE:
        work.do(own_code(Own.QUANTITY, str(units)))
    else:
        while work.state.counted < units:
            work.do(_item(work, units - work.state.counted))
    _confirm(work)


def _what_is_there(work: Work) -> int:
    """Mostly what the books say; sometimes what was missed turns up, or one more is gone."""
    on_hand = work.state.on_hand
    if work.state.tracking == "serial":
        return min(on_hand, len(work.serials))
    draw = work.luck.below(10)
    if draw < 4:
        return on_hand + work.state.quantity
    if draw < 5 and on_hand:
        return on_hand - 1
    return on_hand


def _confirm(work: Work) -> None:
    confirm = own_code(Own.COMMAND, Command.CONFIRM)
    verdict = work.scan(confirm)
    if isinstance(verdict, Refused) and verdict.code == "count-differs":
        work.do(confirm)


# --- slips -------------------------------------------------------------------------------------


def _always(_work: Work) -> bool:
    return True


def _scans(raw: str | Callable[[Work], str]) -> Callable[[Work], None]:
    def make(work: Work) -> None:
        work.scan(raw if isinstance(raw, str) else raw(work))

    return make


def _of(tracking: str) -> Callable[[Work], bool]:
    return lambda work: work.state.tracking == tracking


def _other_piece(work: Work) -> str:
    goods = work.house.goods
    return next(one.piece for sku, one in goods.items() if sku != work.state.sku)


def _wrong_place(work: Work) -> str:
    bins = work.crew.bins
    return own_code(Own.LOCATION, next(code for code in bins if code != work.state.place_code))


def _others_scan(work: Work) -> None:
    work.scan(work.place, by=work.other)


_WRONG_GOODS: tuple[Slip[Work], ...] = (
    Slip("unknown-barcode", _always, _scans("4000000000006")),
    Slip("wrong-item", _always, _scans(_other_piece)),
    Slip("unreadable", _always, _scans("]C1?")),
    Slip("not-for-task", _always, _scans(own_code(Own.CARTON, "M"))),
    Slip("wrong-lot", _of("lot"), _scans(lambda work: work.goods.code(1, lot="NOSUCHLOT")[0])),
    Slip("serial-needed", _of("serial"), _scans(lambda work: work.goods.piece)),
    Slip(
        "serial-not-here",
        _of("serial"),
        _scans(lambda work: work.goods.code(1, serial="NOTOURS")[0]),
    ),
)

BEFORE_ARRIVING: tuple[Slip[Work], ...] = (
    Slip("source-first", _always, _scans(lambda work: work.goods.piece)),
    Slip("wrong-place", _always, _scans(_wrong_place)),
)

NOT_MINE: tuple[Slip[Work], ...] = (Slip("not-your-task", _always, _others_scan),)

WITH_EMPTY_HANDS: tuple[Slip[Work], ...] = (
    *_WRONG_GOODS,
    Slip("item-first", _always, _scans(lambda work: own_code(Own.LOCATION, work.crew.bins[0]))),
    Slip("nothing-to-undo", _always, _scans(own_code(Own.COMMAND, Command.UNDO))),
    Slip(
        "too-many",
        lambda work: work.state.tracking != "serial" and work.goods.packs[0][0] > work.state.left,
        _scans(lambda work: work.goods.packs[0][1]),
    ),
)

WITH_GOODS: tuple[Slip[Work], ...] = (
    Slip("unknown-bin", _always, _scans(own_code(Own.LOCATION, "NO-SUCH-BIN"))),
    Slip(
        "serial-twice",
        lambda work: bool(work.state.serials),
        _scans(lambda work: work.goods.code(1, serial=work.state.serials[0])[0]),
    ),
)

WHILE_COUNTING: tuple[Slip[Work], ...] = (
    *_WRONG_GOODS,
    Slip("scan-every-piece", _of("serial"), _scans(own_code(Own.QUANTITY, "3"))),
    Slip("nothing-to-undo", _always, _scans(own_code(Own.COMMAND, Command.UNDO))),
)

WITH_SERIALS: tuple[Slip[Work], ...] = (
    Slip(
        "serial-twice",
        lambda work: bool(work.state.serials),
        _scans(lambda work: work.goods.code(1, serial=work.state.serials[0])[0]),
    ),
)
