"""Shipments, their lines, and what orders and lines say after an allocation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from fulfillment.domain.allocation import Allocation, Share
from fulfillment.domain.states import ORDER, SHIPMENT
from fulfillment.services.allocating.queue import CutOffs, is_owed
from fulfillment.services.allocating.undoing import change_allocated
from fulfillment.store.base import table_of
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.transaction import Transaction

_order, _line = table_of(Order), table_of(OrderLine)
_shipment, _shipment_line = table_of(Shipment), table_of(ShipmentLine)


@dataclass
class Draft:
    """A shipment to write: a new one, or more for one that is there."""

    order: Row[Any]
    warehouse_id: int
    shares: list[Share] = field(default_factory=list)
    shipment_id: int | None = None
    number: str = ""

    @property
    def units(self) -> int:
        """Units that it gets now."""
        return sum(share.quantity for share in self.shares)


def why_these(order: Row[Any], answer: Allocation) -> dict[str, Any]:
    """What page and API show when somebody asks why this warehouse."""
    return {
        "rule": order.allocation_rule,
        "reason": answer.reason,
        "by_rule": answer.by_rule,
        "considered": [
            {"warehouse": one.code, "units": one.units, "chosen": one.chosen}
            for one in answer.considered
        ],
        "units_owed": sum(answer.owed.values()),
    }


def write_shipments(
    tx: Transaction,
    actor_id: int,
    drafts: Mapping[int, Sequence[Draft]],
    answers: Mapping[int, Allocation],
    lines: Mapping[int, Sequence[Row[Any]]],
    cut_offs: CutOffs,
) -> None:
    """Insert new shipments with service and cut-off, add to unreleased ones, write all lines."""
    measured = {line.id: line for found in lines.values() for line in found}
    every = [draft for found in drafts.values() for draft in found]
    new = [draft for draft in every if draft.shipment_id is None]
    joined = [draft for draft in every if draft.shipment_id is not None]
    if new:
        rows = [
            _shipment_row(
                tx,
                actor_id,
                draft,
                why=why_these(draft.order, answers[draft.order.id]),
                carriage=_carriage(draft, measured, cut_offs),
            )
            for draft in new
        ]
        made = tx.execute(insert(_shipment).returning(_shipment.c.number, _shipment.c.id), rows)
        ids = {row.number: row.id for row in made}
        for draft in new:
            draft.shipment_id = ids[draft.number]
    fresh = [(draft.shipment_id, share) for draft in new for share in draft.shares]
    fresh += _raise_lines(tx, joined)
    if fresh:
        tx.execute(insert(_shipment_line), [_line_row(*one) for one in fresh])


@dataclass(frozen=True)
class _Carriage:
    """The service of a new shipment, its cut-off, and why this service."""

    service_id: int | None
    cut_off_at: datetime | None
    why: dict[str, Any]


def _shipment_row(
    tx: Transaction, actor_id: int, draft: Draft, *, why: dict[str, Any], carriage: _Carriage
) -> dict[str, Any]:
    return {
        "number": draft.number,
        "order_id": draft.order.id,
        "warehouse_id": draft.warehouse_id,
        "state": SHIPMENT.initial,
        "priority": draft.order.priority,
        "why": {**why, "service": carriage.why},
        "pieces": draft.units,
        "confirmed_at": draft.order.confirmed_at,
        "allocated_at": tx.now,
        "allocated_by_id": actor_id,
        "service_id": carriage.service_id,
        "cut_off_at": carriage.cut_off_at,
        "promised_cut_off_at": carriage.cut_off_at,
    }


def _carriage(draft: Draft, measured: Mapping[int, Row[Any]], cut_offs: CutOffs) -> _Carriage:
    pieces = [(measured[share.order_line_id], share.quantity) for share in draft.shares]
    grams = sum((line.weight_grams or 0) * quantity for line, quantity in pieces)
    sides = (
        side or 0
        for line, _quantity in pieces
        for side in (line.length_mm, line.width_mm, line.height_mm)
    )
    longest_mm = max(sides, default=0)
    choice, cut_off_at = cut_offs.choose(
        draft.warehouse_id,
        country=draft.order.country,
        grams=grams,
        longest_mm=longest_mm,
        requested=draft.order.requested_service_id,
        promised_on=draft.order.promised_on,
    )
    why = choice.why(grams=grams, longest_mm=longest_mm)
    return _Carriage(choice.service_id, cut_off_at, why)


def _line_row(shipment_id: int | None, share: Share) -> dict[str, Any]:
    return {
        "shipment_id": shipment_id,
        "order_line_id": share.order_line_id,
        "product_id": share.product_id,
        "quantity": share.quantity,
    }


def _raise_lines(tx: Transaction, joined: Sequence[Draft]) -> list[tuple[int | None, Share]]:
    """Add units to lines of unreleased shipments; returns the shares that need a new line."""
    if not joined:
        return []
    known = {
        (row.shipment_id, row.order_line_id): row.id
        for row in tx.execute(
            select(
                _shipment_line.c.id, _shipment_line.c.shipment_id, _shipment_line.c.order_line_id
            ).where(_shipment_line.c.shipment_id.in_(sorted(d.shipment_id or 0 for d in joined)))
        )
    }
    shares = [(draft.shipment_id, share) for draft in joined for share in draft.shares]
    raised = [
        {"b_id": known[shipment_id or 0, share.order_line_id], "b_units": share.quantity}
        for shipment_id, share in shares
        if (shipment_id or 0, share.order_line_id) in known
    ]
    if raised:
        tx.execute(_RAISE_LINE, raised)
    tx.execute(_RAISE_PIECES, [{"b_id": d.shipment_id, "b_units": d.units} for d in joined])
    return [one for one in shares if (one[0] or 0, one[1].order_line_id) not in known]


_RAISE_LINE = (
    update(_shipment_line)
    .where(_shipment_line.c.id == bindparam("b_id"))
    .values(quantity=_shipment_line.c.quantity + bindparam("b_units"))
)
_RAISE_PIECES = (
    update(_shipment)
    .where(_shipment.c.id == bindparam("b_id"))
    .values(pieces=_shipment.c.pieces + bindparam("b_units"))
)


def write_orders(
    tx: Transaction,
    answers: Mapping[int, Allocation],
    lines: Mapping[int, Sequence[Row[Any]]],
) -> None:
    """Raise ``allocated`` of the lines; advance the orders that are owed nothing any more.

    Orders and open lines are locked, so whole orders need no figures from here.
    """
    whole = sorted(order_id for order_id, answer in answers.items() if not answer.owed)
    if whole:
        changed = tx.execute(_ALLOCATE_LINES, {"b_orders": whole}).rowcount
        assert changed == sum(len(lines[order_id]) for order_id in whole), "the lines are locked"
        tx.execute(_ALLOCATE_ORDERS, {"b_orders": whole})
    _write_backorders(tx, {key: answer for key, answer in answers.items() if answer.owed})


_ALLOCATE_LINES = (
    update(_line)
    .where(_line.c.order_id.in_(bindparam("b_orders", expanding=True)), is_owed())
    .values(allocated=_line.c.quantity - _line.c.cancelled)
)
_ALLOCATE_ORDERS = (
    update(_order)
    .where(_order.c.id.in_(bindparam("b_orders", expanding=True)))
    .values(state=ORDER.advance("confirmed", "allocate"), has_backorder=False)
)


def _write_backorders(tx: Transaction, answers: Mapping[int, Allocation]) -> None:
    if not answers:
        return
    units: dict[int, int] = defaultdict(int)
    for answer in answers.values():
        for share in answer.shares:
            units[share.order_line_id] += share.quantity
    change_allocated(tx, {key: units[key] for key in sorted(units)})
    tx.execute(update(_order).where(_order.c.id.in_(sorted(answers))).values(has_backorder=True))
