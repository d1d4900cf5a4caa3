"""A choice of the board in an address: the link that a number of the board is, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import url_for

from fulfillment.domain.board.standing import BOARD_STAGES, STANDINGS
from fulfillment.domain.errors import invalid
from fulfillment.office import forms
from fulfillment.services.board.choosing import BoardChoice

NO_VAN = "none"


def typed_choice() -> BoardChoice | None:
    """The choice in the present address; None where it has none.  Raises :class:`InvalidInput`."""
    stage = forms.choice("board_stage", BOARD_STAGES, default="")
    standing = forms.choice("standing", STANDINGS, default="")
    van = _van()
    if not (stage or standing or van):
        return None
    return BoardChoice(
        warehouse_id=forms.number("warehouse_id"), van=van, stage=stage, standing=standing
    )


def choice_path(choice: BoardChoice, endpoint: str = "office_orders.list_orders") -> str:
    """The address of the list behind a number, or of another page about the same orders."""
    return f"{url_for(endpoint)}?{urlencode(choice_fields(choice))}"


def choice_fields(choice: BoardChoice) -> dict[str, str | int]:
    """The choice as fields of an address or a form."""
    fields: dict[str, str | int] = {"warehouse_id": choice.warehouse_id}
    if choice.van is not None:
        fields["van"] = van_text(*choice.van)
    if choice.stage:
        fields["board_stage"] = choice.stage
    if choice.standing:
        fields["standing"] = choice.standing
    return fields


def van_text(service_id: int | None, cut_off_at: datetime | None) -> str:
    """A van as an address names it: ``service@moment``, *none* for what there is not."""
    moment = cut_off_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if cut_off_at else NO_VAN
    return f"{service_id or NO_VAN}@{moment}"


def _van() -> tuple[int | None, datetime | None] | None:
    typed = forms.text("van", most=64, required=False)
    return van_of("van", typed) if typed else None


def van_of(name: str, typed: str) -> tuple[int | None, datetime | None]:
    """The service and cut-off in *typed*; raises :class:`InvalidInput` for the field *name*."""
    service, _at, moment = typed.partition("@")
    service_id = None if service == NO_VAN else forms.whole(name, service, least=1)
    if moment == NO_VAN:
        return service_id, None
    try:
        cut_off_at = datetime.fromisoformat(moment)
    except ValueError:
        raise invalid(name, "not-a-moment", moment) from None
    if cut_off_at.tzinfo is None:
        raise invalid(name, "no-time-zone", moment)
    return service_id, cut_off_at.astimezone(UTC)
