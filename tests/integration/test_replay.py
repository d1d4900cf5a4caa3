"""The replay of invoices through the services, small: every unit is accounted for."""

from __future__ import annotations

import json
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from fulfillment.domain.errors import DomainError
from fulfillment.replay import command, reporting
from fulfillment.replay.invoices import COLUMNS
from fulfillment.replay.made import made_rows
from fulfillment.replay.running import Outcome, Wish, replay
from fulfillment.replay.scanning import BACKSTOPS, REFUSALS, Luck, Tally
from fulfillment.store.base import table_of
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Shipment
from fulfillment.store.parcels import Label, Parcel
from fulfillment.store.work import ToteUse
from tests.support.world import World, fetch

INVOICES, SEED = 4, 39


class Bar:
    """A progress bar that nobody sees."""

    def __init__(self) -> None:
        self.done = 0.0

    def update(self, n: float = 1) -> bool | None:
        self.done += n
        return None

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
        """Nothing is shown."""


def _row(invoice: int, sku: int, quantity: int) -> dict[str, str]:
    values = (
        *(f"{invoice}", f"{20000 + sku}", f"THING {sku}", f"{quantity}"),
        *("2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom"),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _small_orders() -> list[dict[str, str]]:
    """Orders of one piece, of two pieces of two products, and a heavy one."""
    singles = [_row(536_000 + number, number, 1) for number in range(6)]
    pairs = [_row(537_000 + number // 2, number % 5, 1) for number in range(8)]
    return [*singles, *pairs, _row(538_000, 6, 60)]


def _replayed(wish: Wish, *, invoices: int = INVOICES) -> tuple[Outcome, Bar]:
    bar = Bar()
    return replay(partial(made_rows, invoices, wish.seed), wish, progress=bar), bar


def test_made_orders_go_from_intake_to_the_van_and_every_unit_is_accounted_for(app: Flask) -> None:
    outcome, bar = _replayed(Wish(seed=SEED))
    assert outcome.faults == [], app.config["SQLALCHEMY_DATABASE_URI"]
    units = outcome.units
    assert units.ordered == outcome.units_in_file == 407
    assert units.shipped + units.backordered + units.cancelled == units.ordered
    assert units.shipped > 0.75 * units.ordered
    assert outcome.counts.scan_events == sum(outcome.tally.scans.values())
    assert 0 < bar.done <= units.orders == INVOICES
    states = {row[0] for row in fetch(select(Shipment.state).distinct())}
    assert states <= {"dispatched", "cancelled"}
    totes = select(ToteUse.id).where(ToteUse.closed_at.is_(None))
    assert fetch(totes) == [], "every tote and slot is empty"
    _is_reported(outcome)


def test_batches_are_sorted_at_a_wall_or_packed_from_their_tote(app: Flask) -> None:
    outcome = replay(_small_orders, Wish(seed=SEED), progress=Bar())
    assert outcome.faults == [], app.config["SQLALCHEMY_DATABASE_URI"]
    figures = reporting.document(outcome)
    assert 0 < figures["batch_lists"] <= figures["pick_lists"]
    assert figures["scans"]["sort"] == outcome.tally.scans["sort"] > 0
    events = fetch(select(ScanEvent.process, ScanEvent.code).where(ScanEvent.accepted))
    assert {tuple(row) for row in events} >= {
        ("pick", "batch-put"),
        ("sort", "put"),
        ("sort", "slot-complete"),
        ("pack", "batch-opened"),
    }
    loaded = select(Label.carrier).join(Parcel, Parcel.id == Label.parcel_id)
    rows = fetch(loaded.where(Parcel.state == "dispatched"))
    assert {row.carrier for row in rows} == {"LOCAL", "POST"}


def _is_reported(outcome: Outcome) -> None:
    figures = json.loads(command.words(outcome, as_json=True))
    assert set(figures) >= {
        *("orders", "units_ordered", "units_shipped", "units_backordered", "units_cancelled"),
        *("shipments", "parcels", "pieces_scanned", "refusals", "rows_read", "rows_left_out"),
        *("stock_moves", "seconds", "orders_per_second", "scans_per_second", "peak_memory_mib"),
        "audit",
    }
    assert figures["pieces_scanned"] >= figures["units_shipped"]
    assert figures["rows_read"] == figures["goods_rows"] + sum(figures["rows_left_out"].values())
    assert figures["audit"]["ok"] is True
    assert set(figures["audit"]["invariants"].values()) == {0}
    refused = fetch(
        select(func.count()).select_from(table_of(ScanEvent)).where(~table_of(ScanEvent).c.accepted)
    )
    assert sum(figures["refusals"].values()) == refused[0][0]
    shown = reporting.table(outcome)
    assert "Audit: clean" in shown
    assert f"{figures['units_shipped']:,}" in shown


def test_a_plan_ends_at_pick_lists_and_scans_nothing(app: Flask) -> None:
    outcome, bar = _replayed(Wish(seed=SEED, scan=0))
    assert outcome.faults == [], app.config["SQLALCHEMY_DATABASE_URI"]
    units = outcome.units
    assert units.shipped == 0
    assert units.under_way + units.backordered + units.cancelled == units.ordered
    assert outcome.counts.pick_lists > 0
    assert outcome.counts.scan_events == 0
    assert bar.done == INVOICES
    released = fetch(select(Shipment.state).distinct())
    assert {row[0] for row in released} <= {"released", "cancelled"}


def test_some_orders_are_worked_while_the_others_stay_open(app: Flask) -> None:
    outcome, bar = _replayed(Wish(seed=5, scan=1), invoices=6)
    assert outcome.faults == [], app.config["SQLALCHEMY_DATABASE_URI"]
    assert bar.done >= 1
    assert outcome.units.shipped > 0
    assert outcome.units.under_way > 0


def test_a_database_where_somebody_works_is_refused(world: World) -> None:
    with pytest.raises(command.NotEmpty, match="2 warehouses"):
        command.run(command.made(1, 1), Wish(seed=1))
    assert world.seller_id


def test_a_tally_names_every_refusal_that_did_not_occur() -> None:
    tally = Tally()
    assert len(tally.never_refused) == sum(map(len, REFUSALS.values())) - len(BACKSTOPS)
    tally.refusals["pack", "wrong-item"] += 1
    assert "pack/wrong-item" not in tally.never_refused
    assert "pick/wrong-item" in tally.never_refused


def test_the_same_seed_is_the_same_luck_and_scan_ids_never_repeat() -> None:
    first, second = (Luck(7, Tally(), thorough=False, slip_share=0.5) for _ in range(2))
    ids = [first.scan_id() for _ in range(100)]
    assert ids == [second.scan_id() for _ in range(100)]
    assert len(set(ids)) == 100
    assert not issubclass(command.NotEmpty, DomainError)
