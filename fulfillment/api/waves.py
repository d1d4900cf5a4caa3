"""Release: shipments are put into waves, waves into pick lists."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Input, Key, Output, PageOutput, PageQuery
from fulfillment.domain.people import Actor, Permission
from fulfillment.domain.waving import WaveChoice
from fulfillment.services import wave_views, waving
from fulfillment.services.paging import Page
from fulfillment.services.waving import SHIPMENTS_AT_ONCE

routes = Routes("waves", tag="Waves")


class WaveInput(Input):
    """Which allocated shipments go: every condition that is set must hold."""

    warehouse_id: Key
    cut_off_before: AwareDatetime | None = None
    carrier: str = Field("", max_length=64)
    service_id: Key | None = None
    zone: str = Field(
        "", max_length=64, description="Those that can be collected within it entirely."
    )
    priority_from: int | None = Field(None, ge=-1_000, le=1_000)
    items: Literal["any", "single", "multi"] = Field("any", description="`single`: of one piece.")
    method: Literal["cart", "batch"] | None = Field(
        None,
        description="`cart`: a tote for each shipment. `batch`: all together in batch totes, "
        "sorted at a put wall, or packed piece by piece. Left out: `batch` for `single`.",
    )
    limit: int | None = Field(None, ge=1, le=SHIPMENTS_AT_ONCE)
    shipment_ids: list[Key] | None = Field(None, min_length=1, max_length=SHIPMENTS_AT_ONCE)
    planning_seconds: int | None = Field(
        None, ge=0, le=60, description="How long the carts are planned; else as the policy says."
    )


class ShortShipmentOutput(Output):
    """A shipment whose bins held less than was promised."""

    number: str
    units: int
    cancelled: bool


class WaveOutput(Output):
    """What a release did."""

    wave_number: str | None
    wave_id: int | None
    shipments: int
    units: int
    stops: int
    lists: list[str] = Field(description="The numbers of the pick lists.")
    short: list[ShortShipmentOutput]
    left: list[int] = Field(description="Ids of shipments that were named and do not fit.")


@routes.post("/waves", permission=Permission.RELEASE, answer=WaveOutput, status=201)
def release(actor: Actor, body: WaveInput) -> waving.WaveReport:
    """Release the most urgent shipments that fit, at most 500, as a wave of pick lists.

    When nothing fits (any more) the answer is 409 `nothing-to-do`.
    """
    choice = {**dict(body), "shipment_ids": body.shipment_ids and tuple(body.shipment_ids)}
    return waving.release(actor, WaveChoice(**choice))


class WaveQuery(PageQuery):
    """Of which warehouse."""

    warehouse_id: Key | None = None


class WaveRowOutput(Output):
    """A wave."""

    id: int
    number: str
    warehouse_code: str
    choice: dict[str, Any] = Field(description="What was asked for.")
    released_at: datetime
    released_by: str
    lists: int
    lists_done: int
    shipments: int
    due_at: datetime | None


class WavePage(PageOutput):
    """Waves, the newest first."""

    items: list[WaveRowOutput]


@routes.get("/waves", permission=Permission.PICK, answer=WavePage)
def list_waves(actor: Actor, query: WaveQuery) -> Page[wave_views.WaveView]:
    """The waves of your warehouses, the newest first."""
    found = wave_views.list_waves(
        actor,
        warehouse_id=query.warehouse_id,
        before_id=query.after() or None,
        limit=query.limit + 1,
    )
    return Page.cut(found, limit=query.limit, key=lambda wave: (wave.id,))


class PickListQuery(PageQuery):
    """Which lists."""

    warehouse_id: Key | None = None
    wave: str = Field("", max_length=64, description="The number of a wave.")
    state: list[Literal["open", "claimed", "done", "cancelled"]] = Field(default=[], max_length=4)


class PickListRowOutput(Output):
    """A pick list."""

    id: int
    number: str
    wave_number: str
    warehouse_code: str
    state: str
    priority: int
    due_at: datetime | None
    picker: str | None
    claimed_at: datetime | None
    finished_at: datetime | None
    stops: int
    stops_open: int
    shipments: int
    metres: float | None = Field(description="Length of the walk, where the layout is drawn.")
    saved_metres: float | None = Field(description="Against the order of the bin codes.")


class PickListPage(PageOutput):
    """Pick lists, the newest first."""

    items: list[PickListRowOutput]


@routes.get("/pick-lists", permission=Permission.PICK, answer=PickListPage)
def list_pick_lists(actor: Actor, query: PickListQuery) -> Page[wave_views.PickListRow]:
    """The pick lists of your warehouses, the newest first."""
    return wave_views.list_pick_lists(
        actor,
        warehouse_id=query.warehouse_id,
        wave=query.wave,
        states=query.state,
        before_id=query.after() or None,
        limit=query.limit,
    )


class FeedOutput(Output):
    """Units of a stop for one position of the cart."""

    feed_id: int
    position: int
    shipment_number: str
    quantity: int
    picked: int
    short: int


class StopOutput(Output):
    """One product and lot in a bin."""

    stop_id: int
    sequence: int
    sku: str
    name: str
    lot: str
    expires_on: date | None
    state: str
    quantity: int
    picked: int
    feeds: list[FeedOutput]


class BinOutput(Output):
    """A bin to walk to."""

    code: str
    zone: str
    stops: list[StopOutput]


class PositionOutput(Output):
    """A position of the cart."""

    position: int
    shipment_number: str
    order_number: str
    cut_off_at: datetime | None
    units: int
    totes: list[str]


class PickListOutput(Output):
    """A pick list as paper shows it: bins in walking order."""

    number: str
    wave_number: str
    warehouse_code: str
    state: str
    priority: int
    due_at: datetime | None
    picker: str | None
    units: int
    walk: dict[str, Any] = Field(description="How the order of the stops was found.")
    bins: list[BinOutput]
    positions: list[PositionOutput]


@routes.get("/pick-lists/<number>/sheet", permission=Permission.PICK, answer=PickListOutput)
def read_sheet(actor: Actor, number: str) -> wave_views.PickListView:
    """A whole pick list by its number, with all bins in walking order."""
    return wave_views.pick_list_view(actor, number)
