"""Who may open what, and what every page and answer keeps: generated from the URL map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from fulfillment.app import create_app
from fulfillment.domain.access import SessionLimits
from fulfillment.domain.people import PERMISSIONS, Permission, Role, system
from fulfillment.services import people
from fulfillment.services.people import RoleWish
from fulfillment.settings import Settings
from fulfillment.store.base import Base, db
from fulfillment.store.people import WebSession
from fulfillment.store.transaction import clock_set_to
from tests.support.web import ApiClient, Browser, api_client
from tests.support.world import NOON, World, fetch

PASSWORD = "a long walk home"
OPEN = "public"
LOG_INS = ("/log-in", "/stations/log-in")


def account(world: World, role: Role | None, login: str = "ann", warehouse: str = "W1") -> int:
    """An account of one role in one warehouse that has chosen its password."""
    roles = [RoleWish(role, world.warehouses[warehouse])] if role else []
    first = people.create_user(system(), login=login, name="Ann", roles=roles)
    session = people.log_in(login, first.first_password)
    assert isinstance(session, people.LoggedIn)
    people.choose_password(
        people.by_session(session.token, limits=SessionLimits()).actor,
        old=first.first_password,
        new=PASSWORD,
        keep_session_id=None,
    )
    return first.user_id


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    """A browser in which nobody is logged in."""
    return Browser(app)


def logged_in(app: Flask, login: str = "ann") -> Browser:
    browser = Browser(app)
    assert browser.log_in(login, PASSWORD).status_code == 303
    return browser


def rules(app: Flask) -> Iterator[tuple[Rule, Any]]:
    """Every address with what its view asks for."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        view = app.view_functions[rule.endpoint]
        yield rule, getattr(view, "permission", "undeclared")


def path_of(rule: Rule) -> str:
    """An address of the rule, with 1 for every variable."""
    return re.sub(r"<[^>]+>", "1", rule.rule)


def methods_of(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def fingerprint() -> dict[str, list[str]]:
    """All rows of all tables, but the time when a session was last seen."""
    tables = {}
    for table in Base.metadata.sorted_tables:
        columns = [each for each in table.columns if each.name != "last_seen_at"]
        tables[table.name] = sorted(str(row) for row in fetch(select(*columns)))
    return tables


def test_every_route_says_what_it_asks_for(app: Flask) -> None:
    undeclared = [rule.rule for rule, permission in rules(app) if permission == "undeclared"]
    assert undeclared == []


def test_what_is_open_to_everybody_is_listed_here(app: Flask) -> None:
    found = {(rule.rule) for rule, permission in rules(app) if permission == OPEN}
    assert found == {
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/api/docs",
        "/log-in",
        "/log-in/language",
        "/log-out",
        "/settings/enrol",
        "/stations/log-in",
        "/stations/log-out",
        "/stations/static/<path:name>",
        "/stations/worker.js",
    }


def test_the_description_lists_every_route_of_the_api(app: Flask, browser: Browser) -> None:
    described = {
        (method.upper(), re.sub(r"\{\w+\}", "1", path))
        for path, operations in browser.get("/openapi.json").json["paths"].items()
        for method in operations
    }
    found = {
        (method, path_of(rule))
        for rule, _ in rules(app)
        for method in methods_of(rule)
        if rule.rule.startswith("/api/v1/")
    }
    assert found == described


@pytest.mark.parametrize("role", list(Role))
def test_a_token_opens_exactly_what_the_role_permits(app: Flask, world: World, role: Role) -> None:
    user_id = account(world, role)
    permitted = PERMISSIONS[role]
    for rule, permission in rules(app):
        if not isinstance(permission, Permission) or not rule.rule.startswith(
            ("/api/", "/metrics")
        ):
            continue
        for method in methods_of(rule):
            client = api_client(app, user_id, scopes=permitted)  # anew: one route ends tokens
            status = client.request(method, path_of(rule)).status_code
            assert (status == 403) == (permission not in permitted), (method, rule.rule, status)
            assert status not in (401, 500), (method, rule.rule)


@pytest.mark.parametrize("role", list(Role))
def test_a_log_in_opens_exactly_the_pages_that_the_role_permits(
    app: Flask, world: World, role: Role
) -> None:
    account(world, role)
    permitted = PERMISSIONS[role]
    for rule, permission in rules(app):
        if not isinstance(permission, Permission) or rule.rule.startswith(("/api/", "/metrics")):
            continue
        browser = logged_in(app)  # anew: some pages end the session
        for method in methods_of(rule):
            if method == "GET":
                status = browser.get(path_of(rule)).status_code
            else:
                status = browser.submit(path_of(rule), page="/password").status_code
            assert (status == 403) == (permission not in permitted), (method, rule.rule, status)
            assert status < 500, (method, rule.rule)


def test_nobody_gets_in_without_a_log_in(app: Flask, world: World, browser: Browser) -> None:
    for rule, permission in rules(app):
        if permission == OPEN:
            continue
        for method in methods_of(rule):
            if rule.rule.startswith(("/api/", "/metrics")):
                response = browser.request(method, path_of(rule))
                assert response.status_code == 401, (method, rule.rule)
            elif method == "GET":
                response = browser.get(path_of(rule))
                assert response.status_code == 303, rule.rule
                assert response.location.startswith(LOG_INS), rule.rule
            else:
                response = browser.submit(path_of(rule), page="/log-in")
                assert response.location.startswith(LOG_INS), rule.rule


def test_a_get_changes_nothing(app: Flask, world: World) -> None:
    user_id = account(world, Role.ADMINISTRATOR)
    client, browser = api_client(app, user_id), logged_in(app)
    before = fingerprint()
    for rule, _ in rules(app):
        if "GET" in methods_of(rule):
            client.get(path_of(rule))
            browser.get(path_of(rule))
    assert fingerprint() == before


def test_a_form_without_its_token_is_refused_everywhere(app: Flask, world: World) -> None:
    account(world, Role.ADMINISTRATOR)
    browser = logged_in(app)
    before = fingerprint()
    for rule, _ in rules(app):
        if "POST" in methods_of(rule) and not rule.rule.startswith("/api/"):
            assert browser.request("POST", path_of(rule)).status_code == 400, rule.rule
    assert fingerprint() == before


def test_a_form_from_another_site_is_refused(app: Flask, world: World) -> None:
    account(world, Role.PICKER)
    response = Browser(app).submit(
        "/log-in",
        form={"login": "ann", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert response.status_code == 400
    assert "session=" not in str(response.headers.getlist("Set-Cookie"))


def test_every_answer_has_the_headers(app: Flask, world: World) -> None:
    user_id = account(world, Role.ADMINISTRATOR)
    client, browser = api_client(app, user_id), logged_in(app)
    paths = {path_of(rule) for rule, _ in rules(app)} | {
        "/no-such-page",
        "/api/v1/nothing",
        "/static/fulfillment.css",
    }
    for path in sorted(paths):
        for response in (client.get(path), browser.get(path), client.post(path)):
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff", path
            assert response.headers["Referrer-Policy"] == "same-origin", path
            assert response.headers["X-Request-Id"], path
            assert response.headers["Cache-Control"], path


def test_a_stranger_s_host_name_is_refused_with_the_headers(browser: Browser) -> None:
    response = browser.get("/log-in", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


def test_no_page_has_inline_script_or_style_or_another_host(app: Flask) -> None:
    for template in Path(app.template_folder or "").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), template
        assert not re.search(r"""(?:src|href|action)=["']?(?:https?:)?//""", text), template
        assert "|safe" not in text.replace(" ", ""), template


def test_every_form_that_posts_carries_its_token(app: Flask) -> None:
    for template in Path(app.template_folder or "").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL):
            assert 'name="csrf_token"' in form, template


def test_a_log_in_gets_a_new_session_whatever_the_browser_brought(app: Flask, world: World) -> None:
    account(world, Role.PICKER)
    browser = Browser(app)
    browser.client.set_cookie("session", "planted-by-somebody-else")
    browser.log_in("ann", PASSWORD)
    first = browser.client.get_cookie("session")
    assert first
    assert first.value != "planted-by-somebody-else"
    assert len(first.value) >= 43
    browser.log_in("ann", PASSWORD)
    second = browser.client.get_cookie("session")
    assert second
    assert second.value != first.value


def test_a_form_token_of_before_the_log_in_counts_no_more(app: Flask, world: World) -> None:
    account(world, Role.PICKER)
    browser = Browser(app)
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/log-in").text)
    assert found
    browser.log_in("ann", PASSWORD)
    browser.get("/")
    response = browser.request("POST", "/log-out", data={"csrf_token": found[1]})
    assert response.status_code == 400


def test_after_the_log_out_the_old_cookie_opens_nothing(app: Flask, world: World) -> None:
    account(world, Role.PICKER)
    browser = logged_in(app)
    cookie = browser.client.get_cookie("session")
    assert cookie
    response = browser.submit("/log-out", page="/")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    browser.client.set_cookie("session", cookie.value)
    assert browser.get("/").location.startswith("/log-in")


def test_a_session_that_is_used_is_marked_seen_at_most_once_a_minute(
    app: Flask, world: World
) -> None:
    account(world, Role.PICKER)
    moment = NOON

    def seen() -> Any:
        return fetch(select(WebSession.last_seen_at).order_by(WebSession.id.desc()))[0][0]

    with clock_set_to(lambda: moment):
        browser = logged_in(app)
        moment = NOON + timedelta(seconds=59)
        assert browser.get("/").status_code == 200
        assert seen() == NOON
        moment = NOON + timedelta(seconds=60)
        browser.get("/")
        assert seen() == moment
        moment += timedelta(seconds=1799)
        assert browser.get("/").status_code == 200
        moment += timedelta(seconds=1800)
        assert browser.get("/").status_code == 303


def test_the_log_in_leads_back_but_only_within_this_site(app: Flask, world: World) -> None:
    account(world, Role.SUPERVISOR)
    wanted = Browser(app).get("/settings/policy?x=1").location
    assert wanted == "/log-in?next=/settings/policy?x%3D1"
    for following, lands in [
        ("/settings/policy", "/settings/policy"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\nb", "/"),
    ]:
        response = Browser(app).submit(
            "/log-in", form={"login": "ann", "password": PASSWORD, "next": following}
        )
        assert response.location == lands


def test_a_wrong_log_in_says_so_and_opens_nothing(browser: Browser) -> None:
    response = browser.log_in("ann", "wrong")
    assert response.location.startswith("/log-in")
    assert "The name or the secret is wrong." in browser.get("/log-in").text
    assert browser.client.get_cookie("session") is None


def test_who_has_a_first_password_must_choose_one_first(app: Flask, world: World) -> None:
    first = people.create_user(
        system(), login="ann", name="Ann", roles=[RoleWish(Role.ADMINISTRATOR)]
    )
    browser = Browser(app)
    browser.log_in("ann", first.first_password)
    assert browser.get("/settings/users").location == "/password"
    browser.submit("/password", form={"old": first.first_password, "new": "short"})
    assert "The length is wrong" in browser.get("/password").text
    browser.submit("/password", form={"old": first.first_password, "new": PASSWORD})
    assert browser.get("/settings/users").status_code == 200


def test_pages_speak_the_language_that_the_person_chose(app: Flask, world: World) -> None:
    account(world, Role.PICKER)
    browser = logged_in(app)
    assert '<html lang="en">' in browser.get("/").text
    browser.submit("/language", page="/", form={"locale": "zh_Hant"})
    assert '<html lang="zh-Hant">' in browser.get("/").text
    foreign = Browser(app).get("/log-in", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert '<html lang="zh-Hans">' in foreign.text


def test_cookies_are_for_this_host_over_https_only_where_it_is_secure(
    database_url: str, tmp_path: Path, app: Flask, world: World
) -> None:
    account(world, Role.PICKER)
    environ = {
        "DATABASE_URL": database_url,
        "FULFILLMENT_INSTANCE_DIR": str(tmp_path),
        "FULFILLMENT_COOKIE_SECURE": "yes",
    }
    secure = create_app(Settings.from_environ(environ))
    browser = Browser(secure)
    over_https = {"base_url": "https://localhost"}
    page = browser.get("/log-in", **over_https)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    response = browser.request(
        "POST",
        "/log-in",
        data={"login": "ann", "password": PASSWORD, "csrf_token": found[1]},
        headers={"Referer": "https://localhost/log-in"},
        **over_https,
    )
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookies = response.headers.getlist("Set-Cookie")
    session = next(each for each in cookies if each.startswith("__Host-session="))
    for mark in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert mark in session
    assert "Domain" not in session
    with secure.app_context():
        db.engine.dispose()


def test_a_supervisor_makes_a_station_and_a_browser_becomes_it(app: Flask, world: World) -> None:
    account(world, Role.SUPERVISOR)
    office, bench = logged_in(app), Browser(app)
    form = {"warehouse_id": str(world.warehouses["W1"]), "code": "S9", "name": "Bench 9"}
    assert office.submit("/settings/stations", form=form).status_code == 303
    station_id = next(s.id for s in people.list_stations(system()).items if s.code == "S9")
    shown = office.submit(
        f"/settings/stations/{station_id}/enrolment-code", page="/settings/stations"
    )
    code = re.search(r'class="secret">([^<]+)<', shown.text)
    assert code
    assert bench.submit("/settings/enrol", form={"code": code[1]}).status_code == 303
    cookie = bench.client.get_cookie("station")
    assert cookie
    station = people.station_of(cookie.value)
    assert station
    assert station.code == "S9"
    assert bench.submit("/settings/enrol", form={"code": code[1]}).status_code == 404


def test_an_administrator_manages_an_account_on_its_page(app: Flask, world: World) -> None:
    first = account(world, Role.ADMINISTRATOR)
    office = logged_in(app)
    form = {
        "login": "bob",
        "name": "Bob",
        "locale": "en",
        "role": "packer",
        "warehouse_id": str(world.warehouses["W1"]),
        "seller_id": "",
    }
    shown = office.submit("/settings/users", form=form)
    secret = re.search(r'class="secret">([^<]+)<', shown.text)
    assert secret
    assert isinstance(people.log_in("bob", secret[1]), people.LoggedIn)
    bob = next(u for u in people.list_users(system(), limit=200).items if u.login == "bob")
    page = f"/settings/users/{bob.id}"
    office.submit(f"{page}/roles", page=page, form={"role": "picker", "warehouse_id": "1"})
    office.submit(page, form={"name": "Robert"})
    changed = people.read_user(system(), bob.id)
    assert changed.name == "Robert"
    assert not changed.active
    assert [role.role for role in changed.roles] == [Role.PICKER]
    assert first != bob.id


def test_a_policy_is_changed_on_its_page(app: Flask, world: World) -> None:
    account(world, Role.SUPERVISOR)
    office = logged_in(app)
    w1 = world.warehouses["W1"]
    form = {
        "weight_tolerance_percent": "5",
        "weight_tolerance_grams": "20",
        "printer_off": "wait",
        "pick_confirmation": "quantity",
        "bench_short": "replace",
        "idle_seconds": "120",
        "cart_positions": "12",
        "list_lines": "60",
        "proof_photo_days": "30",
        "cart_litres": "0",
        "cart_kilograms": "250",
        "planning_seconds": "0",
        "batch_shipments": "40",
        "company_prefix": "9520001",
        "scan_out": "on",
        "reason": "new scale",
    }
    assert office.submit(f"/settings/policy/{w1}", page="/settings/policy", form=form).location
    changed = people.read_policy(system(), w1).policy
    assert (changed.weight_tolerance_percent, changed.printer_off) == (5, "wait")
    assert (changed.scan_out, changed.label_scan_required) == (True, False)
    wrong = office.submit(
        f"/settings/policy/{w1}", page="/settings/policy", form={**form, "idle_seconds": "1"}
    )
    assert wrong.status_code == 422
    assert "idle_seconds" in wrong.text


def test_a_cookie_opens_nothing_in_the_api(app: Flask, world: World) -> None:
    account(world, Role.ADMINISTRATOR)
    assert logged_in(app).get("/api/v1/users").status_code == 401


def test_a_token_opens_no_page(app: Flask, world: World) -> None:
    client: ApiClient = api_client(app, account(world, Role.ADMINISTRATOR))
    assert client.get("/settings/users").status_code == 303


NASTY = [
    "",
    "\0",
    "a\0b",
    "x" * 5000,
    "'; DROP TABLE user; --",
    "<script>",
    "9" * 30,
    "-1",
    "☃\r\n",
]


FIELDS = (
    "active", "badge", "code", "idle_seconds", "kept", "locale", "name", "next", "printer_off",
    "reason", "role", "seller_id", "warehouse_id",
)  # fmt: skip


def test_strange_input_in_forms_and_addresses_is_no_accident(app: Flask, world: World) -> None:
    account(world, Role.ADMINISTRATOR)
    posts = [
        path_of(rule)
        for rule, permission in rules(app)
        if "POST" in methods_of(rule) and not rule.rule.startswith("/api/")
        if "password" not in rule.rule and "log-" not in rule.rule
    ]
    browser = logged_in(app)
    for text in NASTY:
        for path in posts:
            form = dict.fromkeys(FIELDS, text)
            response = browser.submit(path, page="/password", form=form)
            assert response.status_code < 500, (path, text)
            assert "<script>" not in response.text
        for path in ("/settings/users?after=", "/settings/stations?after=", "/log-in?next="):
            assert browser.get(path + quote(text)).status_code < 500, (path, text)
        stranger = Browser(app).submit("/log-in", form={"login": text, "password": text})
        assert stranger.status_code == 303
