"""Serving over HTTP: gunicorn with the settings' address, workers and, on a local network, HTTPS.

`serve` is what `fulfillment serve` does. The same configuration for a gunicorn that somebody else
starts (systemd, a container) is in `gunicorn_conf.py`.
"""

import fcntl
import ipaddress
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import structlog
from gunicorn import util  # type: ignore[import-untyped]  # gunicorn ships no types
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # the same
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]  # the same
from prometheus_client.multiprocess import mark_process_dead

from fulfillment.certificates import ServerCertificate, ensure_server_certificate, is_local
from fulfillment.domain.routing import frontier
from fulfillment.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

APPLICATION = "fulfillment.wsgi:create()"
WORKER_PAUSE_SECONDS = 5
"""A print worker that ends at once is not started more often than this."""
AUTHORITY_PATH = "/ca.crt"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  phones must reach it; HTTPS only, see `prepared`
SIOCGIFADDR = 0x8915  # Linux: the IPv4 address of a network interface (netdevice(7))


class ServingError(Exception):
    """The service must not or cannot listen as it was told to; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """What is about to be served: final settings, and the certificate where there is HTTPS."""

    settings: Settings
    certificate: ServerCertificate | None


def serve(settings: Settings, *, lan: bool, prints: bool = True) -> None:
    """Serve until stopped by a signal, then exit the process.

    lan: HTTPS on every address of this machine, with a certificate of a local authority.
    prints: a worker beside the web processes prints what is queued; without, somebody else runs
    `fulfillment worker`.
    Raises `ServingError` where it would send log-ins over a network in the clear.
    """
    service = prepared(replace(settings, lan=settings.lan or lan))
    # The workers read their settings from the environment, like every process of the service.
    os.environ.update(service.settings.to_environ())
    share_figures(service.settings)
    _Server(service, prints=prints).run()


def prepared(settings: Settings) -> Service:
    """The settings as they will be served, with a certificate where the local network asks for it.

    Raises `ServingError`.
    """
    if settings.lan:
        return _on_local_network(settings)
    if not _is_loopback(settings.host) and not settings.trusted_proxies:
        raise ServingError(
            f"plain HTTP on {settings.host} would send log-ins readable over the network, and "
            "browsers give pages without HTTPS no camera and no scale. Either use "
            "`fulfillment serve --lan` (HTTPS with a local certificate authority), or put a proxy "
            "with HTTPS in front and name it in FULFILLMENT_TRUSTED_PROXIES."
        )
    return Service(settings=settings, certificate=None)


def gunicorn_options(service: Service) -> dict[str, Any]:
    """gunicorn's configuration of this service, by gunicorn's own names."""
    settings, certificate = service.settings, service.certificate
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    options: dict[str, Any] = {
        "bind": f"{host}:{settings.port}",
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": settings.worker_class,
        # Each worker makes its own application and engine: connections must not cross a fork.
        "preload_app": False,
        "on_starting": _load_tables,
        "forwarded_allow_ips": ",".join(map(str, settings.trusted_proxies)),
        # A scan takes milliseconds, an import seconds: who takes a minute hangs.
        "timeout": 60,
        "graceful_timeout": 30,
        "keepalive": 30,
        # The sign of life of a worker must not wait for a busy disk.
        "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108  gunicorn makes an unnamed file there
        "control_socket_disable": True,
        "child_exit": _forget_figures,
        "loglevel": settings.log_level.lower(),
    }
    if settings.log_json:
        options["logconfig_dict"] = _json_logging()
    if certificate is not None:
        options["certfile"] = str(certificate.certificate_file)
        options["keyfile"] = str(certificate.key_file)
    return options


def _load_tables(_server: Any) -> None:
    """What walks are planned with: the workers, forked later, share it and do not make it anew."""
    frontier.load_tables()


def _forget_figures(_server: Any, worker: Any) -> None:
    """A worker that ended counts for no gauge any more; its counters stay in the sum."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # the library leaves it untyped


def share_figures(settings: Settings) -> None:
    """Let the worker processes add up their figures in files of this run (see `metrics`)."""
    folder = settings.instance_dir / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def announcement(service: Service) -> str:
    """What the person who started the service must know, once it listens."""
    settings, certificate = service.settings, service.certificate
    if certificate is None:
        # A page is asked for by a trusted host name, and those cannot be IPv6 addresses.
        host = "localhost" if ":" in settings.host else settings.host
        return f"Ready: http://{host}:{settings.port}/ (Ctrl+C stops it)"
    places = [f"https://{host}:{settings.port}/" for host in _reachable_names()]
    return "\n".join(
        [
            "Ready on the local network (Ctrl+C stops it):",
            *(f"    {place}" for place in places),
            "Each phone and PC must trust this warehouse's certificate authority once:",
            f"    1. Open {places[-1].rstrip('/')}{AUTHORITY_PATH} and pass the warning, or copy "
            f"{certificate.authority_file} over.",
            "    2. Android: Settings > Security > Install a certificate > CA certificate.",
            "       iPhone: install the profile, then Settings > General > About > Certificate "
            "Trust Settings.",
            "       PC: import it as a root certificate of the browser or the system.",
            "    3. Compare the SHA-256 fingerprint before you accept:",
            f"       {certificate.authority_fingerprint}",
        ]
    )


def offering_authority(application: "WSGIApplication", authority: bytes) -> "WSGIApplication":
    """The application, and the authority's certificate (PEM) for download at `/ca.crt`.

    It stands before the application because a phone that does not trust the service yet has no
    session either.
    """

    def offered(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] != AUTHORITY_PATH or environ["REQUEST_METHOD"] != "GET":
            return application(environ, start_response)
        headers = [
            ("Content-Type", "application/x-x509-ca-cert"),
            ("Content-Disposition", 'attachment; filename="fulfillment-ca.crt"'),
            ("Content-Length", str(len(authority))),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("200 OK", headers)
        return [authority]

    return offered


class _Server(BaseApplication):  # type: ignore[misc]  # the base is untyped
    """gunicorn, configured by a `Service` instead of its command line."""

    def __init__(self, service: Service, *, prints: bool) -> None:
        self._service = service
        self._prints = prints
        super().__init__()

    def load_config(self) -> None:
        for name, value in gunicorn_options(self._service).items():
            self.cfg.set(name, value)
        self.cfg.set("when_ready", lambda _arbiter: click.echo(announcement(self._service)))

    def run(self) -> None:
        """Like the base, with an arbiter that keeps a print worker where one is wanted."""
        arbiter = _ArbiterWithWorker if self._prints else Arbiter
        try:
            arbiter(self).run()
        except RuntimeError as problem:
            # As the base does: the arbiter says like this that the address is taken.
            click.echo(f"\nError: {problem}\n", err=True)
            sys.exit(1)

    def load(self) -> "WSGIApplication":
        application: WSGIApplication = util.import_app(APPLICATION)
        certificate = self._service.certificate
        if certificate is None:
            return application
        return offering_authority(application, certificate.authority_file.read_bytes())


class _ArbiterWithWorker(Arbiter):  # type: ignore[misc]  # the base is untyped
    """gunicorn's arbiter, which also starts the print worker and starts it again if it ends.

    gunicorn calls `manage_workers` about once a second, and `stop` once at its end; it reaps every
    child of its process, so the worker is known by its process id only. A worker whose arbiter is
    killed notices by itself (`fulfillment worker --beside`).
    """

    _worker: "subprocess.Popen[bytes] | None" = None
    _worker_from = 0.0

    def manage_workers(self) -> None:
        super().manage_workers()
        if self._worker is not None and self._worker.poll() is not None:
            self.log.error("The print worker ended; it is started again.")
            self._worker = None
        if self._worker is None and time.monotonic() >= self._worker_from:
            self._worker_from = time.monotonic() + WORKER_PAUSE_SECONDS
            self._worker = subprocess.Popen(worker_command(os.getpid()))  # noqa: S603  our own command

    def stop(self, graceful: bool = True) -> None:
        if self._worker is not None:
            self._worker.terminate()
        super().stop(graceful)
        if self._worker is not None:
            try:
                # It finishes the document in hand; every delivery has its time limits.
                self._worker.wait(timeout=self.cfg.graceful_timeout)
            except subprocess.TimeoutExpired:
                self._worker.kill()
            self._worker = None


def worker_command(beside: int) -> list[str]:
    """The command of a print worker that ends with the process *beside*."""
    program = "from fulfillment.cli import main; main()"
    return [sys.executable, "-c", program, "worker", "--beside", str(beside)]


def _on_local_network(settings: Settings) -> Service:
    names, addresses = _machine_names(), _local_addresses()
    certificate = ensure_server_certificate(
        settings.instance_dir / "certificates",
        names=names,
        addresses=addresses,
        now=datetime.now(UTC),
    )
    hosts = (*settings.trusted_hosts, *names, *map(str, addresses))
    settings = replace(
        settings,
        host=EVERY_ADDRESS if _is_loopback(settings.host) else settings.host,
        trusted_hosts=tuple(dict.fromkeys(hosts)),
        cookie_secure=True,
    )
    return Service(settings=settings, certificate=certificate)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _machine_names() -> tuple[str, ...]:
    """The names under which a local network may know this machine (`.local` is multicast DNS)."""
    return (socket.gethostname().lower(), local_name(), "localhost")


def local_name() -> str:
    """This machine's name in multicast DNS, by which phones of the same network find it."""
    return f"{socket.gethostname().lower().partition('.')[0]}.local"


def _reachable_names() -> list[str]:
    """What to type on another device, the surest last."""
    outward = _outward_address()
    others = [item for item in _local_addresses() if not item.is_loopback and item != outward]
    return [local_name(), *map(str, others), *([str(outward)] if outward else [])]


def _local_addresses() -> list[ipaddress.IPv4Address]:
    """The private IPv4 addresses of this machine, the loopback address among them."""
    found = {ipaddress.IPv4Address("127.0.0.1"), _outward_address()}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _index, interface in socket.if_nameindex():
            request = struct.pack("256s", interface.encode()[:15])
            try:
                answer = fcntl.ioctl(probe, SIOCGIFADDR, request)
            except OSError:
                continue  # an interface without an IPv4 address
            found.add(ipaddress.IPv4Address(answer[20:24]))
    return sorted(address for address in found if address is not None and is_local(address))


def _outward_address() -> ipaddress.IPv4Address | None:
    """The address from which this machine talks to the world, None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: a datagram socket only looks up its route. The address is of a
            # network reserved for examples (RFC 5737).
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = ipaddress.IPv4Address(probe.getsockname()[0])
    return address if is_local(address) else None


def _json_logging() -> dict[str, Any]:
    """gunicorn's own log lines as JSON objects, like those of the application."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
            }
        },
        "handlers": {
            "json": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": "WARNING", "handlers": ["json"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": ["json"], "propagate": False},
            "gunicorn.access": {"level": "INFO", "handlers": [], "propagate": False},
        },
    }
