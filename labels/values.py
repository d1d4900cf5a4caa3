"""What a label or list says: frozen values without any database behind them.

Texts are printed as given. Whoever builds a value formats dates, chooses the language and
puts an address into the order its country wants; this package sets, shrinks and wraps.
Quantities are whole eaches, weights grams. Content of a barcode is given apart from the
text that people read, because our own barcodes carry a prefix and a check character.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Symbology(Enum):
    """The barcode kinds that can be drawn."""

    CODE_128 = "code-128"
    GS1_128 = "gs1-128"
    EAN_13 = "ean-13"
    ITF_14 = "itf-14"
    QR = "qr"
    DATA_MATRIX = "data-matrix"
    GS1_DATA_MATRIX = "gs1-data-matrix"


@dataclass(frozen=True, kw_only=True)
class Address:
    """A postal address as it is printed.

    ``form`` holds the whole address below the name and company, line by line, in the order
    of its country; where it is empty, ``lines``, ``postcode city``, ``region`` and
    ``country`` are printed one below the other.
    """

    name: str
    company: str = ""
    lines: tuple[str, ...] = ()
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    form: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ShippingLabel:
    """The label of one parcel.

    ``sscc`` is 18 digits without the application identifier. ``routing_text`` is the
    carrier's sorting code, set in the biggest type. ``printed_note`` is a short remark for
    the carrier or the receiver.
    """

    sender: Address
    receiver: Address
    tracking_number: str
    sscc: str
    service: str
    routing_text: str = ""
    return_address: Address | None = None
    parcel_number: int = 1
    parcel_count: int = 1
    weight_grams: int | None = None
    order_number: str = ""
    printed_note: str = ""


@dataclass(frozen=True, kw_only=True)
class ReturnLabel:
    """The label with which a customer sends goods back; ``receiver`` is the warehouse."""

    sender: Address
    receiver: Address
    tracking_number: str
    return_number: str
    service: str = ""
    routing_text: str = ""
    order_number: str = ""
    printed_note: str = ""


@dataclass(frozen=True, kw_only=True)
class PackingSlipLine:
    """One product in this parcel: ``quantity`` of ``quantity_ordered`` in the whole order."""

    sku: str
    product_name: str
    quantity: int
    quantity_ordered: int
    lot: str = ""


@dataclass(frozen=True, kw_only=True)
class PackingSlip:
    """What lies in one parcel, for the person who opens it."""

    order_number: str
    sender: Address
    receiver: Address
    lines: tuple[PackingSlipLine, ...]
    ordered_on: str = ""
    parcel_number: int = 1
    parcel_count: int = 1
    sscc: str = ""
    gift_message: str = ""
    printed_note: str = ""


@dataclass(frozen=True, kw_only=True)
class PickListStop:
    """One stop of the walk; ``feeds`` are pairs (tote position on the cart, quantity)."""

    sequence: int
    bin_code: str
    sku: str
    product_name: str
    quantity: int
    lot: str = ""
    feeds: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class PickListTote:
    """A position on the cart, the tote that stands there and the order it collects."""

    position: int
    code: str
    order_number: str = ""


@dataclass(frozen=True, kw_only=True)
class WalkDrawing:
    """A walk on the floor plan, in metres.

    ``aisle_x`` and ``cross_y`` are the aisles and cross-aisles, ``points`` the corners of the
    walk and ``stops`` the bins, all (x, y).  ``saved_metres`` is against the order of the codes.
    """

    metres: float
    saved_metres: float
    aisle_x: tuple[float, ...] = ()
    cross_y: tuple[float, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    stops: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class PickList:
    """One walk of one picker; ``barcode`` opens the list when it is scanned."""

    number: str
    warehouse: str
    stops: tuple[PickListStop, ...]
    totes: tuple[PickListTote, ...] = ()
    wave: str = ""
    picker: str = ""
    walk_note: str = ""
    barcode: str = ""
    walk: WalkDrawing | None = None


@dataclass(frozen=True, kw_only=True)
class BinLabel:
    """A bin's label; ``code`` is read by people, ``barcode`` by scanners."""

    code: str
    barcode: str
    zone: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ProductLabel:
    """A label for a piece, an inner or a case (``quantity`` > 1 is printed)."""

    sku: str
    product_name: str
    barcode: str
    symbology: Symbology = Symbology.CODE_128
    quantity: int = 1
    lot: str = ""
    expires_on: str = ""


@dataclass(frozen=True, kw_only=True)
class ToteLabel:
    """A tote's label."""

    code: str
    barcode: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CartLabel:
    """A cart's label; ``positions`` is how many totes it carries."""

    code: str
    barcode: str
    positions: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class BadgeLabel:
    """A person's badge for the shared stations."""

    name: str
    barcode: str
    role: str = ""
    warehouse: str = ""


@dataclass(frozen=True, kw_only=True)
class PutWallLabel:
    """The label of one slot of a put wall."""

    wall: str
    slot: str
    barcode: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CommandCode:
    """One command barcode with the words under it."""

    barcode: str
    words: str
    explanation: str = ""


@dataclass(frozen=True, kw_only=True)
class CommandSheet:
    """The command barcodes that hang at a station."""

    title: str
    commands: tuple[CommandCode, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ManifestParcel:
    """One parcel handed to the carrier."""

    tracking_number: str
    order_number: str
    receiver_name: str
    sscc: str = ""
    destination: str = ""
    weight_grams: int | None = None


@dataclass(frozen=True, kw_only=True)
class CarrierManifest:
    """What was handed to one carrier's van; the driver signs it."""

    number: str
    carrier: str
    warehouse: str
    parcels: tuple[ManifestParcel, ...]
    cut_off: str = ""
    closed_at: str = ""
    barcode: str = ""


Document = (
    ShippingLabel
    | ReturnLabel
    | PackingSlip
    | PickList
    | BinLabel
    | ProductLabel
    | ToteLabel
    | CartLabel
    | BadgeLabel
    | PutWallLabel
    | CommandSheet
    | CarrierManifest
)


@dataclass(frozen=True, kw_only=True)
class Words:
    """Every word that this package itself prints; English unless another set is handed in."""

    sender: str = "From"
    receiver: str = "Ship to"
    return_address: str = "If undelivered, return to"
    tracking: str = "Tracking"
    parcel: str = "Parcel"
    parcel_of: str = "{number} / {count}"
    weight: str = "Weight"
    order: str = "Order"
    service: str = "Service"
    phone: str = "Tel."
    return_label: str = "RETURN"
    return_number: str = "Return no."
    packing_slip: str = "Packing slip"
    ordered_on: str = "Ordered on"
    sku: str = "SKU"
    product: str = "Product"
    lot: str = "Lot"
    expires_on: str = "Use by"
    quantity: str = "Qty"
    in_this_parcel: str = "Here"
    quantity_ordered: str = "Ordered"
    gift_message: str = "Gift message"
    pick_list: str = "Pick list"
    warehouse: str = "Warehouse"
    wave: str = "Wave"
    picker: str = "Picker"
    stops: str = "Stops"
    walk: str = "Walk"
    saved: str = "Saved"
    metres: str = "{metres} m"
    bin: str = "Bin"
    totes: str = "Totes"
    into_tote: str = "Into tote"
    feed: str = "{quantity} → {position}"
    page_of: str = "Page {number} of {count}"
    zone: str = "Zone"
    positions: str = "{count} positions"
    pieces: str = "{count} pieces"
    put_wall: str = "Wall"
    slot: str = "Slot"
    manifest: str = "Manifest"
    carrier: str = "Carrier"
    cut_off: str = "Cut-off"
    closed_at: str = "Closed"
    parcels: str = "Parcels"
    destination: str = "Destination"
    driver_signature: str = "Driver: name, signature, time"


ENGLISH = Words()
