"""One e-mail over SMTP: plain text with a simple HTML twin, safe from injected headers."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from fulfillment.domain.outbox import Delivered, Failed, Outcome, Rejected, Unreachable

SECONDS = 15
"""For each step of the conversation."""
LONGEST_SUBJECT = 200
PORTS = {"smtp": 587, "smtps": 465}
_FOR_GOOD = 500


@dataclass(frozen=True)
class Attachment:
    """A file that goes along."""

    name: str
    mimetype: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """What somebody gets."""

    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class MailServer:
    """The way to the mail server."""

    url: str
    """``smtp://user:password@host:port`` or ``smtps://…``; '' = there is none."""
    sender: str

    def send(self, mail: Mail, *, message_id: str, at: datetime) -> Outcome:
        """Hand one mail over; *message_id* is the same for each attempt."""
        if not self.url:
            return Rejected("no mail server is set (FULFILLMENT_SMTP_URL)")
        try:
            message = self.written(mail, message_id=message_id, at=at)
        except (MessageError, ValueError, IndexError) as problem:
            return Rejected(f"not an e-mail address: {type(problem).__name__}")
        try:
            with self._connected() as connection:
                connection.send_message(message, from_addr=self.sender, to_addrs=[mail.to])
        except smtplib.SMTPRecipientsRefused as refusal:
            return _refused(next(iter(refusal.recipients.values())))
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as refusal:
            return Failed(f"SMTP {refusal.smtp_code}")
        except (smtplib.SMTPException, OSError) as problem:
            return Unreachable(f"{type(problem).__name__}: {problem}"[:200])
        return Delivered()

    def written(self, mail: Mail, *, message_id: str, at: datetime) -> EmailMessage:
        """The message as it goes out; ValueError where the address is none."""
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(addr_spec=self.sender)
        message["To"] = Address(addr_spec=mail.to)
        message["Subject"] = _one_line(mail.subject)
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{message_id}@{self.sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        for each in mail.attachments:
            main, _slash, sub = each.mimetype.partition("/")
            message.add_attachment(each.content, maintype=main, subtype=sub, filename=each.name)
        return message

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        parts = urlsplit(self.url)
        assert parts.hostname, "the settings have checked it"
        port = parts.port or PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            with smtplib.SMTP_SSL(parts.hostname, port, timeout=SECONDS, context=context) as secure:
                _log_in(secure, parts.username, parts.password)
                yield secure
            return
        with smtplib.SMTP(parts.hostname, port, timeout=SECONDS) as connection:
            connection.ehlo()
            if connection.has_extn("starttls"):
                connection.starttls(context=context)
            elif parts.username:
                raise smtplib.SMTPNotSupportedError("no STARTTLS: the password stays here")
            _log_in(connection, parts.username, parts.password)
            yield connection


def _log_in(connection: smtplib.SMTP, user: str | None, password: str | None) -> None:
    if user:
        connection.login(unquote(user), unquote(password or ""))


def _refused(answer: tuple[int, bytes]) -> Outcome:
    code = answer[0]
    reason = f"SMTP {code}: the address is refused"
    return Rejected(reason) if code >= _FOR_GOOD else Failed(reason)


def _one_line(text: str) -> str:
    """What somebody typed cannot begin a header of its own."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_SUBJECT]
