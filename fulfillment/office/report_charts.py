"""Which charts a report has: each stands before the table that has its figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from babel.dates import format_skeleton
from flask_babel import get_locale
from flask_babel import gettext as _

from fulfillment import formats
from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.dispatch import CLASS_MINUTES, WHOLE, Slot
from fulfillment.domain.reporting.holding import AGE_CLASS_DAYS
from fulfillment.domain.reporting.sheets import Sheet
from fulfillment.office import words
from fulfillment.office.charts import Chart, thinned
from fulfillment.office.showing import in_minutes, in_percent
from fulfillment.services.reports.dispatch import DispatchReport

Charts = Mapping[str, tuple[Chart, ...]]
"""By the name of their sheet."""
CURVE_STEPS = 20


def charts(name: str, sheets: Sequence[Sheet], days: Days) -> Charts:
    """The charts of a report that one frame draws."""
    drawn = _DRAWN.get(name)
    by_name = {sheet.name: sheet for sheet in sheets}
    return drawn(by_name, days) if drawn else {}


def dispatch_charts(report: DispatchReport) -> Charts:
    """The charts of the dispatch report."""
    if not report.whole.shipments:
        return {}
    return {
        "times": (_histogram(report), _percentiles(report)),
        "hours": (
            _on_time("hours", report.hours, lambda slot: f"{slot:02d}:00", _("On time by hour")),
        ),
        "weekdays": (
            _on_time("weekdays", report.weekdays, _weekday, _("On time by weekday")),
        ),
    }  # fmt: skip


def _histogram(report: DispatchReport) -> Chart:
    classes = (*(f"up_to_{minutes}_min" for minutes in CLASS_MINUTES), "more")
    return Chart(
        "histogram",
        _("Shipments by the time from confirmed to dispatched"),
        tuple(words.word(words.COLUMNS, name) for name in classes),
        ((_("Shipments"), tuple(map(float, report.whole.timing(WHOLE).classes))),),
        formats.number,
    )


def _percentiles(report: DispatchReport) -> Chart:
    timings = [one for one in report.whole.timings if one.count]
    return Chart(
        "percentiles",
        _("Time of each stage"),
        tuple(words.word(words.STAMPS, one.stage) for one in timings),
        tuple(
            (words.word(words.COLUMNS, name), tuple(getattr(one, name) for one in timings))
            for name in ("median", "p90", "p95")
        ),
        in_minutes,
    )


def _on_time(name: str, slots: Sequence[Slot], label: Callable[[int], str], title: str) -> Chart:
    shown = [slot for slot in slots if slot.shipments]
    return Chart(
        name,
        title,
        tuple(label(slot.slot) for slot in shown),
        ((_("On time"), tuple(slot.on_time_percent for slot in shown)),),
        in_percent,
        most=100,
    )


def _weekday(slot: int) -> str:
    return words.word(words.WEEKDAYS, str(slot))


def _sales(sheets: Mapping[str, Sheet], days: Days) -> Charts:
    units: dict[Any, int] = defaultdict(int)
    for row in _records(sheets["sales"]):
        units[row["day"]] += row["units"]
    if not units:
        return {}
    every = [days.first + timedelta(days=number) for number in range(days.count)]
    return {
        "sales": (
            Chart(
                "sales",
                _("Units sold by day"),
                tuple(_short(day) for day in every),
                ((_("Units"), tuple(float(units[day]) for day in every)),),
                formats.number,
            ),
        )
    }


def _short(day: date) -> str:
    return format_skeleton("MMMd", day, locale=get_locale())


def _abc(sheets: Mapping[str, Sheet], _days: Days) -> Charts:
    picks = sorted((row["picks"] for row in _records(sheets["abc"])), reverse=True)
    if not picks:
        return {}
    return {
        "abc": (
            Chart(
                "abc",
                _("Share of the picks by share of the products, the most picked first"),
                tuple(in_percent(100 * step / CURVE_STEPS) for step in range(CURVE_STEPS + 1)),
                ((_("Picks"), thinned(picks, CURVE_STEPS)),),
                in_percent,
                is_line=True,
                most=100,
            ),
        )
    }


def _ageing(sheets: Mapping[str, Sheet], _days: Days) -> Charts:
    units = {(*(f"up_to_{days}_days" for days in AGE_CLASS_DAYS), "older")[at]: 0
             for at in range(len(AGE_CLASS_DAYS) + 1)}  # fmt: skip
    for row in _records(sheets["ages"]):
        units[row["age"]] += row["units"]
    if not any(units.values()):
        return {}
    return {
        "ages": (
            Chart(
                "ages",
                _("Units on hand by their age"),
                tuple(words.word(words.COLUMNS, name) for name in units),
                ((_("Units"), tuple(map(float, units.values()))),),
                formats.number,
            ),
        )
    }


def _records(sheet: Sheet) -> list[dict[str, Any]]:
    keys = [column.key for column in sheet.columns]
    return [dict(zip(keys, row, strict=True)) for row in sheet.rows]


_DRAWN: Mapping[str, Callable[[Mapping[str, Sheet], Days], Charts]] = {
    "sales": _sales,
    "abc": _abc,
    "ageing": _ageing,
}
