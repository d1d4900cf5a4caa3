"""Locked orders in, promises and shipments out: the one way in which stock is promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from fulfillment.domain.allocation import Allocation, Source, Wanted, allocate
from fulfillment.domain.states import SHIPMENT
from fulfillment.services.allocating.expiry import expired_units
from fulfillment.services.allocating.queue import OWED, CutOffs, is_held, is_owed
from fulfillment.services.allocating.writing import Draft, why_these, write_orders, write_shipments
from fulfillment.store.base import table_of
from fulfillment.store.carriage import Dock
from fulfillment.store.catalog import Product, RegionPriority, Seller
from fulfillment.store.orders import Address, Hold, Order, OrderLine, Shipment
from fulfillment.store.stock import (
    Promise,
    lock_warehouse_balances,
    oldest_stock,
    post,
)
from fulfillment.store.transaction import Transaction

LOWEST_RANK = 1_000_000
"""Of a warehouse that the seller gave no priority for a destination."""

_order, _line, _hold = table_of(Order), table_of(OrderLine), table_of(Hold)
_product, _address, _seller = table_of(Product), table_of(Address), table_of(Seller)
_shipment = table_of(Shipment)

LOCKED_ORDERS = (
    select(
        _order.c.id,
        _order.c.number,
        _order.c.state,
        _order.c.seller_id,
        _order.c.priority,
        _order.c.ship_complete,
        _order.c.requested_service_id,
        _order.c.promised_on,
        _order.c.confirmed_at,
        _address.c.country,
        _seller.c.allocation_rule,
        is_held().label("held"),
    )
    .join(_address, _address.c.id == _order.c.address_id)
    .join(_seller, _seller.c.id == _order.c.seller_id)
    .where(_order.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_order.c.id)
)
_LINES = (
    select(
        _line.c.id,
        _line.c.order_id,
        _line.c.product_id,
        OWED.label("owed"),
        _product.c.weight_grams,
        _product.c.length_mm,
        _product.c.width_mm,
        _product.c.height_mm,
        select(func.count())
        .select_from(_shipment)
        .where(_shipment.c.order_id == _line.c.order_id)
        .scalar_subquery()
        .label("shipments"),
    )
    .join(_product, _product.c.id == _line.c.product_id)
    .where(_line.c.order_id.in_(bindparam("ids", expanding=True)), is_owed())
    .order_by(_line.c.id)
    .with_for_update(of=_line)
)


@dataclass(frozen=True)
class Served:
    order_id: int
    units: int
    owed: int
    shipments: tuple[str, ...]
    new_shipments: int
    why: Mapping[str, Any]


def serve(tx: Transaction, *, actor_id: int, orders: Sequence[Row[Any]]) -> list[Served]:
    """Serve locked orders in the given order; all rows that it takes are read and written at once."""
    lines = _open_lines(tx, orders)
    present = _present_shipments(tx, lines)
    cut_offs = CutOffs.read(tx)
    answers = _answers(tx, orders, lines, cut_offs.docks)
    drafts = {
        order.id: _drafts(order, answers[order.id], lines[order.id], present) for order in orders
    }
    write_shipments(tx, actor_id, drafts, answers, lines, cut_offs)
    write_orders(tx, answers, lines)
    post(
        tx,
        actor_id=actor_id,
        promises=[
            Promise(share.warehouse_id, share.product_id, share.quantity)
            for answer in answers.values()
            for share in answer.shares
        ],
    )
    return [_served(order, answers[order.id], drafts[order.id], present) for order in orders]


def _open_lines(tx: Transaction, orders: Sequence[Row[Any]]) -> dict[int, list[Row[Any]]]:
    lines: dict[int, list[Row[Any]]] = {order.id: [] for order in orders}
    for row in tx.execute(_LINES, {"ids": sorted(lines)}):
        lines[row.order_id].append(row)
    return lines


def _answers(
    tx: Transaction,
    orders: Sequence[Row[Any]],
    lines: Mapping[int, Sequence[Row[Any]]],
    docks: Mapping[int, Dock],
) -> dict[int, Allocation]:
    """The allocation of each order, one after the other from the same locked availability."""
    products = {line.product_id for found in lines.values() for line in found}
    ranks = _ranks(tx, {order.seller_id for order in orders})
    oldest: Mapping[int, Mapping[int, date]] = {}
    if any(order.allocation_rule == "oldest-stock" for order in orders):
        oldest = oldest_stock(tx, products)
    free = _lock_availability(tx, products, docks)
    answers = {}
    for order in orders:
        wanted = [Wanted(line.id, line.product_id, line.owed) for line in lines[order.id]]
        sources = list(_sources(order, wanted, free, docks, ranks, oldest))
        answer = allocate(
            wanted, sources, rule=order.allocation_rule, ship_complete=order.ship_complete
        )
        for share in answer.shares:
            free[share.warehouse_id][share.product_id] -= share.quantity
        answers[order.id] = answer
    return answers


_Ranks = Mapping[tuple[int, str], Mapping[int, int]]


def _ranks(tx: Transaction, seller_ids: Iterable[int]) -> _Ranks:
    """By (seller, country): the rank of each warehouse."""
    ranks: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    for row in tx.execute(
        select(table_of(RegionPriority)).where(RegionPriority.seller_id.in_(sorted(seller_ids)))
    ):
        ranks[row.seller_id, row.country][row.warehouse_id] = row.rank
    return ranks


def _lock_availability(
    tx: Transaction, products: Iterable[int], docks: Mapping[int, Dock]
) -> dict[int, dict[int, int]]:
    """Units that can be promised, by warehouse and product, locked against everybody else.

    Expired units that nobody has held yet are taken off.  They are read after the lock:
    whoever makes more of them, or fewer, changes what is sellable and needs the same lock.
    """
    free: dict[int, dict[int, int]] = defaultdict(dict)
    for row in lock_warehouse_balances(tx, products):
        free[row.warehouse_id][row.product_id] = row.sellable - row.promised
    for row in expired_units(tx, docks, product_ids=products):
        if row.product_id in free[row.warehouse_id]:
            free[row.warehouse_id][row.product_id] -= row.free
    return free


def _sources(
    order: Row[Any],
    wanted: Sequence[Wanted],
    free: Mapping[int, Mapping[int, int]],
    docks: Mapping[int, Dock],
    ranks: _Ranks,
    oldest: Mapping[int, Mapping[int, date]],
) -> Iterator[Source]:
    anywhere = ranks.get((order.seller_id, ""), {})
    here = ranks.get((order.seller_id, order.country), {})
    for warehouse_id, products in free.items():
        yield Source(
            warehouse_id=warehouse_id,
            code=docks[warehouse_id].code,
            available={line.product_id: products.get(line.product_id, 0) for line in wanted},
            rank=here.get(warehouse_id, anywhere.get(warehouse_id, LOWEST_RANK)),
            oldest=oldest.get(warehouse_id),
        )


def _present_shipments(
    tx: Transaction, lines: Mapping[int, Sequence[Row[Any]]]
) -> dict[tuple[int, int], Row[Any]]:
    """By (order, warehouse): the unreleased shipment that more units can join, locked."""
    again = sorted(order_id for order_id, found in lines.items() if found and found[0].shipments)
    if not again:
        return {}
    held = select(_hold.c.shipment_id).where(
        _hold.c.order_id.in_(again),
        _hold.c.shipment_id.is_not(None),
        _hold.c.released_at.is_(None),
    )
    rows = tx.execute(
        select(_shipment.c.id, _shipment.c.order_id, _shipment.c.warehouse_id, _shipment.c.number)
        .where(
            _shipment.c.order_id.in_(again),
            _shipment.c.state == SHIPMENT.initial,
            _shipment.c.id.not_in(held),
        )
        .order_by(_shipment.c.id)
        .with_for_update()
    )
    return {(row.order_id, row.warehouse_id): row for row in rows}


def _drafts(
    order: Row[Any],
    answer: Allocation,
    lines: Sequence[Row[Any]],
    present: Mapping[tuple[int, int], Row[Any]],
) -> list[Draft]:
    """The shares of an order by warehouse; new shipments are numbered on from what is there."""
    drafts: dict[int, Draft] = {}
    for share in answer.shares:
        drafts.setdefault(share.warehouse_id, Draft(order, share.warehouse_id)).shares.append(share)
    sequence = lines[0].shipments if lines else 0
    for draft in drafts.values():
        joined = present.get((order.id, draft.warehouse_id))
        if joined:
            draft.shipment_id, draft.number = joined.id, joined.number
        else:
            sequence += 1
            draft.number = f"{order.number}-{sequence}"
    return list(drafts.values())


def _served(
    order: Row[Any],
    answer: Allocation,
    drafts: Sequence[Draft],
    present: Mapping[tuple[int, int], Row[Any]],
) -> Served:
    return Served(
        order_id=order.id,
        units=sum(share.quantity for share in answer.shares),
        owed=sum(answer.owed.values()),
        shipments=tuple(draft.number for draft in drafts),
        new_shipments=sum((order.id, draft.warehouse_id) not in present for draft in drafts),
        why=why_these(order, answer),
    )
