"""What scales send and what it means: one table for the decoders in Python and in the browser.

A row is a protocol, the chunks as they arrive, and the readings as
(grams, stable, unit, trouble).
"""

from __future__ import annotations

from dataclasses import dataclass

Row = tuple[int | None, bool, str, str | None]


@dataclass(frozen=True)
class Stream:
    """Bytes of one scale, in the chunks in which they arrive, and what they say."""

    name: str
    protocol: str
    chunks: tuple[bytes, ...]
    readings: tuple[Row, ...]


def toledo(
    figure: str, *, decimals: int = 3, b: int = 0x10, c: int = 0x00, tare: str = "000000"
) -> bytes:
    """A frame without a checksum; *b* and *c* are the low bits of its status words."""
    words = bytes((0x28 | (decimals + 2), 0x20 | b, 0x20 | c))
    return b"\x02" + words + figure.encode() + tare.encode() + b"\r"


def checked(frame: bytes) -> bytes:
    """A frame with its checksum."""
    return frame + bytes((-sum(frame) & 0x7F,))


def hid(status: int, unit: int, exponent: int, weight: int, *, report_id: int = 3) -> bytes:
    """A data report of a USB scale, its id in front."""
    return bytes((report_id, status, unit, exponent & 0xFF, weight & 0xFF, weight >> 8))


def even_parity(chunk: bytes) -> bytes:
    """The bytes as a 7-bit scale with even parity sends them, read with 8 bits."""
    return bytes(byte | (byte.bit_count() & 1) << 7 for byte in chunk)


KILO: Row = (1234, True, "kg", None)
FRAME = toledo("001234")

TOLEDO = (
    Stream("a stable weight", "toledo", (FRAME,), (KILO,)),
    Stream("a moving weight", "toledo", (toledo("001234", b=0x18),), ((1234, False, "kg", None),)),
    Stream("leading blanks", "toledo", (toledo("  1234"),), (KILO,)),
    Stream("pounds, half up", "toledo", (toledo("   250", decimals=2, b=0),),
           ((1134, True, "lb", None),)),
    Stream("grams", "toledo", (toledo("   250", decimals=0, c=1),), ((250, True, "g", None),)),
    Stream("ounces", "toledo", (toledo("   160", decimals=1, c=3),), ((454, True, "oz", None),)),
    Stream("tonnes are not weighed", "toledo", (toledo("   160", c=2),),
           ((None, False, "t", "unknown-unit"),)),
    Stream("a dummy zero", "toledo", (toledo("   123", decimals=-1, c=1),),
           ((1230, True, "g", None),)),
    Stream("below zero", "toledo", (toledo("000005", b=0x12),), ((-5, True, "kg", None),)),
    Stream("a net weight beside its tare", "toledo", (toledo("001234", b=0x11, tare="000300"),),
           (KILO,)),
    Stream("too heavy", "toledo", (toledo("999999", b=0x14),), ((None, False, "kg", "overload"),)),
    Stream("under range", "toledo", (toledo("000200", b=0x16),),
           ((None, False, "kg", "underload"),)),
    Stream("a blank display", "toledo", (toledo("      "),), ((None, False, "kg", "not-ready"),)),
    Stream("the technician's tenfold view", "toledo", (toledo("012340", c=0x10),),
           ((None, False, "kg", "not-ready"),)),
    Stream("a checksum nobody asked for", "toledo", (checked(FRAME) * 3,), (KILO,) * 3),
    Stream("every byte on its own", "toledo", tuple(bytes((one,)) for one in FRAME * 2),
           (KILO, KILO)),
    Stream("two frames and a half, then the rest", "toledo", (FRAME * 2 + FRAME[:8], FRAME[8:]),
           (KILO,) * 3),
    Stream("garbage before and between", "toledo", (b"\x00\xffx\r" + FRAME + b"9\x02" + FRAME,),
           (KILO, KILO)),
    Stream("a byte lost, the next frame is right", "toledo", (FRAME[:7] + FRAME[8:] + FRAME,),
           (KILO,)),
    Stream("opened in the middle of a frame", "toledo", (FRAME[5:], FRAME), (KILO,)),
    Stream("parity in bit 7", "toledo", (even_parity(FRAME),), (KILO,)),
    Stream("digits that are none", "toledo", (toledo("00x234"), FRAME), (KILO,)),
    Stream("checksums right", "toledo-checksum", (checked(FRAME) * 2,), (KILO, KILO)),
    Stream("a flipped digit", "toledo-checksum",
           (checked(FRAME).replace(b"1234", b"1634"), checked(FRAME)), (KILO,)),
    Stream("a checksum that is STX", "toledo",
           (checked(toledo("001270", tare="000090")), FRAME), ((1270, True, "kg", None), KILO)),
)  # fmt: skip

SICS = (
    Stream("stable grams", "sics", (b"S S     100.00 g\r\n",), ((100, True, "g", None),)),
    Stream("a moving weight", "sics", (b"S D      1.234 kg\r\n",), ((1234, False, "kg", None),)),
    Stream("half a gram is rounded up", "sics", (b"S S     100.50 g\r\n",),
           ((101, True, "g", None),)),
    Stream("half a gram below zero is rounded away from it", "sics", (b"S S      -0.50 g\r\n",),
           ((-1, True, "g", None),)),
    Stream("just below half", "sics", (b"S S     100.499999 g\r\n",), ((100, True, "g", None),)),
    Stream("pounds are exact", "sics", (b"S S     22.046 lb\r\n",), ((10000, True, "lb", None),)),
    Stream("a tonne in pounds and in ounces", "sics",
           (b"S S  2204.6226 lb\r\nS S  35273.962 oz\r\n",),
           ((1_000_000, True, "lb", None), (1_000_000, True, "oz", None))),
    Stream("an approved balance's bracket", "sics", (b"S S      1.23[4] kg\r\n",), (KILO,)),
    Stream("over range", "sics", (b"S +\r\n",), ((None, False, "", "overload"),)),
    Stream("under range", "sics", (b"S -\r\n",), ((None, False, "", "underload"),)),
    Stream("busy", "sics", (b"S I\r\n",), ((None, False, "", "not-ready"),)),
    Stream("a broken balance", "sics", (b"S S Error 10b\r\n",), ((None, False, "", "fault"),)),
    Stream("not understood, broken, not executable, wrong parameter", "sics",
           (b"ES\r\nET\r\nEL\r\nS L\r\n",), ((None, False, "", "refused"),) * 4),
    Stream("pieces are no weight", "sics", (b"S S         12 PCS\r\n",),
           ((None, False, "pcs", "unknown-unit"),)),
    Stream("other answers", "sics", (b'I4 A "0123456789"\r\nZ A\r\nS S      1.234 kg\r\n',), (KILO,)),
    Stream("split anywhere", "sics", (b"S", b" S      1.2", b"34 k", b"g\r", b"\n"), (KILO,)),
    Stream("joined", "sics", (b"S S      1.234 kg\r\nS S      1.234 kg\r\nS S",), (KILO, KILO)),
    Stream("opened in the middle of a line", "sics", (b" 9.234 kg\r\nS S      1.234 kg\r\n",),
           (KILO,)),
    Stream("endless noise up to a line's end", "sics",
           (b"\xaa" * 300, b"S S      9.999 kg", b"\r\nS S      1.234 kg\r\n"), (KILO,)),
    Stream("parity in bit 7", "sics", (even_parity(b"S S      1.234 kg\r\n"),), (KILO,)),
)  # fmt: skip

INDICATOR = (
    Stream("a stable gross weight", "indicator", (b"ST,GS,+  1.234kg\r\n",), (KILO,)),
    Stream("a moving net weight", "indicator", (b"US,NT,+  1.234kg\r\n",),
           ((1234, False, "kg", None),)),
    Stream("below zero", "indicator", (b"ST,GS,-  0.020kg\r\n",), ((-20, True, "kg", None),)),
    Stream("the short form", "indicator", (b"ST,+00123.45  g\r\n",), ((123, True, "g", None),)),
    Stream("one letter for the kind", "indicator", (b"ST,N ,+0001.234 kg\r\n",), (KILO,)),
    Stream("a decimal comma", "indicator", (b"ST,GS,+   1,234kg\r\n",), (KILO,)),
    Stream("capital units", "indicator", (b"ST,GS,+   5.00 LB\r\n",), ((2268, True, "lb", None),)),
    Stream("ounces", "indicator", (b"ST,GS,+   8.0 oz\r\n",), ((227, True, "oz", None),)),
    Stream("too heavy", "indicator", (b"OL,GS,+       kg\r\n",), ((None, False, "", "overload"),)),
    Stream("too heavy, the short form", "indicator", (b"OL,+9999999E+19\r\n",),
           ((None, False, "", "overload"),)),
    Stream("under range", "indicator", (b"OL,GS,-       kg\r\n",),
           ((None, False, "", "underload"),)),
    Stream("no unit", "indicator", (b"ST, GS, +0123456\r\n",),
           ((None, False, "", "unknown-unit"),)),
    Stream("tares and counts are no weights", "indicator",
           (b"ST,TR,+  0.300kg\r\nST,PT,+  0.300kg\r\nQT,+00000012 PC\r\n",), ()),
    Stream("a line without its beginning", "indicator", (b"34kg\r\nST,GS,+  1.234kg\r\n",), (KILO,)),
    Stream("STX and ETX around it, CR alone behind", "indicator", (b"\x02ST,GS,+  1.234kg\x03\r",),
           (KILO,)),
    Stream("split anywhere", "indicator", (b"ST,G", b"S,+  1.", b"234kg", b"\r\n"), (KILO,)),
    Stream("two lines run together", "indicator", (b"ST,GS,+  1.2ST,GS,+  1.234kg\r\n",), ()),
)  # fmt: skip

HID = (
    Stream("stable ounces in tenths", "hid", (hid(4, 11, -1, 160),), ((454, True, "oz", None),)),
    Stream("stable grams", "hid", (hid(4, 2, 0, 1234),), ((1234, True, "g", None),)),
    Stream("kilograms in hundredths", "hid", (hid(4, 3, -2, 1234),),
           ((12340, True, "kg", None),)),
    Stream("pounds in tenths", "hid", (hid(4, 12, -1, 55),), ((2495, True, "lb", None),)),
    Stream("a positive exponent", "hid", (hid(4, 2, 1, 123),), ((1230, True, "g", None),)),
    Stream("in motion", "hid", (hid(3, 2, 0, 900),), ((900, False, "g", None),)),
    Stream("stable at zero", "hid", (hid(2, 2, 0, 0),), ((0, True, "g", None),)),
    Stream("fault, under zero, over limit, calibrate, zero it", "hid",
           tuple(hid(status, 2, 0, 40) for status in (1, 5, 6, 7, 8)),
           tuple((None, False, "g", trouble) for trouble in
                 ("fault", "underload", "overload", "fault", "not-ready"))),
    Stream("a device without report ids", "hid", (hid(4, 2, 0, 7, report_id=0),),
           ((7, True, "g", None),)),
    Stream("grains are not weighed", "hid", (hid(4, 6, 0, 40),),
           ((None, False, "gr", "unknown-unit"),)),
    Stream("an exponent out of this world", "hid", (hid(4, 2, 99, 1),),
           ((None, False, "g", "fault"),)),
    Stream("other reports, other lengths, an unknown status", "hid",
           (hid(4, 2, 0, 7, report_id=5), b"", b"\x03\x04\x02", hid(9, 2, 0, 7)), ()),
)  # fmt: skip

STREAMS = (*TOLEDO, *SICS, *INDICATOR, *HID)
