"""What may come in: strict models of bodies and queries, and the pages of long lists.

A body is JSON and is taken literally: an unknown field, a number in quotes, ``true`` for 1, a text
that is too long or holds a NUL is refused, each with its place. A query is text, so its numbers
are read from text; otherwise it is as strict.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from werkzeug.datastructures import MultiDict

from fulfillment.domain.errors import Fault, InvalidInput, invalid
from fulfillment.services.paging import Page

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

LONGEST_TEXT = 2000
MOST_PER_PAGE = 200
LARGEST_KEY = 2**63 - 1
LONGEST_FAULT_TEXT = 100
MOST_FAULTS = 100

Key = Annotated[int, Field(ge=1, le=LARGEST_KEY)]
"""The id of a row."""
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]
"""Pieces."""
CodeText = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$")]
"""A code as people write it: no blanks around it."""
NameText = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(min_length=3, max_length=500)]
"""Why somebody did it; audited."""


class Input(BaseModel):
    """Root of the bodies."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        str_max_length=LONGEST_TEXT,
        hide_input_in_errors=True,
    )


class Query(BaseModel):
    """Root of the queries."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=LONGEST_TEXT)


class Output(BaseModel):
    """Root of the answers: read from the attributes of what the service returned."""

    model_config = ConfigDict(from_attributes=True)


class PageOutput(Output):
    """Root of the pages of long lists: `items`, and `next` unless this page is the last."""

    next: str | None = Field(None, description="The `cursor` of the next page.")

    @model_validator(mode="before")
    @classmethod
    def _with_cursor(cls, page: Any) -> Any:
        if not isinstance(page, Page):
            return page
        return {
            "items": page.items,
            "next": cursor_of(*page.next_key) if page.next_key else None,
        }


class PageQuery(Query):
    """Where to go on in a long list, and how far."""

    cursor: str | None = Field(None, max_length=500, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=MOST_PER_PAGE)

    def after(self) -> int:
        """The id after which the page begins (0: at the start); raises :class:`InvalidInput`."""
        return int(self.key_like((0,))[0])

    def key(self, length: int) -> tuple[int | str, ...]:
        """The sort key after which the page begins, of *length* parts; empty at the start."""
        if self.cursor is None:
            return ()
        key = _key_in(self.cursor)
        if key is None or len(key) != length:
            raise invalid("cursor", "not-a-cursor")
        return key

    def key_like(self, first: tuple[int | str, ...]) -> tuple[int | str, ...]:
        """Like :meth:`key`, with parts of the types of *first*, which is the key at the start."""
        key = self.key(len(first)) or first
        if [type(part) for part in key] != [type(part) for part in first]:
            raise invalid("cursor", "not-a-cursor")
        return key


def cursor_of(*key: int | str) -> str:
    """The opaque cursor of a sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def rendered_page(page: Page[T], item: Callable[[T], Any]) -> dict[str, Any]:
    """A page as JSON, each of its items made by *item*."""
    return {
        "items": [item(each) for each in page.items],
        "next": cursor_of(*page.next_key) if page.next_key else None,
    }


def _key_in(cursor: str) -> tuple[int | str, ...] | None:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(parts, list) or not all(map(_is_key_part, parts)):
        return None
    return tuple(parts)


def _is_key_part(part: object) -> bool:
    if isinstance(part, str):
        return "\0" not in part
    return type(part) is int and abs(part) <= LARGEST_KEY


def read_body(model: type[M], raw: bytes) -> M:
    """A body as *model*; raises :class:`InvalidInput` with every fault."""
    if rb"\u0000" in raw:
        _refuse_nul(raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise InvalidInput(faults=_faults(error)) from None


def read_query(model: type[M], arguments: MultiDict[str, str]) -> M:
    """A query string as *model*; raises :class:`InvalidInput` with every fault."""
    lists = _list_fields(model)
    values: dict[str, Any] = {}
    for name, given in arguments.lists():
        if any("\0" in value for value in given):
            raise invalid(name[:LONGEST_FAULT_TEXT].replace("\0", "?"), "nul-character")
        if name not in lists and len(given) > 1:
            raise invalid(name[:LONGEST_FAULT_TEXT], "given-twice")
        values[name] = given if name in lists else given[0]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InvalidInput(faults=_faults(error)) from None


@lru_cache(maxsize=512)
def _list_fields(model: type[BaseModel]) -> frozenset[str]:
    properties = model.model_json_schema()["properties"]
    return frozenset(
        name
        for name, schema in properties.items()
        if any(kind.get("type") == "array" for kind in (schema, *schema.get("anyOf", ())))
    )


def _refuse_nul(raw: bytes) -> None:
    """Find NUL characters exactly: the text ``\\u0000`` may also be an escaped backslash."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return  # it is no JSON: that is the fault to report
    faults = tuple(Fault(where, "nul-character") for where in _places_of_nul(document, ""))
    if faults:
        raise InvalidInput(faults=faults[:MOST_FAULTS])


def _places_of_nul(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, str):
        if "\0" in value:
            yield where or "body"
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _places_of_nul(name, where)
            yield from _places_of_nul(each, f"{where}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _places_of_nul(each, f"{where}.{number}".lstrip("."))


_FAULT_CODES = {
    "extra_forbidden": "unknown-field",
    "missing": "missing",
    "json_invalid": "not-json",
    "int_type": "not-a-whole-number",
    "int_parsing": "not-a-whole-number",
    "int_from_float": "not-a-whole-number",
    "string_type": "not-a-text",
    "bool_type": "not-a-yes-or-no",
    "string_too_long": "too-long",
    "string_too_short": "too-short",
    "too_long": "too-many",
    "too_short": "too-few",
    "greater_than": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "less_than_equal": "out-of-range",
    "enum": "not-one-of",
    "literal_error": "not-one-of",
    "string_pattern_mismatch": "wrong-form",
}
"""pydantic's names for faults in the words that the rest of the system uses."""


def _place(steps: Iterable[int | str]) -> str:
    """``lines[0].quantity``: as the services name the place of a fault."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")


def _faults(error: ValidationError) -> tuple[Fault, ...]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(
        Fault(
            where=_place(each["loc"])[:LONGEST_FAULT_TEXT] or "body",
            code=_FAULT_CODES.get(each["type"], each["type"].replace("_", "-")),
            text=each["msg"][:LONGEST_FAULT_TEXT],
        )
        for each in found[:MOST_FAULTS]
    )
