"""Customers change their minds: 2 % of the orders, spread over every stage of their life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fulfillment.domain.errors import AlreadyDispatched, NothingToDo
from fulfillment.domain.people import Actor
from fulfillment.replay.questions import Waiting
from fulfillment.replay.scanning import Luck, Tally
from fulfillment.services import cancelling

SHARE = 0.02
STAGES = (
    "new", "allocated", "released", "picking", "picked", "packing", "packed", "labelled", "shipped",
)  # fmt: skip
REASON = "the customer changed their mind"


def change_of_mind(office: Actor, order_id: int) -> None:
    """Cancel an order now, to provoke what somebody who works on it is told."""
    cancelling.cancel_order(office, order_id=order_id, reason=REASON)


@dataclass
class Cancellations:
    """Whose order is to be cancelled at which stage."""

    office: Actor
    luck: Luck
    tally: Tally
    pending: dict[int, str] = field(default_factory=dict)
    """Stage by order id."""
    _planned: int = 0

    def plan(self, order_ids: Iterable[int]) -> None:
        """Choose who will change their mind, each at the next stage of the row."""
        for order_id in order_ids:
            if self.luck.happens(SHARE):
                self.pending[order_id] = STAGES[self._planned % len(STAGES)]
                self._planned += 1

    def all_at(self, stage: str) -> None:
        """Cancel every order whose stage this is, before there is any work for it."""
        for order_id in [one for one, when in self.pending.items() if when == stage]:
            self._cancel(order_id)

    def at(self, stage: str, shipment: Waiting) -> bool:
        """Whether the order of a shipment that has come to *stage* was cancelled now."""
        if self.pending.get(shipment.order_id) != stage:
            return False
        return self._cancel(shipment.order_id)

    def give_up_waiting(self) -> None:
        """At the end: who did not get to the stage cancels what is still owed."""
        for order_id in list(self.pending):
            del self.pending[order_id]
            try:
                cancelling.cancel_owed(self.office, order_id=order_id, reason=REASON)
            except NothingToDo as error:
                self.tally.errors[error.code] += 1

    def _cancel(self, order_id: int) -> bool:
        self.pending.pop(order_id, None)
        try:
            cancelling.cancel_order(self.office, order_id=order_id, reason=REASON)
        except AlreadyDispatched as error:
            self.tally.errors[error.code] += 1
            return False
        return True
