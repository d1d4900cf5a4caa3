"""The e-mails that the system writes: in the reader's language, as plain text and simple HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, gettext

from fulfillment import alert_messages, report_mails
from fulfillment.domain.outbox import Dropped
from fulfillment.posting.mail import Attachment, Mail, MailServer
from fulfillment.posting.targets import Rules
from fulfillment.posting.webhooks import Webhooks
from fulfillment.services.outbox.delivering import Letters, Post, Reader
from fulfillment.services.reports import schedules
from fulfillment.settings import Settings

Writer = Callable[[Reader, dict[str, Any], int | None, str], Mail | Dropped]
"""The e-mail of one topic: reader, payload, warehouse, the address of the service."""


def post_of(settings: Settings) -> Post:
    """All ways out of the house that the settings allow."""
    return Post(
        webhooks=Webhooks(webhook_rules(settings)),
        mail=MailServer(settings.smtp_url, settings.mail_from),
        letters=letters(writers(), public_url=settings.public_url),
        key=settings.secret_key,
    )


def writers() -> dict[str, Writer]:
    """The e-mails that there are, by topic."""
    alerts = {
        f"alert.{telling}": alert_messages.alert_mail(telling, mail)
        for telling in alert_messages.SUBJECTS
    }
    return {**alerts, schedules.TOPIC: report_mails.report_mail(mail)}


def webhook_rules(settings: Settings) -> Rules:
    """Where webhooks may go."""
    return Rules(http=settings.webhook_http, networks=settings.webhook_networks)


def letters(writers: Mapping[str, Writer], *, public_url: str) -> Letters:
    """The e-mails by topic; links begin with *public_url*, where there is one."""

    def write(
        reader: Reader, topic: str, payload: dict[str, Any], warehouse_id: int | None
    ) -> Mail | Dropped:
        writer = writers.get(topic)
        if writer is None:
            return Dropped(f"there is no e-mail about {topic}")
        # A context of its own: the language must not be that of another thread's reader.
        with current_app.app_context(), force_locale(reader.actor.locale):
            return writer(reader, payload, warehouse_id, public_url)

    return write


def mail(
    reader: Reader,
    *,
    subject: str,
    paragraphs: Sequence[str],
    items: Sequence[str] = (),
    link: str = "",
    attachments: tuple[Attachment, ...] = (),
) -> Mail:
    """A mail to *reader*: paragraphs, a list, a link, and why it came."""
    why = gettext("You get this because the warehouse's settings name you. Reply to nobody.")
    parts = [*paragraphs, "\n".join(f"- {item}" for item in items), link, why]
    html = render_template(
        "mail.html",
        subject=subject,
        paragraphs=paragraphs,
        items=items,
        link=link,
        why=why,
        language=reader.actor.locale.replace("_", "-"),
    )
    text = "\n\n".join(part for part in parts if part) + "\n"
    return Mail(reader.email, subject, text, html, attachments)
