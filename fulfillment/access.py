"""Who opens a page: the session's cookie, the station's cookie, and ``@page(permission)``.

Every page names what it asks for::

    @blueprint.get("/orders")
    @page(Permission.SEE_ORDERS)
    def list_orders() -> str:
        return render_template("office/orders.html", orders=orders.list_orders(actor()))

Who is not logged in goes to the log-in page (or where *locked* says, at stations), who lacks the
permission gets the 403 page. ``@page()`` asks for a log-in only, :func:`public` for nothing. A view
with none of these is a fault that a test finds. Warehouse and seller are checked by the service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec, TypeVar

from flask import current_app, flash, g, redirect, request, session, url_for
from flask_babel import gettext
from werkzeug.exceptions import NotFound as NoSuchAddress
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as AnyResponse

from fulfillment import messages
from fulfillment.domain.access import SessionLimits
from fulfillment.domain.errors import NotLoggedIn
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.values import Refused
from fulfillment.services import people

P = ParamSpec("P")
R = TypeVar("R")

LOG_IN = "office_access.log_in"
CHOOSE_PASSWORD = "office_access.choose_password"  # noqa: S105  an endpoint
STATION_DAYS = 400
"""How long a browser remembers that it is a station: the longest that browsers allow."""


@dataclass(frozen=True)
class Area:
    """An entry of the navigation."""

    label: str
    path: str
    permission: Permission

    @property
    def words(self) -> str:
        """The label in the language of the request."""
        return str(gettext(self.label))


def _(label: str) -> str:
    """Mark a label for the catalogues; it is translated when it is shown."""
    return label


NAVIGATION = (
    Area(_("Orders"), "/orders", Permission.SEE_ORDERS),
    Area(_("Review"), "/review", Permission.REVIEW_ORDERS),
    Area(_("Waves"), "/waves", Permission.RELEASE),
    Area(_("Dock"), "/dock", Permission.SHIP),
    Area(_("Picking"), "/stations/pick", Permission.PICK),
    Area(_("Packing"), "/stations/pack", Permission.PACK),
    Area(_("Tasks"), "/stations/tasks", Permission.WORK_TASKS),
    Area(_("Open tasks"), "/tasks", Permission.OVERRIDE),
    Area(_("Stock"), "/stock", Permission.SEE_STOCK),
    Area(_("Products"), "/products", Permission.SEE_CATALOGUE),
    Area(_("Labels"), "/labels", Permission.CHANGE_CATALOGUE),
    Area(_("Imports"), "/imports", Permission.CHANGE_CATALOGUE),
    Area(_("Board"), "/board", Permission.SEE_REPORTS),
    Area(_("Reports"), "/reports", Permission.SEE_REPORTS),
    Area(_("Warehouses"), "/warehouses", Permission.SEE_CATALOGUE),
    Area(_("Sellers"), "/settings/sellers", Permission.CHANGE_POLICY),
    Area(_("Policy"), "/settings/policy", Permission.CHANGE_POLICY),
    Area(_("Stations"), "/settings/stations", Permission.CHANGE_POLICY),
    Area(_("Printers"), "/settings/printers", Permission.CHANGE_POLICY),
    Area(_("Webhooks"), "/settings/webhooks", Permission.CHANGE_POLICY),
    Area(_("Carriers"), "/carriers", Permission.OVERRIDE),
    Area(_("Users"), "/settings/users", Permission.MANAGE_PEOPLE),
    Area(_("Audit"), "/audit", Permission.MANAGE_PEOPLE),
)
"""In this order; an entry shows where its page exists and the person may open it."""


def page(
    permission: Permission | None = None, *, locked: str = LOG_IN, first_password: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R | AnyResponse]]:
    """Guard a page; *locked* is the endpoint for those who are not logged in.

    *first_password*: also open to who has still to choose a password of their own.
    """

    def guard(view: Callable[P, R]) -> Callable[P, R | AnyResponse]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | AnyResponse:
            try:
                presence = _presence()
            except NotLoggedIn:
                return _to_log_in(locked)
            if presence.must_choose_password and not first_password:
                return redirect(url_for(CHOOSE_PASSWORD), HTTPStatus.SEE_OTHER)
            if permission is not None:
                presence.actor.require(permission)
            return view(*args, **kwargs)

        guarded.__dict__["permission"] = permission
        return guarded

    return guard


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view that everybody may open."""
    view.__dict__["permission"] = "public"
    return view


def actor() -> Actor:
    """Who opened the present page."""
    return presence().actor


def presence() -> people.Presence:
    """Who opened the present page, and with which session."""
    found: people.Presence | None = g.get("presence")
    if found is None:
        raise NotLoggedIn
    return found


def navigation() -> list[Area]:
    """The pages that whoever is logged in may open from everywhere."""
    someone: Actor | None = g.get("actor")
    if someone is None:
        return []
    return [area for area in NAVIGATION if someone.may(area.permission) and _exists(area.path)]


def open_session(response: AnyResponse, logged_in: people.LoggedIn) -> None:
    """Give the browser its new session; nothing of what it brought along is kept."""
    session.clear()
    _set_cookie(response, "session", logged_in.token, days=None)


def close_session(response: AnyResponse) -> None:
    """End the session here and in the browser, with whatever the browser has stored."""
    token = _cookie("session")
    if token:
        people.log_out(token)
    session.clear()
    _delete_cookie(response, "session")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def open_station(response: AnyResponse, token: str) -> None:
    """Let the browser remember which station it is."""
    _set_cookie(response, "station", token, days=STATION_DAYS)


def station_token() -> str:
    """The secret of the station that this browser is, '' if it is none."""
    return _cookie("station")


def remember_language(response: AnyResponse, locale: str) -> None:
    """Let the browser remember the language of its log-in page; anything else is passed over."""
    if locale in people.LOCALES:
        _set_cookie(response, "language", locale, days=STATION_DAYS)


def browser_language() -> str:
    """The language that was chosen while nobody was logged in, '' if none was."""
    locale = _cookie("language")
    return locale if locale in people.LOCALES else ""


def tell(code: str, fields: Mapping[str, object] | None = None) -> None:
    """Flash the sentence of something that was done, for the next page."""
    flash(messages.sentence(code, fields or {}), "accepted")


def tell_refusal(refused: Refused) -> None:
    """Flash why something was refused."""
    flash(messages.sentence(refused.code, refused.fields), refused.tone)


def path_within(text: str) -> str:
    """*text* if it is a path of this site, else '/': a log-in leads nowhere else."""
    inside = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if inside else "/"


def _presence() -> people.Presence:
    token = _cookie("session")
    if not token:
        raise NotLoggedIn
    limits: SessionLimits = current_app.config["SESSION_LIMITS"]
    found = people.by_session(token, limits=limits)
    g.presence, g.actor = found, found.actor
    if found.seen_is_old and found.session_id is not None:
        people.mark_seen(found.session_id)
    return found


def _to_log_in(endpoint: str) -> AnyResponse:
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        raise NotLoggedIn  # a fragment: the page that asked shows it
    following = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(url_for(endpoint, next=following), HTTPStatus.SEE_OTHER)


def _exists(path: str) -> bool:
    try:
        current_app.url_map.bind("localhost").match(path, "GET")
    except RequestRedirect:
        return True
    except NoSuchAddress:
        return False
    return True


def _name(name: str) -> str:
    """``__Host-``: the browser takes it only over HTTPS and gives it to no other host."""
    return f"__Host-{name}" if current_app.config["SESSION_COOKIE_SECURE"] else name


def _cookie(name: str) -> str:
    return request.cookies.get(_name(name), "")


def _set_cookie(response: AnyResponse, name: str, value: str, *, days: int | None) -> None:
    response.set_cookie(
        _name(name),
        value,
        max_age=days * 86_400 if days else None,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def _delete_cookie(response: AnyResponse, name: str) -> None:
    response.delete_cookie(
        _name(name),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
