"""Sharing messages out: each subscribed endpoint gets a delivery of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from fulfillment.store import outbox as rows
from fulfillment.store.transaction import Transaction, reads, writes

MOST_AT_ONCE = 500


@reads
def is_due(tx: Transaction) -> bool:
    """Whether some message is not shared out yet."""
    return rows.has_unrouted(tx)


@writes
def share_out(tx: Transaction) -> int:
    """Share the oldest messages out, each to whoever subscribed when it was written; how many.

    Of several workers one does it at a time, so that the deliveries of one cause exist in their
    order before any of them leaves.
    """
    if not rows.only_one(tx, "outbox"):
        return 0
    messages = rows.unrouted(tx, limit=MOST_AT_ONCE)
    endpoints = rows.subscribers(tx) if messages else ()
    wheres = rows.wheres(tx, (one.cause for one in messages)) if endpoints else {}
    rows.add_deliveries(
        tx,
        [
            _delivery(message, endpoint, wheres.get(message.cause, (None, None)))
            for message in messages
            for endpoint in endpoints
            if _is_for(endpoint, message, wheres.get(message.cause, (None, None)))
        ],
    )
    rows.mark_routed(tx, (one.id for one in messages))
    return len(messages)


def _is_for(endpoint: Row[Any], message: Row[Any], where: tuple[int | None, int | None]) -> bool:
    warehouse_id, seller_id = where
    return (
        message.topic in endpoint.topics
        and message.created_at >= endpoint.created_at
        and endpoint.warehouse_id in (None, warehouse_id)
        and endpoint.seller_id in (None, seller_id)
    )


def _delivery(
    message: Row[Any], endpoint: Row[Any], where: tuple[int | None, int | None]
) -> dict[str, Any]:
    return {
        "message_id": message.id,
        "endpoint_id": endpoint.id,
        "cause": message.cause,
        "warehouse_id": where[0],
        "seller_id": where[1],
    }
