"""How the printing of this station is: what waits, and what only a person can settle."""

from __future__ import annotations

from flask import jsonify, render_template
from flask_babel import gettext
from werkzeug.wrappers import Response

from fulfillment import print_messages
from fulfillment.access import actor, page
from fulfillment.domain.errors import invalid
from fulfillment.domain.people import Permission
from fulfillment.services import printing
from fulfillment.services.printing import JobView, StationPrinting
from stations.frame import LOG_IN, answers_json, blueprint, station_id

MOST_JOBS = 3
"""The page has room for the oldest few; the office lists them all."""


@blueprint.get("/printing")
@answers_json
@page(Permission.PACK, locked=LOG_IN)
def printing_state() -> Response:
    """A line for each printer that is off and each job that waits or asks; ``open``: ask again."""
    station = station_id()
    if station is None:
        raise invalid("station", "missing")
    found = printing.printing_status(actor(), station_id=station)
    lines = [*map(_asking, found.asking[-MOST_JOBS:]), *_waiting(found)]
    html = render_template("stations/printing.html", lines=lines, asks=bool(found.asking))
    return jsonify(html=html, open=bool(found.asking or found.waiting))


def _asking(job: JobView) -> str:
    return " ".join(
        (
            gettext("Printer %(printer)s:", printer=job.printer),
            job.tracking_number or gettext(print_messages.DOCUMENTS[job.document_kind]),
            gettext(print_messages.JOB_STATES[job.state]) + ".",
            gettext(print_messages.ASKS[job.asks]),
        )
    )


def _waiting(found: StationPrinting) -> list[str]:
    """What waits, by printer, with how the printer is where it is not well."""
    condition = {one.code: one.condition for one in found.printers.values()}
    counts: dict[str, int] = {}
    for job in found.waiting:
        counts[job.printer] = counts.get(job.printer, 0) + 1
    lines = []
    for code in sorted(counts.keys() | {c for c, how in condition.items() if _is_unwell(how)}):
        how = condition.get(code, "new")
        words = gettext(print_messages.CONDITIONS[how]) if _is_unwell(how) else ""
        waiting = gettext("%(count)s waiting", count=counts[code]) if code in counts else ""
        told = ", ".join(filter(None, (words, waiting)))
        lines.append(f"{gettext('Printer %(printer)s:', printer=code)} {told}")
    return lines


def _is_unwell(condition: str) -> bool:
    return condition in ("attention", "offline")
