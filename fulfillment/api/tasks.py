"""Put-back and count tasks, done by scans."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from fulfillment.api import scans
from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Key, Output, PageOutput, PageQuery, rendered_page
from fulfillment.api.scans import NextStepOutput, ScanInput, VerdictOutput
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.tasks import TaskState
from fulfillment.services import tasks
from fulfillment.services.paging import Page
from fulfillment.services.tasks import TaskReply

routes = Routes("tasks", tag="Tasks")


class TaskOutput(Output):
    """A task as its worker sees it."""

    id: int
    kind: str
    state: str
    warehouse_id: int
    worker: str | None = Field(description="Who has claimed it.")
    place: str = Field(description="The tote of the goods (put-back), or the bin (count).")
    suggested: str = Field(description="The bin where they may go; any bin is taken.")
    sku: str
    name: str
    tracking: str
    lot: str
    quantity: int = Field(description="Units to bring home; of a count, units missing.")
    done: int
    at_place: bool
    in_hand: int
    counted: int
    reason: str


class TaskPage(PageOutput):
    """Open tasks by id."""

    items: list[TaskOutput]


class TaskViewOutput(Output):
    """The task, and what comes next."""

    next: NextStepOutput
    task: TaskOutput


class TaskReplyOutput(TaskViewOutput):
    """What came of the scan, the task, and what comes next."""

    verdict: VerdictOutput
    repeated: bool = Field(description="The scan id was known: this is its first verdict.")


def _task(state: TaskState) -> dict[str, Any]:
    return {
        "id": state.id,
        "kind": state.kind,
        "state": state.state,
        "warehouse_id": state.warehouse_id,
        "worker": state.worker_name or None,
        "place": state.place_code,
        "suggested": state.suggested,
        "sku": state.sku,
        "name": state.name,
        "tracking": state.tracking,
        "lot": state.lot,
        "quantity": state.quantity,
        "done": state.done,
        "at_place": state.at_place,
        "in_hand": state.in_hand,
        "counted": state.counted,
        "reason": state.reason,
    }


def task_view(state: TaskState) -> dict[str, Any]:
    """A task and its next step as JSON."""
    fields = {
        "place": state.place_code,
        "sku": state.sku,
        "left": state.left,
        "suggested": state.suggested,
    }
    return {"next": scans.next_step("task", state.awaits, fields), "task": _task(state)}


def task_reply(reply: TaskReply) -> dict[str, Any]:
    """The answer to a scan for a task as JSON."""
    return {
        "verdict": scans.verdict("task", reply.verdict),
        "repeated": reply.repeated,
        **task_view(reply.view),
    }


def task_page(page: Page[TaskState]) -> dict[str, Any]:
    """A page of tasks as JSON."""
    return rendered_page(page, _task)


class TaskQuery(PageQuery):
    """Whose tasks."""

    warehouse_id: Key
    kind: Literal["put-back", "count"] | None = None


@routes.get("/tasks", permission=Permission.WORK_TASKS, answer=TaskPage, render=task_page)
def list_tasks(actor: Actor, query: TaskQuery) -> Page[TaskState]:
    """The open tasks of a warehouse, the oldest first."""
    found = tasks.list_tasks(
        actor,
        warehouse_id=query.warehouse_id,
        kind=query.kind,
        after_id=query.after(),
        limit=query.limit + 1,
    )
    return Page.cut(found, limit=query.limit, key=lambda task: (task.id,))


@routes.get(
    "/tasks/<int:task_id>",
    permission=Permission.WORK_TASKS,
    answer=TaskViewOutput,
    render=task_view,
)
def read_task(actor: Actor, task_id: int) -> TaskState:
    """One task and its next step."""
    return tasks.see_task(actor, task_id=task_id)


@routes.post(
    "/tasks/<int:task_id>/claim",
    permission=Permission.WORK_TASKS,
    answer=TaskViewOutput,
    render=task_view,
)
def claim_task(actor: Actor, task_id: int) -> TaskState:
    """Take an open task."""
    return tasks.claim_task(actor, task_id=task_id)


@routes.post(
    "/tasks/<int:task_id>/hand-over",
    permission=Permission.WORK_TASKS,
    answer=TaskViewOutput,
    render=task_view,
)
def hand_over_task(actor: Actor, task_id: int) -> TaskState:
    """Give a task back; what was not confirmed is forgotten."""
    return tasks.hand_over_task(actor, task_id=task_id)


@routes.post(
    "/tasks/<int:task_id>/scans",
    permission=Permission.WORK_TASKS,
    answer=TaskReplyOutput,
    render=task_reply,
)
def scan_for_task(actor: Actor, task_id: int, body: ScanInput) -> TaskReply:
    """One scan for a task; the first accepted one claims it.

    A refused scan is an answer like an accepted one (200): see `verdict`.
    """
    return tasks.scan(actor, task_id=task_id, scan_id=body.scan_id, raw=body.raw)
