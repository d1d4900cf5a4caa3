"""Users, tokens, stations and the warehouse's policy.  The model for the other route modules."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import (
    CodeText,
    Input,
    Key,
    NameText,
    Output,
    PageOutput,
    PageQuery,
    Reason,
)
from fulfillment.domain.people import Actor, Permission, Role
from fulfillment.domain.policy import BenchShort, PickConfirmation, PrinterOff
from fulfillment.services import people
from fulfillment.services.paging import Page

routes = Routes("people", tag="People")

Locale = Literal["en", "zh_Hant", "zh_Hans"]
Units = Literal["metric", "imperial"]
MOST_ROLES = 100


class RoleInput(Input):
    """A role; without a warehouse or seller it counts in every one."""

    role: Role = Field(strict=False)
    warehouse_id: Key | None = None
    seller_id: Key | None = None

    def wish(self) -> people.RoleWish:
        """The same for the service."""
        return people.RoleWish(self.role, self.warehouse_id, self.seller_id)


class NewUserInput(Input):
    """Somebody new."""

    login: CodeText
    name: NameText
    locale: Locale = "en"
    units: Units = "metric"
    email: str = Field("", max_length=254)
    roles: list[RoleInput] = Field(max_length=MOST_ROLES)


class UserChange(Input):
    """What is left out stays."""

    name: NameText | None = None
    locale: Locale | None = None
    units: Units | None = None
    email: str | None = Field(None, max_length=254)
    active: bool | None = None


class RolesInput(Input):
    """All roles of a user."""

    roles: list[RoleInput] = Field(max_length=MOST_ROLES)


class BadgeInput(Input):
    """The number on the badge, without its prefix."""

    badge: str = Field(min_length=4, max_length=32, pattern=r"^[0-9A-Z-]+$")


class RoleOutput(Output):
    """A granted role."""

    role: Role
    warehouse_id: int | None
    seller_id: int | None


class UserOutput(Output):
    """An account."""

    id: int
    login: str
    name: str
    locale: str
    units: str
    email: str
    badge: str | None
    active: bool
    created_at: datetime
    roles: list[RoleOutput]


class FirstPasswordOutput(Output):
    """A first password, shown once."""

    user_id: int
    login: str
    first_password: str | None


class FirstPinOutput(Output):
    """A first PIN, shown once."""

    user_id: int
    badge: str
    first_pin: str | None


class UserPage(PageOutput):
    """Accounts by id."""

    items: list[UserOutput]


@routes.get("/users", permission=Permission.MANAGE_PEOPLE, answer=UserPage)
def list_users(actor: Actor, query: PageQuery) -> Page[people.UserRow]:
    """The accounts that you may manage."""
    return people.list_users(actor, after=query.after(), limit=query.limit)


@routes.post(
    "/users",
    permission=Permission.MANAGE_PEOPLE,
    answer=FirstPasswordOutput,
    status=201,
    once=("first_password",),
)
def create_user(actor: Actor, body: NewUserInput) -> people.FirstPassword:
    """A new account with a random first password, which is shown once."""
    return people.create_user(
        actor,
        login=body.login,
        name=body.name,
        locale=body.locale,
        units=body.units,
        email=body.email,
        roles=[role.wish() for role in body.roles],
    )


@routes.get("/users/<int:user_id>", permission=Permission.MANAGE_PEOPLE, answer=UserOutput)
def read_user(actor: Actor, user_id: int) -> people.UserRow:
    """One account."""
    return people.read_user(actor, user_id)


@routes.patch("/users/<int:user_id>", permission=Permission.MANAGE_PEOPLE, answer=UserOutput)
def change_user(actor: Actor, user_id: int, body: UserChange) -> people.UserRow:
    """Change an account; `active: false` ends its sessions and tokens at once."""
    return people.change_user(
        actor,
        user_id,
        name=body.name,
        locale=body.locale,
        units=body.units,
        email=body.email,
        active=body.active,
    )


@routes.put("/users/<int:user_id>/roles", permission=Permission.MANAGE_PEOPLE, answer=UserOutput)
def set_roles(actor: Actor, user_id: int, body: RolesInput) -> people.UserRow:
    """Replace the roles of an account; nobody gives a role that can do more than they can."""
    return people.set_roles(actor, user_id, roles=[role.wish() for role in body.roles])


@routes.post(
    "/users/<int:user_id>/password",
    permission=Permission.MANAGE_PEOPLE,
    answer=FirstPasswordOutput,
    once=("first_password",),
)
def reset_password(actor: Actor, user_id: int) -> people.FirstPassword:
    """A new first password, shown once; ends the sessions of the account."""
    return people.reset_password(actor, user_id)


@routes.put(
    "/users/<int:user_id>/badge",
    permission=Permission.MANAGE_PEOPLE,
    answer=FirstPinOutput,
    once=("first_pin",),
)
def give_badge(actor: Actor, user_id: int, body: BadgeInput) -> people.FirstPin:
    """A badge and a random PIN, shown once; the former badge counts no more."""
    return people.give_badge(actor, user_id, badge=body.badge)


@routes.delete("/users/<int:user_id>/sessions", permission=Permission.MANAGE_PEOPLE)
def end_sessions(actor: Actor, user_id: int) -> int:
    """End all sessions of an account."""
    return people.end_sessions(actor, user_id)


class NewTokenInput(Input):
    """A key for a program: it acts as the user, within what is named here."""

    name: NameText
    scopes: list[Permission] = Field(min_length=1, max_length=len(Permission), strict=False)
    warehouse_ids: list[Key] = Field(default=[], max_length=1000)
    seller_ids: list[Key] = Field(default=[], max_length=1000)
    station_id: Key | None = None


class NewTokenOutput(Output):
    """The secret is shown once."""

    id: int
    secret: str | None


class TokenOutput(Output):
    """A token without its secret."""

    id: int
    name: str
    user_id: int
    station_id: int | None
    scopes: list[str]
    warehouse_ids: list[int]
    seller_ids: list[int]
    created_at: datetime
    revoked_at: datetime | None


class TokenPage(PageOutput):
    """Tokens by id."""

    items: list[TokenOutput]


@routes.get("/users/<int:user_id>/tokens", permission=Permission.MANAGE_PEOPLE, answer=TokenPage)
def list_tokens(actor: Actor, user_id: int, query: PageQuery) -> Page[people.TokenRow]:
    """The tokens of a user, revoked ones too."""
    return people.list_tokens(actor, user_id, after=query.after(), limit=query.limit)


@routes.post(
    "/users/<int:user_id>/tokens",
    permission=Permission.MANAGE_PEOPLE,
    answer=NewTokenOutput,
    status=201,
    once=("secret",),
)
def create_token(actor: Actor, user_id: int, body: NewTokenInput) -> people.NewToken:
    """A new token of a user; nobody makes one that can do more than they can."""
    return people.create_token(
        actor,
        name=body.name,
        user_id=user_id,
        scopes=body.scopes,
        warehouse_ids=body.warehouse_ids,
        seller_ids=body.seller_ids,
        station_id=body.station_id,
    )


@routes.delete("/tokens/<int:token_id>", permission=Permission.MANAGE_PEOPLE)
def revoke_token(actor: Actor, token_id: int) -> None:
    """End a token."""
    people.revoke_token(actor, token_id)


class StationInput(Input):
    """A new place with its own devices."""

    warehouse_id: Key
    code: CodeText
    name: NameText


class StationOutput(Output):
    """A station; `enrolled_at` null: no browser is enrolled as it."""

    id: int
    warehouse_id: int
    code: str
    name: str
    enrolled_at: datetime | None


class EnrolmentCodeOutput(Output):
    """A code to type into the station's browser, shown once."""

    station_id: int
    enrolment_code: str | None
    valid_until: datetime


class StationPage(PageOutput):
    """Stations by id."""

    items: list[StationOutput]


@routes.get("/stations", permission=Permission.CHANGE_POLICY, answer=StationPage)
def list_stations(actor: Actor, query: PageQuery) -> Page[people.StationRow]:
    """The stations of your warehouses."""
    return people.list_stations(actor, after=query.after(), limit=query.limit)


@routes.post("/stations", permission=Permission.CHANGE_POLICY, answer=StationOutput, status=201)
def create_station(actor: Actor, body: StationInput) -> people.StationRow:
    """A new station, not yet enrolled."""
    return people.create_station(
        actor, warehouse_id=body.warehouse_id, code=body.code, name=body.name
    )


@routes.post(
    "/stations/<int:station_id>/enrolment-code",
    permission=Permission.CHANGE_POLICY,
    answer=EnrolmentCodeOutput,
    status=201,
    once=("enrolment_code",),
)
def make_enrolment_code(actor: Actor, station_id: int) -> people.EnrolmentCode:
    """A code with which one browser becomes this station."""
    return people.make_enrolment_code(actor, station_id)


@routes.delete("/stations/<int:station_id>/enrolment", permission=Permission.CHANGE_POLICY)
def withdraw_station(actor: Actor, station_id: int) -> people.StationRow:
    """The enrolled browser is no station any more."""
    return people.withdraw_station(actor, station_id)


class PolicyFields(Output):
    """What a warehouse decides for itself."""

    weight_tolerance_percent: int
    weight_tolerance_grams: int
    printer_off: PrinterOff
    scan_out: bool
    pick_confirmation: PickConfirmation
    bench_short: BenchShort
    idle_seconds: int
    cart_positions: int
    list_lines: int
    cart_litres: int
    cart_kilograms: int
    planning_seconds: int
    batch_shipments: int
    label_scan_required: bool
    proof_photos: bool
    proof_photo_days: int
    company_prefix: str


class PolicyChange(Input):
    """What is left out stays.  The bounds are checked by the policy itself."""

    reason: Reason
    weight_tolerance_percent: int | None = None
    weight_tolerance_grams: int | None = None
    printer_off: PrinterOff | None = None
    scan_out: bool | None = None
    pick_confirmation: PickConfirmation | None = None
    bench_short: BenchShort | None = None
    idle_seconds: int | None = None
    cart_positions: int | None = None
    list_lines: int | None = None
    cart_litres: int | None = None
    cart_kilograms: int | None = None
    planning_seconds: int | None = None
    batch_shipments: int | None = None
    label_scan_required: bool | None = None
    proof_photos: bool | None = None
    proof_photo_days: int | None = None
    company_prefix: str | None = None


class PolicyOutput(Output):
    """The policy of one warehouse."""

    warehouse_id: int
    warehouse_code: str
    policy: PolicyFields


@routes.get(
    "/warehouses/<int:warehouse_id>/policy",
    permission=Permission.CHANGE_POLICY,
    answer=PolicyOutput,
)
def read_policy(actor: Actor, warehouse_id: int) -> people.Policy:
    """What counts in a warehouse."""
    return people.read_policy(actor, warehouse_id)


@routes.patch(
    "/warehouses/<int:warehouse_id>/policy",
    permission=Permission.CHANGE_POLICY,
    answer=PolicyOutput,
)
def change_policy(actor: Actor, warehouse_id: int, body: PolicyChange) -> people.Policy:
    """Change what counts in a warehouse; audited with the reason."""
    changes = body.model_dump(exclude={"reason"}, exclude_none=True)
    return people.change_policy(actor, warehouse_id, changes=changes, reason=body.reason)
