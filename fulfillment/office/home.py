"""The start page: what there is to do, each number opening the list that it counts."""

from __future__ import annotations

from flask import Blueprint

from fulfillment.access import actor, page
from fulfillment.domain.people import Permission
from fulfillment.office.forms import Answer, draw
from fulfillment.services.orders.listing import count_stages

blueprint = Blueprint("office_home", __name__)

ALARMS = {"late": "refused", "held": "attention", "backorder": "attention", "review": "attention"}
"""Stages that somebody should look at, and how loudly they say so."""


@blueprint.get("/")
@page()
def home() -> Answer:
    """Where everybody begins."""
    sees_orders = actor().may(Permission.SEE_ORDERS)
    counts = count_stages(actor()) if sees_orders else {}
    return draw("office/home.html", counts=counts, alarms=ALARMS)
