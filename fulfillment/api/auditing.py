"""Proof of the books on the live database, and the acts that somebody may ask about."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Key, Output, PageOutput, PageQuery
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.values import ScanSource
from fulfillment.services import auditing
from fulfillment.services.paging import Page

routes = Routes("auditing", tag="Audit")


class InvariantOutput(Output):
    """A rule that must always hold, and the rows where it does not."""

    name: str
    exceptions: int
    rows: list[dict[str, Any]] = Field(description="The first of them.")


class AuditOutput(Output):
    """Whether the books are right."""

    ok: bool
    invariants: list[InvariantOutput]


def audit_report(report: auditing.AuditReport) -> dict[str, Any]:
    """The proof as JSON."""
    shown = {
        "ok": report.ok,
        "invariants": [
            {"name": name, "exceptions": count, "rows": rows}
            for name, (count, rows) in report.found.items()
        ],
    }
    return AuditOutput.model_validate(shown).model_dump(mode="json")


@routes.get("/audit", permission=Permission.SEE_REPORTS, answer=AuditOutput, render=audit_report)
def audit(actor: Actor) -> auditing.AuditReport:
    """Recompute the stock from the ledger and prove every invariant.

    The rows are shown to who may see all warehouses and sellers; how many there are, to everybody
    who may see reports.
    """
    return auditing.audit_for(actor)


class ActQuery(PageQuery):
    """Which acts."""

    act: str = Field("", max_length=64)
    subject_kind: str = Field("", max_length=32)


class ActOutput(Output):
    """Who did what, on what, why."""

    id: int
    at: datetime
    by: str
    act: str
    subject_kind: str
    subject_id: int
    warehouse_id: int | None
    reason: str
    details: dict[str, Any]


class ActPage(PageOutput):
    """Acts, the newest first."""

    items: list[ActOutput]


@routes.get("/audited-acts", permission=Permission.SEE_REPORTS, answer=ActPage)
def list_acts(actor: Actor, query: ActQuery) -> Page[auditing.Act]:
    """The audited acts in your warehouses, the newest first."""
    return auditing.list_acts(
        actor,
        act=query.act,
        subject_kind=query.subject_kind,
        before=query.after() or None,
        limit=query.limit,
    )


class ScanQuery(PageQuery):
    """Which scans."""

    shipment_id: Key | None = None
    station_id: Key | None = None
    process: Literal["", "pick", "pack", "sort", "task", "dispatch"] = ""
    accepted: bool | None = None


class ScanOutput(Output):
    """A scan, refused ones too, with its first answer."""

    id: int
    at: datetime
    process: str
    by: str
    station: str | None
    raw: str
    source: ScanSource = Field(description="What read the code.")
    accepted: bool
    code: str
    fields: dict[str, Any]
    shipment: str | None
    quantity: int
    undone: bool = Field(description="A later scan took it back.")


class ScanPage(PageOutput):
    """Scans, the newest first."""

    items: list[ScanOutput]


@routes.get("/scans", permission=Permission.SEE_REPORTS, answer=ScanPage)
def list_scans(actor: Actor, query: ScanQuery) -> Page[auditing.LoggedScan]:
    """The scan log of your warehouses, the newest first."""
    return auditing.list_scans(
        actor,
        shipment_id=query.shipment_id,
        station_id=query.station_id,
        process=query.process,
        accepted=query.accepted,
        before=query.after() or None,
        limit=query.limit,
    )
