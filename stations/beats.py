"""What a station's page says of itself, for the supervisor's board."""

from __future__ import annotations

from flask import jsonify
from werkzeug.wrappers import Response

from fulfillment.access import actor, page
from fulfillment.domain.errors import invalid
from fulfillment.services import station_beats
from stations.frame import LOG_IN, answers_json, blueprint, body


@blueprint.post("/beat")
@answers_json
@page(locked=LOG_IN)
def beat() -> Response:
    """How many scans are unsent, how the scale is; or that the page was left with nothing unsent."""
    sent = body()
    unsent, scale = sent.get("unsent"), sent.get("scale")
    if type(unsent) is not int:
        raise invalid("unsent", "not-a-whole-number")
    if not isinstance(scale, str):
        raise invalid("scale", "not-a-text")
    if sent.get("left") is True:
        station_beats.end_beat(actor())
    else:
        station_beats.keep_beat(actor(), unsent=unsent, scale=scale)
    return jsonify({})
