"""IPP, the Internet Printing Protocol: office printers, label printers and CUPS queues.

The requests are pyipp's. It is asynchronous and a print worker is not, so each call runs a loop of
its own. Whether a byte has left is told by the HTTP client's own tracing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from pyipp import IPP
from pyipp.enums import IppOperation, IppPrinterState, IppStatus
from pyipp.exceptions import (
    IPPConnectionError,
    IPPConnectionUpgradeRequired,
    IPPError,
    IPPParseError,
    IPPResponseError,
    IPPVersionNotSupportedError,
)

from labels.printers.outcomes import Doubtful, NotTaken, Outcome, Rejected, Status, Taken, Withdrawn
from labels.printers.raw import HOST

T = TypeVar("T")

NOT_PRINTABLE = frozenset(
    {
        IppStatus.ERROR_BAD_REQUEST,
        IppStatus.ERROR_REQUEST_ENTITY,
        IppStatus.ERROR_REQUEST_VALUE,
        IppStatus.ERROR_ATTRIBUTES_OR_VALUES,
        IppStatus.ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
        IppStatus.ERROR_DOCUMENT_FORMAT_ERROR,
        IppStatus.ERROR_DOCUMENT_UNPRINTABLE,
    }
)
"""Answers that another try would not change."""
NOT_NOW = frozenset(
    {
        IppStatus.ERROR_SERVICE_UNAVAILABLE,
        IppStatus.ERROR_VERSION_NOT_SUPPORTED,
        IppStatus.ERROR_OPERATION_NOT_SUPPORTED,
        IppStatus.ERROR_TEMPORARY,
        IppStatus.ERROR_NOT_ACCEPTING_JOBS,
        IppStatus.ERROR_BUSY,
        IppStatus.ERROR_PRINTER_IS_DEACTIVATED,
        IppStatus.ERROR_TOO_MANY_JOBS,
    }
)
"""Of the server's errors, those that say that no job was made; the others leave it open."""
FIRST_SERVER_ERROR = 0x0500


@dataclass(frozen=True, kw_only=True)
class IppPrinter:
    """A printer at an ``ipp://`` or ``ipps://`` address; ``media_type`` of what it will be sent.

    The certificate of an ``ipps`` printer is not checked: they sign their own.
    """

    uri: str
    media_type: str
    ask_seconds: float = 5.0
    print_seconds: float = 20.0

    @classmethod
    def at(cls, address: str, *, media_type: str) -> IppPrinter:
        """From ``ipp://host[:port]/path`` or ``ipps://…``; ValueError for anything else."""
        parts = urlsplit(address)
        is_ipp = parts.scheme in ("ipp", "ipps") and parts.path not in ("", "/")
        if not is_ipp or not HOST.fullmatch(parts.hostname or ""):
            raise ValueError("ipp://host/path or ipps://host/path")
        if parts.port == 0:
            raise ValueError("a port is 1 to 65535")
        return cls(uri=address, media_type=media_type)

    def deliver(self, document: bytes, *, name: str, begin: Callable[[], bool]) -> Outcome:
        """Print-Job, after the printer said that it takes jobs."""
        status = self.probe()
        if status.condition == "offline":
            return NotTaken(status.detail)
        if not begin():
            return Withdrawn()
        return asyncio.run(self._print(document, name))

    def probe(self) -> Status:
        """Get-Printer-Attributes: its state, its reasons, and whether it takes jobs."""
        try:
            return asyncio.run(_within(self.ask_seconds, self._ask()))
        except TimeoutError:
            return Status("offline", "no answer in time")
        except (IPPError, aiohttp.ClientError) as problem:
            return Status("offline", _words(problem))

    async def _ask(self) -> Status:
        async with IPP(self.uri, request_timeout=_whole(self.ask_seconds)) as printer:
            wanted = ["printer-state", "printer-state-reasons", "printer-is-accepting-jobs"]
            answer = await printer.execute(
                IppOperation.GET_PRINTER_ATTRIBUTES,
                {"operation-attributes-tag": {"requested-attributes": wanted}},
            )
        return _status_in(next(iter(answer["printers"]), {}))

    async def _print(self, document: bytes, name: str) -> Outcome:
        seen = SimpleNamespace(connected=False)
        try:
            answer = await _within(self.print_seconds, self._print_job(document, name, seen))
        except IPPConnectionUpgradeRequired:
            return NotTaken("the printer wants ipps")
        except IPPResponseError as problem:
            return http_refusal(problem, len(document))
        except (IPPParseError, IPPConnectionError, aiohttp.ClientError, TimeoutError) as problem:
            reason = _words(problem)
            return Doubtful(reason, len(document)) if seen.connected else NotTaken(reason)
        except IPPError as problem:
            return ipp_refusal(problem, len(document))
        number = next((job.get("job-id", "") for job in answer["jobs"]), "")
        return Taken(f"IPP job {number}")

    async def _print_job(self, document: bytes, name: str, seen: SimpleNamespace) -> dict[str, Any]:
        # A connection of its own: one that is kept open may be dead already, and then nobody
        # could tell a byte that was lost from one that was read.
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector, trace_configs=[_trace(seen)]) as http:
            printer = IPP(self.uri, request_timeout=_whole(self.print_seconds), session=http)
            return await printer.execute(
                IppOperation.PRINT_JOB,
                {
                    "operation-attributes-tag": {
                        "requesting-user-name": "fulfillment",
                        "job-name": name,
                        "document-format": self.media_type,
                    },
                    "data": document,
                },
            )


def _trace(seen: SimpleNamespace) -> aiohttp.TraceConfig:
    async def connected(_session: Any, _context: Any, _parameters: Any) -> None:
        seen.connected = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    return trace


async def _within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(seconds):
        return await work


def _status_in(printer: dict[str, Any]) -> Status:
    reasons = printer.get("printer-state-reasons", "none")
    listed = [reasons] if isinstance(reasons, str) else list(reasons)
    troubles = ", ".join(one for one in listed if one != "none" and not one.endswith("-report"))
    if printer.get("printer-is-accepting-jobs") is False:
        return Status("offline", troubles or "takes no jobs")
    if printer.get("printer-state") == IppPrinterState.STOPPED:
        return Status("attention", troubles or "stopped")
    return Status("attention", troubles) if troubles else Status("ready")


def http_refusal(problem: IPPResponseError, size: int) -> Outcome:
    """HTTP 4xx came before any job was made; after 5xx nobody knows what was done."""
    code = int(problem.args[1]["status-code"])
    return NotTaken(f"HTTP {code}") if code < 500 else Doubtful(f"HTTP {code}", size)


def ipp_refusal(problem: IPPError, size: int) -> Outcome:
    """The printer answered in its own protocol that something is wrong."""
    if isinstance(problem, IPPVersionNotSupportedError):
        return NotTaken("version-not-supported")
    code = int(problem.args[1]["status-code"])
    try:
        words = IppStatus(code).name.lower().replace("_", "-")
    except ValueError:
        words = f"IPP status {code}"
    if code in NOT_PRINTABLE:
        return Rejected(words)
    return (
        NotTaken(words) if code in NOT_NOW or code < FIRST_SERVER_ERROR else Doubtful(words, size)
    )


def _words(problem: Exception) -> str:
    if isinstance(problem, TimeoutError) or isinstance(problem.__cause__, TimeoutError):
        return "no answer in time"
    cause = problem.__cause__
    if isinstance(cause, aiohttp.ClientConnectorError):
        # asyncio's own text would name the address; a name that is not found has no errno of ours.
        number = cause.os_error.errno or 0
        return os.strerror(number) if number > 0 else "no such host"
    return "connection lost" if cause is not None else type(problem).__name__


def _whole(seconds: float) -> int:
    return max(1, round(seconds))
