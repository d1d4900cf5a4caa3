"""Order of right-to-left text: the implicit part of the Unicode Bidirectional Algorithm.

Rules P2-P3, W1-W7, N1-N2, I1-I2 and L1-L2 of UAX #9 (Unicode 16). Explicit embeddings,
overrides and isolates never arrive here, because their control characters are dropped from
every field; paired brackets (N0) are treated as other neutral characters.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_STRONG = {"L": "L", "R": "R", "AL": "R"}
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


@dataclass(frozen=True)
class DirectedRun:
    """Characters ``start`` to ``end`` of the line, all in one direction."""

    start: int
    end: int
    right_to_left: bool


def has_right_to_left(text: str) -> bool:
    """Whether the line needs reordering at all (most do not)."""
    return not text.isascii() and any(
        unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text
    )


def is_right_to_left(text: str) -> bool:
    """Direction of a paragraph: that of its first strong character (P2, P3)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in _STRONG:
            return _STRONG[kind] == "R"
    return False


def visual_runs(text: str, *, base_right_to_left: bool) -> tuple[DirectedRun, ...]:
    """The runs of a line from left to right as they appear on paper."""
    levels = _levels(text, base=int(base_right_to_left))
    runs: list[tuple[int, int, int]] = []
    for index, level in enumerate(levels):
        if runs and runs[-1][2] == level:
            runs[-1] = (runs[-1][0], index + 1, level)
        else:
            runs.append((index, index + 1, level))
    for level in range(max(levels, default=0), 0, -1):
        runs = _reverse_from(runs, level=level)
    return tuple(DirectedRun(start, end, level % 2 == 1) for start, end, level in runs)


def _reverse_from(runs: list[tuple[int, int, int]], *, level: int) -> list[tuple[int, int, int]]:
    """L2: reverses every stretch of runs at ``level`` or higher."""
    ordered: list[tuple[int, int, int]] = []
    stretch: list[tuple[int, int, int]] = []
    for run in runs:
        if run[2] >= level:
            stretch.append(run)
            continue
        ordered += reversed(stretch)
        stretch = []
        ordered.append(run)
    return ordered + stretch[::-1]


def _levels(text: str, *, base: int) -> list[int]:
    edge = "R" if base else "L"
    kinds = [unicodedata.bidirectional(character) or "L" for character in text]
    _resolve_weak(kinds, edge=edge)
    _resolve_neutral(kinds, edge=edge)
    levels = [_implicit_level(kind, base=base) for kind in kinds]
    for index in range(len(text) - 1, -1, -1):  # L1: spaces at the end follow the paragraph
        if not text[index].isspace():
            break
        levels[index] = base
    return levels


def _implicit_level(kind: str, *, base: int) -> int:
    if base % 2 == 0:
        return {"L": base, "R": base + 1}.get(kind, base + 2)
    return base if kind == "R" else base + 1


def _resolve_weak(kinds: list[str], *, edge: str) -> None:
    """W1 to W7, in place: marks, numbers and the signs around them."""
    before = edge
    strong = edge
    for index, kind in enumerate(kinds):
        if kind in ("NSM", "BN"):
            kinds[index] = before
        elif kind == "EN" and strong == "AL":
            kinds[index] = "AN"
        elif kind in _STRONG:
            strong = kind
        before = kinds[index]
    for index, kind in enumerate(kinds):
        if kind == "AL":
            kinds[index] = "R"
    _resolve_number_signs(kinds)
    strong = edge
    for index, kind in enumerate(kinds):
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[index] = "L"


def _resolve_number_signs(kinds: list[str]) -> None:
    """W4 to W6: one separator between numbers joins them, terminators follow their number."""
    for index in range(1, len(kinds) - 1):
        left, kind, right = kinds[index - 1 : index + 2]
        joins = kind == "CS" or (kind == "ES" and left == "EN")
        if joins and left == right and left in ("EN", "AN"):
            kinds[index] = left
    start = 0
    while start < len(kinds):
        end = start
        while end < len(kinds) and kinds[end] == "ET":
            end += 1
        touches = "EN" in (kinds[start - 1 : start] + kinds[end : end + 1]) and end > start
        for index in range(start, end):
            kinds[index] = "EN" if touches else "ON"
        start = end + 1
    for index, kind in enumerate(kinds):
        if kind in ("ES", "CS"):
            kinds[index] = "ON"


def _resolve_neutral(kinds: list[str], *, edge: str) -> None:
    """N1 and N2: neutrals between two of one direction take it, others the paragraph's."""
    start = 0
    while start < len(kinds):
        if kinds[start] in ("L", "R", "EN", "AN"):
            start += 1
            continue
        end = start
        while end < len(kinds) and kinds[end] not in ("L", "R", "EN", "AN"):
            end += 1
        left = _direction(kinds[start - 1]) if start else edge
        right = _direction(kinds[end]) if end < len(kinds) else edge
        kinds[start:end] = [left if left == right else edge] * (end - start)
        start = end


def _direction(kind: str) -> str:
    return "L" if kind == "L" else "R"
