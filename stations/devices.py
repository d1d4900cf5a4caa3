"""How this browser's scanner, sound and scale are set: kept in the browser, they are its devices."""

from __future__ import annotations

from flask import render_template

from fulfillment.access import page
from stations.frame import LOG_IN, blueprint
from stations.scales import SERIAL_PROTOCOLS


@blueprint.get("/devices")
@page(locked=LOG_IN)
def devices() -> str:
    """The page where they are set and tried."""
    return render_template("stations/devices.html", protocols=SERIAL_PROTOCOLS)
