"""Somebody at the office: a browser that is logged in, and pages read as text."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from fulfillment.domain.access import SessionLimits
from fulfillment.domain.people import Role, system
from fulfillment.services import people
from fulfillment.services.people import RoleWish
from fulfillment.store.base import Base
from tests.support.web import Browser
from tests.support.world import World, fetch

PASSWORD = "a long walk home"


def hire(world: World, role: Role, warehouse: str | None) -> str:
    """The log-in of somebody new, whose password is :data:`PASSWORD`."""
    login = f"{role}-{warehouse or 'all'}".lower()
    place = world.warehouses[warehouse] if warehouse else None
    first = people.create_user(
        system(), login=login, name=login.title(), roles=[RoleWish(role, place)]
    )
    session = people.log_in(login, first.first_password)
    assert isinstance(session, people.LoggedIn)
    people.choose_password(
        people.by_session(session.token, limits=SessionLimits()).actor,
        old=first.first_password,
        new=PASSWORD,
        keep_session_id=None,
    )
    return login


class Office(Browser):
    """A browser in which somebody of one role is logged in."""

    def __init__(self, app: Flask, world: World, role: Role, warehouse: str | None = "W1") -> None:
        super().__init__(app)
        assert self.log_in(hire(world, role, warehouse), PASSWORD).status_code == 303

    def page(self, path: str, *, status: int = 200) -> str:
        """The page's HTML, asked for with GET."""
        response = self.get(path)
        assert response.status_code == status, (path, response.status_code, response.text[:500])
        return response.text

    def press(self, path: str, *, on: str, **form: Any) -> TestResponse:
        """Fill a form in and send it, as a page drawn anew would."""
        return self.submit(path, page=on, form={"form_key": str(uuid.uuid4()), **form})

    def done(self, path: str, *, on: str, **form: Any) -> str:
        """Send a form that is accepted: what the next page shows, as text."""
        response = self.press(path, on=on, **form)
        assert response.status_code == 303, (path, response.status_code, words(response.text))
        return words(self.page(response.location))

    def refused(self, path: str, *, on: str, **form: Any) -> TestResponse:
        """Send a form that is refused: its page comes back with the reason, nothing is changed."""
        before = fingerprint()
        response = self.press(path, on=on, **form)
        assert 400 <= response.status_code < 500, (path, response.status_code)
        assert fingerprint() == before
        return response


def words(page: str) -> str:
    """What somebody reads on a page: no tags, one blank between words."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))).strip()


def complaint(response: TestResponse) -> str:
    """What the alert of a refused form says."""
    found = re.search(r'id="complaint">(.*?)</div>', response.text, re.S)
    assert found, words(response.text)
    return words(found[1])


def rows(page: str, caption: str) -> list[list[str]]:
    """The cells of the table with this caption, row by row, without its heading."""
    for table in re.findall(r"<table.*?</table>", page, re.S):
        if f">{caption}</caption>" in html.unescape(table):
            body = re.search(r"<tbody>(.*?)</tbody>", table, re.S)
            assert body
            found = re.findall(r"<tr.*?</tr>", body[1], re.S)
            return [
                [words(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)]
                for row in found
            ]
    raise AssertionError(f"no table {caption!r}: {words(page)}")


def charts(page: str) -> list[str]:
    """The names of the charts of a page, each named by a caption that is there."""
    found = re.findall(r'<svg [^>]*aria-labelledby="chart-([^"]*)"', page)
    assert all(f'<figcaption id="chart-{name}">' in page for name in found)
    return found


def fingerprint() -> dict[str, list[str]]:
    """All rows of all tables, but the time when a session was last seen."""
    tables = {}
    for table in Base.metadata.sorted_tables:
        columns = [each for each in table.columns if each.name != "last_seen_at"]
        tables[table.name] = sorted(str(row) for row in fetch(select(*columns)))
    return tables
