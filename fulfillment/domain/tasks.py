"""Put-back and count tasks, decided: what a worker's scan means.

Put-back, one gesture a scan: the tote (or parcel) where the goods are, the item, the bin
where it goes, again until the task is empty.  Any bin of the warehouse is taken; the one
that the goods came from is suggested.

Count: the bin, then every unit (a case barcode counts its quantity, a quantity barcode
says the whole count), then CONFIRM.  A count that differs from the books is confirmed
twice.  The books are right after it: what the short pick took to *missing* comes back as
far as it was found, the rest is written off, and the hold is lifted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from fulfillment.domain.barcodes import (
    Command,
    Own,
    OwnScan,
    ProductScan,
    Scan,
    SsccScan,
    Unreadable,
)
from fulfillment.domain.pick_walk import SeenItem
from fulfillment.domain.picking import Meaning
from fulfillment.domain.values import Accepted, Place, Refused, Verdict

REFUSALS: dict[str, Meaning] = {
    "task-done": Meaning("the task is done or cancelled", ("task",)),
    "not-your-task": Meaning("somebody else works on it", ("task", "holder")),
    "unreadable": Meaning("the scanned text is no barcode", ("why",)),
    "not-for-task": Meaning("this barcode means nothing here", ("scanned", "expected")),
    "source-first": Meaning("the place of the goods was not scanned yet", ("expected",)),
    "wrong-place": Meaning("the task is at another place", ("scanned", "expected")),
    "unknown-barcode": Meaning("no product has this barcode", ("scanned", "expected")),
    "wrong-item": Meaning("the task is about another product", ("scanned", "expected")),
    "wrong-lot": Meaning("the task is about another lot", ("scanned", "expected", "sku")),
    "serial-needed": Meaning("each unit's serial number must be scanned", ("sku",)),
    "serial-not-here": Meaning(
        "the books have this serial elsewhere: a supervisor must mend that",
        ("serial", "sku", "place"),
    ),
    "serial-twice": Meaning("this serial was scanned already", ("serial",)),
    "too-many": Meaning("that is more than the task is about", ("sku", "scanned", "left")),
    "item-first": Meaning("nothing is in hand: scan the item first", ("sku",)),
    "unknown-bin": Meaning("this warehouse has no such bin", ("scanned",)),
    "scan-every-piece": Meaning("units with serial numbers are scanned one by one", ("sku",)),
    "nothing-to-undo": Meaning("nothing is in hand or counted"),
    "count-differs": Meaning(
        "the count differs from the books: CONFIRM once more, or count again",
        ("sku", "counted", "expected"),
    ),
}
"""Every reason to refuse a scan of a task."""

ACCEPTANCES: dict[str, Meaning] = {
    "source": Meaning("the right place: scan the item", ("place", "sku", "left")),
    "item": Meaning("scan the bin where it goes", ("sku", "quantity", "suggested")),
    "put-back": Meaning("it is in the bin, and can be sold", ("sku", "quantity", "bin", "left")),
    "put-back-done": Meaning(
        "it is in the bin, and nothing is left", ("sku", "quantity", "bin"), tone="complete"
    ),
    "taken-back": Meaning("in hand no more", ("sku",)),
    "counting": Meaning("the right bin: scan every unit", ("place", "sku", "lot")),
    "counted": Meaning("so many are counted", ("sku", "counted")),
    "count-restarted": Meaning("the count starts at zero", ("sku",)),
    "count-done": Meaning(
        "the books say what was counted",
        ("sku", "counted", "found", "written_off", "unexplained"),
        tone="complete",
    ),
}
"""Every answer to an accepted scan of a task."""


@dataclass(frozen=True)
class TaskState:
    """A task as its worker sees it.

    ``left`` units are to be put back; ``at_place``: its tote or bin was scanned; ``in_hand``
    units wait for their bin; ``counted`` units were counted, ``on_hand`` are in the books,
    ``spare`` of them belong to nobody once the task's own hold is lifted.
    """

    id: int
    kind: str
    state: str
    warehouse_id: int
    worker_id: int | None
    worker_name: str
    place: Place
    place_code: str
    place_sscc: str
    """The SSCC of a parcel whose goods are put back; '' for any other place."""
    suggested: str
    product_id: int
    seller_id: int
    sku: str
    name: str
    tracking: str
    lot: str
    quantity: int
    done: int
    at_place: bool = False
    in_hand: int = 0
    serials: tuple[str, ...] = ()
    counted: int = 0
    on_hand: int = 0
    spare: int = 0
    held: int = 0
    confirm_asked: bool = False
    reason: str = ""

    @property
    def location_id(self) -> int:
        """Where the goods are."""
        return self.place.id

    @property
    def left(self) -> int:
        """Units of a put-back that are not in a bin yet."""
        return self.quantity - self.done

    @property
    def awaits(self) -> str:
        """The kind of scan that comes next."""
        if self.state != "open":
            return "nothing"
        if not self.at_place:
            return "place"
        if self.kind == "put-back":
            return "bin" if self.in_hand else "item"
        return "item or confirm"


@dataclass(frozen=True)
class SeenBin:
    """A bin of the warehouse."""

    place: Place
    code: str


SeenByTask = SeenItem | SeenBin | None


# --- effects -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Nothing:
    """Nothing changes."""


@dataclass(frozen=True)
class Progress:
    """Only the state of the task changes, to this."""

    state: TaskState


@dataclass(frozen=True)
class PutBack:
    """What is in hand goes into the bin."""

    bin: SeenBin
    quantity: int
    serials: tuple[str, ...]


@dataclass(frozen=True)
class SettleCount:
    """The count is confirmed."""


TaskEffect = Nothing | Progress | PutBack | SettleCount


@dataclass(frozen=True)
class TaskDecision:
    """What the worker is told and what happens."""

    verdict: Verdict
    effect: TaskEffect = Nothing()


def decide(
    state: TaskState, scan: Scan, seen: SeenByTask = None, *, worker_id: int
) -> TaskDecision:
    """What *scan* does to a task; *seen* is the product, serial or bin that it names."""
    if state.state != "open":
        return _refuse("task-done", task=state.id)
    if state.worker_id not in (None, worker_id):
        return _refuse("not-your-task", task=state.id, holder=state.worker_name)
    if isinstance(scan, Unreadable):
        return _refuse("unreadable", why=scan.why)
    if state.kind == "count":
        return _count(state, scan, seen)
    return _put_back(state, scan, seen)


# --- put-back ----------------------------------------------------------------------------------


def _put_back(state: TaskState, scan: Scan, seen: SeenByTask) -> TaskDecision:
    match scan:
        case OwnScan(Own.TOTE | Own.SLOT | Own.LOCATION, code) if not state.at_place:
            return _arrive(state, code, "source", place=code, sku=state.sku, left=state.left)
        case SsccScan(sscc) if not state.at_place:
            return _arrive(state, sscc, "source", place=sscc, sku=state.sku, left=state.left)
        case _ if not state.at_place:
            return _refuse("source-first", expected=state.place_code)
        case OwnScan(Own.LOCATION, code) if state.in_hand:
            return _drop_into(state, code, seen)
        case OwnScan(Own.LOCATION):
            return _refuse("item-first", sku=state.sku)
        case OwnScan(Own.COMMAND, Command.UNDO):
            return _put_down(state)
        case ProductScan():
            return _wrong_goods(state, scan, seen) or _take(state, seen)
        case _:
            return _not_for_task(state, scan)


def _take(state: TaskState, seen: SeenByTask) -> TaskDecision:
    assert isinstance(seen, SeenItem), "unknown barcodes were refused"
    quantity = 1 if state.tracking == "serial" else seen.quantity
    if state.in_hand + quantity > state.left:
        left = state.left - state.in_hand
        return _refuse("too-many", sku=state.sku, scanned=quantity, left=left)
    taken = replace(state, in_hand=state.in_hand + quantity, serials=_serials(state, seen))
    return _accept(
        "item", Progress(taken), sku=state.sku, quantity=taken.in_hand, suggested=state.suggested
    )


def _drop_into(state: TaskState, code: str, seen: SeenByTask) -> TaskDecision:
    if not isinstance(seen, SeenBin):
        return _refuse("unknown-bin", scanned=code)
    effect = PutBack(seen, state.in_hand, state.serials)
    told = {"sku": state.sku, "quantity": state.in_hand, "bin": seen.code}
    if state.in_hand == state.left:
        return _accept("put-back-done", effect, **told)
    return _accept("put-back", effect, **told, left=state.left - state.in_hand)


def _put_down(state: TaskState) -> TaskDecision:
    if not state.in_hand:
        return _refuse("nothing-to-undo")
    return _accept("taken-back", Progress(replace(state, in_hand=0, serials=())), sku=state.sku)


# --- count -------------------------------------------------------------------------------------


def _count(state: TaskState, scan: Scan, seen: SeenByTask) -> TaskDecision:
    match scan:
        case OwnScan(Own.LOCATION, code):
            return _arrive(state, code, "counting", place=code, sku=state.sku, lot=state.lot)
        case _ if not state.at_place:
            return _refuse("source-first", expected=state.place_code)
        case OwnScan(Own.COMMAND, Command.CONFIRM):
            return _confirm(state)
        case OwnScan(Own.COMMAND, Command.UNDO):
            return _start_again(state)
        case OwnScan(Own.QUANTITY, digits):
            return _say_count(state, digits)
        case ProductScan():
            return _wrong_goods(state, scan, seen) or _count_unit(state, seen)
        case _:
            return _not_for_task(state, scan)


def _count_unit(state: TaskState, seen: SeenByTask) -> TaskDecision:
    assert isinstance(seen, SeenItem), "unknown barcodes were refused"
    quantity = 1 if state.tracking == "serial" else seen.quantity
    return _counted(state, state.counted + quantity, _serials(state, seen))


def _say_count(state: TaskState, digits: str) -> TaskDecision:
    if not digits.isdigit():
        return _refuse("unreadable", why="not-a-number")
    if state.tracking == "serial":
        return _refuse("scan-every-piece", sku=state.sku)
    return _counted(state, int(digits), ())


def _counted(state: TaskState, counted: int, serials: tuple[str, ...]) -> TaskDecision:
    now = replace(state, counted=counted, serials=serials, confirm_asked=False)
    return _accept("counted", Progress(now), sku=state.sku, counted=counted)


def _start_again(state: TaskState) -> TaskDecision:
    if not state.counted:
        return _refuse("nothing-to-undo")
    now = replace(state, counted=0, serials=(), confirm_asked=False)
    return _accept("count-restarted", Progress(now), sku=state.sku)


def _confirm(state: TaskState) -> TaskDecision:
    if state.counted != state.on_hand and not state.confirm_asked:
        return TaskDecision(
            _refuse(
                "count-differs", sku=state.sku, counted=state.counted, expected=state.on_hand
            ).verdict,
            Progress(replace(state, confirm_asked=True)),
        )
    plan = settle(state, sellable_left=state.on_hand)
    return _accept("count-done", SettleCount(), **count_fields(state, plan))


@dataclass(frozen=True)
class Settlement:
    """How a count is booked.

    ``found`` units come back from *missing*, ``lost`` of *missing* are written off;
    ``surplus`` units come in, ``removed`` go out of the bin by adjustment; ``unexplained``
    are not there either, but belong to shipments: their pickers will report them short.
    """

    found: int
    lost: int
    surplus: int
    removed: int
    unexplained: int


def settle(state: TaskState, *, sellable_left: int) -> Settlement:
    """The settlement of a count.

    *sellable_left* is what the warehouse can give up of the product without breaking a
    promise, the units that the count held included.
    """
    missing = state.quantity
    more = max(0, state.counted - state.on_hand)
    fewer = max(0, state.on_hand - state.counted)
    found = min(more, missing)
    removed = max(0, min(fewer, state.spare, sellable_left))
    return Settlement(
        found=found,
        lost=missing - found,
        surplus=more - found,
        removed=removed,
        unexplained=fewer - removed,
    )


def count_fields(state: TaskState, plan: Settlement) -> dict[str, Any]:
    """The fields of ``count-done``."""
    return {
        "sku": state.sku,
        "counted": state.counted,
        "found": plan.found + plan.surplus,
        "written_off": plan.lost + plan.removed,
        "unexplained": plan.unexplained,
    }


# --- both --------------------------------------------------------------------------------------


def _arrive(state: TaskState, code: str, answer: str, **fields: Any) -> TaskDecision:
    if not code or code not in (state.place_code, state.place_sscc):
        return _refuse("wrong-place", scanned=code, expected=state.place_code)
    return _accept(answer, Progress(replace(state, at_place=True)), **fields)


def _wrong_goods(state: TaskState, scan: ProductScan, seen: SeenByTask) -> TaskDecision | None:
    if not isinstance(seen, SeenItem):
        return _refuse("unknown-barcode", scanned=scan.code, expected=state.sku)
    if seen.product_id != state.product_id:
        return _refuse("wrong-item", scanned=seen.sku, expected=state.sku)
    if state.tracking != "none" and scan.lot and scan.lot != state.lot:
        return _refuse("wrong-lot", scanned=scan.lot, expected=state.lot, sku=state.sku)
    if state.tracking != "serial":
        return None
    if not seen.serial:
        return _refuse("serial-needed", sku=state.sku)
    if seen.serial in state.serials:
        return _refuse("serial-twice", serial=seen.serial)
    if not seen.serial_here:
        return _refuse("serial-not-here", serial=seen.serial, sku=state.sku, place=state.place_code)
    return None


def _serials(state: TaskState, seen: SeenItem) -> tuple[str, ...]:
    return (*state.serials, seen.serial) if state.tracking == "serial" else ()


def _not_for_task(state: TaskState, scan: Scan) -> TaskDecision:
    scanned = scan.payload if isinstance(scan, OwnScan) else "SSCC"
    return _refuse("not-for-task", scanned=scanned, expected=state.awaits)


def answered_before(*, accepted: bool, code: str, fields: dict[str, Any]) -> Verdict:
    """The verdict that was stored with a scan."""
    return Accepted(code, fields, ACCEPTANCES[code].tone) if accepted else Refused(code, fields)


def _refuse(code: str, /, **fields: Any) -> TaskDecision:
    assert set(fields) == set(REFUSALS[code].fields), f"{code}: {sorted(fields)}"
    return TaskDecision(Refused(code, fields))


def _accept(code: str, effect: TaskEffect, /, **fields: Any) -> TaskDecision:
    assert set(fields) == set(ACCEPTANCES[code].fields), f"{code}: {sorted(fields)}"
    return TaskDecision(Accepted(code, fields, ACCEPTANCES[code].tone), effect)


def uncounted(serials: Iterable[str], counted: Iterable[str], most: int) -> tuple[str, ...]:
    """The serials of the books that were not counted, at most *most*, in their order."""
    return tuple(sorted(set(serials) - set(counted)))[:most]
