"""A strict reader of ZPL: knows the few commands that labels use and refuses everything else.

Written from Zebra's ZPL II Programming Guide, apart from the writer, so that an address that
smuggled a command in would be seen as one.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from dataclasses import dataclass

import numpy as np

from tests.labels.reading import Picture

_KNOWN = {
    *("XA", "XZ", "CI", "LH", "PW", "LL", "FO", "FS", "FH", "FD", "GF", "GB"),
    *("A0", "FB", "BY", "BC", "BE", "B2", "BQ", "BX"),
}
_ESCAPE = re.compile(rb"_([0-9A-F]{2})")


@dataclass(frozen=True)
class Command:
    """A command's two letters and the raw text up to the next command."""

    name: str
    rest: bytes


def commands(zpl: bytes) -> list[Command]:
    """Every command, in order; any that is not known, and any ~, is an error."""
    assert b"~" not in zpl, "a control command"
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in zpl), "bytes outside ASCII"
    before, *parts = zpl.split(b"^")
    assert not before.strip()
    found = [Command(part[:2].decode(), part[2:].rstrip(b"\n")) for part in parts]
    unknown = {command.name for command in found} - _KNOWN
    assert not unknown, unknown
    return found


def unescaped(raw: bytes) -> str:
    """Field data behind ^FH."""
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), raw).decode("utf-8")


def graphic(rest: bytes) -> Picture:
    """The dots of a ^GF field, 0 for black; its CRC and its size are checked."""
    match = re.fullmatch(rb"A,(\d+),(\d+),(\d+),:Z64:([A-Za-z0-9+/=]+):([0-9A-F]{4})", rest)
    assert match, rest[:60]
    assert binascii.crc_hqx(match[4], 0) == int(match[5], 16)
    raw = zlib.decompress(base64.b64decode(match[4], validate=True))
    total, total_again, row_bytes = (int(match[group]) for group in (1, 2, 3))
    assert len(raw) == total == total_again
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8).reshape(-1, row_bytes), axis=1)
    return np.where(bits == 1, 0, 255).astype(np.uint8)


def code_128_words(text: str) -> tuple[list[int], str]:
    """Symbol characters and content of a ^BC field in mode N, by the table of invocation codes.

    FNC1 stands as 0x1D in the content.
    """
    assert text[:2] in (">:", ">;"), text
    in_c = text[1] == ";"
    words, content = [105 if in_c else 104], []
    rest = text[2:]
    while rest:
        if rest.startswith(">"):
            words.append({"8": 102, "6": 100, "5": 99, "0": 30, "<": 62, "=": 94}[rest[1]])
            if rest[1] in "56":
                in_c = rest[1] == "5"
            else:
                content.append({"8": "\x1d", "0": ">", "<": "^", "=": "~"}[rest[1]])
            rest = rest[2:]
        elif in_c:
            words.append(int(rest[:2]))
            content.append(rest[:2])
            assert re.fullmatch(r"\d\d", rest[:2]), text
            rest = rest[2:]
        else:
            words.append(ord(rest[0]) - 32)
            content.append(rest[0])
            rest = rest[1:]
    return words, "".join(content)


@dataclass(frozen=True)
class Field:
    """What stands between ^FO and ^FS: position, its commands, its text ('' for graphics)."""

    x: int
    y: int
    names: tuple[str, ...]
    text: str
    picture: Picture | None


def fields(zpl: bytes) -> list[Field]:
    """The fields of one or more labels."""
    found: list[Field] = []
    open_field: list[Command] = []
    for command in commands(zpl):
        if command.name == "FO":
            assert not open_field, "a field inside a field"
            open_field = [command]
        elif command.name == "FS":
            found.append(_field(open_field))
            open_field = []
        elif open_field:
            open_field.append(command)
        else:
            assert command.name in ("XA", "XZ", "CI", "LH", "PW", "LL"), command
    assert not open_field
    return found


def _field(parts: list[Command]) -> Field:
    x, y = (int(number) for number in parts[0].rest.split(b","))
    text, picture = "", None
    for part in parts[1:]:
        if part.name == "FD":
            text = unescaped(part.rest)
        elif part.name == "GF":
            picture = graphic(part.rest)
    return Field(x, y, tuple(part.name for part in parts[1:]), text, picture)


def for_renderer(zpl: bytes) -> bytes:
    """The same label with Code 128 fields that change to subset C left to the printer's choice.

    The renderer (Zebrash as of zpl-renderer-js 3.4.0) goes on in subset B after ``>5``. Such a
    field is read here by Zebra's table and handed over in automatic mode.
    """
    return re.sub(rb"\^BCN,(\d+),N,N,N,N\^FH\^FD([^\^]*)\^FS", _automatic, zpl)


def _automatic(match: re.Match[bytes]) -> bytes:
    text = unescaped(match[2])
    if ">5" not in text:
        return match[0]
    _, content = code_128_words(text)
    escaped = "".join(c if c.isalnum() else f"_{ord(c):02X}" for c in content)
    return b"^BCN,%s,N,N,N,A^FH^FD%s^FS" % (match[1], escaped.encode())
