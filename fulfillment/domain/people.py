"""Who may do what, where: roles, permissions, grants, and the actor of a command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fulfillment.domain.errors import NotPermitted, UnknownThing


class Permission(StrEnum):
    """One thing a person or token may be allowed to do."""

    PICK = "pick"
    PACK = "pack"
    SHIP = "ship"
    WORK_TASKS = "work-tasks"
    SEE_ORDERS = "see-orders"
    ENTER_ORDERS = "enter-orders"
    REVIEW_ORDERS = "review-orders"
    CANCEL_ORDERS = "cancel-orders"
    ALLOCATE = "allocate"
    RELEASE = "release"
    SEE_STOCK = "see-stock"
    CHANGE_STOCK = "change-stock"
    OVERRIDE = "override"
    SEE_CATALOGUE = "see-catalogue"
    CHANGE_CATALOGUE = "change-catalogue"
    SEE_REPORTS = "see-reports"
    CHANGE_POLICY = "change-policy"
    MANAGE_PEOPLE = "manage-people"


class Role(StrEnum):
    """What a person is in a warehouse."""

    PICKER = "picker"
    PACKER = "packer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


_FLOOR = frozenset({Permission.WORK_TASKS})
_SUPERVISOR = frozenset(Permission) - {Permission.MANAGE_PEOPLE}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.PICKER: _FLOOR | {Permission.PICK},
    Role.PACKER: _FLOOR | {Permission.PACK, Permission.SHIP},
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMINISTRATOR: frozenset(Permission),
}


@dataclass(frozen=True)
class Grant:
    """*permissions* in one warehouse and for one seller; ``None`` means every one."""

    permissions: frozenset[Permission]
    warehouse_id: int | None = None
    seller_id: int | None = None

    @classmethod
    def of_role(
        cls, role: Role, warehouse_id: int | None = None, seller_id: int | None = None
    ) -> Grant:
        """The grant that a role gives."""
        return cls(PERMISSIONS[role], warehouse_id, seller_id)


@dataclass(frozen=True)
class Actor:
    """Who does it: a person (perhaps at a station), a token, or the system itself.

    ``user_id`` is stamped on every row that the command writes.
    """

    user_id: int
    name: str
    grants: tuple[Grant, ...]
    station_id: int | None = None
    locale: str = "en"
    units: str = "metric"

    def may(
        self,
        permission: Permission,
        *,
        warehouse_id: int | None = None,
        seller_id: int | None = None,
    ) -> bool:
        """Whether some grant gives *permission* for this warehouse and seller.

        ``None`` asks for the permission anywhere: what is listed is then filtered with
        :meth:`warehouse_ids` and :meth:`seller_ids`.
        """
        return any(
            permission in grant.permissions
            and (warehouse_id is None or grant.warehouse_id in (None, warehouse_id))
            and (seller_id is None or grant.seller_id in (None, seller_id))
            for grant in self.grants
        )

    def require(
        self,
        permission: Permission,
        *,
        warehouse_id: int | None = None,
        seller_id: int | None = None,
    ) -> None:
        """Raise :class:`NotPermitted` unless :meth:`may`."""
        if not self.may(permission, warehouse_id=warehouse_id, seller_id=seller_id):
            raise NotPermitted(permission=permission)

    def require_sight(
        self,
        permission: Permission,
        *,
        kind: str,
        key: str,
        warehouse_id: int | None,
        seller_id: int | None,
    ) -> None:
        """Like :meth:`require`, but a foreign thing is answered as if it did not exist."""
        self.require(permission)
        if not self.may(permission, warehouse_id=warehouse_id, seller_id=seller_id):
            raise UnknownThing(kind=kind, key=key)

    def warehouse_ids(self, permission: Permission) -> frozenset[int] | None:
        """The warehouses of this permission; ``None`` = every warehouse."""
        ids = [g.warehouse_id for g in self.grants if permission in g.permissions]
        return None if None in ids else frozenset(i for i in ids if i is not None)

    def seller_ids(self, permission: Permission) -> frozenset[int] | None:
        """The sellers of this permission; ``None`` = every seller."""
        ids = [g.seller_id for g in self.grants if permission in g.permissions]
        return None if None in ids else frozenset(i for i in ids if i is not None)


SYSTEM_USER_ID = 1
"""The user row that the system's own work is stamped with; nobody can log in as it."""


def system() -> Actor:
    """The actor of scheduled work, imports from the command line and the replay."""
    return Actor(SYSTEM_USER_ID, "system", (Grant(frozenset(Permission)),))
