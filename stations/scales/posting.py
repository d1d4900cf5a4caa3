"""One weight to the server's JSON API.

The standard library is enough here: one small request at a time, no redirects wanted (they would
carry the token elsewhere), and a packing PC needs nothing installed for it.  Each request has its
own connection, so an answer that a faulty proxy sends twice cannot be taken for the answer to the
next weight.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from stations.scales.kept import Weight

SOURCE = "bridge"
MOST_ANSWER_BYTES = 1_000_000
TRY_AGAIN = frozenset({408, 425, 429})
"""Refusals of the moment (too late, too early, too many): the same request may pass later."""


class BadAddress(ValueError):
    """The server's address cannot be used; the text says why."""


class Unanswered(Exception):
    """Nobody knows whether the server has the weight; the text says what happened."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The server's last word on a weight: accepted or not, its sentence and its code."""

    accepted: bool
    words: str
    code: str = ""

    @property
    def waits(self) -> bool:
        """Whether the same weight may be the parcel's yet: pieces are missing, or it is looked at."""
        return self.code in ("not-complete", "weight-outside")


class WeightServer:
    """Posts weights of one station.

    url: ``https://host[:port][/path]``; plain HTTP only to this machine itself, because the token
    goes with every request.  authority: PEM file of a certificate authority to trust besides the
    system's.  Raises :class:`BadAddress`.
    """

    def __init__(self, url: str, *, station: str, token: str, authority: Path | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadAddress(f"{url} is no http:// or https:// address")
        if parts.scheme == "http" and not _is_this_machine(parts.hostname):
            raise BadAddress(f"{url} would send the token readable over the network: use https://")
        self._host, self._port = parts.hostname, _port(url)
        code = quote(station, safe="")
        self._path = f"{parts.path.rstrip('/')}/api/v1/stations/by-code/{code}"
        self._token = token
        self._tls = _tls(authority) if parts.scheme == "https" else None

    def post(self, weight: Weight, *, timeout_seconds: float) -> Answer:
        """Send a weight, or send it again; the id makes a repeat harmless.

        Raises :class:`Unanswered` where a repeat may help.
        """
        status, raw = self._asked("POST", "/weights", _body(weight), timeout_seconds)
        return _answer(status, raw)

    def awaits_weight(self, *, timeout_seconds: float) -> bool:
        """Whether a complete parcel at the station has no weight yet; raises :class:`Unanswered`."""
        status, raw = self._asked("GET", "", None, timeout_seconds)
        fields = _json_object(raw)
        if status != 200 or fields is None:
            raise Unanswered(f"it answered {status}")
        return fields.get("awaits_weight") is True

    def _asked(
        self, method: str, path: str, body: bytes | None, timeout_seconds: float
    ) -> tuple[int, bytes]:
        connection = self._connection(timeout_seconds)
        try:
            connection.request(method, self._path + path, body, self._headers())
            response = connection.getresponse()
            return response.status, response.read(MOST_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(_reason(error)) from error
        finally:
            connection.close()

    def _connection(self, timeout_seconds: float) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout_seconds)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=timeout_seconds, context=self._tls
        )

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Connection": "close",
        }


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError as error:
        raise BadAddress(f"{url} has no valid port") from error


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(authority: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except (OSError, ssl.SSLError) as error:
            raise BadAddress(f"{authority} is no certificate authority in PEM form") from error
    return context


def _body(weight: Weight) -> bytes:
    fields = {"scan_id": weight.scan_id, "grams": weight.grams, "source": SOURCE}
    return json.dumps(fields).encode()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); see --ca"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return str(error) or type(error).__name__


def _answer(status: int, raw: bytes) -> Answer:
    """The answer in the server's words; raises :class:`Unanswered` where it is none."""
    if status >= 500 or status in TRY_AGAIN:
        raise Unanswered(f"it answered {status}")
    fields = _json_object(raw)
    if status < 300:
        if fields is None:
            # A proxy's or a hotel network's page: the service itself answers in JSON.
            raise Unanswered("what answered is not the fulfilment server")
        return _verdict(fields)
    words = (fields or {}).get("detail") or (fields or {}).get("title") or "refused"
    return Answer(accepted=False, words=f"{words} ({status})")


def _verdict(fields: dict[str, object]) -> Answer:
    verdict = fields.get("verdict")
    if not isinstance(verdict, dict):
        return Answer(accepted=True, words="taken")
    code = str(verdict.get("code") or "")
    words = verdict.get("message") or code or "taken"
    return Answer(accepted=bool(verdict.get("accepted", True)), words=str(words), code=code)


def _json_object(raw: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
