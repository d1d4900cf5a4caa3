"""The words of the office for its templates: a filter for each table of :mod:`words`."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Flask

from fulfillment.access import actor
from fulfillment.domain.barcodes import Own
from fulfillment.domain.people import Permission
from fulfillment.office import words
from fulfillment.office.barcodes import own_svg


def register(app: Flask) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        **{f"as_{name}": partial(words.word, table) for name, table in _TABLES.items()},
        as_waits=words.waits,
        as_fault=words.fault,
    )
    app.jinja_env.globals.update(may=may, barcode=lambda kind, payload: own_svg(Own[kind], payload))


_TABLES = {
    "state": words.STATES,
    "stage": words.STAGES,
    "stamp": words.STAMPS,
    "hold": words.HOLDS,
    "reason": words.REASONS,
    "rule": words.RULES,
    "act": words.ACTS,
    "place": words.PLACES,
    "move": words.MOVES,
    "task": words.TASKS,
    "file": words.FILES,
    "tracking": words.TRACKINGS,
    "pack": words.PACKS,
    "process": words.PROCESSES,
    "field": words.FIELDS,
    "role": words.ROLES,
    "policy": words.POLICIES,
    "choice": words.CHOICES,
    "taken": words.TAKEN,
    "cause": words.CAUSES,
    "invariant": words.INVARIANTS,
}


def may(permission: str, **where: Any) -> bool:
    """Whether whoever reads the page may do it: forms that would be refused are left out."""
    return actor().may(Permission(permission), **where)
