"""A choice of the board's shipments: its count is a number, its orders are the list behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fulfillment.domain.board.standing import BOARD_STAGES, STANDINGS
from fulfillment.domain.errors import Fault, InvalidInput
from fulfillment.domain.people import Actor
from fulfillment.services.board.reading import BoardFloor, BoardShipment, read_floor, seen_by
from fulfillment.store.transaction import Transaction


@dataclass(frozen=True)
class BoardChoice:
    """Which shipments of the board: every condition that is set must hold.

    ``van`` limits it to one service and cut-off; of shipments without either both are None.
    """

    warehouse_id: int
    van: tuple[int | None, datetime | None] | None = None
    stage: str = ""
    standing: str = ""

    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with it."""
        wrong = []
        if self.stage not in ("", *BOARD_STAGES):
            wrong.append(Fault("board_stage", "not-one-of", ", ".join(BOARD_STAGES)))
        if self.standing not in ("", *STANDINGS):
            wrong.append(Fault("standing", "not-one-of", ", ".join(STANDINGS)))
        return tuple(wrong)


def chosen(floor: BoardFloor, actor: Actor, choice: BoardChoice) -> list[BoardShipment]:
    """The shipments of *floor* that fit and that the actor sees; raises :class:`InvalidInput`."""
    faults = choice.faults()
    if faults:
        raise InvalidInput(faults)
    standings = floor.standings if choice.standing else {}
    return [
        one
        for one in seen_by(actor, floor.shipments)
        if choice.van in (None, (one.service_id, one.open.cut_off_at))
        and choice.stage in ("", one.stage)
        and (not choice.standing or standings[one.open.shipment_id] == choice.standing)
    ]


def chosen_orders(tx: Transaction, actor: Actor, choice: BoardChoice) -> frozenset[int]:
    """The ids of the orders behind a number of the board, in the caller's transaction."""
    floor = read_floor(tx, actor, choice.warehouse_id)
    return frozenset(one.order_id for one in chosen(floor, actor, choice))
