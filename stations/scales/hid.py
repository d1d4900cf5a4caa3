"""USB scales of the HID class: data reports of usage page 0x8D.

A data report is its id, a status, a unit, a power of ten (signed) and a weight (16 bits, low byte
first).  Source: USB Implementers' Forum, *HID Point of Sale Usage Tables 1.02*, chapter 4
(weighing devices): usages 0x32 data report, 0x40 weight, 0x41 scaling, 0x50-0x5C units, 0x70-0x78
status.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from stations.scales.readings import Reading, Trouble, troubled, weight

REPORT_IDS = (0, 3)
"""3 is the data report; 0 stands for a device that has only one report and no ids."""
REPORT_LENGTH = 6

UNITS: Mapping[int, str] = {
    1: "mg", 2: "g", 3: "kg", 4: "ct", 5: "tael", 6: "gr", 7: "dwt", 8: "t", 9: "ton",
    10: "ozt", 11: "oz", 12: "lb",
}  # fmt: skip

ZERO, MOVING, STABLE = 2, 3, 4
TROUBLES: Mapping[int, Trouble] = {
    1: Trouble.FAULT,
    5: Trouble.UNDERLOAD,
    6: Trouble.OVERLOAD,
    7: Trouble.FAULT,  # wants calibration
    8: Trouble.NOT_READY,  # wants to be zeroed
}


class HidScale:
    """Decodes reports; each chunk is one report with its id in front."""

    request = b""

    def feed(self, chunk: bytes) -> list[Reading]:
        """The reading of a data report; nothing of any other report."""
        if len(chunk) != REPORT_LENGTH or chunk[0] not in REPORT_IDS:
            return []
        reading = _reading(chunk)
        return [] if reading is None else [reading]


def _reading(report: bytes) -> Reading | None:
    _id, status, unit_number, scaling, low, high = report
    unit = UNITS.get(unit_number, "")
    if trouble := TROUBLES.get(status):
        return troubled(trouble, unit=unit)
    if status not in (ZERO, MOVING, STABLE):
        return None
    exponent = scaling - 256 if scaling > 127 else scaling
    if not -9 <= exponent <= 9:
        return troubled(Trouble.FAULT, unit=unit)
    amount = Decimal(low + 256 * high).scaleb(exponent)
    return weight(amount, unit, stable=status != MOVING)
