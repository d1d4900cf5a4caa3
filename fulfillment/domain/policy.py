"""What a warehouse decides for itself: data, edited on a page, audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from fulfillment.domain.errors import Fault, InvalidInput

PrinterOff = Literal["ship", "wait"]
PickConfirmation = Literal["quantity", "piece"]
BenchShort = Literal["replace", "ship-rest", "wait"]


@dataclass(frozen=True)
class WarehousePolicy:
    """The policy of one warehouse; the defaults suit a small one.

    A parcel's weight is accepted when it differs from the expected one by at most the
    greater of ``weight_tolerance_percent`` of it and ``weight_tolerance_grams``.
    """

    weight_tolerance_percent: int = 3
    weight_tolerance_grams: int = 20
    printer_off: PrinterOff = "ship"
    scan_out: bool = True
    pick_confirmation: PickConfirmation = "quantity"
    bench_short: BenchShort = "replace"
    idle_seconds: int = 180
    cart_positions: int = 12
    list_lines: int = 60
    cart_litres: int = 0
    """What a cart takes by volume; 0 = no limit."""
    cart_kilograms: int = 0
    """What a cart takes by weight; 0 = no limit."""
    planning_seconds: int = 0
    """How long the carts of a wave are planned; 0 = as long as its size allows."""
    batch_shipments: int = 40
    """Shipments of a batch list, at most: no more than a put wall has slots."""
    label_scan_required: bool = True
    proof_photos: bool = False
    """Photos of an open order that packers take are kept, without what else is in their files."""
    proof_photo_days: int = 90
    company_prefix: str = "9520000"
    """GS1 company prefix of the SSCCs; the default lies in GS1's range for demonstrations."""

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> WarehousePolicy:
        """The default with the stored differences; raises :class:`InvalidInput`."""
        faults = tuple(_faults_of(stored))
        if faults:
            raise InvalidInput(faults=faults)
        return cls(**stored)

    def differences(self) -> dict[str, Any]:
        """What is stored: the fields that differ from the default."""
        default = WarehousePolicy()
        return {
            name: value for name, value in asdict(self).items() if value != getattr(default, name)
        }

    def weight_allowed_grams(self, expected_grams: int) -> int:
        """The greatest accepted difference from *expected_grams*."""
        percent = -(-expected_grams * self.weight_tolerance_percent // 100)
        return max(percent, self.weight_tolerance_grams)


_BOUNDS: dict[str, tuple[int, int]] = {
    "weight_tolerance_percent": (0, 50),
    "weight_tolerance_grams": (0, 5000),
    "idle_seconds": (30, 3600),
    "cart_positions": (1, 64),
    "list_lines": (1, 500),
    "proof_photo_days": (1, 3650),
    "cart_litres": (0, 100_000),
    "cart_kilograms": (0, 100_000),
    "planning_seconds": (0, 60),
    "batch_shipments": (1, 500),
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "printer_off": get_args(PrinterOff),
    "pick_confirmation": get_args(PickConfirmation),
    "bench_short": get_args(BenchShort),
}


def _faults_of(stored: Mapping[str, Any]) -> list[Fault]:
    names = {f.name for f in fields(WarehousePolicy)}
    faults = [Fault(name, "unknown-field") for name in stored if name not in names]
    for name, value in stored.items():
        if name in _BOUNDS:
            low, high = _BOUNDS[name]
            if type(value) is not int or not low <= value <= high:
                faults.append(Fault(name, "out-of-range", f"{low}..{high}"))
        elif name in _CHOICES:
            if value not in _CHOICES[name]:
                faults.append(Fault(name, "not-one-of", ", ".join(_CHOICES[name])))
        elif name == "company_prefix":
            if not isinstance(value, str) or not value.isdigit() or not 7 <= len(value) <= 10:
                faults.append(Fault(name, "not-a-company-prefix", str(value)))
        elif name in names and type(value) is not bool:
            faults.append(Fault(name, "not-a-yes-or-no", str(value)))
    return faults
