"""Prove the books on a live database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from fulfillment.store.invariants import INVARIANTS
from fulfillment.store.transaction import Transaction, reads_snapshot

MOST_ROWS_SHOWN = 20


@dataclass(frozen=True)
class AuditReport:
    """Exceptions by invariant: name -> (how many rows, the first of them)."""

    found: dict[str, tuple[int, tuple[dict[str, Any], ...]]]

    @property
    def ok(self) -> bool:
        """Whether every invariant holds."""
        return not any(count for count, _rows in self.found.values())

    @property
    def rows(self) -> dict[str, int]:
        """Name -> number of offending rows."""
        return {name: count for name, (count, _rows) in self.found.items()}


@reads_snapshot
def audit(tx: Transaction) -> AuditReport:
    """Check every invariant in one snapshot of the database."""
    found = {}
    for invariant in INVARIANTS:
        rows = tx.execute(text(invariant.exceptions)).mappings().all()
        shown = tuple(dict(row) for row in rows[:MOST_ROWS_SHOWN])
        found[invariant.name] = (len(rows), shown)
    return AuditReport(found)
