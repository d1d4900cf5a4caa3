"""Answers of UPS as its API describes them (shipping v2409, OAuth v1, tracking v1), served over HTTP."""

from __future__ import annotations

import base64
import io
import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from PIL import Image

from fulfillment.certificates import ServerCertificate

NUMBER = "1ZXXXXXXXXXXXXXXXX"
ZPL = b"^XA^FO20,20^BCN,100,Y,N^FD>:" + NUMBER.encode() + b"^FS^XZ"


def picture() -> bytes:
    """A label as UPS draws it for a PDF: a GIF."""
    content = io.BytesIO()
    Image.new("1", (140, 80), 1).save(content, "GIF")
    return content.getvalue()


TOKEN = (
    200,
    {
        "token_type": "Bearer",
        "issued_at": "1772625600000",
        "client_id": "id",
        "access_token": "token",
        "expires_in": "14399",
        "status": "approved",
    },
)
WRONG_TOKEN = (
    401,
    {"response": {"errors": [{"code": "10401", "message": "ClientId is Invalid"}]}},
)


def sold(format_code: str, document: bytes) -> tuple[int, dict[str, Any]]:
    """A shipment of one package."""
    package = {
        "TrackingNumber": NUMBER,
        "ServiceOptionsCharges": {"CurrencyCode": "GBP", "MonetaryValue": "0.00"},
        "ShippingLabel": {
            "ImageFormat": {"Code": format_code, "Description": format_code},
            "GraphicImage": base64.b64encode(document).decode(),
        },
    }
    results = {
        "ShipmentCharges": {"TotalCharges": {"CurrencyCode": "GBP", "MonetaryValue": "12.34"}},
        "BillingWeight": {"UnitOfMeasurement": {"Code": "KGS"}, "Weight": "0.5"},
        "ShipmentIdentificationNumber": NUMBER,
        "PackageResults": [package],
    }
    answer = {"Response": _DONE, "ShipmentResults": results}
    return 200, {"ShipmentResponse": answer}


_DONE = {"ResponseStatus": {"Code": "1", "Description": "Success"}}
REFUSED = (
    400,
    {
        "response": {
            "errors": [{"code": "120802", "message": "Address Validation Error on ShipTo address"}]
        }
    },
)
BROKEN = (500, {"response": {"errors": [{"code": "9", "message": "Internal Server Error"}]}})
TOO_MANY = (429, {"response": {"errors": [{"code": "10429", "message": "Too Many Requests"}]}})
VOIDED = (
    200,
    {
        "VoidShipmentResponse": {
            "Response": _DONE,
            "SummaryResult": {"Status": {"Code": "1", "Description": "Voided"}},
        }
    },
)
TOO_LATE = (
    400,
    {
        "response": {
            "errors": [{"code": "190102", "message": "No shipment found within the allowed"}]
        }
    },
)
TRACKED = (
    200,
    {
        "trackResponse": {
            "shipment": [
                {
                    "inquiryNumber": NUMBER,
                    "package": [
                        {
                            "trackingNumber": NUMBER,
                            "deliveryDate": [{"type": "DEL", "date": "20260306"}],
                            "activity": [
                                {
                                    "location": {"address": {"city": "Hull", "country": "GB"}},
                                    "status": {
                                        "type": "D",
                                        "description": "DELIVERED",
                                        "code": "FS",
                                    },
                                    "date": "20260306",
                                    "time": "101500",
                                },
                                {
                                    "location": {"address": {"city": "London", "country": "GB"}},
                                    "status": {
                                        "type": "I",
                                        "description": "Departed from Facility",
                                        "code": "DP",
                                    },
                                    "date": "20260305",
                                    "time": "201500",
                                },
                            ],
                        }
                    ],
                }
            ]
        }
    },
)

Answer = tuple[int, dict[str, Any]] | None
"""Status and body; None: the connection is closed without an answer."""


@dataclass
class RecordedServer:
    """Serves what ``answers`` says by the start of the path; ``asked`` has what came in."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    certificate: ServerCertificate | None = None
    """Serve HTTPS with this."""

    def __enter__(self) -> RecordedServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate.certificate_file, self.certificate.key_file)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self._server.server_address[1]}"

    def times_asked(self, start: str) -> int:
        """How often a path was asked for."""
        return sum(path.startswith(start) for _method, path, _body in self.asked)


def _handler_of(server: RecordedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            found = json.loads(body) if body.startswith("{") else body
            server.asked.append((self.command, self.path, found))
            longest = sorted(server.answers, key=len, reverse=True)
            answer = next(
                (server.answers[one] for one in longest if self.path.startswith(one)),
                (404, {"response": {"errors": [{"code": "404", "message": self.path}]}}),
            )
            if answer is None:
                self.close_connection = True
                return
            status, content = answer
            encoded = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        do_POST = do_GET = do_DELETE = _answer  # noqa: N815  # the names that http.server calls

        def log_message(self, *_args: object) -> None:
            pass

    return Handler
