"""People, their log-ins and secrets, programs' tokens, stations, and the warehouse's policy.

::

    presence      who is asking: a session's or a token's secret -> an actor
    sessions      log in by password, badge in at a station, log out, override by badge and PIN
    users         accounts, roles, first passwords, badges
    tokens        keys for programs
    stations      enrolled places
    policies      what a warehouse decides for itself
    credentials   hashes and random secrets
"""

from fulfillment.services.people.locales import LOCALES, METRIC, UNITS
from fulfillment.services.people.policies import (
    Policy,
    change_policy,
    list_policies,
    read_policy,
)
from fulfillment.services.people.presence import Presence, by_session, by_token, mark_seen
from fulfillment.services.people.sessions import (
    LoggedIn,
    authorize_override,
    badge_in,
    choose_password,
    choose_reading,
    end_sessions,
    log_in,
    log_out,
)
from fulfillment.services.people.stations import (
    EnrolledStation,
    EnrolmentCode,
    StationRow,
    create_station,
    enrol_station,
    list_stations,
    make_enrolment_code,
    station_of,
    withdraw_station,
)
from fulfillment.services.people.tokens import (
    NewToken,
    TokenRow,
    create_token,
    list_tokens,
    revoke_token,
)
from fulfillment.services.people.users import (
    FirstPassword,
    FirstPin,
    Places,
    RoleWish,
    UserRow,
    change_user,
    create_user,
    give_badge,
    list_places,
    list_users,
    read_user,
    reset_password,
    set_roles,
)

__all__ = [
    "LOCALES",
    "METRIC",
    "UNITS",
    "EnrolledStation",
    "EnrolmentCode",
    "FirstPassword",
    "FirstPin",
    "LoggedIn",
    "NewToken",
    "Places",
    "Policy",
    "Presence",
    "RoleWish",
    "StationRow",
    "TokenRow",
    "UserRow",
    "authorize_override",
    "badge_in",
    "by_session",
    "by_token",
    "change_policy",
    "change_user",
    "choose_password",
    "choose_reading",
    "create_station",
    "create_token",
    "create_user",
    "end_sessions",
    "enrol_station",
    "give_badge",
    "list_places",
    "list_policies",
    "list_stations",
    "list_tokens",
    "list_users",
    "log_in",
    "log_out",
    "make_enrolment_code",
    "mark_seen",
    "read_policy",
    "read_user",
    "reset_password",
    "revoke_token",
    "set_roles",
    "station_of",
    "withdraw_station",
]
