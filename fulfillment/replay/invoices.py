"""Reads the UCI "Online Retail" invoices and accounts for every row.

The file: Chen, D. (2015), Online Retail, UCI Machine Learning Repository, doi 10.24432/C5BW33,
CC BY 4.0. One row is one line of an invoice of a UK gift wholesaler. Its columns are `COLUMNS`;
numbers are written as floats (`6.0`, `17850.0`), times are the wholesaler's own (UK) times.

What is goods and what is not:

- A row of a cancellation invoice (`C536379`) is the end of an earlier order, not an order.
- Postage, fees, discounts, vouchers, samples and manual entries are money, not things to pick.
- A negative quantity on a plain invoice is a write-off ("damaged", "thrown away").
- A price of 0 alone says nothing: free goods are picked and packed like any others. But where
  nothing on an invoice is charged *and* nobody is the customer, the row is a stock adjustment
  ("found", "check", or no word at all).
- A missing customer is an order all the same (the web shop's): it becomes a guest named after
  the invoice. A missing description is no fault either: the stock code stands in for it.
"""

import csv
import gzip
import lzma
import re
import zlib
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

COLUMNS: Final = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)

FIRST_ROW_NUMBER: Final = 2
"""The header is row 1, as a spreadsheet shows it."""

OPEN_INVOICES: Final = 32
"""How many invoices may be unfinished at once: in the file, a cancellation that was typed in at
the same minute stands between two rows of one invoice. More rows of an invoice that was closed
since are left out and counted, so memory does not grow with the file."""

MAX_QUANTITY: Final = 1_000_000
"""A line of more pieces is a typing error; the file's greatest is 80,995."""

MAX_PRICE: Final = Decimal(10_000_000)
MAX_TEXT_LENGTHS: Final = {
    "InvoiceNo": 20,
    "StockCode": 32,
    "Description": 200,
    "CustomerID": 20,
    "Country": 60,
}
KEPT_FAULTS: Final = 100

_WHOLESALER_TIME_ZONE: Final = ZoneInfo("Europe/London")
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_CANCELLATION: Final = re.compile(r"C[0-9]")
_ACCOUNTING: Final = re.compile(r"A[0-9]")


class LeftOut(StrEnum):
    """Why a row is not a goods line. The set is closed; the first that fits counts."""

    UNREADABLE_ROW = "unreadable-row"
    CANCELLATION_INVOICE = "cancellation-invoice"
    ACCOUNTING_ENTRY = "accounting-entry"
    POSTAGE_OR_CARRIAGE = "postage-or-carriage"
    FEE_OR_COMMISSION = "fee-or-commission"
    DISCOUNT = "discount"
    MANUAL_ENTRY = "manual-entry"
    SAMPLE = "sample"
    GIFT_VOUCHER = "gift-voucher"
    NOT_A_THING = "not-a-thing"
    TEST_ROW = "test-row"
    WRITE_OFF = "write-off"
    BAD_QUANTITY = "bad-quantity"
    STOCK_ADJUSTMENT = "stock-adjustment"
    INVOICE_ALREADY_CLOSED = "invoice-already-closed"
    BEYOND_ORDERS_ASKED = "beyond-orders-asked"


NON_GOODS_CODES: Final[Mapping[str, LeftOut]] = {
    "POST": LeftOut.POSTAGE_OR_CARRIAGE,
    "DOT": LeftOut.POSTAGE_OR_CARRIAGE,  # the web shop's postage
    "C2": LeftOut.POSTAGE_OR_CARRIAGE,
    "23444": LeftOut.POSTAGE_OR_CARRIAGE,  # "Next Day Carriage", numbered like goods
    "AMAZONFEE": LeftOut.FEE_OR_COMMISSION,
    "BANK CHARGES": LeftOut.FEE_OR_COMMISSION,
    "CRUK": LeftOut.FEE_OR_COMMISSION,  # a charity's commission
    "D": LeftOut.DISCOUNT,
    "M": LeftOut.MANUAL_ENTRY,
    "S": LeftOut.SAMPLE,
    "B": LeftOut.ACCOUNTING_ENTRY,  # "Adjust bad debt"
    "22016": LeftOut.GIFT_VOUCHER,  # "Gift Voucher £100.00", numbered like goods
    "PADS": LeftOut.NOT_A_THING,  # a remark of 0.001 that belongs to a cushion
    "23702": LeftOut.NOT_A_THING,  # "High Resolution Image"
}
"""Stock codes (in upper case) that are no goods; voucher codes also begin with `GIFT_`."""

_VOUCHER_PREFIX: Final = "GIFT_"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """Goods on an invoice. `unit_price_minor` is in pence, rounded half up; 0 means free."""

    stock_code: str
    description: str
    quantity: int
    unit_price_minor: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """One order: its goods lines in file order, at least one.

    The same stock code twice stays two lines, as the wholesaler wrote it. `placed_at` is the
    earliest time on its rows, in UTC; `country` is the file's word for it.
    """

    number: str
    placed_at: datetime
    customer: str
    country: str
    lines: tuple[InvoiceLine, ...]

    @property
    def units(self) -> int:
        """Pieces ordered, over all lines."""
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that could not be cut into its cells; `fault` is a kebab-case code."""

    fault: str


Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowFault:
    """Where and why a row could not be read; `column` is empty if the row fell apart whole."""

    row_number: int
    column: str
    fault: str


@dataclass(frozen=True, slots=True)
class ReadCounts:
    """What became of every row: `goods_rows` + all of `rows_left_out` = `rows_read`.

    `rows_left_out` names only the reasons that occurred, in the order of `LeftOut`.
    `merged_stock_codes` are goods whose code is written in more than one case (`85123a`,
    `85123A`). `faults` are the first `KEPT_FAULTS` unreadable rows.
    """

    rows_read: int
    goods_rows: int
    rows_left_out: Mapping[str, int]
    merged_stock_codes: int
    faults: tuple[RowFault, ...]

    @property
    def balanced(self) -> bool:
        """Whether every row read is accounted for."""
        return self.goods_rows + sum(self.rows_left_out.values()) == self.rows_read


class RetailFileError(Exception):
    """The file as a whole cannot be read: `code` says why, `columns` which are missing."""

    def __init__(self, path: Path, code: str, columns: tuple[str, ...] = ()) -> None:
        super().__init__(f"{path}: {code} {' '.join(columns)}".rstrip())
        self.path = path
        self.code = code
        self.columns = columns


def file_rows(path: Path) -> Iterator[Row | BrokenRow]:
    """Stream the rows of a CSV file in UTF-8, plain or compressed (`.xz`, `.gz` by its name).

    Raises `RetailFileError` for a header without all of `COLUMNS` and for a damaged archive, and
    `OSError` where there is no such file. A damaged row is yielded as a `BrokenRow`, a byte that
    is not UTF-8 as U+FFFD, which `InvoiceReader` refuses with the row's number.
    """
    try:
        with _opened(path) as text:
            yield from _csv_rows(path, text)
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise RetailFileError(path, "damaged-archive") from error


def _opened(path: Path) -> IO[str]:
    # utf-8-sig: spreadsheets put a byte order mark before the first column's name.
    suffix = path.suffix.lower()
    if suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    if suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _csv_rows(path: Path, text: IO[str]) -> Iterator[Row | BrokenRow]:
    records = csv.reader(text)
    try:
        header = [name.strip() for name in next(records, [])]
    except csv.Error as error:
        raise RetailFileError(path, "unreadable-header") from error
    missing = tuple(column for column in COLUMNS if column not in header)
    if missing:
        raise RetailFileError(path, "missing-columns", missing)
    while True:
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error:
            yield BrokenRow("broken-quoting")
            continue
        if len(cells) == len(header):
            yield dict(zip(header, cells, strict=True))
        else:
            yield BrokenRow("cell-count" if cells else "empty-row")


class InvoiceReader:
    """Turns rows into invoices, in the order of their first rows, and counts what it leaves out.

    An iterator that can be read once. `limit` ends it after so many goods invoices: the *first*
    of the file, not a sample, because then a short run needs no more of the file than it uses,
    a longer run contains the shorter one, and orders meet in the same goods as they did on real
    days. `counts` holds when the iteration has ended.
    """

    def __init__(self, rows: Iterable[Row | BrokenRow], *, limit: int | None = None) -> None:
        if limit is not None and limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        self._rows = rows
        self._rows_read = 0
        self._goods_rows = 0
        self._left_out: Counter[LeftOut] = Counter()
        self._faults: list[RowFault] = []
        self._spellings: defaultdict[str, set[str]] = defaultdict(set)
        self._open: OrderedDict[str, _OpenInvoice] = OrderedDict()
        self._closed: set[str] = set()
        self._stream = self._first(limit) if limit is not None else self._invoices()

    def __iter__(self) -> Iterator[Invoice]:
        return self._stream

    @property
    def counts(self) -> ReadCounts:
        """What became of the rows read so far; balanced once the iteration has ended."""
        return ReadCounts(
            rows_read=self._rows_read,
            goods_rows=self._goods_rows,
            rows_left_out={
                reason.value: self._left_out[reason] for reason in LeftOut if self._left_out[reason]
            },
            merged_stock_codes=sum(len(spellings) > 1 for spellings in self._spellings.values()),
            faults=tuple(self._faults),
        )

    def _first(self, limit: int) -> Iterator[Invoice]:
        for taken, invoice in enumerate(self._invoices(), start=1):
            yield invoice
            if taken == limit:
                break
        for invoice in self._remaining():
            self._goods_rows -= len(invoice.lines)
            self._left_out[LeftOut.BEYOND_ORDERS_ASKED] += len(invoice.lines)

    def _invoices(self) -> Iterator[Invoice]:
        for row_number, row in enumerate(self._rows, start=FIRST_ROW_NUMBER):
            self._rows_read += 1
            try:
                entry = _entry(row)
            except _CellError as error:
                self._refuse(RowFault(row_number, error.column, error.fault))
                continue
            self._sort(entry)
            if len(self._open) > OPEN_INVOICES:
                yield from self._close_oldest()
        yield from self._remaining()

    def _remaining(self) -> Iterator[Invoice]:
        while self._open:
            yield from self._close_oldest()

    def _refuse(self, fault: RowFault) -> None:
        self._left_out[LeftOut.UNREADABLE_ROW] += 1
        if len(self._faults) < KEPT_FAULTS:
            self._faults.append(fault)

    def _sort(self, entry: "_Entry") -> None:
        """Put the row on its invoice, or count why not."""
        reason = _reason_of_the_row_itself(entry)
        if reason in (LeftOut.CANCELLATION_INVOICE, LeftOut.ACCOUNTING_ENTRY):
            self._left_out[reason] += 1
            return
        if entry.invoice_number in self._closed:
            self._left_out[reason or LeftOut.INVOICE_ALREADY_CLOSED] += 1
            return
        invoice = self._opened(entry)
        # Postage that was paid for shows, too, that an invoice was meant to be sent.
        invoice.charged = invoice.charged or entry.unit_price > 0
        if reason is not None:
            self._left_out[reason] += 1
            return
        self._spellings[entry.line.stock_code].add(entry.stock_code_as_written)
        invoice.lines.append(entry.line)

    def _opened(self, entry: "_Entry") -> "_OpenInvoice":
        invoice = self._open.get(entry.invoice_number)
        if invoice is None:
            invoice = self._open[entry.invoice_number] = _OpenInvoice(
                entry.placed_at, entry.customer, entry.country
            )
        invoice.placed_at = min(invoice.placed_at, entry.placed_at)
        invoice.customer = invoice.customer or entry.customer
        return invoice

    def _close_oldest(self) -> Iterator[Invoice]:
        number, invoice = self._open.popitem(last=False)
        self._closed.add(number)
        if not invoice.charged and not invoice.customer:
            self._left_out[LeftOut.STOCK_ADJUSTMENT] += len(invoice.lines)
        elif invoice.lines:
            self._goods_rows += len(invoice.lines)
            yield Invoice(
                number=number,
                placed_at=invoice.placed_at,
                customer=invoice.customer or f"GUEST-{number}",
                country=invoice.country,
                lines=tuple(invoice.lines),
            )


@dataclass(slots=True)
class _OpenInvoice:
    """An invoice of which more rows may come."""

    placed_at: datetime
    customer: str
    country: str
    charged: bool = False
    lines: list[InvoiceLine] = field(default_factory=list)


@dataclass(slots=True)
class _Entry:
    """One readable row, its cells typed; `customer` is empty where the row names none."""

    invoice_number: str
    stock_code_as_written: str
    placed_at: datetime
    customer: str
    country: str
    quantity: Decimal
    unit_price: Decimal
    line: InvoiceLine


class _CellError(Exception):
    def __init__(self, column: str, fault: str) -> None:
        super().__init__(column, fault)
        self.column = column
        self.fault = fault


def _reason_of_the_row_itself(entry: _Entry) -> LeftOut | None:
    """Why the row is no goods line whatever else is on its invoice; None if it may be one."""
    code = entry.line.stock_code
    if _CANCELLATION.match(entry.invoice_number):
        return LeftOut.CANCELLATION_INVOICE
    if _ACCOUNTING.match(entry.invoice_number) or entry.unit_price < 0:
        return LeftOut.ACCOUNTING_ENTRY
    if code.startswith(_VOUCHER_PREFIX):
        return LeftOut.GIFT_VOUCHER
    if code in NON_GOODS_CODES:
        return NON_GOODS_CODES[code]
    if entry.line.description.lower() == "test":
        return LeftOut.TEST_ROW
    if entry.quantity < 0:
        return LeftOut.WRITE_OFF
    if not 0 < entry.quantity <= MAX_QUANTITY or entry.quantity != entry.line.quantity:
        return LeftOut.BAD_QUANTITY
    return None


def _entry(row: Row | BrokenRow) -> _Entry:
    """Type the cells of a row, or raise `_CellError`."""
    if isinstance(row, BrokenRow):
        raise _CellError("", row.fault)
    code_as_written = _required(row, "StockCode")
    code = code_as_written.upper()
    quantity = _number("Quantity", _cell(row, "Quantity"))
    unit_price = _number("UnitPrice", _cell(row, "UnitPrice"))
    if abs(unit_price) > MAX_PRICE:
        raise _CellError("UnitPrice", "too-great")
    return _Entry(
        invoice_number=_required(row, "InvoiceNo").upper(),
        stock_code_as_written=code_as_written,
        placed_at=_utc(_cell(row, "InvoiceDate").strip()),
        customer=_text("CustomerID", _cell(row, "CustomerID")).removesuffix(".0"),
        country=_text("Country", _cell(row, "Country")) or "Unspecified",
        quantity=quantity,
        unit_price=unit_price,
        line=InvoiceLine(
            stock_code=code,
            description=_text("Description", _cell(row, "Description")) or f"Item {code}",
            quantity=int(quantity),
            unit_price_minor=_minor(unit_price),
        ),
    )


def _cell(row: Row, column: str) -> str:
    try:
        return row[column]
    except KeyError:
        raise _CellError(column, "missing") from None


def _required(row: Row, column: str) -> str:
    text = _text(column, _cell(row, column))
    if not text:
        raise _CellError(column, "missing")
    return text


# The cells of half a million rows repeat a few thousand texts: the caches below save most of the
# work, and let equal texts and numbers be the same objects.


@lru_cache(maxsize=8192)
def _text(column: str, raw: str) -> str:
    text = " ".join(raw.split())
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise _CellError(column, "not-utf-8")
    if not text.isprintable():
        raise _CellError(column, "control-character")
    if len(text) > MAX_TEXT_LENGTHS[column]:
        raise _CellError(column, "too-long")
    return text


@lru_cache(maxsize=8192)
def _number(column: str, raw: str) -> Decimal:
    text = raw.strip()
    if not _NUMBER.fullmatch(text):
        raise _CellError(column, "not-a-number" if text else "missing")
    return Decimal(text)


@lru_cache(maxsize=8192)
def _minor(price: Decimal) -> int:
    return int((price * 100).to_integral_value(rounding=ROUND_HALF_UP))


@lru_cache(maxsize=64)
def _utc(text: str) -> datetime:
    """The file has no time zone; these are a UK company's invoices, so it is UK time."""
    try:
        local = datetime.fromisoformat(text)
        if local.tzinfo is None:
            local = local.replace(tzinfo=_WHOLESALER_TIME_ZONE)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _CellError("InvoiceDate", "not-a-time" if text else "missing") from None
