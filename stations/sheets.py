"""The barcodes that hang at a station, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response as FlaskResponse
from flask_babel import gettext
from werkzeug.wrappers import Response

from fulfillment.access import actor, page
from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Permission
from fulfillment.domain.values import SHORT_REASONS
from fulfillment.services.printing import paper_of_commands
from fulfillment.services.printing.documents import for_dialog
from labels import CommandCode, CommandSheet
from stations.frame import LOG_IN, blueprint, warehouse_in_use

MOST_QUANTITY = 12


def _(words: str) -> str:
    """Mark words for the catalogues; they are translated when they are shown."""
    return words


COMMAND_WORDS: Mapping[str, str] = {
    Command.CONFIRM: _("CONFIRM"),
    Command.UNDO: _("UNDO"),
    Command.TAKE_OUT: _("TAKE OUT"),
    Command.SHORT: _("SHORT"),
    Command.HOLD: _("HOLD"),
    Command.NEXT_PARCEL: _("NEXT PARCEL"),
    Command.RE_WEIGH: _("RE-WEIGH"),
    Command.VOID_LABEL: _("VOID LABEL"),
    Command.REPRINT: _("REPRINT"),
    Command.TAKE_OVER: _("TAKE OVER"),
    Command.LOG_OUT: _("LOG OUT"),
    Command.TOTE_FULL: _("TOTE FULL"),
    Command.SKIP: _("SKIP"),
    Command.HAND_OVER: _("HAND OVER"),
    Command.CLAIM: _("CLAIM"),
}
COMMAND_EXPLAINED: Mapping[str, str] = {
    Command.CONFIRM: _("Yes; or: I am done"),
    Command.UNDO: _("Takes the last scan back"),
    Command.TAKE_OUT: _("Then scan the piece that comes out of the box"),
    Command.SHORT: _("Something is missing or broken; then scan the reason"),
    Command.HOLD: _("Sets the order aside for a supervisor"),
    Command.NEXT_PARCEL: _("This box is full, another begins"),
    Command.RE_WEIGH: _("Weigh the parcel again"),
    Command.VOID_LABEL: _("The label counts no more"),
    Command.REPRINT: _("Print the label again"),
    Command.TAKE_OVER: _("Take the order from another station; scan it twice"),
    Command.LOG_OUT: _("Ends your log-in; open work waits"),
    Command.TOTE_FULL: _("This tote is full, scan another"),
    Command.SKIP: _("This stop comes last"),
    Command.HAND_OVER: _("Somebody else goes on with the list"),
    Command.CLAIM: _("Gives you the next pick list"),
}
REASON_WORDS: Mapping[str, str] = {
    "empty": _("Empty"),
    "fewer-than-shown": _("Fewer than shown"),
    "damaged": _("Damaged"),
    "not-found": _("Not found"),
    "expired": _("Expired"),
}


def command_words(command: Command) -> str:
    """What a button or barcode of a command says, in the language of the request."""
    return str(gettext(COMMAND_WORDS[command]))


def reason_words(reason: str) -> str:
    """What a button or barcode of a reason says, in the language of the request."""
    return str(gettext(REASON_WORDS[reason]))


@blueprint.get("/commands.pdf")
@page(locked=LOG_IN)
def commands() -> Response:
    """All commands, reasons and quantities as barcodes, to be printed and hung up."""
    warehouse_id = warehouse_in_use(Permission.WORK_TASKS)
    paper = None
    if warehouse_id is not None:
        paper = paper_of_commands(actor(), warehouse_id=warehouse_id)
    return FlaskResponse(for_dialog([command_sheet()], paper=paper), mimetype="application/pdf")


def command_sheet() -> CommandSheet:
    """The sheet in the language of the request."""
    return CommandSheet(
        title=str(gettext("Station commands")),
        note=str(gettext("Scan instead of typing. Each does what it says.")),
        commands=(
            *(
                CommandCode(
                    barcode=own_code(Own.COMMAND, command),
                    words=command_words(command),
                    explanation=str(gettext(COMMAND_EXPLAINED[command])),
                )
                for command in Command
            ),
            *(
                CommandCode(
                    barcode=own_code(Own.REASON, reason.upper()),
                    words=reason_words(reason),
                    explanation=str(gettext("Reason, after SHORT")),
                )
                for reason in SHORT_REASONS
            ),
            *(
                CommandCode(
                    barcode=own_code(Own.QUANTITY, str(number)),
                    words=str(number),
                    explanation=str(gettext("So many were found")),
                )
                for number in range(MOST_QUANTITY + 1)
            ),
        ),
    )
