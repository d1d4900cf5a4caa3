"""Alerts in words, in the reader's language: for the page and for e-mails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext

from fulfillment import formats
from fulfillment.domain.outbox import Dropped
from fulfillment.domain.people import Permission
from fulfillment.posting.mail import Mail
from fulfillment.services.outbox.delivering import Reader


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated when it is said."""
    return text


KINDS: Mapping[str, str] = {
    "low-stock": _("Low stock"),
    "at-risk": _("Orders at risk"),
    "late": _("Late orders"),
    "slow-stage": _("Stage slower than usual"),
    "printer-down": _("Printer down"),
    "exceptions": _("Exceptions that wait"),
    "station-silent": _("Station silent"),
    "outbox-dead": _("Messages not delivered"),
}
SENTENCES: Mapping[str, str] = {
    "low-stock": _("%(label)s: %(value)s available, low below %(limit)s"),
    "at-risk": _("%(value)s orders are at risk to miss their van (alert from %(limit)s)"),
    "late": _("%(value)s orders are late (alert from %(limit)s)"),
    "slow-stage": _("%(label)s takes %(value)s %% of its usual time (alert from %(limit)s %%)"),
    "printer-down": _("Printer %(label)s is away or wants something"),
    "exceptions": _("%(label)s: one waits for %(value)s minutes (alert from %(limit)s)"),
    "station-silent": _(
        "Station %(label)s has an order open and was silent for %(value)s minutes"
        " (alert from %(limit)s)"
    ),
    "outbox-dead": _("%(value)s messages could not be delivered"),
}
UNITS: Mapping[str, str] = {
    "units": _("units (0: each product's own level)"),
    "orders": _("orders or more"),
    "percent": _("percent of the usual time or more"),
    "printers": _("printer"),
    "minutes": _("minutes or more"),
    "messages": _("messages or more"),
}
LABELS: Mapping[str, str] = {
    "pick": _("Picking"),
    "pack": _("Packing"),
    "dispatch": _("Dock"),
    "short-picks": _("Short picks to count"),
    "weights": _("Weights refused"),
    "print-jobs": _("Documents that did not come out"),
    "carriers": _("Labels that a carrier does not sell or take back"),
    "scales": _("Scales that are away"),
    "unsent": _("Stations with unsent scans"),
}
"""Labels that are codes: of stages and of exceptions."""
SUBJECTS: Mapping[str, str] = {
    "opened": _("Alert in %(warehouse)s: %(kind)s"),
    "reminder": _("Still open in %(warehouse)s: %(kind)s"),
    "resolved": _("Over in %(warehouse)s: %(kind)s"),
}


def sentence(kind: str, *, label: str, value: int, limit: int) -> str:
    """What is the matter."""
    shown = str(gettext(LABELS[label])) if label in LABELS else label
    fields = {"label": shown, "value": formats.number(value), "limit": formats.number(limit)}
    return str(gettext(SENTENCES[kind]) % fields)


def alert_mail(telling: str, write: Callable[..., Mail]) -> Callable[..., Mail | Dropped]:
    """The writer of the e-mails about alerts that opened, are still open, or are over."""

    def written(
        reader: Reader, payload: dict[str, Any], warehouse_id: int | None, public_url: str
    ) -> Mail | Dropped:
        if not reader.actor.may(Permission.SEE_REPORTS, warehouse_id=warehouse_id):
            return Dropped("this person does not see the warehouse any more")
        names = {"warehouse": payload["warehouse"], "kind": gettext(KINDS[payload["kind"]])}
        subject = str(gettext(SUBJECTS[telling]) % names)
        items = [
            sentence(payload["kind"], label=one["label"], value=one["value"], limit=one["limit"])
            for one in payload["alerts"]
        ]
        more = payload["count"] - len(items)
        if more > 0:
            items.append(gettext("and %(num)s more", num=more))
        link = f"{public_url}/alerts?warehouse_id={warehouse_id}" if public_url else ""
        return write(reader, subject=subject, paragraphs=[subject], items=items, link=link)

    return written
