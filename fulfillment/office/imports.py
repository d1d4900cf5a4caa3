"""Files in: upload one, see each row that is wrong, choose how a file reads, what came before."""

from __future__ import annotations

import base64
import binascii
import csv
import io

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from fulfillment.access import actor, page
from fulfillment.channels.files import ENCODINGS
from fulfillment.domain.errors import EncodingNeeded, UnknownThing, invalid
from fulfillment.domain.imports import COLUMNS, KINDS
from fulfillment.domain.people import Permission
from fulfillment.office import choices, forms, words
from fulfillment.office.forms import Answer, Refusal, attempt, done, draw
from fulfillment.office.paging import next_page
from fulfillment.services.importing import files
from fulfillment.services.importing.files import ImportReport

blueprint = Blueprint("office_imports", __name__, url_prefix="/imports")

MOST_KEPT_BYTES = 300 * 1024
"""Up to this size the page itself brings the file along while its encoding is chosen."""
FAULTS_SHOWN = 200


@blueprint.get("")
@page(Permission.CHANGE_CATALOGUE)
def list_imports() -> Answer:
    """The form, and the files that came before."""
    return _imports_page()


@blueprint.post("")
@page(Permission.CHANGE_CATALOGUE)
def upload() -> Answer:
    """Import a file, or only check it."""
    reports: list[ImportReport] = []
    refused = attempt("upload", lambda: reports.append(_import()))
    if refused is not None:
        return _imports_page(refused, status_known=True)
    report = reports[0]
    if report.run_id is None or not report.accepted:
        return _report_page(report, checked_only=report.run_id is None)
    sentence = _("The file is in: %(rows)s rows.", rows=report.rows)
    return done(sentence, url_for(".read_import", run_id=report.run_id))


@blueprint.get("/<int:run_id>")
@page(Permission.CHANGE_CATALOGUE)
def read_import(run_id: int) -> Answer:
    """What came of a file."""
    return _report_page(files.import_report(actor(), run_id), checked_only=False)


@blueprint.get("/templates/<kind>.csv")
@page(Permission.CHANGE_CATALOGUE)
def template(kind: str) -> Response:
    """An empty file of a kind: its heading."""
    if kind not in KINDS:
        raise UnknownThing(kind="file", key=kind)
    text = io.StringIO()
    csv.writer(text).writerow(column.name for column in COLUMNS[kind])
    response = Response(text.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{kind}.csv"'
    return response


def _import() -> ImportReport:
    name, content = _file()
    run = files.check_file if request.form.get("act") == "check" else files.import_file
    return run(
        actor(),
        forms.choice("kind", KINDS),
        content,
        file_name=name,
        seller=forms.text("seller", most=64),
        encoding=forms.choice("encoding", tuple(ENCODINGS), default="") or None,
        document=forms.text("document", most=64, required=False) or None,
    )


def _file() -> tuple[str, bytes]:
    """The name and bytes of the chosen file, or of the one that the page brought along."""
    chosen = request.files.get("file")
    if chosen is not None and chosen.filename:
        return chosen.filename, chosen.read()
    kept = request.form.get("kept", "")
    if not kept:
        raise invalid("file", "required")
    try:
        return forms.text("kept_name", most=255), base64.b64decode(kept, validate=True)
    except binascii.Error:
        raise invalid("file", "wrong-form") from None


def _kept(refused: Refusal | None) -> tuple[str, str]:
    """Name and content to bring along while the encoding is chosen; empty where too large."""
    if refused is None or not isinstance(refused.error, EncodingNeeded):
        return "", ""
    chosen = request.files.get("file")
    if chosen is not None and chosen.filename:
        chosen.seek(0)
        content = chosen.read()
        if len(content) <= MOST_KEPT_BYTES:
            return chosen.filename, base64.b64encode(content).decode()
        return "", ""
    return request.form.get("kept_name", ""), request.form.get("kept", "")


def _imports_page(refused: Refusal | None = None, *, status_known: bool = False) -> Answer:
    sellers = list(choices.sellers().values())
    asked = request.values.get("seller", "")
    seller = asked if asked in sellers else next(iter(sellers), "")
    before = None if status_known else forms.optional_number("before")
    runs = files.list_imports(actor(), seller, before=before) if seller else None
    kept_name, kept = _kept(refused)
    error = refused.error if refused else None
    return draw(
        "office/imports.html",
        refused,
        kinds=KINDS,
        sellers=sellers,
        seller=seller,
        encodings=tuple(ENCODINGS),
        previews=error.previews if isinstance(error, EncodingNeeded) else (),
        kept_name=kept_name,
        kept=kept,
        runs=runs.rows if runs else (),
        next_page=next_page(before=runs.next_after) if runs else None,
    )


def _report_page(report: ImportReport, *, checked_only: bool) -> Answer:
    faults = [
        (fault.row, fault.column, words.fault_code(fault.code, fault.text), fault.text)
        for fault in report.faults[:FAULTS_SHOWN]
    ]
    page = draw(
        "office/import_report.html", report=report, faults=faults, checked_only=checked_only
    )
    return page if report.accepted or request.method == "GET" else (page[0], 422)
