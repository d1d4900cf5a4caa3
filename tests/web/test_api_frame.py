"""What every route of the API keeps: who, what, once only; and how errors look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, text

from fulfillment import messages, statuses
from fulfillment.api import problems
from fulfillment.domain.errors import DomainError
from fulfillment.domain.people import Permission
from fulfillment.store.base import db
from fulfillment.store.catalog import Seller
from fulfillment.store.people import User
from tests.conftest import application
from tests.support.web import ApiClient, api_client
from tests.support.world import World, change, fetch

USERS = "/api/v1/users"


@pytest.fixture
def admin(app: Flask, world: World) -> ApiClient:
    """A program that may do everything."""
    return api_client(app, world.people["admin"].user_id)


def a_user(login: str = "ann", **more: Any) -> dict[str, Any]:
    return {"login": login, "name": "Ann", "roles": [], **more}


def users() -> int:
    return int(fetch(select(func.count()).select_from(User))[0][0])


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The response is a problem as RFC 9457 wants it; returns its body."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    body: dict[str, Any] = response.json
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"/api/docs#problem-{code}"
    assert body["title"] == messages.title(code)
    assert body["detail"]
    assert body["request_id"] == response.headers["X-Request-Id"]
    return body


def test_a_program_with_a_token_reads_and_writes(admin: ApiClient) -> None:
    made = admin.post(USERS, json=a_user())
    assert made.status_code == 201
    one = admin.get(f"{USERS}/{made.json['user_id']}")
    assert one.json["login"] == "ann"
    assert "password_hash" not in one.json


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic eDp5"])
def test_without_a_token_nothing_is_answered(admin: ApiClient, header: str) -> None:
    response = admin.get(USERS, headers={"Authorization": header})
    assert_problem(response, 401, "not-logged-in")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_without_the_scope_is_refused(app: Flask, world: World) -> None:
    client = api_client(app, world.people["admin"].user_id, scopes=[Permission.SEE_STOCK])
    body = assert_problem(client.get(USERS), 403, "not-permitted")
    assert body["permission"] == "manage-people"


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("GET", "/api/v1/nothing", {}, 404, "no-such-address"),
        ("GET", "/api/v2/users", {}, 404, "no-such-address"),
        ("DELETE", USERS, {}, 405, "method-not-allowed"),
        ("GET", f"{USERS}/999999", {}, 404, "not-found"),
        ("GET", f"{USERS}/99999999999999999999", {}, 404, "no-such-address"),
        ("POST", USERS, {"data": "{}"}, 415, "not-json"),
        ("POST", USERS, {"data": "login=x", "content_type": "text/plain"}, 415, "not-json"),
        ("GET", f"{USERS}?limit=201", {}, 422, "invalid-input"),
    ],
)
def test_every_error_is_a_problem(
    admin: ApiClient, method: str, path: str, more: dict[str, Any], status: int, code: str
) -> None:
    assert_problem(admin.request(method, path, **more), status, code)


def test_a_wrong_method_names_the_right_ones(admin: ApiClient) -> None:
    assert "POST" in admin.request("PUT", USERS).headers["Allow"]


def test_a_body_that_is_too_large_is_not_read(admin: ApiClient) -> None:
    body = json.dumps(a_user(name="x" * 1_100_000))
    response = admin.post(USERS, data=body, content_type="application/json")
    assert_problem(response, 413, "too-large")


BAD_BODIES: list[tuple[str, str, str]] = [
    ("", "body", "not-json"),
    ("{", "body", "not-json"),
    ("[]", "body", "model-type"),
    ("null", "body", "model-type"),
    ('"x"', "body", "model-type"),
    ("{}", "login", "missing"),
    (json.dumps(a_user(more=1)), "more", "unknown-field"),
    (json.dumps(a_user(login=7)), "login", "not-a-text"),
    (json.dumps(a_user(login=None)), "login", "not-a-text"),
    (json.dumps(a_user(login="")), "login", "too-short"),
    (json.dumps(a_user(login=" ann")), "login", "wrong-form"),
    (json.dumps(a_user(login="x" * 65)), "login", "too-long"),
    (json.dumps(a_user(login="a\0b")), "login", "nul-character"),
    (json.dumps(a_user(name="x" * 201)), "name", "too-long"),
    (json.dumps(a_user(locale="xx")), "locale", "not-one-of"),
    (json.dumps(a_user(roles="picker")), "roles", "list-type"),
    (json.dumps(a_user(roles=[{"role": "king"}])), "roles[0].role", "not-one-of"),
    (json.dumps(a_user(roles=[{"role": "picker", "x": 1}])), "roles[0].x", "unknown-field"),
    *(
        (
            json.dumps(a_user(roles=[{"role": "picker", "warehouse_id": wrong}])),
            "roles[0].warehouse_id",
            code,
        )
        for wrong, code in [
            (True, "not-a-whole-number"),
            ("1", "not-a-whole-number"),
            (1.5, "not-a-whole-number"),
            (0, "out-of-range"),
            (-1, "out-of-range"),
            (2**63, "out-of-range"),
            (10**400, "out-of-range"),
            ([], "not-a-whole-number"),
        ]
    ),
    (json.dumps(a_user(roles=[{"role": "picker"}] * 101)), "roles", "too-many"),
    ('{"login": "\\ud800", "name": "x", "roles": []}', "body", "not-json"),
    ('{"login": NaN, "name": "x", "roles": []}', "login", "not-a-text"),
    ("[" * 100_000, "body", "not-json"),
]


def test_bad_input_is_answered_with_what_is_wrong_where_and_changes_nothing(
    admin: ApiClient,
) -> None:
    before = users()
    for body, where, code in BAD_BODIES:
        response = admin.post(USERS, data=body, content_type="application/json")
        faults = assert_problem(response, 422, "invalid-input")["faults"]
        found = {(fault["where"], fault["code"]) for fault in faults}
        assert (where, code) in found, body[:200]
    assert users() == before


def test_all_faults_are_listed_at_once(admin: ApiClient) -> None:
    faults = admin.post(USERS, json={"login": 1, "roles": 2, "x": 3}).json["faults"]
    assert {fault["where"] for fault in faults} == {"login", "name", "roles", "x"}


def test_an_escaped_backslash_before_u0000_is_no_nul(admin: ApiClient) -> None:
    assert admin.post(USERS, json=a_user(name="\\u0000")).status_code == 201


BAD_QUERIES = [
    ("limit=0", "limit"),
    ("limit=x", "limit"),
    ("limit=1&limit=2", "limit"),
    ("offset=3", "offset"),
    ("cursor=%00", "cursor"),
    ("cursor=!!!", "cursor"),
    ("cursor=WyJhIl0", "cursor"),  # ["a"]
    ("cursor=WzEsMl0", "cursor"),  # [1,2]
    ("cursor=" + "W" * 600, "cursor"),
]


def test_a_bad_query_is_answered_with_what_is_wrong(admin: ApiClient) -> None:
    for query, where in BAD_QUERIES:
        body = assert_problem(admin.get(f"{USERS}?{query}"), 422, "invalid-input")
        assert [fault["where"] for fault in body["faults"]] == [where], query


def test_pages_are_followed_by_their_cursor(admin: ApiClient) -> None:
    everybody = [each["id"] for each in admin.get(f"{USERS}?limit=200").json["items"]]
    found: list[int] = []
    query = "limit=5"
    while True:
        page = admin.get(f"{USERS}?{query}").json
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        query = f"limit=5&cursor={page['next']}"
    assert found == everybody


def test_a_command_sent_twice_with_its_key_happens_once(admin: ApiClient) -> None:
    first = admin.post("/api/v1/stations", json=a_station(), key="k-1")
    again = admin.post("/api/v1/stations", json=a_station(), key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def a_station(code: str = "S9") -> dict[str, Any]:
    return {"warehouse_id": 1, "code": code, "name": "Bench 9"}


def test_a_key_used_for_another_request_is_refused(admin: ApiClient) -> None:
    admin.post("/api/v1/stations", json=a_station(), key="k-1")
    other = admin.post("/api/v1/stations", json=a_station("S10"), key="k-1")
    assert_problem(other, 422, "key-reused")
    elsewhere = admin.post(USERS, json=a_user(), key="k-1")
    assert_problem(elsewhere, 422, "key-reused")


def test_a_refused_command_leaves_its_key_free(admin: ApiClient) -> None:
    wrong = {**a_station(), "warehouse_id": 999}
    assert_problem(admin.post("/api/v1/stations", json=wrong, key="k-1"), 404, "not-found")
    assert admin.post("/api/v1/stations", json=a_station(), key="k-1").status_code == 201


def test_keys_of_two_programs_do_not_meet(app: Flask, world: World, admin: ApiClient) -> None:
    other = api_client(app, world.people["admin"].user_id)
    assert admin.post("/api/v1/stations", json=a_station(), key="k-1").status_code == 201
    assert other.post("/api/v1/stations", json=a_station("S10"), key="k-1").status_code == 201


def test_a_secret_is_shown_once_also_to_who_repeats_the_command(admin: ApiClient) -> None:
    first = admin.post(USERS, json=a_user(), key="k-1")
    again = admin.post(USERS, json=a_user(), key="k-1")
    assert first.json["first_password"]
    assert again.json == {**first.json, "first_password": None}


def test_a_key_of_the_wrong_form_is_refused(admin: ApiClient) -> None:
    for key in ("", "x" * 256, "with blank"):
        response = admin.post("/api/v1/stations", json=a_station(), key=key)
        assert_problem(response, 422, "invalid-input")


def test_a_change_of_a_policy_outside_its_bounds_says_which_field(admin: ApiClient) -> None:
    response = admin.request(
        "PATCH", "/api/v1/warehouses/1/policy", json={"idle_seconds": 1, "reason": "test"}
    )
    body = assert_problem(response, 422, "invalid-input")
    assert body["faults"] == [{"where": "idle_seconds", "code": "out-of-range", "text": "30..3600"}]


@pytest.fixture
def own(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application of the test's own, to which it may add views."""
    app = application(database_url, tmp_path)
    yield app
    with app.app_context():
        db.engine.dispose()


def test_an_accident_says_nothing_of_the_inside(
    capsys: pytest.CaptureFixture[str], own: Flask, admin: ApiClient
) -> None:
    @own.get("/api/v1/test-accident")
    def accident() -> str:
        raise RuntimeError("the inside")

    response = ApiClient(own, admin.secret).get("/api/v1/test-accident")
    body = assert_problem(response, 500, "internal-error")
    assert "inside" not in response.text
    log = capsys.readouterr().err
    assert "the inside" in log
    assert body["request_id"] in log
    assert admin.secret not in log


@pytest.mark.parametrize(
    "url", ["sqlite:////no/such/directory/x.db", "postgresql://nobody@127.0.0.1:9/none"]
)
def test_a_database_that_cannot_be_reached_is_a_503(tmp_path: Path, url: str) -> None:
    client = ApiClient(application(url, tmp_path), "some-token")
    response = client.get(USERS)
    body = assert_problem(response, 503, "database-busy")
    assert response.headers["Retry-After"]
    assert "127.0.0.1" not in json.dumps(body)
    assert_problem(client.get("/readyz"), 503, "not-ready")
    assert client.get("/healthz").status_code == 200


def test_an_error_of_the_database_is_logged_without_the_values(
    capsys: pytest.CaptureFixture[str], own: Flask, admin: ApiClient
) -> None:
    @own.get("/api/v1/test-clash")
    def clash() -> str:
        with db.engine.begin() as connection:
            connection.execute(insert(Seller).values(code="X", name="Canary Person"))
        raise AssertionError("NOT NULL fails")

    response = ApiClient(own, admin.secret).get("/api/v1/test-clash")
    assert_problem(response, 500, "internal-error")
    log = capsys.readouterr().err
    assert "IntegrityError" in log
    assert "Canary" not in log.replace('name="Canary Person"', "")


def test_the_given_request_id_is_kept_if_it_is_harmless(admin: ApiClient) -> None:
    kept = admin.get(USERS, headers={"X-Request-Id": "shop-12345678"})
    assert kept.headers["X-Request-Id"] == "shop-12345678"
    forged = admin.get(USERS, headers={"X-Request-Id": "x' level=error"})
    assert forged.headers["X-Request-Id"] != "x' level=error"


def all_errors(kind: type[DomainError] = DomainError) -> list[type[DomainError]]:
    below = [leaf for child in kind.__subclasses__() for leaf in all_errors(child)]
    return [*below, kind] if "code" in vars(kind) and kind is not DomainError else below


@pytest.mark.parametrize("kind", all_errors())
def test_every_error_has_a_status_and_a_sentence(kind: type[DomainError]) -> None:
    assert kind.code in messages.MESSAGES
    assert any(parent in statuses.STATUSES for parent in kind.__mro__)


def test_every_gap_of_an_error_s_sentence_is_a_field_of_it() -> None:
    for kind in all_errors():
        fields = dict.fromkeys(getattr(kind, "__dataclass_fields__", {}), "")
        message = messages.MESSAGES[kind.code]
        assert isinstance((message.sentence + message.advice) % fields, str)


def test_the_codes_of_the_web_frame_have_sentences() -> None:
    codes = {*problems.HTTP_CODES.values(), "internal-error", "database-busy", "not-ready"}
    assert codes <= set(messages.MESSAGES)


def test_the_description_is_openapi_3_1_and_names_permissions_and_problems(
    admin: ApiClient,
) -> None:
    described = admin.get("/openapi.json").json
    assert described["openapi"].startswith("3.1")
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["x-permission"] in set(Permission), where
            assert operation["summary"], where
            assert operation["security"] == [{"token": []}], where
            problem = operation["responses"]["default"]["content"]["application/problem+json"]
            assert problem["schema"]["$ref"] == "#/components/schemas/Problem", where
    named = json.dumps(described).split('"$ref": "#/components/schemas/')[1:]
    assert {name.split('"')[0] for name in named} <= set(described["components"]["schemas"])


def test_the_documentation_page_shows_every_route_from_this_host_only(admin: ApiClient) -> None:
    page = admin.get("/api/docs").text
    assert "POST /api/v1/users" in page
    assert 'id="problem-key-reused"' in page
    assert "http://" not in page.replace("http://localhost", "")
    assert "https://" not in page


def test_health_and_readiness_need_no_token(app: Flask, world: World) -> None:
    nobody = ApiClient(app, "")
    assert nobody.get("/healthz").status_code == 200
    assert nobody.get("/readyz").status_code == 200


def test_a_service_with_an_old_schema_is_not_ready(app: Flask, world: World) -> None:
    change(text("UPDATE alembic_version SET version_num = '0099'"))
    assert_problem(ApiClient(app, "").get("/readyz"), 503, "not-ready")


def test_figures_need_the_scope_and_count_requests_and_refusals(
    app: Flask, world: World, admin: ApiClient
) -> None:
    assert_problem(ApiClient(app, "").get("/metrics"), 401, "not-logged-in")
    admin.get(USERS)
    admin.get(f"{USERS}/999999")
    figures = admin.get("/metrics").text
    assert 'fulfillment_request_seconds_count{method="GET",route="/api/v1/users"' in figures
    assert 'fulfillment_refusals_total{code="not-found"}' in figures
