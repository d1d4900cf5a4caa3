"""Open tasks of the warehouses: put-back and count, who has them, give them back to all."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.domain.people import Permission
from fulfillment.domain.values import TASK_KINDS
from fulfillment.office import choices, forms
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.office.paging import next_page
from fulfillment.services import tasks

blueprint = Blueprint("office_tasks", __name__, url_prefix="/tasks")

ROWS_PER_PAGE = 100


@blueprint.get("")
@page(Permission.OVERRIDE)
def list_tasks() -> Answer:
    """What is to be put back or counted, the oldest first."""
    return _tasks_page()


@blueprint.post("/<int:task_id>/give-back")
@page(Permission.OVERRIDE)
def give_back(task_id: int) -> Answer:
    """Let somebody else take a task."""
    form = f"give-back-{task_id}"
    refused = attempt(form, lambda: tasks.hand_over_task(actor(), task_id=task_id))
    if refused is not None:
        return _tasks_page(refused)
    return done(_("Anybody may take the task now."), url_for(".list_tasks"))


def _tasks_page(refused: Refusal | None = None) -> Answer:
    asked = request.method == "GET"
    warehouse = choices.one_warehouse(forms.optional_number("warehouse_id") if asked else None)
    kind = forms.choice("kind", TASK_KINDS, default="") if asked else ""
    found = tasks.list_tasks(
        actor(),
        warehouse_id=warehouse["id"],
        kind=kind or None,
        after_id=(forms.optional_number("after") if asked else None) or 0,
        limit=ROWS_PER_PAGE,
    )
    return draw(
        "office/tasks.html",
        refused,
        warehouse=warehouse,
        warehouses=choices.warehouses(),
        kinds=TASK_KINDS,
        tasks=found,
        next_page=next_page(after=found[-1].id if len(found) == ROWS_PER_PAGE else None),
    )
