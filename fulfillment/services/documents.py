"""What is printed: labels and packing slips of a shipment, pick lists, manifests.

The rows are read in a transaction of their own; drawing begins when it has ended, because a page
takes far longer than its rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Row, Select, func, select

from fulfillment.domain.barcodes import Own, own_code
from fulfillment.domain.errors import CannotPrint, Fault, UnknownThing
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.printing import LABEL
from fulfillment.services.manifests import manifest_document
from fulfillment.services.printing.documents import for_dialog, thawed
from fulfillment.services.printing.sizes import dialog_paper
from fulfillment.services.wave_views import PickListView, pick_list_view
from fulfillment.store.base import table_of
from fulfillment.store.catalog import Product
from fulfillment.store.manifests import Manifest
from fulfillment.store.orders import Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.parcels import CarrierDocument, Label, Parcel, ParcelLine
from fulfillment.store.transaction import Transaction, reads
from fulfillment.store.work import PickList as PickListRow
from labels import (
    ENGLISH,
    Document,
    PackingSlip,
    PackingSlipLine,
    Paper,
    PickList,
    PickListStop,
    PickListTote,
    Sheet,
    ShippingLabel,
    WalkDrawing,
    Words,
)

_shipment, _order, _parcel = table_of(Shipment), table_of(Order), table_of(Parcel)
_label, _product = table_of(Label), table_of(Product)
_line, _order_line = table_of(ShipmentLine), table_of(OrderLine)
_content, _own = table_of(ParcelLine), table_of(CarrierDocument)
_list, _manifest = table_of(PickListRow), table_of(Manifest)


def shipment_labels(actor: Actor, shipment_id: int, *, parcel: int | None = None) -> bytes:
    """The active labels of a shipment as one PDF, a page for each parcel, or that of one *parcel*.

    It is drawn from what the label said when it was made, so a reprint is the same.  A carrier's
    own PDF is passed on as it came; several of them are fetched parcel by parcel.  Raises
    :class:`UnknownThing`, :class:`NothingToDo` (no active label), :class:`CannotPrint`.
    """
    found = _labels(actor, shipment_id, parcel)
    own = [label for label in found if label.document is not None]
    if not own:
        paper = _paper(_of_shipment(shipment_id), LABEL)
        return for_dialog([thawed(LABEL, label.content) for label in found], paper=paper)
    if own[0].format != "pdf":
        raise CannotPrint(faults=(Fault("label", "only-for-its-printer", own[0].format),))
    if len(found) > 1:
        raise CannotPrint(faults=(Fault("label", "one-by-one", str(len(found))),))
    return bytes(own[0].document)


def packing_slips(actor: Actor, shipment_id: int, *, words: Words = ENGLISH) -> bytes:
    """A packing slip for each parcel of a shipment that is packed, as one PDF.

    Raises like :func:`shipment_labels`.
    """
    slips = _slips(actor, shipment_id)
    return for_dialog(slips, paper=_paper(_of_shipment(shipment_id), "packing-slip"), words=words)


def pick_list_sheet(actor: Actor, number: str, *, words: Words = ENGLISH) -> bytes:
    """A pick list on paper as a PDF, bins in walking order; raises :class:`UnknownThing`."""
    sheet = _sheet(pick_list_view(actor, number))
    of_list = select(_list.c.warehouse_id).where(_list.c.number == number)
    return for_dialog([sheet], paper=_paper(of_list, "pick-list"), words=words)


def manifest_sheet(actor: Actor, manifest_id: int) -> bytes:
    """A closed manifest as a PDF; the same again every time.  Raises :class:`UnknownThing`."""
    document = manifest_document(actor, manifest_id)
    of_manifest = select(_manifest.c.warehouse_id).where(_manifest.c.id == manifest_id)
    return for_dialog([document], paper=_paper(of_manifest, "carrier-manifest"))


@reads
def _paper(
    tx: Transaction, warehouse: Select[tuple[int]], document_kind: str
) -> Paper | Sheet | None:
    """The paper of a document in the one *warehouse* of the query; whose sight was checked."""
    warehouse_id = tx.execute(warehouse).scalar_one()
    return dialog_paper(tx, warehouse_id=warehouse_id, document_kind=document_kind)


def _of_shipment(shipment_id: int) -> Select[tuple[int]]:
    return select(_shipment.c.warehouse_id).where(_shipment.c.id == shipment_id)


# --- labels and slips --------------------------------------------------------------------


@reads
def _labels(
    tx: Transaction, actor: Actor, shipment_id: int, parcel: int | None
) -> Sequence[Row[Any]]:
    _seen(tx, actor, shipment_id)
    query = (
        select(_label.c.content, _own.c.format, _own.c.document)
        .join(_parcel, _parcel.c.id == _label.c.parcel_id)
        .outerjoin(_own, _own.c.purchase_id == _label.c.purchase_id)
        .where(_parcel.c.shipment_id == shipment_id, _label.c.state == "active")
        .order_by(_parcel.c.sequence)
    )
    if parcel is not None:
        query = query.where(_parcel.c.sequence == parcel)
    return tx.execute(query).all()


@reads
def _slips(tx: Transaction, actor: Actor, shipment_id: int) -> list[Document]:
    shipment = _seen(tx, actor, shipment_id)
    parcels = tx.execute(
        select(_parcel.c.id, _parcel.c.sscc, _label.c.content)
        .join(_label, (_label.c.parcel_id == _parcel.c.id) & (_label.c.state == "active"))
        .where(_parcel.c.shipment_id == shipment_id)
        .order_by(_parcel.c.sequence)
    ).all()
    lines = _lines_by_parcel(tx, shipment_id, shipment.order_id)
    labels = [cast(ShippingLabel, thawed(LABEL, parcel.content)) for parcel in parcels]
    return [
        PackingSlip(
            order_number=shipment.order_number,
            sender=label.sender,
            receiver=label.receiver,
            lines=tuple(lines.get(parcel.id, ())),
            ordered_on=shipment.placed_at.date().isoformat(),
            parcel_number=number,
            parcel_count=len(parcels),
            sscc=parcel.sscc,
        )
        for number, (parcel, label) in enumerate(zip(parcels, labels, strict=True), start=1)
    ]


def _lines_by_parcel(
    tx: Transaction, shipment_id: int, order_id: int
) -> dict[int, list[PackingSlipLine]]:
    ordered: Counter[int] = Counter()
    for line in tx.execute(
        select(_order_line.c.product_id, _order_line.c.quantity).where(
            _order_line.c.order_id == order_id, _order_line.c.is_kit.is_(False)
        )
    ):
        ordered[line.product_id] += line.quantity
    rows = tx.execute(
        select(
            _content.c.parcel_id,
            _product.c.id.label("product_id"),
            _product.c.sku,
            _product.c.name,
            _content.c.lot,
            func.sum(_content.c.quantity).label("quantity"),
        )
        .join(_line, _line.c.id == _content.c.shipment_line_id)
        .join(_product, _product.c.id == _line.c.product_id)
        .where(_line.c.shipment_id == shipment_id, _content.c.quantity > 0)
        .group_by(
            _content.c.parcel_id, _product.c.id, _product.c.sku, _product.c.name, _content.c.lot
        )
        .order_by(_product.c.sku, _content.c.lot)
    )
    lines: dict[int, list[PackingSlipLine]] = {}
    for row in rows:
        lines.setdefault(row.parcel_id, []).append(
            PackingSlipLine(
                sku=row.sku,
                product_name=row.name,
                quantity=int(row.quantity),
                quantity_ordered=ordered[row.product_id],
                lot=row.lot,
            )
        )
    return lines


def _seen(tx: Transaction, actor: Actor, shipment_id: int) -> Row[Any]:
    """The shipment, if the actor may pack in its warehouse."""
    actor.require(Permission.PACK)
    row = tx.execute(
        select(
            _shipment.c.order_id,
            _shipment.c.warehouse_id,
            _order.c.seller_id,
            _order.c.number.label("order_number"),
            _order.c.placed_at,
        )
        .join(_order, _order.c.id == _shipment.c.order_id)
        .where(_shipment.c.id == shipment_id)
    ).one_or_none()
    if row is None:
        raise UnknownThing(kind="shipment", key=str(shipment_id))
    actor.require_sight(
        Permission.PACK,
        kind="shipment",
        key=str(shipment_id),
        warehouse_id=row.warehouse_id,
        seller_id=row.seller_id,
    )
    return row


# --- pick lists --------------------------------------------------------------------------


def _sheet(view: PickListView) -> PickList:
    stops = [(place, stop) for place in view.bins for stop in place.stops]
    return PickList(
        number=view.number,
        warehouse=view.warehouse_code,
        wave=view.wave_number,
        picker=view.picker or "",
        barcode=own_code(Own.PICK_LIST, view.number),
        walk=_walk(view),
        stops=tuple(
            PickListStop(
                sequence=number,
                bin_code=place.code,
                sku=stop.sku,
                product_name=stop.name,
                quantity=stop.quantity,
                lot=stop.lot,
                feeds=tuple((feed.position, feed.quantity) for feed in stop.feeds),
            )
            for number, (place, stop) in enumerate(stops, start=1)
        ),
        totes=tuple(
            PickListTote(
                position=one.position,
                code=", ".join(one.totes),
                order_number=one.order_number,
            )
            for one in view.positions
        ),
    )


def _walk(view: PickListView) -> WalkDrawing | None:
    """The walk as it was planned; its drawing only where the warehouse has a layout."""
    walk, layout = view.walk, view.layout
    if "metres" not in walk:
        return None
    lengths = {"metres": walk["metres"], "saved_metres": walk["saved_metres"]}
    if not layout:
        return WalkDrawing(**lengths)
    aisle_x = layout["aisle_x"]
    return WalkDrawing(
        **lengths,
        aisle_x=tuple(aisle_x),
        cross_y=tuple(layout["cross_y"]),
        points=tuple((x, y) for x, y in walk["points"]),
        stops=tuple(
            (aisle_x[one.aisle], one.y_metres)
            for one in view.bins
            if one.aisle is not None and one.y_metres is not None and one.aisle < len(aisle_x)
        ),
    )
