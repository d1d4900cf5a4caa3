"""CSV and XLSX in: bytes to rows of text, within limits, and no encoding guessed.

A CSV file says its encoding by a byte order mark, by being pure ASCII, or the person says
it; otherwise the answer is :class:`EncodingNeeded` with how it would read in each (Big5 bytes
decode as GB18030 without an error, and wrong).  The separator is the one of comma, semicolon
and tab that the heading has most of.

An XLSX file is a ZIP of XML, so it can lie about its size: the bytes are counted while they
are unpacked, before any XML is parsed, and the XML parser is defusedxml's.  The first sheet
is read, row by row.  A formula is refused: what it would show is not in the file for sure.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from fulfillment.domain.checks import shown
from fulfillment.domain.errors import EncodingNeeded, EncodingPreview, FileUnreadable
from fulfillment.domain.imports import FileRow, RowFault

MOST_BYTES = 50 * 1024 * 1024
"""Of a CSV file, and of everything inside an XLSX file together."""
MOST_ROWS = 200_000
MOST_COLUMNS = 64
MOST_CELL = 32_767
"""Characters: what Excel itself allows."""
MOST_ZIP_ENTRIES = 100
MOST_ZIP_RATIO = 100
_HEADING_CHARACTERS = 100_000
_SMALL_ENOUGH = 1024 * 1024
"""Below this no ratio is a bomb; tiny sheets of equal rows pack 1:200."""

ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "big5": "cp950",
    "gb18030": "gb18030",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
}
"""What a person may say, and the codec: Big5 files come from Windows, whose Big5 is cp950."""
_OFFERED = ("utf-8", "big5", "gb18030")
_OFFERED_WITH_NULS = ("utf-16-le", "utf-16-be")
_PREVIEW_LINES, _PREVIEW_CHARACTERS = 3, 120

XLSX = "xlsx"


@dataclass(frozen=True)
class Table:
    """A file that is being read: its heading, and then each row or what is wrong with it.

    ``rows`` is read once, as it is used: what makes a file unreadable may show at its end.
    """

    encoding: str
    heading: tuple[str, ...]
    rows: Iterator[FileRow | RowFault]


def read_table(content: bytes, *, encoding: str | None = None) -> Table:
    """Read a CSV or XLSX file.

    Raises, also while the rows are read, :class:`FileUnreadable` (what it is, its size, its
    structure) and :class:`EncodingNeeded`.
    """
    if not content:
        raise FileUnreadable(reason="empty")
    if len(content) > MOST_BYTES:
        raise FileUnreadable(reason="too-large")
    if content.startswith(b"PK\x03\x04"):
        return _table(XLSX, _xlsx_rows(content))
    if content.startswith((b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")):
        raise FileUnreadable(reason="not-csv-or-xlsx")
    name = _encoding_of(content, encoding)
    return _table(name, _csv_rows(content, name))


# --- CSV ---------------------------------------------------------------------------------


def _encoding_of(content: bytes, said: str | None) -> str:
    """A byte order mark decides; then what the person said; ASCII needs no answer."""
    if said is not None and said not in ENCODINGS:
        raise FileUnreadable(reason="unknown-encoding")
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileUnreadable(reason="utf-32")
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if said is not None and said != "utf-16":
        return said
    # Without a mark UTF-16 does not say which byte comes first.
    if said == "utf-16" or content[:4096].count(0) > len(content[:4096]) // 4:
        raise EncodingNeeded(previews=_previews(content, _OFFERED_WITH_NULS))
    if content.isascii():
        return "utf-8"
    raise EncodingNeeded(previews=_previews(content, _OFFERED))


def _previews(content: bytes, names: Iterable[str]) -> tuple[EncodingPreview, ...]:
    found: list[EncodingPreview] = []
    for name in names:
        try:
            text = content.decode(ENCODINGS[name])
        except UnicodeDecodeError:
            continue
        telling = (line for line in text.splitlines() if not line.isascii())
        lines = [
            line[:_PREVIEW_CHARACTERS]
            for line, _ in zip(telling, range(_PREVIEW_LINES), strict=False)
        ]
        found.append(EncodingPreview(name, tuple(lines)))
    return tuple(found)


@dataclass
class _RawRow:
    number: int
    cells: list[str]
    faults: list[RowFault]


def _csv_rows(content: bytes, encoding: str) -> Iterator[_RawRow]:
    number = 0
    try:
        first_line = _text_of(content, encoding).readline(_HEADING_CHARACTERS)
        separator = max(",;\t", key=first_line.count)
        # A cell over the csv module's own limit (131,072) is an error of the reader, as it should.
        reader = csv.reader(_text_of(content, encoding), delimiter=separator, strict=True)
        for number, cells in enumerate(reader, start=1):
            yield _RawRow(number, cells, [])
    except csv.Error as error:
        # What follows a broken quote cannot be told apart any more.
        yield _RawRow(number + 1, [], [RowFault(number + 1, "", "malformed-row", str(error))])
    except UnicodeDecodeError:
        raise FileUnreadable(reason=f"not-{encoding}") from None


def _text_of(content: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding=ENCODINGS[encoding], newline="")


# --- XLSX --------------------------------------------------------------------------------

_BROKEN_WORKBOOK = (
    zipfile.BadZipFile, zlib.error, EOFError, ParseError, InvalidFileException, KeyError, ValueError,
    TypeError, IndexError, AttributeError, NotImplementedError, OverflowError, RuntimeError,
)  # fmt: skip
"""What openpyxl, zipfile and defusedxml are seen to raise on files that are no workbooks: they
have no error of their own for it.  Only parsing runs under this net."""


def _xlsx_rows(content: bytes) -> Iterator[_RawRow]:
    if openpyxl.LXML or not openpyxl.DEFUSEDXML:
        raise RuntimeError("XLSX is not parsed by defusedxml: reading it would not be safe")
    _check_archive(content)
    try:
        workbook = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=False, keep_links=False
        )
        with closing(workbook):
            yield from _sheet_rows(workbook.worksheets[0])
    except _BROKEN_WORKBOOK as error:
        raise FileUnreadable(reason=f"not-a-workbook: {type(error).__name__}") from None


def _check_archive(content: bytes) -> None:
    """Unpack everything once, counting: entries, real bytes, ratio; no DTD in any part."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ZIP_ENTRIES:
                raise FileUnreadable(reason="too-many-entries")
            if len({entry.filename for entry in entries}) != len(entries):
                raise FileUnreadable(reason="repeated-entry")
            unpacked = 0
            for entry in entries:
                for chunk in _chunks_of(archive, entry):
                    unpacked += len(chunk)
                    if unpacked > MOST_BYTES:
                        raise FileUnreadable(reason="too-large-unpacked")
                    if unpacked > max(_SMALL_ENOUGH, MOST_ZIP_RATIO * len(content)):
                        raise FileUnreadable(reason="packed-too-tightly")
    # The last two: a packing that zipfile does not know, and an archive with a password.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise FileUnreadable(reason=f"broken-archive: {type(error).__name__}") from None


def _chunks_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    tail = b""
    with archive.open(entry) as part:
        while chunk := part.read(65_536):
            seen = (tail + chunk).replace(b"\x00", b"").upper()  # UTF-16 parts as well
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise FileUnreadable(reason="document-type")
            tail = chunk[-32:]
            yield chunk


def _sheet_rows(sheet: Any) -> Iterator[_RawRow]:
    sheet.reset_dimensions()  # what the file says of its size may be a lie
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
        raw = _RawRow(number, [], [])
        for index, cell in enumerate(cells, start=1):
            try:
                raw.cells.append(_cell_text(cell))
            except _WrongCell as wrong:
                raw.cells.append("")
                raw.faults.append(RowFault(number, f"#{index}", wrong.code, wrong.text))
        yield raw


class _WrongCell(Exception):
    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = text


MOST_EXACT = 10**15
"""Excel keeps 15 digits; a longer number has lost some."""


def _cell_text(cell: Any) -> str:
    """What a cell says, in the form in which a CSV file would say it."""
    value = cell.value
    if cell.data_type == "f":
        raise _WrongCell("formula", shown(value))
    if cell.data_type == "e":
        raise _WrongCell("error-cell", shown(value))
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() if abs(value) >= MOST_EXACT:
            raise _WrongCell("number-not-exact", str(value))
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime() | date():
            return value.isoformat()
        case _:
            raise _WrongCell("unsupported-cell", type(value).__name__)


# --- both --------------------------------------------------------------------------------


def _table(encoding: str, raw_rows: Iterator[_RawRow]) -> Table:
    first = next(raw_rows, None)
    if first is None or not (heading := _without_empty_tail(first.cells)):
        raise FileUnreadable(reason="no-heading")
    if len(heading) > MOST_COLUMNS:
        raise FileUnreadable(reason="too-many-columns")
    return Table(encoding, heading, _rows(encoding, heading, first.faults, raw_rows))


def _rows(
    encoding: str,
    heading: Sequence[str],
    heading_faults: Sequence[RowFault],
    raw_rows: Iterable[_RawRow],
) -> Iterator[FileRow | RowFault]:
    """The rows below the heading; empty lines are left out, their numbers are not given away."""
    fill = encoding == XLSX  # a sheet has no ragged rows: empty cells are simply not stored
    yield from heading_faults
    for raw in raw_rows:
        if raw.number > MOST_ROWS + 1:
            raise FileUnreadable(reason="too-many-rows")
        if raw.faults:
            yield from (_named(fault, heading) for fault in raw.faults)
        elif too_long := next((cell for cell in raw.cells if len(cell) > MOST_CELL), None):
            yield RowFault(raw.number, "", "cell-too-long", shown(too_long))
        elif any(cell.strip() for cell in raw.cells):
            yield FileRow(raw.number, _squared(raw.cells, len(heading), fill=fill))


def _without_empty_tail(cells: Sequence[str]) -> tuple[str, ...]:
    kept = list(cells)
    while kept and not kept[-1].strip():
        kept.pop()
    return tuple(kept)


def _squared(cells: Sequence[str], width: int, *, fill: bool) -> tuple[str, ...]:
    """Without empty cells beyond the heading; *fill* adds those that are missing."""
    kept = (*cells[:width], *_without_empty_tail(cells[width:]))
    return kept + ("",) * (width - len(kept)) if fill else kept


def _named(fault: RowFault, heading: Sequence[str]) -> RowFault:
    """With the column's heading in place of its position."""
    position = fault.column.removeprefix("#")
    if not position.isdigit() or int(position) > len(heading):
        return fault
    return replace(fault, column=shown(heading[int(position) - 1]).strip().lower()[:64])
