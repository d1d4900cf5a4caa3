"""The dispatch report: what left when, on time or late, and where the time went.

A shipment belongs to the day on which it was dispatched, on its warehouse's clock; one that should
have left and is still here belongs to the day of its promised cut-off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fulfillment.domain.people import Actor
from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.dispatch import (
    CLASS_MINUTES,
    WHOLE,
    Figures,
    Passage,
    Slot,
    Tally,
    by_hour,
    by_weekday,
    figures,
    together,
)
from fulfillment.domain.reporting.sheets import Cell, Sheet, columns
from fulfillment.domain.states import STAGES
from fulfillment.services.board.people import user_names
from fulfillment.services.reports.frame import Report, ReportChoice, Scope, scope_of
from fulfillment.services.reports.passages import (
    count_orders,
    read_passages,
    read_quarters,
    read_tallies,
)
from fulfillment.store.transaction import Transaction, reads

MOST_LATE = 200
"""Late shipments shown on the page and in JSON; the files have all."""


@dataclass(frozen=True)
class Group:
    """The shipments of one warehouse and carrier."""

    warehouse: str
    carrier: str
    figures: Figures


@dataclass(frozen=True)
class Late:
    """A shipment that was not dispatched by its promised cut-off."""

    order_id: int
    order: str
    shipment: str
    warehouse: str
    service: str
    promised_at: datetime
    dispatched_at: datetime | None
    late_seconds: int
    """Until it was dispatched, or until now."""
    longest_stage: str
    longest_seconds: int
    longest_by: str
    """Who ended the stage that took longest; '' where nobody has or it is not stamped."""


@dataclass(frozen=True)
class DispatchReport:
    """The report of a choice."""

    days: Days
    whole: Figures
    before: Figures
    """The same of as many days before."""
    groups: tuple[Group, ...]
    hours: tuple[Slot, ...]
    weekdays: tuple[Slot, ...]
    late: tuple[Late, ...]
    late_count: int


@reads
def dispatch_report(tx: Transaction, actor: Actor, choice: ReportChoice) -> DispatchReport:
    """The report; raises :class:`UnknownThing` for a warehouse that the actor does not see."""
    return _report(tx, scope_of(tx, actor, choice), most_late=MOST_LATE)


def _report(tx: Transaction, scope: Scope, *, most_late: int | None) -> DispatchReport:
    days = scope.choice.days
    zones = {code: scope.zones[key] for key, code in scope.codes.items()}
    tallies = read_tallies(tx, scope, days)
    whole = _whole(tx, scope, days, tallies)
    quarters = read_quarters(tx, scope, days)
    late = read_passages(tx, scope, days, only_late=True, most=most_late)
    return DispatchReport(
        days=days,
        whole=whole,
        before=_whole(tx, scope, days.before(), read_tallies(tx, scope, days.before())),
        groups=tuple(Group(*key, figures(tally)) for key, tally in tallies.items()),
        hours=by_hour(quarters, zones),
        weekdays=by_weekday(quarters, zones),
        late=tuple(_late(tx, late)),
        late_count=whole.promised - whole.on_time,
    )


def _whole(
    tx: Transaction, scope: Scope, days: Days, tallies: Mapping[tuple[str, str], Tally]
) -> Figures:
    groups = list(tallies.values())
    orders = groups[0].orders if len(groups) == 1 else count_orders(tx, scope, days)
    return figures(together(groups, orders=orders))


def _late_seconds(one: Passage, now: datetime) -> int:
    left = one.dispatched if one.dispatched is not None else int(now.timestamp())
    return left - (one.promised or 0)


def _late(tx: Transaction, passages: Sequence[Passage]) -> list[Late]:
    longest = {one.shipment_id: one.longest(int(tx.now.timestamp())) for one in passages}
    names = user_names(tx, [found[2] for found in longest.values() if found])
    late = []
    for one in passages:
        stage, seconds, by_id = longest[one.shipment_id] or ("", 0, None)
        promised = _moment(one.promised)
        assert promised is not None, "late is what was promised"
        late.append(
            Late(
                one.order_id,
                one.order,
                one.shipment,
                one.warehouse,
                one.service,
                promised,
                _moment(one.dispatched),
                _late_seconds(one, tx.now),
                stage,
                seconds,
                names.get(by_id or 0, ""),
            )
        )
    return late


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


# --- sheets ------------------------------------------------------------------------------

_ORDERS = columns(
    "warehouse carrier service channel order shipment pieces:count parcels:count"
    " promised_cut_off_at:moment on_time:flag "
    + " ".join(f"{stage}_at:moment" for stage in STAGES)
    + " whole_seconds:seconds longest_stage longest_seconds:seconds longest_by"
)
_FIGURES = columns(
    "warehouse carrier orders:count shipments:count parcels:count pieces:count with_cut_off:count"
    " on_time:count on_time_percent:percent missing:count median:seconds p90:seconds p95:seconds"
)
_STAGE = (
    "stage:stage count:count median:seconds p90:seconds p95:seconds "
    + " ".join(f"up_to_{minutes}_min:count" for minutes in CLASS_MINUTES)
    + " more:count"
)
_LATE = columns(
    "order:order shipment warehouse service promised_cut_off_at:moment dispatched_at:moment"
    " late_seconds:seconds longest_stage:stage longest_seconds:seconds longest_by"
)
_SLOT = "shipments:count on_time_percent:percent median:seconds"


def _sheets(tx: Transaction, scope: Scope) -> tuple[Sheet, ...]:
    passages = read_passages(tx, scope, scope.choice.days)
    now = int(tx.now.timestamp())
    longest = {one.shipment_id: one.longest(now) for one in passages}
    names = user_names(tx, [found[2] for found in longest.values() if found])
    rows = tuple(_order_row(one, longest[one.shipment_id], names) for one in passages)
    report = _report(tx, scope, most_late=None)
    return (Sheet("orders", _ORDERS, rows), *tables(report))


def tables(report: DispatchReport) -> tuple[Sheet, ...]:
    """The figures as sheets."""
    return (
        Sheet("dispatch", _FIGURES, tuple(_figures_row(group) for group in report.groups)),
        Sheet("times", columns(_STAGE), tuple(_stage_rows(report.whole))),
        Sheet(
            "times-by-carrier",
            columns(f"warehouse carrier {_STAGE}"),
            tuple(
                (group.warehouse, group.carrier, *row)
                for group in report.groups
                for row in _stage_rows(group.figures)
            ),
        ),
        Sheet("late", _LATE, tuple(_late_row(one) for one in report.late)),
        Sheet("hours", columns(f"hour:hour {_SLOT}"), tuple(_slot_rows(report.hours))),
        Sheet("weekdays", columns(f"weekday:weekday {_SLOT}"), tuple(_slot_rows(report.weekdays))),
    )


def _order_row(
    one: Passage, longest: tuple[str, int, int | None] | None, names: dict[int, str]
) -> tuple[Cell, ...]:
    first, last = one.stamps[0], one.stamps[-1]
    stage, seconds, by_id = longest or ("", None, None)
    return (
        one.warehouse,
        one.carrier,
        one.service,
        one.channel,
        one.order,
        one.shipment,
        one.pieces,
        one.parcels,
        _moment(one.promised),
        one.on_time,
        *(_moment(at) for at in one.stamps),
        last - first if first is not None and last is not None else None,
        stage,
        seconds,
        names.get(by_id or 0, ""),
    )


def _figures_row(group: Group) -> tuple[Cell, ...]:
    found = group.figures
    whole = found.timing(WHOLE)
    return (
        group.warehouse,
        group.carrier,
        found.orders,
        found.shipments,
        found.parcels,
        found.pieces,
        found.promised,
        found.on_time,
        found.on_time_percent,
        found.missing,
        whole.median,
        whole.p90,
        whole.p95,
    )


def _stage_rows(found: Figures) -> Iterable[tuple[Cell, ...]]:
    for one in found.timings:
        if one.count:
            yield (one.stage, one.count, one.median, one.p90, one.p95, *one.classes)


def _late_row(one: Late) -> tuple[Cell, ...]:
    return (
        one.order,
        one.shipment,
        one.warehouse,
        one.service,
        one.promised_at,
        one.dispatched_at,
        one.late_seconds,
        one.longest_stage,
        one.longest_seconds,
        one.longest_by,
    )


def _slot_rows(slots: Iterable[Slot]) -> Iterable[tuple[Cell, ...]]:
    for one in slots:
        if one.shipments:
            yield (one.slot, one.shipments, one.on_time_percent, one.median)


REPORT = Report("dispatch", _sheets, asks=("days", "carrier", "channel"))
