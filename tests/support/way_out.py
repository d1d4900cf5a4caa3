"""The ways out of the house as a test has them: one turn of the outbox, to its end."""

from __future__ import annotations

import ipaddress

from fulfillment.mails import letters, writers
from fulfillment.posting.mail import MailServer
from fulfillment.posting.targets import Rules
from fulfillment.posting.webhooks import Webhooks
from fulfillment.services.outbox import delivering, routing
from fulfillment.services.outbox.delivering import Post
from tests.support.receivers import MailBox

KEY = "a key of forty characters, for the tests"
HERE = Rules(http=True, networks=(ipaddress.ip_network("127.0.0.0/8"),))
"""Webhooks may go to this machine."""
PUBLIC_URL = "https://goods.example"


def way_out(box: MailBox | None = None) -> Post:
    """The product's own mails and webhooks, to receivers on this machine."""
    return Post(
        webhooks=Webhooks(HERE, most_seconds=5),
        mail=MailServer(box.url if box else "", "house@goods.example"),
        letters=letters(writers(), public_url=PUBLIC_URL),
        key=KEY,
    )


def send_all(way: Post) -> list[str]:
    """Share out and try everything that is due, once round; what became of each."""
    while routing.share_out():
        pass
    found = []
    for receiver in delivering.receivers_due():
        while (outcome := delivering.deliver_next(receiver, post=way)) is not None:
            found.append(type(outcome).__name__)
    return found
