"""Labels of carriers at the bench: intended with the last weight, and what the packer sees of it.

Nothing here speaks to a carrier.  The purchase is a row of the transaction that weighs the last
parcel; :mod:`fulfillment.services.purchases` buys, and seals the shipment with the last label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from fulfillment.carriers.protocol import Address, LabelFormat, LabelRequest, Package
from fulfillment.domain.purchases import parcel_key
from fulfillment.domain.values import Accepted, Refused
from fulfillment.services.packing.replies import Bench
from fulfillment.store import purchases as rows
from fulfillment.store.transaction import Transaction

_ADDRESS = ("country", "name", "company", "city", "region", "postcode", "phone")


def request_of(
    content: dict[str, Any], *, service: str, package: dict[str, Any], format_name: str = "pdf"
) -> LabelRequest:
    """What a carrier is asked for the label that says *content*."""
    back = content["return_address"]
    return LabelRequest(
        service=service,
        sender=address_of(content["sender"]),
        receiver=address_of(content["receiver"]),
        return_address=address_of(back) if back else None,
        package=Package(content["weight_grams"], **package),
        reference=content["order_number"],
        sscc=content["sscc"],
        parcel_number=content["parcel_number"],
        parcel_count=content["parcel_count"],
        format=cast(LabelFormat, format_name),
    )


def address_of(content: Mapping[str, Any]) -> Address:
    """A stored address as carriers get it."""
    fields = {name: content.get(name) or "" for name in _ADDRESS}
    return Address(**fields, lines=tuple(content.get("lines") or ()))


def intend(
    tx: Transaction,
    bench: Bench,
    account: Any,
    parcels: Sequence[Any],
    contents: Sequence[dict[str, Any]],
    *,
    by_id: int,
) -> Accepted:
    """Have a label bought for every parcel that has none yet; *contents* are what they say."""
    shipment_id = bench.row.shipment_id
    earlier = {one.parcel_id: one for one in rows.purchases_of(tx, shipment_id)}
    live = {one.parcel_id for one in rows.live_purchases(tx, shipment_id)}
    sides = rows.carton_sides(tx, [one.carton_id for one in parcels if one.carton_id])
    language = rows.label_language(tx, shipment_id)
    wanted = [
        {
            "parcel_id": parcel.id,
            "account_id": account.account_id,
            "carrier": account.carrier,
            "service": account.code,
            "key": parcel_key(
                parcel.sscc, earlier[parcel.id].number + 1 if parcel.id in earlier else 1
            ),
            "content": content,
            "package": sides.get(parcel.carton_id, {}),
            "format": language,
            "next_attempt_at": tx.now,
            "intended_at": tx.now,
            "intended_by_id": by_id,
        }
        for parcel, content in zip(parcels, contents, strict=True)
        if parcel.id not in live
    ]
    if wanted:
        rows.intend(tx, wanted)
    return Accepted(
        "label-being-bought",
        {"order": bench.row.order_number, "carrier": account.carrier},
        tone="attention",
    )


def being_bought(tx: Transaction, bench: Bench) -> Refused | None:
    """The refusal of a change to a shipment whose labels are being bought: void them first."""
    live = rows.live_purchases(tx, bench.row.shipment_id) if bench.state == "packed" else ()
    if not live:
        return None
    fields = {"order": bench.row.order_number, "carrier": live[0].carrier}
    return Refused("label-being-bought", fields)
