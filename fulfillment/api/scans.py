"""What the endpoints of the floor share: how a scan comes in, how its answer is rendered.

A scan is the hot path, so its answer is a plain dictionary made by hand; the models here describe
it, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from fulfillment import metrics, scan_messages
from fulfillment.api.inputs import Input, Output
from fulfillment.domain.values import Accepted, Tone, Verdict
from fulfillment.scan_messages import Process


class ScanInput(Input):
    """What a scanner read, with the id that makes a repeat harmless."""

    scan_id: str = Field(
        min_length=1,
        max_length=64,
        pattern=r"^[\x20-\x7e]+$",
        description="Made before sending (a UUID) and sent again after a failure: a known id is "
        "answered with its first verdict and the present state.",
    )
    raw: str = Field(max_length=512, description="The text as the scanner typed it.")


class VerdictOutput(Output):
    """What came of a scan."""

    accepted: bool
    code: str
    fields: dict[str, Any] = Field(description="The values of the sentence.")
    tone: Tone = Field(description="What the worker hears.")
    message: str = Field(description="What happened and what to do about it, in your language.")


class NextStepOutput(Output):
    """The one instruction that comes next."""

    code: str
    fields: dict[str, Any]
    message: str


def verdict(process: Process, found: Verdict) -> dict[str, Any]:
    """A verdict as JSON, with its sentence; counted for the figures of the service."""
    accepted = isinstance(found, Accepted)
    metrics.count_scan(process=process, accepted=accepted, code=found.code)
    return {
        "accepted": accepted,
        "code": found.code,
        "fields": found.fields,
        "tone": found.tone,
        "message": scan_messages.of_verdict(process, found),
    }


def next_step(process: Process, code: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The next instruction as JSON, with its sentence."""
    return {
        "code": code,
        "fields": fields,
        "message": scan_messages.of_next_step(process, code, fields),
    }
