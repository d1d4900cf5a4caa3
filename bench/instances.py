"""Reads the public instances of order batching, in the two forms in which they are to be had.

The form of Heßler & Irnich (Henn & Wäscher 2012, Muter & Öncan 2015, Bahçeci & Öncan 2021): one
block, every article in one place. Its cells are counted from the far end of an aisle, which the
files do not say, but which gives the published optima of Bahçeci & Öncan and Muter & Öncan.

The form of Foodmart (Valle, Beasley & da Cunha 2017): several blocks, a trolley of boxes, and a
depot in front of the aisles with a straight line to the end of each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fulfillment.domain.batching import BatchOrder, CartLimits
from fulfillment.domain.routing import Layout, Place


@dataclass(frozen=True)
class Instance:
    """A wave of the literature: its layout, orders, cart and depot.

    Where `lines` is not empty the depot lies in front of the aisles, with a straight line of so
    many metres to the lower crossing of each; then `depot` only says which of them is nearest.
    """

    layout: Layout
    orders: list[BatchOrder]
    limits: CartLimits
    depot: Place
    lines: tuple[float, ...] = ()


def read_instance(text: str, *, entry: float | None = None) -> Instance:
    """Read either form; ValueError where a depot or a place is not as described above.

    `entry` are the metres from a cross-aisle to the nearest cell, if not those of the file: Wahlen
    & Gschwind (2023) have 1.5 for Muter & Öncan.
    """
    return _read_foodmart(text) if text.startswith("//") else _read_one_block(text, entry)


def _read_one_block(text: str, entry: float | None) -> Instance:
    """An order counts against the capacity with its pieces."""
    head = dict(line.split(" : ", 1) for line in text.splitlines() if " : " in line)
    if head["DEPOT_LOCATION"] != "bottom" or float(head["DISTANCE_TOP_OR_BOTTOM_TO_DEPOT"]):
        raise ValueError("the depot is not at a crossing of the lower cross-aisle")
    gap, width = float(head["DISTANCE_CELL_TO_CELL"]), float(head["DISTANCE_AISLE_TO_AISLE"])
    low, high = (
        float(head[f"DISTANCE_{side}_TO_CELL"]) if entry is None else entry
        for side in ("BOTTOM", "TOP")
    )
    farthest = low + gap * (int(head["NUM_CELLS"]) - 1)
    aisle_x = tuple(width * aisle for aisle in range(int(head["NUM_AISLES"])))
    layout = Layout(aisle_x, (0.0, farthest + high))
    places: dict[str, tuple[int, float]] = {}
    orders: list[list[tuple[str, int]]] = []
    for line in text.splitlines():
        words = line.split()
        if line.startswith("NUM_ARTICLES_IN_ORDER"):
            orders.append([])
        elif words[:1] == ["ID"] and words[2] == "AISLE":
            if words[1] in places:
                raise ValueError(f"article {words[1]} is in more than one place")
            places[words[1]] = (int(words[3]), farthest - gap * int(words[5]))
        elif words[:1] == ["ID"] and words[2] == "QUANTITY":
            orders[-1].append((words[1], int(words[3])))
    return Instance(
        layout,
        [
            BatchOrder(
                tuple(places[article] for article, _ in order),
                lines=sum(pieces for _, pieces in order),
            )
            for order in orders
        ],
        CartLimits(lines=int(head["PICKER_CAPACITY"])),
        layout.crossing(int(head["DEPOT_AISLE"]), 0),
    )


def _read_foodmart(text: str) -> Instance:
    """An order counts against the trolley with its boxes, which are given and not shared."""
    part = _parts(text)
    at: dict[str, tuple[float, float]] = {}
    crossings = []
    for vertex, x, y, *name in part["Vertices coordinates LocationName"]:
        at[vertex] = (float(x), float(y))
        if name[0] == '"intersection':
            crossings.append(at[vertex])
    aisle_x, cross_y = (tuple(sorted(set(values))) for values in zip(*crossings, strict=True))
    depot = part["DepartingDepot"][0][0]
    metres_to = {
        at[end]: float(metres)
        for start, end, metres in part["Start End Distance"]
        if start == depot
    }
    if set(metres_to) != {(x, cross_y[0]) for x in aisle_x}:
        raise ValueError("the depot is not in front of the aisles")
    lines = tuple(metres_to[x, cross_y[0]] for x in aisle_x)
    places = {
        product: (aisle_x.index(at[vertex][0]), at[vertex][1])
        for product, vertex, _volume in part["Idx Location Volume"]
    }
    layout = Layout(aisle_x, cross_y)
    return Instance(
        layout,
        [
            BatchOrder(tuple(places[product] for product in products[::2]), totes=int(boxes))
            for _number, boxes, _count, *products in _orders(part)
        ],
        CartLimits(totes=int(part["K: NbBoxesTrolley"][0][0])),
        layout.crossing(lines.index(min(lines)), 0),
        lines,
    )


def _parts(text: str) -> dict[str, list[list[str]]]:
    """The words of each line, by the comment above them."""
    parts: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        if line.startswith("//"):
            rows = parts.setdefault(line[2:].strip(), [])
        elif line.strip():
            rows.append(line.split())
    return parts


def _orders(part: dict[str, list[list[str]]]) -> Sequence[list[str]]:
    return next(rows for title, rows in part.items() if title.startswith("Idx M NbProdInOrder"))
