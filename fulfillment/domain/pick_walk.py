"""The values of picking: a walk as its picker sees it, what a scan shows, what it does.

:mod:`fulfillment.domain.picking` decides with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from fulfillment.domain.policy import PickConfirmation
from fulfillment.domain.values import PickMethod, Verdict

# --- the state ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Feed:
    """What a stop gives to one shipment line."""

    id: int
    shipment_id: int
    shipment_line_id: int
    shipment_number: str
    position: int
    quantity: int
    picked: int = 0
    short: int = 0
    tote: str = ""
    """The tote that is open for the shipment (in a batch: for the list); '' = the next scanned."""

    @property
    def wanted(self) -> int:
        """Units still to be taken."""
        return self.quantity - self.picked - self.short


@dataclass(frozen=True)
class Stop:
    """One bin × product × lot of the walk.  ``seller_id`` says whose barcodes count."""

    id: int
    sequence: int
    location_id: int
    location_code: str
    product_id: int
    seller_id: int
    sku: str
    name: str
    tracking: str
    lot: str
    expires_on: date | None
    feeds: tuple[Feed, ...]

    @property
    def open_feeds(self) -> tuple[Feed, ...]:
        """The feeds that still want units, in the order of the cart."""
        return tuple(feed for feed in self.feeds if feed.wanted)

    @property
    def wanted(self) -> int:
        """Units still to be taken for all totes."""
        return sum(feed.wanted for feed in self.feeds)


@dataclass(frozen=True)
class Dropped:
    """A shipment of the list that was cancelled and that the picker was not told of yet."""

    shipment_id: int
    number: str
    position: int
    totes: tuple[str, ...]


Awaited = Literal["claim", "bin", "item", "tote", "reason", "nothing"]


@dataclass(frozen=True)
class PickState:
    """A pick list as its picker sees it: where to go, what to take, where to put it.

    ``stop`` is the stop to work at (its bin scanned or not), ``next_stop`` the one after it
    (None also right after a put that ended a stop: it is looked up with the next scan).
    ``today`` is the day in the warehouse's time zone.
    """

    list_id: int
    number: str
    state: str
    warehouse_id: int
    picker_id: int | None
    picker_name: str
    confirmation: PickConfirmation
    today: date
    stops_open: int
    method: PickMethod = "cart"
    stop: Stop | None = None
    next_stop: Stop | None = None
    bin_scanned: bool = False
    in_hand_feed_id: int | None = None
    in_hand: int = 0
    in_hand_serials: tuple[str, ...] = ()
    short_asked: bool = False
    short_found: int | None = None
    cancelled: tuple[Dropped, ...] = ()

    @property
    def feed(self) -> Feed | None:
        """The feed in hand, else the next one to take for."""
        if self.stop is None:
            return None
        feeds = self.stop.open_feeds
        return next((f for f in feeds if f.id == self.in_hand_feed_id), feeds[0] if feeds else None)

    @property
    def is_batch(self) -> bool:
        """Whether everything goes into batch totes together, to be sorted afterwards."""
        return self.method == "batch"

    @property
    def wanted_now(self) -> int:
        """Units that the next put takes at most: those of the feed, in a batch of all feeds."""
        if self.is_batch:
            return self.stop.wanted if self.stop else 0
        return self.feed.wanted if self.feed else 0

    @property
    def goes_back(self) -> int:
        """Units of a batch in hand that nobody here wants any more: an order was cancelled."""
        fits = self.bin_scanned and self.in_hand <= self.wanted_now
        return 0 if fits or not self.is_batch else self.in_hand

    @property
    def awaits(self) -> Awaited:
        """The kind of scan that comes next."""
        if self.state == "open":
            return "claim"
        if self.state != "claimed" or self.stop is None:
            return "nothing"
        if self.short_asked:
            return "reason"
        if not self.bin_scanned:
            return "bin"
        return "tote" if self.in_hand and not self._piece_missing else "item"

    @property
    def next_step(self) -> str:
        """The code of the instruction: what is awaited, and in a batch which kind of tote."""
        awaits = self.awaits
        return "batch-tote" if awaits == "tote" and self.is_batch else awaits

    @property
    def _piece_missing(self) -> bool:
        return self.counts_pieces and self.in_hand < self.wanted_now

    @property
    def counts_pieces(self) -> bool:
        """Whether every piece is scanned here: by policy, or because each has a serial."""
        return self.confirmation == "piece" or (
            self.stop is not None and self.stop.tracking == "serial"
        )


# --- what the database knows about the scanned thing ---------------------------------------


@dataclass(frozen=True)
class SeenItem:
    """A product barcode of the seller, or (``serial_here`` is not None) a serial number.

    ``serial`` is the one that was scanned ('' = none), ``serial_here`` whether the books have
    it in the stop's bin and lot.
    """

    product_id: int
    sku: str
    quantity: int = 1
    serial: str = ""
    serial_here: bool = False


@dataclass(frozen=True)
class SeenTote:
    """A tote of this warehouse and who uses it."""

    location_id: int
    code: str
    holds_goods: bool = False
    owner_id: int | None = None
    owner: str = ""
    """Number of the shipment whose goods it holds; '' = unused, or a batch tote."""
    is_full: bool = False
    pick_list_id: int | None = None
    batch: str = ""
    """Number of the batch list that fills it; '' = no batch tote."""


@dataclass(frozen=True)
class SeenPart:
    """What the last put gave to one shipment line.

    ``is_there``: the units lie in the tote still; those of a batch may have been sorted.
    """

    feed_id: int
    shipment_id: int
    shipment_number: str
    shipment_state: str
    shipment_line_id: int
    quantity: int
    serials: tuple[str, ...] = ()
    is_there: bool = True


@dataclass(frozen=True)
class SeenPut:
    """The last put of the list that was not undone; in a batch it has a part for each line."""

    event_id: int
    scan_id: str
    stop_id: int
    product_id: int
    sku: str
    lot: str
    bin_id: int
    bin: str
    tote_id: int
    tote: str
    parts: tuple[SeenPart, ...]

    @property
    def quantity(self) -> int:
        """Units of all parts."""
        return sum(part.quantity for part in self.parts)


Seen = SeenItem | SeenTote | SeenPut | None


# --- effects -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Nothing:
    """Nothing changes."""


@dataclass(frozen=True)
class OpenStop:
    """The picker stands at the stop's bin."""

    stop_id: int


@dataclass(frozen=True)
class Take:
    """So many units (all that are in hand now) wait for the feed's tote."""

    feed_id: int
    in_hand: int
    serials: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakeBack:
    """What is in hand goes back to the bin; it never left it in the books."""


@dataclass(frozen=True)
class Share:
    """Units of a put that are one shipment line's."""

    feed: Feed
    quantity: int
    serials: tuple[str, ...] = ()


@dataclass(frozen=True)
class Put:
    """What is in hand goes into the tote; ``binds``: the tote becomes the shipment's.

    The put of a batch has a share for each line that it serves, and binds the tote to the list.
    """

    shares: tuple[Share, ...]
    tote: SeenTote
    binds: bool

    @property
    def quantity(self) -> int:
        """Units of all shares."""
        return sum(share.quantity for share in self.shares)


@dataclass(frozen=True)
class UndoPut:
    """The put's units go from the tote back to the bin."""

    put: SeenPut


@dataclass(frozen=True)
class CloseTote:
    """The tote that is open for the shipment (None: for the batch) takes nothing more."""

    shipment_id: int | None


@dataclass(frozen=True)
class Skip:
    """The stop goes to the end of the walk."""

    stop_id: int


@dataclass(frozen=True)
class HandOver:
    """The list is open again."""


@dataclass(frozen=True)
class AskShort:
    """SHORT was scanned (True), or taken back (False)."""

    asked: bool


@dataclass(frozen=True)
class SayFound:
    """So many units were found for the stop."""

    found: int


@dataclass(frozen=True)
class Cut:
    """Units that a feed does not get."""

    feed: Feed
    quantity: int


@dataclass(frozen=True)
class CutShort:
    """The units of the cuts are missing; ``in_hand`` stay in hand."""

    reason: str
    cuts: tuple[Cut, ...]
    in_hand: int

    @property
    def missing(self) -> int:
        """Units of all cuts."""
        return sum(cut.quantity for cut in self.cuts)


@dataclass(frozen=True)
class Drop:
    """The picker was told that these shipments are cancelled."""

    shipment_ids: tuple[int, ...]


@dataclass(frozen=True)
class Finish:
    """Nothing is left to pick."""


Effect = (
    Nothing
    | OpenStop
    | Take
    | TakeBack
    | Put
    | UndoPut
    | CloseTote
    | Skip
    | HandOver
    | AskShort
    | SayFound
    | CutShort
    | Drop
    | Finish
)


@dataclass(frozen=True)
class Decision:
    """What the picker is told and what happens."""

    verdict: Verdict
    effect: Effect = Nothing()
