"""Makes invoice rows for those who have no file: the same columns, dirt and proportions.

The proportions below were counted in the UCI "Online Retail" file (see `invoices`): per goods
invoice so many cancellations, write-offs and fees, lines and pieces by their quantiles. What the
file has not got (unreadable cells, odd quantities, rows that come too late) is made once in a
thousand invoices, and everything at least once, so that every reason of `LeftOut` is met.

All chance is drawn with `Random.random()`, the one method whose sequence Python promises to keep
for a seed.
"""

import string
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final, TypeVar

from fulfillment.replay.invoices import OPEN_INVOICES, Row

STOCK_CODES: Final = 3_800
"""How many different goods the wholesaler sells."""

_CUSTOMERS: Final = 4_300
_GUEST_SHARE: Final = 0.07
_REPEATED_LINE_SHARE: Final = 0.02
_LOWER_CASE_SHARE: Final = 0.0037
_FREE_LINE_SHARE: Final = 0.0007
_FIRST_MINUTE: Final = datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001 - the file's times carry no zone
_MINUTES_BETWEEN_INVOICES: Final = 27

# Quantiles, evenly spaced from the least to the greatest.
_CUSTOMER_LINES: Final = (
    *(1, 1, 2, 4, 5, 7, 8, 10, 11, 13, 15, 17, 19, 21, 24, 28, 32, 38, 48, 65, 120),
)
_GUEST_LINES: Final = (
    *(1, 1, 1, 2, 2, 4, 6, 11, 19, 29, 38, 47, 57, 72, 109, 150, 176, 203, 253, 414, 730),
)
_PENCE: Final = (
    *(4, 42, 65, 83, 85, 125, 125, 163, 165, 195, 208, 246, 255, 295, 375, 413, 495, 579),
    *(762, 995, 3000),
)
# How often goods are ordered, from the most to the least popular.
_POPULARITY: Final = (
    *(2336, 508, 359, 267, 216, 175, 146, 124, 103, 85, 71, 55, 43, 34, 26, 18, 12, 8, 4, 2, 1),
)

# Pieces of a line and how often, as (quantity, weight).
_CUSTOMER_QUANTITIES: Final = (
    *((1, 20), (2, 15), (3, 7), (4, 8), (5, 2), (6, 9), (7, 1), (8, 3), (10, 6), (12, 15)),
    *((16, 1), (20, 1), (24, 6), (25, 1), (36, 1), (48, 2), (72, 0.5), (96, 0.5), (144, 0.3)),
    *((200, 0.2), (480, 0.1), (1200, 0.03), (2400, 0.005)),
)
_GUEST_QUANTITIES: Final = ((1, 57), (2, 14), (3, 8), (4, 6), (6, 5), (8, 3), (10, 5), (24, 2))

_COUNTRIES: Final = (
    *(("United Kingdom", 17910), ("Germany", 442), ("France", 382), ("EIRE", 282)),
    *(("Belgium", 98), ("Netherlands", 94), ("Spain", 88), ("Australia", 56)),
    *(("Switzerland", 50), ("Portugal", 50), ("Channel Islands", 25), ("Japan", 19)),
    *(("Unspecified", 13), ("Hong Kong", 7), ("USA", 5), ("European Community", 3), ("RSA", 1)),
)

_LOOKS: Final = (
    *("RED RETROSPOT", "WHITE HANGING", "VINTAGE", "PACK OF 12", "SET OF 3", "IVORY", "PINK"),
    *("BLUE POLKADOT", "SMALL", "LARGE", "REGENCY", "WOODEN", "GLASS", "ENAMEL", "CERAMIC"),
    *("PAPER", "FELTCRAFT", "JUMBO", "MINI", "ANTIQUE SILVER"),
)
_THINGS: Final = (
    *("T-LIGHT HOLDER", "CAKE CASES", "LUNCH BAG", "BUNTING", "DOORMAT", "WALL CLOCK", "MUG"),
    *("CAKESTAND", "TEA TOWEL", "NAPKINS", "GIFT TAPE", "JAM JAR", "TRINKET BOX", "PHOTO FRAME"),
    *("HOT WATER BOTTLE", "NOTEBOOK", "COAT HANGER", "LANTERN", "GARLAND", "BISCUIT TIN"),
)


@dataclass(frozen=True, slots=True)
class _Line:
    """What a row says, before it is written as text."""

    invoice: str
    at: datetime
    customer: str
    country: str
    code: str = ""
    description: str = ""
    quantity: int = 1
    pence: int = 0

    def row(self) -> Row:
        """The row as the file writes it: whole numbers as floats, times without a zone."""
        return {
            "InvoiceNo": self.invoice,
            "StockCode": self.code,
            "Description": self.description,
            "Quantity": f"{self.quantity}.0",
            "InvoiceDate": self.at.isoformat(sep=" "),
            "UnitPrice": str(self.pence / 100),
            "CustomerID": f"{self.customer}.0" if self.customer else "",
            "Country": self.country,
        }


def made_rows(n_invoices: int, seed: int) -> Iterator[Row]:
    """Yield the rows of `n_invoices` goods invoices and of the dirt between them.

    The same arguments give the same rows on every machine; other seeds give other rows. Read by
    `InvoiceReader`, the rows give exactly `n_invoices` orders. Late rows need room behind their
    invoice: with fewer than about 35 invoices there are none. Raises `ValueError` below 1.
    """
    if n_invoices < 1:
        raise ValueError(f"n_invoices must be at least 1, not {n_invoices}")
    return _Maker(n_invoices, Random(seed)).rows()


class _Maker:
    """One run: the goods, the places of the dirt, and the next free numbers."""

    def __init__(self, n_invoices: int, chance: Random) -> None:
        self._n_invoices = n_invoices
        self._chance = chance
        self._codes = _stock_codes(chance)
        self._pick_code = _weighted(list(zip(self._codes, _popularity(), strict=True)))
        self._pick_country = _weighted(_COUNTRIES)
        self._pick_quantity = {
            True: _weighted(_GUEST_QUANTITIES),
            False: _weighted(_CUSTOMER_QUANTITIES),
        }
        self._number = 536_364
        self._at = _FIRST_MINUTE

    def rows(self) -> Iterator[Row]:
        dirt = self._places_of_the_dirt()
        late: list[Row] = []
        for position in range(self._n_invoices):
            lines = self._goods_invoice()
            late = late or [lines[0].row()]
            extras = [make(self, lines) for make in dirt.get(position, ())]
            # Half of an invoice, the dirt, the other half: so the rows of one invoice do not
            # always stand together, as in the file.
            half = (len(lines) + 1) // 2
            yield from (line.row() for line in lines[:half])
            for rows in extras:
                yield from rows
            yield from (line.row() for line in lines[half:])
        if self._n_invoices > OPEN_INVOICES + 2:
            yield from late

    def _places_of_the_dirt(self) -> "dict[int, list[_Dirt]]":
        places: dict[int, list[_Dirt]] = {}
        for make, per_thousand in _DIRT:
            for _ in range(max(1, round(self._n_invoices * per_thousand / 1000))):
                places.setdefault(self._below(self._n_invoices), []).append(make)
        return places

    def _goods_invoice(self) -> list[_Line]:
        guest = self._chance.random() < _GUEST_SHARE
        head = self._head(customer="" if guest else str(12_346 + self._below(_CUSTOMERS)))
        n_lines = self._quantile(_GUEST_LINES if guest else _CUSTOMER_LINES)
        # The first line is charged: that is what makes an invoice without a customer an order.
        lines = [replace(self._goods(head, guest=guest), pence=self._quantile(_PENCE))]
        while len(lines) < n_lines:
            repeated = self._chance.random() < _REPEATED_LINE_SHARE
            lines.append(lines[-1] if repeated else self._goods(head, guest=guest))
        return lines

    def _goods(self, head: _Line, *, guest: bool) -> _Line:
        code = self._pick_code(self._chance)
        free = self._chance.random() < _FREE_LINE_SHARE
        written = code.lower() if self._chance.random() < _LOWER_CASE_SHARE else code
        return replace(
            head,
            code=written,
            description=_description(code),
            quantity=self._pick_quantity[guest](self._chance),
            pence=0 if free else self._quantile(_PENCE),
        )

    def _head(self, *, customer: str) -> _Line:
        self._number += 1
        self._at += timedelta(minutes=self._below(2 * _MINUTES_BETWEEN_INVOICES))
        return _Line(str(self._number), self._at, customer, self._pick_country(self._chance))

    def _quantile(self, quantiles: Sequence[int]) -> int:
        place = self._chance.random() * (len(quantiles) - 1)
        low, high = quantiles[int(place)], quantiles[int(place) + 1]
        return round(low + (high - low) * (place - int(place)))

    def _below(self, bound: int) -> int:
        return int(self._chance.random() * bound)

    # The dirt. Each makes the rows of one case, given the lines of the invoice it stands in.

    def cancellation(self, lines: list[_Line]) -> list[Row]:
        self._number += 1
        return [
            replace(line, invoice=f"C{self._number}", quantity=-line.quantity).row()
            for line in lines[: 1 + self._below(4)]
        ]

    def discount_cancellation(self, lines: list[_Line]) -> list[Row]:
        self._number += 1
        line = replace(lines[0], invoice=f"C{self._number}", code="D", description="Discount")
        return [replace(line, quantity=-1).row()]

    def write_off(self, lines: list[_Line]) -> list[Row]:
        reason = ("", "", "check", "damages", "thrown away", "?")[self._below(6)]
        line = self._stock_entry(lines, reason)
        return [replace(line, quantity=-1 - self._below(200)).row()]

    def stock_adjustment(self, lines: list[_Line]) -> list[Row]:
        reason = ("", "", "", "check", "found", "adjustment")[self._below(6)]
        return [replace(self._stock_entry(lines, reason), quantity=1 + self._below(50)).row()]

    def test_row(self, lines: list[_Line]) -> list[Row]:
        return [self._stock_entry(lines, "test").row()]

    def bad_debt(self, lines: list[_Line]) -> list[Row]:
        line = replace(self._stock_entry(lines, "Adjust bad debt"), code="B", pence=-1_106_206)
        return [replace(line, invoice=f"A{self._number}").row()]

    def no_number(self, lines: list[_Line]) -> list[Row]:
        return [{**lines[0].row(), "Quantity": "a dozen"}]

    def no_time(self, lines: list[_Line]) -> list[Row]:
        return [{**lines[0].row(), "InvoiceDate": "31/02/2011"}]

    def half_a_piece(self, lines: list[_Line]) -> list[Row]:
        return [{**lines[0].row(), "Quantity": "1.5"}]

    def no_pieces(self, lines: list[_Line]) -> list[Row]:
        return [{**lines[0].row(), "Quantity": "0.0"}]

    def _stock_entry(self, lines: list[_Line], description: str) -> _Line:
        """An invoice of one row that nobody is charged for: how the file books stock."""
        self._number += 1
        return _Line(
            invoice=str(self._number),
            at=lines[0].at,
            customer="",
            country="United Kingdom",
            code=self._pick_code(self._chance),
            description=description,
        )


_Dirt = Callable[[_Maker, list[_Line]], list[Row]]


def _charge(code: str, description: str, pence: int) -> _Dirt:
    """A row on a goods invoice that charges for something that is not goods."""

    def make(_maker: _Maker, lines: list[_Line]) -> list[Row]:
        line = replace(lines[0], code=code, description=description, quantity=1, pence=pence)
        return [line.row()]

    return make


# What stands between the goods, and how often in a thousand goods invoices.
_DIRT: Final[tuple[tuple[_Dirt, float], ...]] = (
    (_Maker.cancellation, 190),
    (_Maker.discount_cancellation, 4),
    (_Maker.write_off, 67),
    (_Maker.stock_adjustment, 38),
    (_Maker.test_row, 0.15),
    (_Maker.bad_debt, 0.15),
    (_Maker.no_number, 1),
    (_Maker.no_time, 1),
    (_Maker.half_a_piece, 1),
    (_Maker.no_pieces, 1),
    (_charge("POST", "POSTAGE", 1800), 57),
    (_charge("DOT", "DOTCOM POSTAGE", 11_417), 36),
    (_charge("C2", "CARRIAGE", 5000), 7),
    (_charge("23444", "Next Day Carriage", 1500), 4),
    (_charge("M", "Manual", 125), 16),
    (_charge("BANK CHARGES", "Bank Charges", 1500), 0.6),
    (_charge("AMAZONFEE", "AMAZON FEE", 1_354_133), 0.1),
    (_charge("D", "Discount", 100), 0.1),
    (_charge("S", "SAMPLES", 3000), 0.1),
    (_charge("gift_0001_20", "Dotcomgiftshop Gift Voucher £20.00", 1667), 1.7),
    (_charge("PADS", "PADS TO MATCH ALL CUSHIONS", 0), 0.2),
)


def _stock_codes(chance: Random) -> list[str]:
    """Five digits, and in a quarter of the codes a letter for the colour, as the file has them."""
    codes: dict[str, None] = {}
    while len(codes) < STOCK_CODES:
        # 23444, 23702 and 22016 are no goods: made goods begin with 3 to 8.
        digits = str(30_000 + int(chance.random() * 60_000))
        colour = string.ascii_uppercase[int(chance.random() * 8)]
        codes[digits + colour if chance.random() < 0.25 else digits] = None
    return list(codes)


def _popularity() -> list[float]:
    """How often each of the goods is ordered, from its rank, between the counted quantiles."""
    steps = len(_POPULARITY) - 1
    places = [rank * steps / STOCK_CODES for rank in range(STOCK_CODES)]
    return [
        _POPULARITY[int(place)]
        + (_POPULARITY[int(place) + 1] - _POPULARITY[int(place)]) * (place - int(place))
        for place in places
    ]


def _description(code: str) -> str:
    number = int(code[:5])
    look = _LOOKS[number % len(_LOOKS)]
    return f"{look} {_THINGS[number // len(_LOOKS) % len(_THINGS)]} {code[5:]}".rstrip()


_Value = TypeVar("_Value")


def _weighted(pairs: Sequence[tuple[_Value, float]]) -> Callable[[Random], _Value]:
    """A draw in which each value comes as often as its weight says."""
    values = [value for value, _ in pairs]
    bounds = list(accumulate(weight for _, weight in pairs))
    return lambda chance: values[bisect_right(bounds, chance.random() * bounds[-1])]
