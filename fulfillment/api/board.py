"""The supervisor's board: what will miss its van, forecasts, what to move, what waits."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from fulfillment.api.frame import Routes
from fulfillment.api.inputs import Key, Output, PageOutput, Query
from fulfillment.domain.board.error import ForecastError
from fulfillment.domain.people import Actor, Permission
from fulfillment.services.board import advising, exceptions, hindsight, showing
from fulfillment.services.board.choosing import BoardChoice
from fulfillment.services.paging import Page

routes = Routes("board", tag="Board")

StandingName = Literal["late", "at-risk", "safe", "unplanned"]


class VanOutput(Output):
    """The orders of one service and cut-off."""

    service_id: int | None
    service: str
    cut_off_at: datetime | None
    minutes_left: int | None
    orders: int
    pieces: int
    stages: dict[str, int]
    standings: dict[str, int]
    last_leaves_at: datetime | None


class WatchedOutput(Output):
    """A shipment that is late or at risk."""

    shipment_id: int
    order_id: int
    order: str
    shipment: str
    service: str
    cut_off_at: datetime | None
    minutes_left: int | None
    standing: str
    stage: str
    holder: str
    leaves_at: datetime | None = Field(description="The forecast.")
    margin_minutes: int | None = Field(description="From the forecast to the cut-off.")
    dispatched_at: datetime | None
    longest_stage: str = Field(description="The stamp at the end of the stage that took longest.")
    longest_minutes: int
    longest_by: str


class StepOutput(Output):
    """A step of the floor."""

    step: str
    people: int
    basis: str = Field(description="`measured`, `paused` or `assumed`.")
    orders_an_hour: float
    order_minutes: float
    scan_minutes: float


class RateOutput(Output):
    """A person or a station in the last hour."""

    name: str
    process: str
    station: str
    last_at: datetime | None
    orders: int
    pieces: int
    scans: int
    refused: int
    active_minutes: int
    orders_an_hour: float
    pieces_an_hour: float
    in_hand: list[str]


class BoardOutput(Output):
    """The board of a warehouse."""

    warehouse_id: int
    warehouse: str
    timezone: str
    at: datetime
    vans: list[VanOutput]
    stages: dict[str, int]
    standings: dict[str, int]
    watched: list[WatchedOutput]
    steps: list[StepOutput]
    people: list[RateOutput]
    stations: list[RateOutput]
    exceptions: dict[str, int]


@routes.get(
    "/warehouses/<int:warehouse_id>/board",
    permission=Permission.SEE_REPORTS,
    answer=BoardOutput,
)
def read_board(actor: Actor, warehouse_id: int) -> showing.BoardView:
    """Orders by stage and van, what is late or at risk, who works on what.  Numbers are orders."""
    return showing.board(actor, warehouse_id)


class ForecastQuery(Query):
    """Which shipments; a van is named by both its service and its cut-off."""

    service_id: Key | None = None
    cut_off_at: AwareDatetime | None = None
    stage: str = Field("", max_length=16)
    standing: StandingName | None = None


class ForecastOutput(Output):
    """An open shipment with its forecast."""

    shipment_id: int
    order_id: int
    service_id: int | None
    stage: str
    cut_off_at: datetime | None
    leaves_at: datetime | None
    margin_minutes: int | None
    standing: str


class ForecastsOutput(PageOutput):
    """Forecasts, the tightest first."""

    items: list[ForecastOutput]


@routes.get(
    "/warehouses/<int:warehouse_id>/board/forecast",
    permission=Permission.SEE_REPORTS,
    answer=ForecastsOutput,
)
def read_forecast(
    actor: Actor, warehouse_id: int, query: ForecastQuery
) -> Page[showing.ForecastRow]:
    """When each open shipment will leave, and its margin to its cut-off."""
    named = query.service_id is not None or query.cut_off_at is not None
    choice = BoardChoice(
        warehouse_id,
        van=(query.service_id, query.cut_off_at) if named else None,
        stage=query.stage,
        standing=query.standing or "",
    )
    return Page(showing.forecast(actor, choice))


class OrderToMoveOutput(Output):
    """An order that would catch its van if it went first."""

    order_id: int
    number: str
    stage: str
    cut_off_at: datetime | None


class PersonMoveOutput(Output):
    """One person goes over; so many shipments are at risk after it."""

    source: str
    target: str
    at_risk: int


class AdviceOutput(Output):
    """What to move."""

    at_risk: int
    move_up: list[OrderToMoveOutput]
    at_risk_after: int
    people: list[PersonMoveOutput]


@routes.get(
    "/warehouses/<int:warehouse_id>/board/advice",
    permission=Permission.SEE_REPORTS,
    answer=AdviceOutput,
)
def read_advice(actor: Actor, warehouse_id: int) -> advising.AdviceView:
    """A short list of orders to move up, and people to move over, so that more catches its van."""
    return advising.advice(actor, warehouse_id)


class ForecastErrorOutput(Output):
    """How good forecasts were that were made so many minutes before the van."""

    minutes_before: int
    shipments: int
    median_minutes: float | None
    p90_minutes: float | None
    missed: int
    missed_foreseen: int
    warned: int
    warned_missed: int


class ForecastErrorsOutput(PageOutput):
    """An hour and half an hour before the van."""

    items: list[ForecastErrorOutput]


@routes.get(
    "/warehouses/<int:warehouse_id>/board/forecast-errors",
    permission=Permission.SEE_REPORTS,
    answer=ForecastErrorsOutput,
)
def read_forecast_errors(actor: Actor, warehouse_id: int) -> Page[ForecastError]:
    """The forecast made again as of past moments, compared with what happened."""
    return Page(hindsight.forecast_errors(actor, warehouse_id))


class ExceptionOutput(Output):
    """Something that waits for a decision."""

    at: datetime | None
    about: str
    detail: str
    by: str
    order_id: int | None


class ExceptionsOutput(PageOutput):
    """The latest first, at most 200."""

    items: list[ExceptionOutput]


@routes.get(
    "/warehouses/<int:warehouse_id>/board/exceptions/<kind>",
    permission=Permission.SEE_REPORTS,
    answer=ExceptionsOutput,
)
def list_exceptions(actor: Actor, warehouse_id: int, kind: str) -> Page[exceptions.Exceptional]:
    """What waits for a decision: `short-picks`, `weights`, `overrides`, `print-jobs`, …"""
    return Page(exceptions.list_exceptions(actor, warehouse_id, kind))
