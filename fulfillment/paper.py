"""The words on lists and slips, in the language of whoever prints them."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import pgettext

from labels import Words


def paper_words() -> Words:
    """Every word that :mod:`labels` prints by itself; in English it is ``labels.ENGLISH``."""
    return Words(
        sender=pgettext("paper", "From"),
        receiver=pgettext("paper", "Ship to"),
        return_address=pgettext("paper", "If undelivered, return to"),
        tracking=pgettext("paper", "Tracking"),
        parcel=pgettext("paper", "Parcel"),
        parcel_of=pgettext("paper", "{number} / {count}"),
        weight=pgettext("paper", "Weight"),
        order=pgettext("paper", "Order"),
        service=pgettext("paper", "Service"),
        phone=pgettext("paper", "Tel."),
        return_label=pgettext("paper", "RETURN"),
        return_number=pgettext("paper", "Return no."),
        packing_slip=pgettext("paper", "Packing slip"),
        ordered_on=pgettext("paper", "Ordered on"),
        sku=pgettext("paper", "SKU"),
        product=pgettext("paper", "Product"),
        lot=pgettext("paper", "Lot"),
        expires_on=pgettext("paper", "Use by"),
        quantity=pgettext("paper", "Qty"),
        in_this_parcel=pgettext("paper", "Here"),
        quantity_ordered=pgettext("paper", "Ordered"),
        gift_message=pgettext("paper", "Gift message"),
        pick_list=pgettext("paper", "Pick list"),
        warehouse=pgettext("paper", "Warehouse"),
        wave=pgettext("paper", "Wave"),
        picker=pgettext("paper", "Picker"),
        stops=pgettext("paper", "Stops"),
        bin=pgettext("paper", "Bin"),
        totes=pgettext("paper", "Totes"),
        into_tote=pgettext("paper", "Into tote"),
        feed=pgettext("paper", "{quantity} → {position}"),
        page_of=pgettext("paper", "Page {number} of {count}"),
        zone=pgettext("paper", "Zone"),
        positions=pgettext("paper", "{count} positions"),
        pieces=pgettext("paper", "{count} pieces"),
        put_wall=pgettext("paper", "Wall"),
        slot=pgettext("paper", "Slot"),
        manifest=pgettext("paper", "Manifest"),
        carrier=pgettext("paper", "Carrier"),
        cut_off=pgettext("paper", "Cut-off"),
        closed_at=pgettext("paper", "Closed"),
        parcels=pgettext("paper", "Parcels"),
        destination=pgettext("paper", "Destination"),
        driver_signature=pgettext("paper", "Driver: name, signature, time"),
    )


def role_words() -> Mapping[str, str]:
    """What people are, as their badges say it."""
    return {
        "picker": _("picker"),
        "packer": _("packer"),
        "supervisor": _("supervisor"),
        "administrator": _("administrator"),
    }
