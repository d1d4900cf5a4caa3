"""The audit page: an administrator proves the books while the warehouse works."""

from __future__ import annotations

from flask import Blueprint

from fulfillment.access import actor, page
from fulfillment.domain.people import Permission
from fulfillment.office.forms import Answer, draw
from fulfillment.services.auditing import AuditReport, audit_for

blueprint = Blueprint("office_books", __name__, url_prefix="/audit")


@blueprint.get("")
@page(Permission.MANAGE_PEOPLE)
def read_audit() -> Answer:
    """What the proof is, and the button."""
    return _books_page()


@blueprint.post("")
@page(Permission.MANAGE_PEOPLE)
def run_audit() -> Answer:
    """Recompute the books and show what does not balance."""
    return _books_page(audit_for(actor()) if _sees_everything() else None)


def _sees_everything() -> bool:
    """The proof shows rows of every warehouse and seller."""
    permission = Permission.SEE_REPORTS
    return actor().warehouse_ids(permission) is None and actor().seller_ids(permission) is None


def _books_page(report: AuditReport | None = None) -> Answer:
    return draw("office/audit.html", report=report, sees_everything=_sees_everything())
