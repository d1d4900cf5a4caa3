"""The board's figures from the database: the same as from the simulated day, now and in hindsight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from fulfillment.domain.board.error import forecast_error
from fulfillment.domain.people import system
from fulfillment.services.board import hindsight, showing
from fulfillment.services.board.choosing import BoardChoice
from fulfillment.services.orders.listing import OrderSearch, count_orders
from fulfillment.store.base import db
from fulfillment.store.changes import listening
from fulfillment.store.orders import Shipment
from fulfillment.store.transaction import clock_set_to
from tests.support.forecasting import told_at, told_by_number
from tests.support.simulated_days import VAN, Crew, SimulatedDay, SimulatedShipment, simulated_day
from tests.support.statements import statements_of
from tests.support.stored_days import Setting, people_of, store_day
from tests.support.world import World, change

MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
SMALL = Crew(240, 1, 1)

pytestmark = pytest.mark.half_made


def moment(minute: float) -> datetime:
    return MIDNIGHT + timedelta(minutes=minute)


def wholesale_day() -> SimulatedDay:
    """Orders of one to three lines of up to 40 pieces, of which packs are scanned at the bench."""
    orders = [
        SimulatedShipment(number, (number % 40 + 1, 24, 7)[: number % 3 + 1], 8 * 60 + 2.5 * number)
        for number in range(1, 200)
    ]
    return simulated_day(7, SMALL, orders)


@pytest.mark.parametrize("day", [simulated_day(7, SMALL), wholesale_day()], ids=["pieces", "packs"])
def test_the_board_s_forecast_is_the_one_of_the_domain(
    app: Flask, world: World, day: SimulatedDay
) -> None:
    """What the statements read is what the stamps and scans of the day say."""
    minute = VAN - 60
    users = people_of(world, day)
    ids = store_day(day, Setting(world, MIDNIGHT, until=minute, users=users))
    numbers = {shipment_id: number for number, shipment_id in ids.items()}
    with clock_set_to(lambda: moment(minute)):
        rows = showing.forecast(system(), BoardChoice(world.warehouses["W1"]))
    told = told_by_number(day, minute)
    assert {numbers[row.shipment_id] for row in rows} == set(told)
    for row in rows:
        expected = told[numbers[row.shipment_id]]
        assert row.leaves_at is not None
        assert expected.leaves_at is not None
        assert abs(row.leaves_at - expected.leaves_at) < timedelta(minutes=3)


def test_hindsight_is_as_good_as_the_forecast_was(app: Flask, world: World) -> None:
    day = simulated_day(7, SMALL)
    users = people_of(world, day)
    store_day(day, Setting(world, MIDNIGHT, users=users))
    with clock_set_to(lambda: MIDNIGHT + timedelta(days=2)):
        hour, half = hindsight.forecast_errors(system(), world.warehouses["W1"])
    assert (hour.minutes_before, half.minutes_before) == (60, 30)
    said = forecast_error(told_at(day, VAN - 60), minutes_before=60)
    assert hour.shipments == said.shipments
    assert hour.missed == said.missed
    assert hour.median_minutes is not None
    assert said.median_minutes is not None
    # The stamps do not say how far a walk in hand had come.
    assert hour.median_minutes == pytest.approx(said.median_minutes, abs=3)


def test_the_board_takes_the_same_statements_however_many_orders_there_are(
    app: Flask, world: World
) -> None:
    users = people_of(world, simulated_day(1, SMALL))
    counts = []
    for number, orders in enumerate((30, 300)):
        day = simulated_day(1, Crew(orders, 1, 1))
        setting = Setting(world, MIDNIGHT, number=number, until=VAN - 120, users=users)
        store_day(day, setting)
        with clock_set_to(lambda: moment(VAN - 120)):
            counts.append(statements_of(lambda: showing.board(system(), world.warehouses["W1"])))
    assert counts[0] == counts[1] <= 15


def test_each_number_is_the_length_of_its_list_with_hundreds_of_orders(
    app: Flask, world: World
) -> None:
    day = simulated_day(7, SMALL)
    users = people_of(world, day)
    store_day(day, Setting(world, MIDNIGHT, until=VAN - 30, users=users))
    warehouse_id = world.warehouses["W1"]

    def counted(**choice: object) -> int:
        board = BoardChoice(warehouse_id, **choice)  # type: ignore[arg-type]  # fields by name
        return count_orders(system(), OrderSearch(board=board))

    with clock_set_to(lambda: moment(VAN - 30)):
        board = showing.board(system(), warehouse_id)
        (van,) = board.vans
        assert van.standings["at-risk"] > 10
        key = (van.service_id, van.cut_off_at)
        assert counted(van=key) == van.orders > 60
        for stage, number in van.stages.items():
            assert counted(van=key, stage=stage) == number, stage
        for name, number in van.standings.items():
            assert counted(van=key, standing=name) == number, name


def test_an_open_board_hears_of_a_change_of_another_connection(app: Flask, world: World) -> None:
    store_day(simulated_day(1, Crew(2, 1, 1)), Setting(world, MIDNIGHT, until=VAN))
    with listening(db.engine) as ear:
        assert not ear.wait(0)
        change(update(Shipment).values(priority=3))
        assert ear.wait(10)
        assert not ear.wait(0)
