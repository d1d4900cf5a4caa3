"""Shortest walks by trying every order of the stops: slow, general, and proven.

For layouts of any shape, and the yardstick that the faster methods are checked against.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)

# Neighbours of a node with the metres to them.
Graph = Mapping[Node, Sequence[tuple[Node, float]]]


def distances_from(
    graph: Graph[Node],
    sources: Iterable[Node] | Mapping[Node, float],
    targets: Collection[Node] = (),
) -> tuple[dict[Node, float], dict[Node, Node]]:
    """Metres to every node that can be reached from a source, and the node before it (Dijkstra).

    A mapping of sources says how many metres have been walked when one is left. With targets,
    nodes that are further away than all of them may be missing.
    """
    metres = dict(sources) if isinstance(sources, Mapping) else dict.fromkeys(sources, 0.0)
    before: dict[Node, Node] = {}
    # The counter keeps nodes, which need no order of their own, from being compared.
    waiting = [(walked, index, node) for index, (node, walked) in enumerate(metres.items())]
    heapq.heapify(waiting)
    counter = len(waiting)
    to_find = set(targets)
    while waiting:
        here_metres, _, here = heapq.heappop(waiting)
        if here_metres > metres[here]:
            continue
        if targets:
            to_find.discard(here)
            if not to_find:
                break
        for neighbour, length in graph.get(here, ()):
            total = here_metres + length
            if total < metres.get(neighbour, math.inf):
                metres[neighbour] = total
                before[neighbour] = here
                counter += 1
                heapq.heappush(waiting, (total, counter, neighbour))
    return metres, before


def path_to(before: Mapping[Node, Node], node: Node) -> list[Node]:
    """The path that `distances_from` found, from its source to `node`."""
    path = [node]
    while path[-1] in before:
        path.append(before[path[-1]])
    return path[::-1]


def best_visit(
    graph: Graph[Node],
    stops: Sequence[Sequence[Node]],
    *,
    starts: Sequence[Node],
    ends: Sequence[Node],
) -> tuple[float, list[Node]]:
    """Metres and nodes of a shortest walk from a start to an end that visits every stop.

    A stop is a set of nodes of which one must be visited: a place that can be passed in either
    direction is two. Held & Karp 1962: time and memory double with each stop, so a dozen stops is
    the sensible end. With no such walk the metres are infinite and the nodes empty.
    """
    nodes = [node for stop in stops for node in stop]
    members: list[list[int]] = []
    for stop in stops:
        first = sum(map(len, members))
        members.append(list(range(first, first + len(stop))))
    metres_between = []
    for node in nodes:
        reached, _ = distances_from(graph, [node])
        metres_between.append([reached.get(other, math.inf) for other in nodes])
    from_start, _ = distances_from(graph, starts)
    if not stops:
        visit: list[int] = []
    else:
        to_end = [_nearest(graph, node, ends) for node in nodes]
        first_leg = [from_start.get(node, math.inf) for node in nodes]
        visit = _held_karp(members, metres_between, first_leg, to_end)
    return in_order(graph, [[nodes[index]] for index in visit], starts=starts, ends=ends)


def nearest_next(
    graph: Graph[Node],
    stops: Sequence[Sequence[Node]],
    *,
    starts: Sequence[Node],
    ends: Sequence[Node],
) -> tuple[float, list[Node]]:
    """Metres and nodes of the walk that always goes on to the nearest stop left.

    Arguments and answer as for `best_visit`; long, but found at once. Infinite where it runs into
    a place from which it cannot go on, even if another walk could.
    """
    stop_of = {node: index for index, stop in enumerate(stops) for node in stop}
    left = set(range(len(stops)))
    sources: Sequence[Node] = starts
    visit: list[Node] = []
    while left:
        reached, _ = distances_from(graph, sources)
        nodes = [node for node in stop_of if stop_of[node] in left and node in reached]
        if not nodes:
            return math.inf, []
        nearest = min(nodes, key=lambda node: reached[node])
        left.remove(stop_of[nearest])
        visit.append(nearest)
        sources = [nearest]
    return in_order(graph, [[node] for node in visit], starts=starts, ends=ends)


def in_order(
    graph: Graph[Node],
    stops: Sequence[Sequence[Node]],
    *,
    starts: Sequence[Node],
    ends: Sequence[Node],
) -> tuple[float, list[Node]]:
    """Metres and nodes of a shortest walk that takes the stops as they come.

    Arguments and answer as for `best_visit`.
    """
    metres = dict.fromkeys(starts, 0.0)
    ways: list[dict[Node, Node]] = []
    for nodes in [*stops, ends]:
        reached, before = distances_from(graph, metres, nodes)
        metres = {node: reached[node] for node in nodes if node in reached}
        if not metres:
            return math.inf, []
        ways.append(before)
    here = min(metres, key=lambda node: metres[node])
    total, walk = metres[here], [here]
    for before in reversed(ways):
        walk[:1] = path_to(before, walk[0])
    return total, walk


def _held_karp(
    members: Sequence[Sequence[int]],
    metres: Sequence[Sequence[float]],
    first_leg: Sequence[float],
    last_leg: Sequence[float],
) -> list[int]:
    everything = (1 << len(members)) - 1
    best: list[dict[int, tuple[float, int]]] = [{} for _ in range(everything + 1)]
    for stop, nodes in enumerate(members):
        for node in nodes:
            best[1 << stop][node] = (first_leg[node], -1)
    for visited in range(1, everything + 1):
        for node, (so_far, _) in best[visited].items():
            row = metres[node]
            for stop, nodes in enumerate(members):
                if not visited >> stop & 1:
                    table = best[visited | 1 << stop]
                    for other in nodes:
                        total = so_far + row[other]
                        if other not in table or total < table[other][0]:
                            table[other] = (total, node)
    final = best[everything]
    node = min(final, key=lambda last: (final[last][0] + last_leg[last], last))
    stop_of = {node: stop for stop, nodes in enumerate(members) for node in nodes}
    visit: list[int] = []
    left = everything
    while node >= 0:
        visit.append(node)
        before = best[left][node][1]
        left &= ~(1 << stop_of[node])
        node = before
    return visit[::-1]


def _nearest(graph: Graph[Node], node: Node, targets: Sequence[Node]) -> float:
    reached, _ = distances_from(graph, [node])
    return min(reached.get(target, math.inf) for target in targets)
