# ruff: noqa: ARG002  # the protocol gives every carrier what only some of them need
"""The local carrier: its own number range, its own labels, no network."""

from __future__ import annotations

from collections.abc import Iterable

from stdnum.iso7064 import mod_97_10

from fulfillment.carriers.protocol import (
    BoughtLabel,
    Handover,
    LabelRequest,
    ManifestRequest,
    NotOffered,
    Pickup,
    PickupRequest,
    Rate,
    Tracking,
)

PREFIX = "FT"
DIGITS = 10


def tracking_number(number: int) -> str:
    """The tracking number for a number of the range: ``FT``, ten digits, two check digits.

    The check digits are ISO 7064 MOD 97-10, so that a mistyped number is noticed.
    """
    digits = f"{number:0{DIGITS}d}"
    return PREFIX + digits + str(mod_97_10.calc_check_digits(digits))


def is_tracking_number(text: str) -> bool:
    """Whether *text* has the form and the check digits of a number of ours."""
    digits = text.removeprefix(PREFIX)
    return (
        text.startswith(PREFIX)
        and len(digits) == DIGITS + 2
        and digits.isdigit()
        and bool(mod_97_10.is_valid(digits))
    )


class LocalCarrier:
    """Sells a label for each of the drawn *numbers*; the labels are drawn by the house.

    The numbers come from the range of the service, drawn in the transaction that makes the
    labels: a transaction that is undone gives them back, so nothing can be paid for twice, and
    there is nothing to find, to take back or to ask for.
    """

    honours_keys = True

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._numbers = iter(numbers)

    def rate(self, request: LabelRequest) -> tuple[Rate, ...]:
        """No price: the price table of a service says what it costs."""
        raise NotOffered("the local carrier has a price table")

    def buy(self, request: LabelRequest, *, key: str) -> BoughtLabel:
        """The next drawn number."""
        number = next(self._numbers, None)
        if number is None:
            raise NotOffered("no number was drawn for this label")
        return BoughtLabel(tracking_number(number))

    def find(self, key: str) -> BoughtLabel | None:
        """None: a label that was made is in the database."""
        return None

    def void(self, label: BoughtLabel, *, key: str) -> None:
        """Nothing to take back: the number is never used again."""

    def track(self, tracking_number: str) -> Tracking:
        """Not tracked once it has left the dock."""
        return Tracking("unknown")

    def manifest(self, request: ManifestRequest, *, key: str) -> Handover:
        """The house's own manifest is the handover."""
        return Handover(key)

    def pickup(self, request: PickupRequest, *, key: str) -> Pickup:
        """Its van comes by the timetable."""
        raise NotOffered("the local van comes by its timetable")
