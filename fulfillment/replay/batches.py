"""Which orders are picked as a batch, and the pieces that go from its totes straight to packing.

Orders of one piece always are: a piece and a label, two scans an order.  Of the others the smallest
ones are sorted at a put wall, and in a long run those without which a mistake cannot be made there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.values import Refused
from fulfillment.domain.waving import WaveChoice
from fulfillment.replay import questions
from fulfillment.replay.house import Crew
from fulfillment.replay.packing import (
    BEFORE_OPENING,
    Bench,
    Cancels,
    find_cancelled,
    station,
    weigh_and_ship,
)
from fulfillment.replay.questions import BatchTote, Lying, Waiting
from fulfillment.replay.scanning import Luck, ReplayError
from fulfillment.services import waving

SHARE = 0.1
"""Of the shipments of several pieces; the others are sorted on the cart."""
_LEAST, _MOST = 2, 24
"""Of a release: one alone needs no wall, and more than it has slots would have to wait."""
_MOST_OF_A_LOT = 8

_BenchFor = Callable[[Waiting], Bench]


# --- release ---------------------------------------------------------------------------------


def release(crew: Crew, luck: Luck) -> int:
    """Release single pieces as a batch, some for the put wall, the rest; how many shipments."""
    choices = [WaveChoice(crew.warehouse_id, items="single"), WaveChoice(crew.warehouse_id)]
    for_the_wall = _for_the_wall(crew, luck) if crew.walls else ()
    if for_the_wall:
        sorted_later = WaveChoice(
            crew.warehouse_id, items="multi", shipment_ids=for_the_wall, method="batch"
        )
        choices.insert(1, sorted_later)
    return sum(waving.release_all(crew.supervisor, choice).shipments for choice in choices)


def _for_the_wall(crew: Crew, luck: Luck) -> tuple[int, ...]:
    waiting = sorted(questions.allocated_multi(crew.warehouse_id), key=lambda one: one.pieces)
    share = min(_MOST, max(_LEAST, int(SHARE * len(waiting))))
    chosen = [one.shipment_id for one in waiting[:share]]
    missing = [code for code in _OF_TRACKED_GOODS if luck.lacks("sort", code)]
    if missing:
        chosen += _with_tracked_goods(crew, [one.shipment_id for one in waiting])
    return tuple(dict.fromkeys(chosen))


_OF_TRACKED_GOODS = ("lot-needed", "serial-needed", "serial-not-here")


def _with_tracked_goods(crew: Crew, shipment_ids: list[int]) -> list[int]:
    """Shipments with serial numbers, and some that want more of a product than its first lot has.

    *shipment_ids* come by size: the smallest with a serial number will do.
    """
    wanted = questions.tracked_wanted(shipment_ids)
    rank = {shipment_id: number for number, shipment_id in enumerate(shipment_ids)}
    serial = [row.shipment_id for row in wanted if row.tracking == "serial"]
    chosen = sorted(set(serial), key=rank.__getitem__)[:_LEAST]
    two_lots = []
    for product_id, in_first_lot in questions.first_lots(crew.warehouse_id).items():
        found, units = [], 0
        lines = [row for row in wanted if row.product_id == product_id]
        for row in sorted(lines, key=lambda row: -row.quantity)[:_MOST_OF_A_LOT]:
            if units <= in_first_lot:
                found.append(row.shipment_id)
                units += row.quantity
        if units > in_first_lot:
            two_lots.append(found)
    return chosen + min(two_lots, key=len, default=[])


# --- single pieces at the bench ------------------------------------------------------------------


def pack_singles(tote: BatchTote, bench_for: _BenchFor, cancels: Cancels) -> Iterator[Waiting]:
    """Pack the orders of one piece out of a batch tote; each order that is done with.

    Who cancels before their piece is out leaves it in the tote, for put-back.
    """
    left = {}
    for one in questions.lying_in(tote.tote_id):
        if cancels("picked", one.shipment):
            yield one.shipment
        else:
            left[one.shipment.shipment_id] = one
    if not left:
        return
    bench = bench_for(next(iter(left.values())).shipment)
    bench.luck.slip("pack", BEFORE_OPENING, bench)
    bench.do(own_code(Own.TOTE, tote.code))
    bench.memory.batch_stations.add(station(bench.packer))
    taken: set[str] = set()
    while left:
        piece = next(iter(left.values()))
        if isinstance(bench.do(_code_of(bench, tote, piece, taken)), Refused) or not bench.view:
            raise ReplayError(f"pack: a piece of {tote.code} opened nothing")
        bench.shipment = left.pop(bench.view.shipment_id).shipment
        if cancels("packing", bench.shipment):
            find_cancelled(bench)
        else:
            weigh_and_ship(bench, cancels)
        yield bench.shipment


def _code_of(bench: Bench, tote: BatchTote, piece: Lying, taken: set[str]) -> str:
    serial = ""
    if piece.tracking == "serial":
        here = questions.serials_at(tote.tote_id, piece.product_id)
        serial = next(one for one in here if one not in taken)
        taken.add(serial)
    return bench.house.goods[piece.sku].code(1, lot=piece.lot, serial=serial)[0]
