"""What the station pages say of a verdict: the floor's table, and a few answers of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulfillment import scan_messages
from fulfillment.domain.values import Verdict
from fulfillment.messages import said
from fulfillment.scan_messages import Process


def _(sentence: str) -> str:
    """Mark a sentence for the catalogues; it is translated when it is said."""
    return sentence


PAGE: Mapping[str, str] = {
    "claimed": _("List %(list)s is yours."),
    "no-list": _("You have no list: CLAIM the next one, or scan a list."),
    "wrong-credentials": _("The badge or the PIN is wrong. Try again."),
    "too-many-tries": _("Too many wrong tries. Try again in %(retry_after_seconds)s seconds."),
    "kept-of-another": _(
        "%(who)s scanned %(raw)s here while the server was away; it does not count. "
        "Scan it again if it is in the box."
    ),
    "not-permitted": _("This badge may not do it. Ask a supervisor."),
}
"""Verdicts of the pages themselves: no rule of the floor gives them."""


def of_verdict(process: Process, verdict: Verdict) -> str:
    """What happened and what to do about it, in the language of the request."""
    own = PAGE.get(verdict.code)
    return said(own, verdict.fields) if own else scan_messages.of_verdict(process, verdict)


def of_next_step(process: Process, code: str, fields: Mapping[str, Any]) -> str:
    """The one thing to do next."""
    return scan_messages.of_next_step(process, code, fields)
