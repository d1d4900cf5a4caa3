"""The dispatch report: what left when, on time or late, and where the time went.

A shipment belongs to the day on which it was dispatched, on its warehouse's clock; one that should
have left and is still here belongs to the day of its promised cut-off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CompoundSelect, Row, and_, func, or_, select, union_all

from fulfillment.domain.people import Actor
from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.dispatch import (
    CLASS_MINUTES,
    WHOLE,
    Figures,
    Passage,
    Slot,
    by_hour,
    by_weekday,
    figures,
)
from fulfillment.domain.reporting.sheets import Cell, Sheet, columns
from fulfillment.domain.states import STAGES
from fulfillment.services.board.people import user_names
from fulfillment.services.board.reading import OPEN
from fulfillment.services.reports.dispatch_counts import count_figures, count_slots
from fulfillment.services.reports.frame import (
    Report,
    ReportChoice,
    Scope,
    scope_of,
    whole_seconds,
)
from fulfillment.store.base import table_of
from fulfillment.store.catalog import CarrierService
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.parcels import Parcel
from fulfillment.store.transaction import Transaction, reads

MOST_LATE = 200
"""Late shipments shown on the page and in JSON; the files have all."""

_shipment, _order, _service = table_of(Shipment), table_of(Order), table_of(CarrierService)
_parcel = table_of(Parcel)


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
    scope = scope_of(tx, actor, choice)
    if tx.is_postgresql:
        return _counted(tx, scope)
    before = figures(_passages(tx, scope, choice.days.before()))
    return _computed(tx, scope, _passages(tx, scope, choice.days), before, most_late=MOST_LATE)


def _counted(tx: Transaction, scope: Scope) -> DispatchReport:
    """By the database: nothing but the figures and the late shipments that are shown comes here."""
    days = scope.choice.days
    rows = _rows(tx, scope, days).subquery("rows")
    whole, groups = count_figures(tx, rows, by_group=True)
    before = _rows(tx, scope, days.before()).subquery("rows")
    hours, weekdays = count_slots(tx, rows, scope.zones)
    left = func.coalesce(rows.c.dispatched, int(tx.now.timestamp()))
    late = (
        select(rows)
        .where(or_(rows.c.dispatched.is_(None), rows.c.dispatched > rows.c.promised))
        .where(rows.c.promised.is_not(None))
        .order_by((left - rows.c.promised).desc(), rows.c.id)
        .limit(MOST_LATE)
    )
    return DispatchReport(
        days=days,
        whole=whole,
        before=count_figures(tx, before, by_group=False)[0],
        groups=tuple(
            sorted(
                (Group(scope.codes[key[0]], key[1], found) for key, found in groups.items()),
                key=lambda group: (group.warehouse, group.carrier),
            )
        ),
        hours=hours,
        weekdays=weekdays,
        late=tuple(_late(tx, [_passage(row, scope) for row in tx.execute(late)])),
        late_count=whole.promised - whole.on_time,
    )


def _computed(
    tx: Transaction,
    scope: Scope,
    passages: list[Passage],
    before: Figures,
    *,
    most_late: int | None,
) -> DispatchReport:
    """From the shipments themselves: where they are all read anyway, and on SQLite."""
    zones = {code: scope.zones[key] for key, code in scope.codes.items()}
    late = sorted(
        (one for one in passages if one.on_time is False),
        key=lambda one: (-_late_seconds(one, tx.now), one.shipment_id),
    )
    return DispatchReport(
        days=scope.choice.days,
        whole=figures(passages),
        before=before,
        groups=tuple(_groups(passages)),
        hours=by_hour(passages, zones),
        weekdays=by_weekday(passages, zones),
        late=tuple(_late(tx, late[:most_late])),
        late_count=len(late),
    )


def _groups(passages: Iterable[Passage]) -> list[Group]:
    found: dict[tuple[str, str], list[Passage]] = defaultdict(list)
    for one in passages:
        found[one.warehouse, one.carrier].append(one)
    return [Group(*key, figures(those)) for key, those in sorted(found.items())]


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


# --- rows --------------------------------------------------------------------------------


def _passages(tx: Transaction, scope: Scope, days: Days) -> list[Passage]:
    """The shipments of the days, in one statement."""
    found = tx.execute(_rows(tx, scope, days))
    return sorted((_passage(row, scope) for row in found), key=lambda one: one.shipment_id)


def _rows(tx: Transaction, scope: Scope, days: Days) -> CompoundSelect[Any]:
    """What left in the days, and what should have."""
    parcels = (
        select(func.count())
        .select_from(_parcel)
        .where(_parcel.c.shipment_id == _shipment.c.id, _parcel.c.state != "cancelled")
        .scalar_subquery()
    )
    stamped = [stage for stage in STAGES if f"{stage}_by_id" in _shipment.c]
    rows = (
        select(
            _shipment.c.id,
            _shipment.c.order_id,
            _shipment.c.warehouse_id,
            func.coalesce(_service.c.carrier, "").label("carrier"),
            func.coalesce(_service.c.carrier + "/" + _service.c.code, "").label("service"),
            _order.c.channel,
            _order.c.number.label("order_number"),
            _shipment.c.number,
            _shipment.c.pieces,
            parcels.label("parcels"),
            whole_seconds(tx, _shipment.c.promised_cut_off_at).label("promised"),
            *(whole_seconds(tx, _shipment.c[f"{stage}_at"]).label(stage) for stage in STAGES),
            _order.c.confirmed_by_id,
            *(_shipment.c[f"{stage}_by_id"] for stage in stamped),
        )
        .join(_order, _order.c.id == _shipment.c.order_id)
        .outerjoin(_service, _service.c.id == _shipment.c.service_id)
        .where(*_asked(scope))
    )
    gone = and_(
        _shipment.c.state == "dispatched",
        scope.within(_shipment.c.warehouse_id, _shipment.c.dispatched_at, days),
    )
    missing = and_(
        _shipment.c.state.in_(OPEN),
        _shipment.c.promised_cut_off_at < tx.now,
        scope.within(_shipment.c.warehouse_id, _shipment.c.promised_cut_off_at, days),
    )
    return union_all(rows.where(gone), rows.where(missing))


def _asked(scope: Scope) -> Iterable[Any]:
    if scope.choice.carrier:
        yield _service.c.carrier == scope.choice.carrier
    if scope.choice.channel:
        yield _order.c.channel == scope.choice.channel
    yield from scope.of_sellers(_order.c.seller_id)


_AT_STAMPS = 11
_AT_PEOPLE = _AT_STAMPS + len(STAGES)


def _passage(row: Row[Any], scope: Scope) -> Passage:
    return Passage(
        shipment_id=row.id,
        order_id=row.order_id,
        warehouse=scope.codes[row.warehouse_id],
        carrier=row.carrier,
        service=row.service,
        channel=row.channel,
        order=row.order_number,
        shipment=row.number,
        pieces=row.pieces,
        parcels=row.parcels,
        promised=row.promised,
        stamps=tuple(row[_AT_STAMPS:_AT_PEOPLE]),
        stamped_by=tuple(row[_AT_PEOPLE:]),
    )


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
    "warehouse carrier orders:count shipments:count parcels:count pieces:count promised:count"
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
    passages = _passages(tx, scope, scope.choice.days)
    now = int(tx.now.timestamp())
    longest = {one.shipment_id: one.longest(now) for one in passages}
    names = user_names(tx, [found[2] for found in longest.values() if found])
    rows = tuple(_order_row(one, longest[one.shipment_id], names) for one in passages)
    nothing = figures(())  # no sheet shows the days before
    report = _computed(tx, scope, passages, nothing, most_late=None)
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
