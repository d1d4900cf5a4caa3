"""A warehouse's layout as people type it or bring it in a file: aisles, cross-aisles, depot, bins.

In a file each row is one of

* ``aisle``: its number (``aisle``, from 0) and where it is across (``x_metres``);
* ``cross-aisle``: its number (``cross_aisle``, from 0) and where it is along (``y_metres``);
* ``depot``: the crossing of an ``aisle`` and a ``cross_aisle`` where walks begin and end;
* ``bin``: its ``code``, its ``aisle`` and ``y_metres``, perhaps ``x_metres``.

A file without aisles, cross-aisles and depot moves bins on the layout that is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fulfillment.domain.catalogue import layout_faults
from fulfillment.domain.imports import Row, RowFault
from fulfillment.domain.routing import Layout, LayoutError

MOST_AISLES = 500

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "aisle": ("aisle", "x_metres"),
    "cross-aisle": ("cross_aisle", "y_metres"),
    "depot": ("aisle", "cross_aisle"),
    "bin": ("code", "aisle", "y_metres"),
}


@dataclass(frozen=True)
class Drawing:
    """What a file draws: the layout in its plain form (None: as it is), and rows of bins."""

    layout: Mapping[str, Any] | None
    bins: tuple[Row, ...]


def plain_layout(
    aisle_x: Sequence[float], cross_y: Sequence[float], depot: tuple[int, int]
) -> dict[str, Any]:
    """The form in which a warehouse keeps its layout."""
    return {
        "aisles": len(aisle_x),
        "aisle_x": list(aisle_x),
        "cross_y": list(cross_y),
        "depot": list(depot),
    }


def read_drawing(rows: Sequence[Row]) -> tuple[Drawing | None, tuple[RowFault, ...]]:
    """What the *rows* draw, or everything that is wrong with them."""
    faults = [*_missing(rows), *_repeated(rows)]
    if faults:
        return None, tuple(faults)
    drawn = [row for row in rows if row.fields["kind"] != "bin"]
    layout = None
    if drawn:
        layout, faults = _layout_of(drawn)
    bins = tuple(row for row in rows if row.fields["kind"] == "bin")
    return (None, tuple(faults)) if faults else (Drawing(layout, bins), ())


def outside_faults(layout: Mapping[str, Any] | None, bins: Iterable[Row]) -> Iterator[RowFault]:
    """Bins of a file that lie nowhere on the *layout*."""
    plan = Layout.from_plain(layout) if layout else None
    for row in bins:
        if plan is None:
            yield RowFault(row.number, "", "no-layout")
            continue
        try:
            plan.place(row.fields["aisle"], row.fields["y_metres"])
        except LayoutError as error:
            column = "aisle" if error.code == "no-such-aisle" else "y_metres"
            yield RowFault(row.number, column, error.code, str(row.fields[column]))


def _missing(rows: Iterable[Row]) -> Iterator[RowFault]:
    for row in rows:
        for name in _NEEDS[row.fields["kind"]]:
            if name not in row.fields:
                yield RowFault(row.number, name, "required")


def _repeated(rows: Iterable[Row]) -> Iterator[RowFault]:
    """A number or a code that stands twice, a second depot."""
    seen: Counter[tuple[str, Any]] = Counter()
    for row in rows:
        kind = row.fields["kind"]
        column = _NEEDS[kind][0]
        key = (kind, row.fields.get(column) if kind != "depot" else None)
        seen[key] += 1
        if seen[key] == 2:
            yield RowFault(row.number, column, "repeated-key", str(row.fields.get(column, "")))


def _layout_of(rows: Sequence[Row]) -> tuple[dict[str, Any] | None, list[RowFault]]:
    of_kind = {
        kind: {row.fields[needs[0]]: row for row in rows if row.fields["kind"] == kind}
        for kind, needs in _NEEDS.items()
    }
    faults = [
        RowFault(1, kind, "missing-row") for kind in ("aisle", "cross-aisle", "depot")
        if not of_kind[kind]
    ]  # fmt: skip
    for kind in ("aisle", "cross-aisle"):
        for number, (key, row) in enumerate(sorted(of_kind[kind].items())):
            if key != number:
                faults.append(RowFault(row.number, _NEEDS[kind][0], "number-left-out", str(number)))
                break
    if faults:
        return None, faults
    (depot,) = of_kind["depot"].values()
    layout = plain_layout(
        [row.fields["x_metres"] for _, row in sorted(of_kind["aisle"].items())],
        [row.fields["y_metres"] for _, row in sorted(of_kind["cross-aisle"].items())],
        (depot.fields["aisle"], depot.fields["cross_aisle"]),
    )
    return layout, [
        RowFault(depot.number if fault.code in _OF_THE_DEPOT else 1, "", fault.code, fault.text)
        for fault in layout_faults(layout)
    ]


_OF_THE_DEPOT = ("no-such-aisle", "no-such-cross-aisle", "depot-is-no-crossing")
