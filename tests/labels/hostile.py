"""200 field values that try to break out of a label, the same on every run."""

from __future__ import annotations

import random

COMMANDS = (
    "^XZ",
    "~JR",
    "^XA^FO0,0^GB800,1200,800^FS^XZ",
    "^FS^FD",
    "~DGR:X.GRF,8,1,FF",
    "^FO1,1^GFA,1,1,1,FF^FS",
    "^CC/ ^CT! ^FX",
    "_5EXZ",
    "_5exz_7eJR",
    "\\&\\&\\&",
    "\\(^XZ\\)",
    ">;>8>5>6",
    ") Tj ET Q",
    "(()))\\",
    "<feff> EMC",
    "%PDF-1.7 endobj",
    "{number} {0.__class__}",
    "%s%n%x",
    "'; DROP TABLE shipment;--",
    "<script>alert(1)</script>",
)
CONTROLS = (
    "A\x00B",
    "A\x1bB",
    "A\x02\x03B",
    "A\r\nB\tC",
    "A\x7f\x80\x9fB",
    "\x1d\x1e\x04",
    "A\u2028B\u2029C",
    "\ud800 alone",
    "\udfff",
    "\ufffe\uffff",
    "\ue000 private",
)
DIRECTIONS = (
    "\u202eevil\u202c",
    "\u202dA\u202eB",
    "\u2066\u2067\u2068X\u2069",
    "abc\u200f\u200e",
    "שלום\u202eabc",
    "\u061cA",
    "ا" * 40 + "abc" + "ب" * 40,
)
PICTURES = ("😀", "👩‍👩‍👧‍👦", "🇹🇼", "A❤️B", "𠮷野家", "鿏", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿")
STACKS = ("Z" + "\u0301" * 200, "ก" + "\u0e49" * 50, "e\u0301\u0302\u0303" * 30, "\u0301" * 10)
LENGTHS = ("W" * 3000, "字" * 3000, "a b " * 750, "ا" * 3000, "-" * 3000, "ก" * 3000, " " * 3000)


def hostile_values(count: int = 200) -> list[str]:
    """All the values above, then mixtures of them."""
    parts = [*COMMANDS, *CONTROLS, *DIRECTIONS, *PICTURES, *STACKS]
    chance = random.Random(200)
    values = [*parts, *LENGTHS]
    while len(values) < count:
        mixed = "".join(chance.choices(parts, k=chance.randint(2, 5)))
        values.append(chance.choice(("", "Dock 4 ", "信義路 ")) + mixed)
    return values[:count]
