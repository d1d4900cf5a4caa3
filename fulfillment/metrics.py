"""What is counted for Prometheus: requests with their durations, scans, refusals by code.

With several web processes each one counts for itself, and ``PROMETHEUS_MULTIPROC_DIR`` (an empty
directory, set before the start) lets any of them answer for all.
"""

from __future__ import annotations

import os
from functools import cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_requests = Histogram(
    "fulfillment_request_seconds",
    "Time to answer a request.",
    ("method", "route", "status"),
    buckets=_SECONDS,
)
_scans = Counter("fulfillment_scans", "Scans answered.", ("process", "verdict"))
_refusals = Counter("fulfillment_refusals", "Scans and commands refused.", ("code",))


def count_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """One answered request; *route* is the rule, never the address itself, so labels stay few."""
    _request_series(method, route, status).observe(seconds)


def count_scan(*, process: str, accepted: bool, code: str) -> None:
    """One answered scan of *process* (pick, pack, task, dispatch)."""
    _scan_series(process, "accepted" if accepted else "refused").inc()
    if not accepted:
        count_refusal(code)


def count_refusal(code: str) -> None:
    """One refused scan or command.  *code* comes from the closed lists, never from a request."""
    _refusal_series(code).inc()


def exposition() -> bytes:
    """All figures in the text format that Prometheus reads."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return generate_latest(registry)


@cache
def _request_series(method: str, route: str, status: int) -> Histogram:
    return _requests.labels(method, route, str(status))


@cache
def _scan_series(process: str, verdict: str) -> Counter:
    return _scans.labels(process, verdict)


@cache
def _refusal_series(code: str) -> Counter:
    return _refusals.labels(code)
