"""What a run did, as a table for people and as one JSON object for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fulfillment.replay.running import Outcome


def document(outcome: Outcome) -> dict[str, Any]:
    """The figures of a run; times in seconds, memory in MiB, units in pieces.

    ``refusals`` are by code over all processes, ``refusals_by_process`` tell them apart.
    ``orders_per_second`` and ``scans_per_second`` are of the whole wall time, making the
    warehouses and the audit included.
    """
    tally, units, counts = outcome.tally, outcome.units, outcome.counts
    refusals: Counter[str] = Counter()
    by_process: dict[str, dict[str, int]] = {}
    for (process, code), times in sorted(tally.refusals.items()):
        if times:
            refusals[code] += times
            by_process.setdefault(process, {})[code] = times
    scans = sum(tally.scans.values())
    return {
        "ok": not outcome.faults,
        "faults": outcome.faults,
        "orders": units.orders,
        "units_ordered": units.ordered,
        "units_shipped": units.shipped,
        "units_backordered": units.backordered,
        "units_cancelled": units.cancelled,
        "units_under_way": units.under_way,
        "shipments": counts.shipments,
        "parcels": counts.parcels,
        "pick_lists": counts.pick_lists,
        "batch_lists": counts.batch_lists,
        "tasks": counts.tasks,
        "pieces_scanned": tally.pieces,
        "scans": dict(sorted(tally.scans.items())),
        "refusals": dict(sorted(refusals.items())),
        "refusals_by_process": by_process,
        "errors": dict(sorted(tally.errors.items())),
        "rows_read": outcome.rows.rows_read,
        "goods_rows": outcome.rows.goods_rows,
        "rows_left_out": dict(outcome.rows.rows_left_out),
        "stock_moves": counts.stock_moves,
        "seconds": round(outcome.seconds, 2),
        "orders_per_second": round(units.orders / outcome.seconds, 2),
        "scans_per_second": round(scans / outcome.seconds, 2),
        "planning_cpu_ms_per_order": _per(outcome.planning_cpu_seconds, units.orders),
        "working_cpu_ms_per_scan": _per(outcome.working_cpu_seconds, scans),
        "peak_memory_mib": round(outcome.peak_memory_mib, 1),
        "audit": {"ok": outcome.audit.ok, "invariants": outcome.audit.rows},
    }


def _per(seconds: float, things: int) -> float:
    """Milliseconds for each thing."""
    return round(1000 * seconds / things, 3) if things else 0.0


def table(outcome: Outcome) -> str:
    """The figures of a run in lines of name and value, then the audit and what is wrong."""
    return "\n".join(_lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    figures = document(outcome)
    yield from _section("Rows read", figures["rows_read"], {"goods": figures["goods_rows"]})
    for reason, rows in figures["rows_left_out"].items():
        yield _line(f"  left out: {reason}", rows)
    yield from _section("Orders", figures["orders"], {})
    yield from _section(
        "Units ordered",
        figures["units_ordered"],
        {
            "shipped": figures["units_shipped"],
            "backordered": figures["units_backordered"],
            "cancelled": figures["units_cancelled"],
            "under way": figures["units_under_way"],
        },
    )
    for name in ("shipments", "parcels", "pick_lists", "batch_lists", "tasks", "stock_moves"):
        yield _line(name.replace("_", " ").capitalize(), figures[name])
    yield _line("Pieces scanned at a bench", figures["pieces_scanned"])
    yield from _section("Scans", sum(figures["scans"].values()), figures["scans"])
    for process, codes in figures["refusals_by_process"].items():
        yield from _section(f"Refused: {process}", sum(codes.values()), codes)
    for code, times in figures["errors"].items():
        yield _line(f"Command refused: {code}", times)
    yield _line("Wall time, s", figures["seconds"])
    yield _line("Orders a second", figures["orders_per_second"])
    yield _line("Scans a second", figures["scans_per_second"])
    yield _line("CPU time to plan an order, ms", figures["planning_cpu_ms_per_order"])
    yield _line("CPU time a scan, ms", figures["working_cpu_ms_per_scan"])
    yield _line("Peak memory, MiB", figures["peak_memory_mib"])
    held = len(figures["audit"]["invariants"])
    yield f"Audit: {f'clean, {held} invariants hold' if outcome.audit.ok else 'FAILED'}"
    for fault in outcome.faults:
        yield f"WRONG: {fault}"


def _section(title: str, total: int, parts: dict[str, int]) -> Iterator[str]:
    yield _line(title, total)
    for name, number in parts.items():
        yield _line(f"  {name}", number)


def _line(name: str, value: float) -> str:
    shown = f"{value:,}"
    return f"{name:<42}{shown:>14}"
