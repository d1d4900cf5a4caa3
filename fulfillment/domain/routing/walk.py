"""From the stretches that a shortest walk is made of to the walk itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def join_legs(legs: Iterable[Sequence[Node]], *, start: Node, one_way: bool = False) -> list[Node]:
    """Chain all legs, each walked once, into one walk from `start` (Hierholzer 1873).

    A leg is the row of places that it passes; only its first and last may touch other legs. Legs
    are walked in either direction unless `one_way`. The caller guarantees that such a walk exists.
    Equal legs in equal order give the equal walk.
    """
    rows = [list(leg) for leg in legs]
    exits: dict[Node, list[tuple[int, bool]]] = {}
    for index, row in enumerate(rows):
        exits.setdefault(row[0], []).append((index, True))
        if not one_way:
            exits.setdefault(row[-1], []).append((index, False))
    walked = [False] * len(rows)
    trail: list[tuple[Node, list[Node]]] = [(start, [start])]
    finished: list[list[Node]] = []
    while trail:
        here, arrived_by = trail[-1]
        ways = exits.get(here, [])
        while ways and walked[ways[-1][0]]:
            ways.pop()
        if not ways:
            finished.append(arrived_by)
            trail.pop()
            continue
        index, forward = ways.pop()
        walked[index] = True
        row = rows[index] if forward else rows[index][::-1]
        trail.append((row[-1], row))
    walk: list[Node] = []
    for row in reversed(finished):
        walk += row if not walk else row[1:]
    return walk
