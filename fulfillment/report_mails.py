"""Scheduled reports as e-mails: a link, and the file, with what its reader may see now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext

from fulfillment import formats
from fulfillment.domain.errors import DomainError
from fulfillment.domain.outbox import Dropped
from fulfillment.office import words
from fulfillment.posting.mail import Attachment, Mail
from fulfillment.services.outbox.delivering import Reader
from fulfillment.services.reports import catalogue, schedules
from fulfillment.services.reports.files import CSV_MIMETYPE, XLSX_MIMETYPE

MOST_ATTACHED_BYTES = 8 * 1024 * 1024
"""A larger file is behind the link only: many mail servers take no more than 10 MB."""


def report_mail(write: Callable[..., Mail]) -> Callable[..., Mail | Dropped]:
    """The writer of the e-mails with a report."""

    def written(
        reader: Reader, payload: dict[str, Any], _warehouse_id: int | None, public_url: str
    ) -> Mail | Dropped:
        if not schedules.still_wanted(payload["schedule_id"]):
            return Dropped("the schedule is deleted")
        due = schedules.due_report(payload)
        try:
            attachments = _attached(reader, due)
        except DomainError as refused:
            return Dropped(f"this person may not see it any more ({refused.code})")
        names = {
            "report": words.word(words.REPORTS, due.report),
            "warehouse": payload["warehouse"],
            "first": formats.day(due.choice.days.first),
            "last": formats.day(due.choice.days.last),
        }
        subject = gettext("%(report)s of %(warehouse)s, %(first)s to %(last)s", **names)
        paragraphs = [subject]
        if not attachments:
            paragraphs.append(gettext("The file is too large for an e-mail: follow the link."))
        link = f"{public_url}/reports/{due.report}?{_query(payload)}" if public_url else ""
        return write(
            reader, subject=subject, paragraphs=paragraphs, link=link, attachments=attachments
        )

    return written


def _attached(reader: Reader, due: schedules.DueReport) -> tuple[Attachment, ...]:
    read, mimetype = (
        (catalogue.report_csv, CSV_MIMETYPE)
        if due.file == "csv"
        else (catalogue.report_xlsx, XLSX_MIMETYPE)
    )
    content = read(reader.actor, due.report, due.choice)
    if len(content) > MOST_ATTACHED_BYTES:
        return ()
    days = due.choice.days
    name = f"{due.report}-{days.first.isoformat()}-{days.last.isoformat()}.{due.file}"
    return (Attachment(name, mimetype, content),)


def _query(payload: dict[str, Any]) -> str:
    asked = ("first_day", "last_day", "warehouse_id", "carrier", "channel")
    return urlencode({name: payload[name] for name in asked if payload[name]})
