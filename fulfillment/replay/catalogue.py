"""Products, bins and opening stock for the invoices, made up the same way each time.

The invoices name goods and how many were bought; nothing in them says what the goods weigh, which
barcodes they bear or where they lie. All that is derived here from the stock code by a keyed hash
(BLAKE2b, which gives the same number on every machine and Python version, unlike `hash()`).

Barcodes lie under GS1 prefix 952, which GS1 keeps for demonstrations: no real goods bear it, so
they can never be taken for somebody's product, and unlike the in-store prefixes (02, 04, 20-29)
it makes true GTINs, which cases may bear too: an indicator digit, the same item reference and a
check digit of their own. Source: GS1 General Specifications, GS1 prefixes and GTIN-14.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from hashlib import blake2b
from itertools import count, product
from typing import Final

from stdnum import ean

from fulfillment.replay.invoices import Invoice

GS1_PREFIX: Final = "952"
PACK_QUANTITIES: Final = ((6, 12), (6, 24), (6, 48), (12, 24), (12, 48), (24, 48))
"""Pieces in an inner pack and in a case: of 6, 12, 24 and 48 every pair that grows."""

_ITEM_REFERENCES: Final = 10**9

# Gift goods are mostly small: (up to this percent of the products, least grams, greatest grams).
_WEIGHT_CLASSES: Final = ((40, 20, 60), (70, 60, 150), (90, 150, 400), (100, 400, 1500))
# Sides of a thing in proportion to each other: a cube, a box, a flat pack, a roll, a sheet.
_SHAPES: Final = ((1, 1, 1), (4, 3, 2), (6, 5, 1), (6, 1, 1), (10, 7, 1))
# Cubic millimetres a gram takes, packing air included: from stoneware to a lampshade.
_LEAST_MM3_PER_GRAM: Final = 1_500
_MM3_PER_GRAM_SPREAD: Final = 4_500

_WAREHOUSES: Final = {"W1": "North warehouse", "W2": "South warehouse"}

# In percent of the products: in W1 only, in W2 only; the others lie in both.
_ONLY_W1_PERCENT: Final = 12
_ONLY_W2_PERCENT: Final = 8
# Of goods that lie in both, W1 has this share in percent: the least, and how much it varies.
_LEAST_W1_PERCENT: Final = 45
_W1_PERCENT_SPREAD: Final = 31

_SPARE_BINS_DIVISOR: Final = 10
_ZONES: Final = "ABC"
_LEVELS: Final = 4
_BAYS_PER_SIDE: Final = 15
_BINS_PER_AISLE: Final = 2 * _BAYS_PER_SIDE * _LEVELS
_AISLE_PITCH_M: Final = 3.2
_BAY_WIDTH_M: Final = 1.0
_FRONT_CROSS_AISLE_M: Final = 2.0
_LEVEL_HEIGHT_M: Final = 0.45


class Pack(StrEnum):
    """What one barcode stands for."""

    EACH = "each"
    INNER = "inner"
    CASE = "case"


# GTIN-14 indicator digit of each pack; the piece itself has an EAN-13, without one.
_INDICATORS: Final = {Pack.INNER: "1", Pack.CASE: "2"}


@dataclass(frozen=True, slots=True)
class Demand:
    """What the chosen orders want of one product; `name` is its most frequent description."""

    sku: str
    name: str
    units: int
    lines: int
    orders: int


@dataclass(frozen=True, slots=True)
class PackBarcode:
    """A barcode of 13 (each) or 14 digits (inner, case), check digit included."""

    pack: Pack
    gtin: str
    quantity: int


@dataclass(frozen=True, slots=True)
class RetailProduct:
    """A product as one piece; `barcodes` are each, inner and case, in that order."""

    sku: str
    name: str
    weight_grams: int
    length_mm: int
    width_mm: int
    height_mm: int
    barcodes: tuple[PackBarcode, PackBarcode, PackBarcode]


@dataclass(frozen=True, slots=True)
class PlannedBin:
    """A bin and where its picker stands, in metres from the warehouse's depot at (0, 0, 0).

    `code` reads warehouse-zone-aisle-bay-level. Both sides of an aisle share its `x_m`: odd bays
    are on the left, even ones on the right. `z_m` is the height of the shelf board.
    """

    code: str
    warehouse: str
    zone: str
    aisle: int
    bay: int
    level: int
    x_m: float
    y_m: float
    z_m: float


@dataclass(frozen=True, slots=True)
class PlannedWarehouse:
    """A warehouse and its bins in the order of their walk; some bins stay empty."""

    code: str
    name: str
    bins: tuple[PlannedBin, ...]


@dataclass(frozen=True, slots=True)
class OpeningStock:
    """So many pieces of a product in a bin before the first order; `quantity` > 0."""

    warehouse: str
    bin: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class StockPlan:
    """Two warehouses and what lies in them; a bin holds one product."""

    warehouses: tuple[PlannedWarehouse, PlannedWarehouse]
    opening: tuple[OpeningStock, ...]

    @property
    def units(self) -> int:
        """Pieces in stock, over all bins."""
        return sum(stock.quantity for stock in self.opening)


def demand_of(invoices: Iterable[Invoice]) -> tuple[Demand, ...]:
    """Add up what is ordered of each stock code, in the order of the codes.

    Reads the invoices once and keeps none of them. Of equally frequent descriptions the first in
    alphabetical order becomes the name.
    """
    units: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    orders: Counter[str] = Counter()
    names: dict[str, Counter[str]] = {}
    for invoice in invoices:
        orders.update({line.stock_code for line in invoice.lines})
        for line in invoice.lines:
            units[line.stock_code] += line.quantity
            lines[line.stock_code] += 1
            names.setdefault(line.stock_code, Counter())[line.description] += 1
    return tuple(
        Demand(
            sku=sku,
            name=min(names[sku], key=lambda name: (-names[sku][name], name)),
            units=units[sku],
            lines=lines[sku],
            orders=orders[sku],
        )
        for sku in sorted(units)
    )


def catalogue(names: Mapping[str, str]) -> tuple[RetailProduct, ...]:
    """Make a product of each stock code in `names` (code to name), in the order of the codes.

    Weight, size, packs and barcodes of a code do not depend on the other codes, save where two
    would bear one number: then the later code in the order takes the next number of its own row.
    """
    taken: set[int] = set()
    products = []
    for sku in sorted(names):
        reference = next(n for n in _item_references(sku) if n not in taken)
        taken.add(reference)
        products.append(_product(sku, names[sku], reference))
    return tuple(products)


def _product(sku: str, name: str, reference: int) -> RetailProduct:
    weight_grams = _weight_grams(sku)
    length_mm, width_mm, height_mm = _size_mm(sku, weight_grams)
    inner, case = PACK_QUANTITIES[_draw(len(PACK_QUANTITIES), "packs", sku)]
    return RetailProduct(
        sku=sku,
        name=name,
        weight_grams=weight_grams,
        length_mm=length_mm,
        width_mm=width_mm,
        height_mm=height_mm,
        barcodes=(
            PackBarcode(Pack.EACH, _gtin(f"{GS1_PREFIX}{reference:09d}"), 1),
            _pack_barcode(Pack.INNER, reference, inner),
            _pack_barcode(Pack.CASE, reference, case),
        ),
    )


def _pack_barcode(pack: Pack, reference: int, quantity: int) -> PackBarcode:
    gtin = _gtin(f"{_INDICATORS[pack]}{GS1_PREFIX}{reference:09d}")
    return PackBarcode(pack, gtin, quantity)


def _gtin(digits: str) -> str:
    check_digit: str = ean.calc_check_digit(digits)
    return digits + check_digit


def _item_references(sku: str) -> Iterator[int]:
    return (_draw(_ITEM_REFERENCES, "barcode", sku, attempt) for attempt in count())


def _weight_grams(sku: str) -> int:
    percent = _draw(100, "weight class", sku)
    least, greatest = next((low, high) for upto, low, high in _WEIGHT_CLASSES if percent < upto)
    return least + _draw(greatest - least + 1, "weight", sku)


def _size_mm(sku: str, weight_grams: int) -> tuple[int, int, int]:
    """Sides of a thing of this weight, longest first, none below 5 mm."""
    mm3 = weight_grams * (_LEAST_MM3_PER_GRAM + _draw(_MM3_PER_GRAM_SPREAD, "density", sku))
    a, b, c = _SHAPES[_draw(len(_SHAPES), "shape", sku)]
    side = (mm3 / (a * b * c)) ** (1 / 3)
    return max(5, round(a * side)), max(5, round(b * side)), max(5, round(c * side))


def stock_plan(demand: Sequence[Demand], *, seed: int, share: float = 0.95) -> StockPlan:
    """Lay out two warehouses and put `share` of the demand of each product into their bins.

    A share that is no whole number of pieces is rounded up or down by a draw, so that the sum
    over many small demands is `share` as well: of 100 products ordered once, about 5 are missing.
    Most products lie in both warehouses, some in one only, so that orders can be split. Goods of
    two cases or more in a warehouse fill two bins there. The most ordered goods lie nearest to
    the depot. Each warehouse has a tenth more bins than it fills.

    Raises `ValueError` unless 0 < share <= 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, not {share}")
    exact = Fraction(str(share))
    by_popularity = sorted(demand, key=lambda wanted: (-wanted.lines, wanted.sku))
    stocked: dict[str, dict[str, int]] = {code: {} for code in _WAREHOUSES}
    for wanted in by_popularity:
        units = _stocked_units(wanted, exact, seed)
        for warehouse, quantity in _divided(wanted.sku, units, seed).items():
            if quantity:
                stocked[warehouse][wanted.sku] = quantity
    first, second = (_filled(code, stocked[code]) for code in _WAREHOUSES)
    return StockPlan((first[0], second[0]), first[1] + second[1])


def _stocked_units(wanted: Demand, share: Fraction, seed: int) -> int:
    exact = wanted.units * share
    whole = int(exact)
    draw = Fraction(_draw(10**6, "rounding", wanted.sku, seed), 10**6)
    return whole + (draw < exact - whole)


def _divided(sku: str, units: int, seed: int) -> dict[str, int]:
    """How many pieces each warehouse gets."""
    percent = _draw(100, "warehouse", sku, seed)
    if percent < _ONLY_W1_PERCENT:
        return {"W1": units, "W2": 0}
    if percent < _ONLY_W1_PERCENT + _ONLY_W2_PERCENT:
        return {"W1": 0, "W2": units}
    w1_percent = _LEAST_W1_PERCENT + _draw(_W1_PERCENT_SPREAD, "division", sku, seed)
    w1_units = (units * w1_percent + 50) // 100
    return {"W1": w1_units, "W2": units - w1_units}


def _filled(
    code: str, quantities: Mapping[str, int]
) -> tuple[PlannedWarehouse, tuple[OpeningStock, ...]]:
    """A warehouse for these goods, the most popular first, and what lies in which bin."""
    loads = _bin_loads(quantities)
    bins = _bins(code, len(loads) + len(loads) // _SPARE_BINS_DIVISOR + 1)
    nearest = sorted(bins, key=lambda place: (place.x_m + place.y_m, place.z_m, place.code))
    opening = tuple(
        OpeningStock(code, place.code, sku, quantity)
        for place, (sku, quantity) in zip(nearest, loads, strict=False)
    )
    return PlannedWarehouse(code, _WAREHOUSES[code], bins), opening


def _bin_loads(quantities: Mapping[str, int]) -> list[tuple[str, int]]:
    """What fills a bin each: first the one that is picked from, behind them all the reserves."""
    faces = []
    reserves = []
    for sku, quantity in quantities.items():
        _, case = PACK_QUANTITIES[_draw(len(PACK_QUANTITIES), "packs", sku)]
        face = quantity if quantity < 2 * case else (quantity // case + 1) // 2 * case
        faces.append((sku, face))
        if face < quantity:
            reserves.append((sku, quantity - face))
    return faces + reserves


def _bins(warehouse: str, at_least: int) -> tuple[PlannedBin, ...]:
    """Parallel aisles of shelves on both sides, a third of them in each zone, A at the depot."""
    aisles = max(len(_ZONES), -(-at_least // _BINS_PER_AISLE))
    return tuple(
        _bin(warehouse, _ZONES[(aisle - 1) * len(_ZONES) // aisles], aisle, bay, level)
        for aisle, bay, level in product(
            range(1, aisles + 1), range(1, 2 * _BAYS_PER_SIDE + 1), range(1, _LEVELS + 1)
        )
    )


def _bin(warehouse: str, zone: str, aisle: int, bay: int, level: int) -> PlannedBin:
    return PlannedBin(
        code=f"{warehouse}-{zone}-{aisle:02d}-{bay:02d}-{level}",
        warehouse=warehouse,
        zone=zone,
        aisle=aisle,
        bay=bay,
        level=level,
        x_m=round((aisle - 1) * _AISLE_PITCH_M, 2),
        y_m=round(_FRONT_CROSS_AISLE_M + ((bay - 1) // 2 + 0.5) * _BAY_WIDTH_M, 2),
        z_m=round((level - 1) * _LEVEL_HEIGHT_M, 2),
    )


def _draw(bound: int, purpose: str, sku: str, *salt: int) -> int:
    """A number from 0 to `bound` - 1 that depends on nothing but the arguments."""
    text = "\0".join((purpose, sku, *map(str, salt)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") % bound
