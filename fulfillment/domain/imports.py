"""What the columns of an import file mean, and what can be wrong with a cell.

A file has a heading row (row 1).  Headings are compared without regard to case and
surrounding blanks; a column that is not listed here is refused rather than ignored, because
a misspelt heading would lose its column in silence.  An empty cell means "not given": a new
thing gets the default, one that is there keeps what it has.

Whole numbers may be written ``6`` or ``6.0`` (spreadsheets do), never ``1e3`` or ``1,000``.
Days are ``YYYY-MM-DD``, moments ISO 8601 (UTC where no offset is written), yes and no
``yes/no``, ``true/false`` or ``1/0``; lists are separated by semicolons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from fulfillment.domain.catalogue import MOST_GRAMS, MOST_MM, MOST_PIECES
from fulfillment.domain.checks import EARLIEST_YEAR, LATEST_YEAR, UNPRINTABLE, UNSTORABLE, shown
from fulfillment.domain.errors import Fault
from fulfillment.domain.orders import MOST_PIECES as MOST_ORDERED
from fulfillment.domain.orders import (
    MOST_PRICE_MINOR,
    PRIORITIES,
    NewLine,
    NewOrder,
    PostalAddress,
)
from fulfillment.domain.values import PACK_KINDS, TRACKING

KINDS = ("products", "barcodes", "bins", "stock", "orders")
MOST_FAULTS_SHOWN = 1_000


@dataclass(frozen=True)
class RowFault:
    """One wrong cell: the row's number in the file, the column, a code, the offending text."""

    row: int
    column: str
    code: str
    text: str = ""


@dataclass(frozen=True)
class FileRow:
    """A row as it was read: its number in the file (the heading is row 1) and its cells."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A row that was understood: the fields that were given."""

    number: int
    fields: Mapping[str, Any]


class _WrongCell(Exception):
    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = text


Reader = Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """A column: its heading, how a cell is read, and whether each row needs it."""

    name: str
    read: Reader
    required: bool = False


_WHOLE = re.compile(r"[+-]?\d{1,18}(\.0{1,18})?")
_DECIMAL = re.compile(r"[+-]?\d{1,9}(\.\d{1,9})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}( 00:00:00|T00:00:00)?")
_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _text(cell: str, *, most: int) -> str:
    if len(cell) > most:
        raise _WrongCell("too-long", f"{len(cell)} > {most}")
    return cell


def _whole(cell: str, *, least: int, most: int) -> int:
    if not _WHOLE.fullmatch(cell) or not cell.isascii():
        raise _WrongCell("not-a-whole-number", shown(cell))
    value = int(cell.partition(".")[0])
    if not least <= value <= most:
        raise _WrongCell("out-of-range", f"{least}..{most}")
    return value


def _metres(cell: str) -> float:
    if not _DECIMAL.fullmatch(cell) or not cell.isascii():
        raise _WrongCell("not-a-number", shown(cell))
    return float(cell)


def _yes_no(cell: str) -> bool:
    try:
        return _YES[cell.lower()]
    except KeyError:
        raise _WrongCell("not-a-yes-or-no", shown(cell)) from None


def _choice(cell: str, *, choices: tuple[str, ...]) -> str:
    if cell not in choices:
        raise _WrongCell("not-one-of", ", ".join(choices))
    return cell


def _day(cell: str) -> date:
    if not _DAY.fullmatch(cell) or not cell.isascii():
        raise _WrongCell("not-a-day", shown(cell))
    try:
        day = date.fromisoformat(cell[:10])
    except ValueError:
        raise _WrongCell("not-a-day", shown(cell)) from None
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise _WrongCell("out-of-range", f"{EARLIEST_YEAR}..{LATEST_YEAR}")
    return day


def _moment(cell: str) -> datetime:
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        raise _WrongCell("not-a-moment", shown(cell)) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _list(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


_grams = partial(_whole, least=1, most=MOST_GRAMS)
_mm = partial(_whole, least=1, most=MOST_MM)
_sku = Column("sku", partial(_text, most=64), required=True)

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "products": (
        _sku,
        Column("name", partial(_text, most=200)),
        Column("weight_grams", _grams),
        Column("length_mm", _mm),
        Column("width_mm", _mm),
        Column("height_mm", _mm),
        Column("tracking", partial(_choice, choices=TRACKING)),
        Column("has_expiry", _yes_no),
        Column("low_stock_level", partial(_whole, least=0, most=10**9)),
        Column("lead_time_days", partial(_whole, least=0, most=3_650)),
        Column("picture_url", partial(_text, most=500)),
        Column("tags", _list),
        Column("active", _yes_no),
    ),
    "barcodes": (
        _sku,
        Column("code", partial(_text, most=128), required=True),
        Column("kind", partial(_choice, choices=PACK_KINDS)),
        Column("quantity", partial(_whole, least=1, most=MOST_PIECES)),
    ),
    "bins": (
        Column("warehouse", partial(_text, most=64), required=True),
        Column("code", partial(_text, most=32), required=True),
        Column("zone", partial(_text, most=16)),
        Column("aisle", partial(_whole, least=0, most=10_000)),
        Column("x_metres", _metres),
        Column("y_metres", _metres),
        Column("active", _yes_no),
    ),
    "stock": (
        _sku,
        Column("bin", partial(_text, most=64), required=True),
        Column("quantity", partial(_whole, least=1, most=10_000_000), required=True),
        Column("lot", partial(_text, most=64)),
        Column("expires_on", _day),
        Column("serial", partial(_text, most=64)),
    ),
    "orders": (
        Column("reference", partial(_text, most=128), required=True),
        _sku,
        Column("quantity", partial(_whole, least=1, most=MOST_ORDERED), required=True),
        Column("unit_price_minor", partial(_whole, least=0, most=MOST_PRICE_MINOR)),
        Column("channel", partial(_text, most=64)),
        Column("placed_at", _moment),
        Column("currency", partial(_text, most=3)),
        Column("country", partial(_text, most=2)),
        Column("customer", partial(_text, most=128)),
        Column("name", partial(_text, most=200)),
        Column("company", partial(_text, most=200)),
        Column("address1", partial(_text, most=200)),
        Column("address2", partial(_text, most=200)),
        Column("address3", partial(_text, most=200)),
        Column("city", partial(_text, most=200)),
        Column("region", partial(_text, most=200)),
        Column("postcode", partial(_text, most=32)),
        Column("phone", partial(_text, most=64)),
        Column("email", partial(_text, most=254)),
        Column("priority", partial(_whole, least=PRIORITIES.start, most=PRIORITIES.stop - 1)),
        Column("note", partial(_text, most=4_000)),
        Column("packing_note", partial(_text, most=4_000)),
        Column("tags", _list),
        Column("ship_complete", _yes_no),
        Column("service", partial(_text, most=129)),
        Column("promised_on", _day),
    ),
}
"""The columns of each kind of file, with their headings."""

LAYOUT_COLUMNS = (
    Column("kind", partial(_choice, choices=("aisle", "cross-aisle", "depot", "bin")), True),
    Column("code", partial(_text, most=32)),
    Column("aisle", partial(_whole, least=0, most=10_000)),
    Column("cross_aisle", partial(_whole, least=0, most=4)),
    Column("x_metres", _metres),
    Column("y_metres", _metres),
)
"""The columns of a drawn layout; :mod:`fulfillment.domain.layouts` says what a row needs."""
_COLUMNS = {**COLUMNS, "layout": LAYOUT_COLUMNS}

MULTILINE = frozenset({"note", "packing_note"})
"""Columns whose cells may have line breaks."""
REQUIRED_OF_ORDERS = ("placed_at", "currency", "country")
"""Columns that an order needs on its first row."""


@dataclass
class Understood:
    """The rows that could be read, and the faults of those that could not."""

    rows: list[Row] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    count: int = 0
    """Rows of the file, those with faults included."""


def understand(kind: str, heading: Sequence[str], rows: Iterable[FileRow | RowFault]) -> Understood:
    """Read the cells of *rows* by the columns of *kind*; every fault is collected."""
    found = Understood()
    columns = _columns(kind, heading, found.faults)
    wrong_heading = bool(found.faults)
    for row in rows:
        if isinstance(row, RowFault):
            found.faults.append(row)
            continue
        found.count += 1
        if wrong_heading:
            continue
        faults = list(_shape_faults(row, columns))
        fields: dict[str, Any] = {}
        if not faults:
            faults.extend(_read_cells(row, columns, fields))
        if faults:
            found.faults.extend(faults)
        else:
            found.rows.append(Row(row.number, fields))
    if not found.count and not found.faults:
        found.faults.append(RowFault(1, "", "no-rows"))
    return found


def _columns(kind: str, heading: Sequence[str], faults: list[RowFault]) -> list[Column]:
    known = {column.name: column for column in _COLUMNS[kind]}
    names = [name.strip().lower() for name in heading]
    for index, name in enumerate(names):
        if name not in known:
            faults.append(RowFault(1, shown(name)[:64], "unknown-column", shown(heading[index])))
        elif name in names[:index]:
            faults.append(RowFault(1, name, "repeated-column"))
    needed = {column.name for column in known.values() if column.required}
    if kind == "orders":
        needed.update(REQUIRED_OF_ORDERS)
    faults.extend(RowFault(1, name, "missing-column") for name in sorted(needed - set(names)))
    return [known[name] for name in names if name in known]


def _shape_faults(row: FileRow, columns: Sequence[Column]) -> Iterator[RowFault]:
    if len(row.cells) > len(columns):
        yield RowFault(row.number, "", "too-many-cells", f"{len(row.cells)} > {len(columns)}")
    elif len(row.cells) < len(columns):
        yield RowFault(row.number, "", "too-few-cells", f"{len(row.cells)} < {len(columns)}")


def _read_cells(
    row: FileRow, columns: Sequence[Column], fields: dict[str, Any]
) -> Iterator[RowFault]:
    for column, cell in zip(columns, row.cells, strict=True):
        text = cell.strip()
        if not text:
            if column.required:
                yield RowFault(row.number, column.name, "required")
            continue
        if (UNSTORABLE if column.name in MULTILINE else UNPRINTABLE).search(text):
            yield RowFault(row.number, column.name, "control-characters", shown(text))
            continue
        try:
            fields[column.name] = column.read(text)
        except _WrongCell as wrong:
            yield RowFault(row.number, column.name, wrong.code, wrong.text)


# --- orders: several rows become one -----------------------------------------------------


@dataclass(frozen=True)
class FileOrder:
    """An order of a file, and the row of each of its lines."""

    command: NewOrder
    rows: tuple[int, ...]

    def fault(self, fault: Fault) -> RowFault:
        """Where in the file *fault* of the command stands."""
        line = re.match(r"lines\[(\d+)\]\.(\w+)", fault.where)
        if line:
            return RowFault(self.rows[int(line[1])], line[2], fault.code, fault.text)
        part = fault.where.removeprefix("address.")
        column = _COLUMN_OF.get(part, part)
        return RowFault(
            self.rows[0], re.sub(r"^lines\[.*", "address1", column), fault.code, fault.text
        )


_COLUMN_OF = {"requested_service": "service", "lines": "address1"}
_OF_A_LINE = frozenset({"reference", "channel", "sku", "quantity", "unit_price_minor"})
_ADDRESS = ("country", "name", "company", "city", "region", "postcode", "phone", "email")
_AS_THEY_ARE = (
    "customer",
    "priority",
    "note",
    "packing_note",
    "tags",
    "ship_complete",
    "promised_on",
)


def orders_of(rows: Iterable[Row], *, seller: str) -> tuple[list[FileOrder], list[RowFault]]:
    """Put rows of one channel and reference together, in the order of their first rows.

    What an order says besides its lines stands on its first row; a later row leaves it empty
    or says the same (else ``differs-from-first-row``).
    """
    together: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        key = (row.fields.get("channel", "file"), row.fields["reference"])
        together.setdefault(key, []).append(row)
    faults: list[RowFault] = []
    orders: list[FileOrder] = []
    for (channel, reference), of_order in together.items():
        found = list(_head_faults(of_order))
        faults += found
        if not found:
            orders.append(
                FileOrder(
                    _command(of_order, seller=seller, channel=channel, reference=reference),
                    tuple(row.number for row in of_order),
                )
            )
    return orders, faults


def _head_faults(rows: Sequence[Row]) -> Iterator[RowFault]:
    first = rows[0]
    for name in REQUIRED_OF_ORDERS:
        if name not in first.fields:
            yield RowFault(first.number, name, "required")
    for row in rows[1:]:
        for name, value in row.fields.items():
            if name not in _OF_A_LINE and value != first.fields.get(name):
                yield RowFault(row.number, name, "differs-from-first-row", f"row {first.number}")


def _command(rows: Sequence[Row], *, seller: str, channel: str, reference: str) -> NewOrder:
    head = rows[0].fields
    address = PostalAddress(
        **{name: head[name] for name in _ADDRESS if name in head},
        lines=tuple(head[name] for name in ("address1", "address2", "address3") if name in head),
    )
    return NewOrder(
        seller=seller,
        channel=channel,
        reference=reference,
        placed_at=head["placed_at"],
        address=address,
        currency=head["currency"],
        lines=tuple(
            NewLine(
                row.fields["sku"], row.fields["quantity"], row.fields.get("unit_price_minor", 0)
            )
            for row in rows
        ),
        requested_service=head.get("service", ""),
        **{name: head[name] for name in _AS_THEY_ARE if name in head},
    )
