"""The link from one page of a long list to the next."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import request


def next_page(**key: int | str | None) -> str | None:
    """The present address with *key* instead of its own; None if a part of the key is None."""
    if None in key.values():
        return None
    kept = {name: value for name, value in request.args.items() if value and name not in key}
    return f"{request.path}?{urlencode({**kept, **key})}"
