"""What a process needs to know before it can start: read once, checked whole, frozen.

Every setting is an environment variable. `SETTINGS` names each of them with its default and its
meaning (the table in `docs/operating.md` is this one, a test compares them), and
`Settings.from_environ` turns them into typed values. Whatever a warehouse may want to change while
the service runs is not here: that is warehouse policy, kept in the database.
"""

import difflib
import importlib.util
import ipaddress
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Source = TypeVar("Source")
Value = TypeVar("Value")

LOOPBACK_NAMES = ("localhost", "127.0.0.1")
SQLITE_FILE_NAME = "fulfillment.db"
SECRET_KEY_FILE_NAME = "secret_key"  # noqa: S105  the name of the file, not the key
SECRET_KEY_LENGTH_MIN = 32
# Keys that stand in examples and tutorials: whoever has one in production has no secret.
WELL_KNOWN_KEYS = ("changeme", "change-me", "default", "development", "example", "secret")
# Switches of tests and benchmarks, which the service itself never reads.
FOREIGN_PREFIXES = ("FULFILLMENT_TEST_", "FULFILLMENT_BENCH_")

WORKER_CLASSES = ("gthread", "sync", "gevent")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One environment variable: its name, its default as it would be typed, and its meaning."""

    name: str
    default: str
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="FULFILLMENT_INSTANCE_DIR",
        default="",
        meaning="Directory of everything this installation keeps on disk: the SQLite file, the "
        "secret key, the local certificates, proof photos. Empty: `instance` beside "
        "`pyproject.toml` in a checkout, `~/.local/share/fulfillment` where the package is "
        "installed without one.",
    ),
    Setting(
        name="DATABASE_URL",
        default="",
        meaning="`postgresql://user:password@host/name` or `sqlite:///file` (relative to the "
        "instance directory). Empty: the SQLite file `fulfillment.db` in the instance directory.",
    ),
    Setting(
        name="FULFILLMENT_SECRET_KEY",
        default="",
        meaning="Signs sessions and forms; at least 32 characters, the same on every host. Empty: "
        "a random one is made once and kept in the instance directory, readable by its owner only.",
    ),
    Setting(
        name="FULFILLMENT_HOST",
        default="127.0.0.1",
        meaning="Address to listen on. Anything but this machine needs `--lan` or a trusted proxy.",
    ),
    Setting(name="FULFILLMENT_PORT", default="8000", meaning="Port to listen on."),
    Setting(
        name="FULFILLMENT_WORKERS",
        default="2",
        meaning="Web processes. About one for each processor core.",
    ),
    Setting(
        name="FULFILLMENT_THREADS",
        default="8",
        meaning="Threads of each web process. An open event stream (a board, a station page) holds "
        "one: workers × threads must exceed the number of open pages, or gevent must be used.",
    ),
    Setting(
        name="FULFILLMENT_WORKER_CLASS",
        default="gthread",
        meaning="`gthread`, `sync` or `gevent`. gevent needs PostgreSQL and the package `gevent`.",
    ),
    Setting(
        name="FULFILLMENT_LAN",
        default="no",
        meaning="`yes`: HTTPS on all addresses of this machine with a local certificate authority, "
        "as `fulfillment serve --lan` does.",
    ),
    Setting(
        name="FULFILLMENT_TRUSTED_HOSTS",
        default=",".join(LOOPBACK_NAMES),
        meaning="Names, separated by commas, under which people reach the service; a request for "
        "another name is refused. `--lan` adds the name and the addresses of this machine. Must be "
        "set behind a proxy.",
    ),
    Setting(
        name="FULFILLMENT_TRUSTED_PROXIES",
        default="",
        meaning="Addresses or networks, separated by commas, whose `X-Forwarded-*` headers are "
        "believed, e.g. `127.0.0.1` or `10.0.3.0/24`. Empty: nobody's.",
    ),
    Setting(
        name="FULFILLMENT_COOKIE_SECURE",
        default="auto",
        meaning="Whether cookies travel over HTTPS only: `yes`, `no`, or `auto`: yes with `--lan` "
        "or behind a trusted proxy.",
    ),
    Setting(
        name="FULFILLMENT_MAX_CONTENT_BYTES",
        default="33554432",
        meaning="Largest request body that is read (32 MiB); a larger one is answered 413.",
    ),
    Setting(
        name="FULFILLMENT_LOG_LEVEL",
        default="INFO",
        meaning="`DEBUG`, `INFO`, `WARNING` or `ERROR`.",
    ),
    Setting(
        name="FULFILLMENT_LOG_JSON",
        default="no",
        meaning="`yes`: each log line is one JSON object; `no`: lines for people.",
    ),
    Setting(
        name="FULFILLMENT_OFFICE_IDLE_SECONDS",
        default="1800",
        meaning="An office session without a request for so long ends.",
    ),
    Setting(
        name="FULFILLMENT_SESSION_SECONDS",
        default="43200",
        meaning="Every session ends so long after its log-in, used or not (12 hours).",
    ),
    Setting(
        name="FULFILLMENT_PUBLIC_URL",
        default="",
        meaning="Where people reach the service, e.g. `https://goods.example`: links in e-mails "
        "begin with it. Empty: e-mails have no links.",
    ),
    Setting(
        name="FULFILLMENT_SMTP_URL",
        default="",
        meaning="The mail server: `smtp://user:password@host:587` (encrypted with STARTTLS; without "
        "a user also in the clear, where the server offers nothing else) or "
        "`smtps://user:password@host:465`. Empty: no e-mail is sent.",
    ),
    Setting(
        name="FULFILLMENT_MAIL_FROM",
        default="",
        meaning="The sender of e-mails, e.g. `warehouse@goods.example`. Needed with a mail server.",
    ),
    Setting(
        name="FULFILLMENT_WEBHOOK_HTTP",
        default="no",
        meaning="`yes`: webhooks may go to `http://` addresses too; what they say can then be read "
        "on the way.",
    ),
    Setting(
        name="FULFILLMENT_WEBHOOK_NETWORKS",
        default="",
        meaning="Private addresses or networks, separated by commas, that webhooks may go to, e.g. "
        "`10.0.3.7` or `10.0.3.0/24`. Empty: only addresses of the public internet.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class SettingFault:
    """One wrong setting: which variable, and what is wrong with it and would be right."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"


class SettingsError(Exception):
    """The process cannot start; `faults` has every wrong setting, not only the first."""

    def __init__(self, faults: tuple[SettingFault, ...]) -> None:
        super().__init__("wrong settings:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The process settings. `SETTINGS` says what each one is for and what it is by default.

    Made by `from_environ`, which leaves no contradiction in it. Secrets stay out of its `repr`.
    """

    instance_dir: Path
    #: For SQLAlchemy: `sqlite:////absolute/file` or `postgresql+psycopg://…`.
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    host: str
    port: int
    workers: int
    threads: int
    worker_class: str
    lan: bool
    trusted_hosts: tuple[str, ...]
    trusted_proxies: tuple[Network, ...]
    cookie_secure: bool
    max_content_bytes: int
    log_level: str
    log_json: bool
    office_idle_seconds: int
    session_seconds: int
    public_url: str
    #: '' where no e-mail is sent.
    smtp_url: str = field(repr=False)
    mail_from: str
    webhook_http: bool
    webhook_networks: tuple[Network, ...]

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read all settings from `environ` (usually `os.environ`).

        Makes the instance directory, and the secret key in it, where they are missing.
        Raises `SettingsError` with every fault there is.
        """
        reading = _Reading(environ)
        instance_dir = reading.value("FULFILLMENT_INSTANCE_DIR", _instance_dir(environ))
        given_key = reading.value("FULFILLMENT_SECRET_KEY", _secret_key)
        reading.attempt("FULFILLMENT_INSTANCE_DIR", _make_instance_dir, instance_dir, None)
        secret_key = given_key or reading.attempt(
            "FULFILLMENT_SECRET_KEY", _stored_secret_key, instance_dir, ""
        )
        lan = reading.value("FULFILLMENT_LAN", _yes_or_no)
        trusted_proxies = reading.value("FULFILLMENT_TRUSTED_PROXIES", _networks)
        settings = cls(
            instance_dir=instance_dir,
            database_url=reading.value("DATABASE_URL", _database_url(instance_dir)),
            secret_key=secret_key,
            host=reading.value("FULFILLMENT_HOST", _host),
            port=reading.value("FULFILLMENT_PORT", _whole(1, 65_535)),
            workers=reading.value("FULFILLMENT_WORKERS", _whole(1, 256)),
            threads=reading.value("FULFILLMENT_THREADS", _whole(1, 1_024)),
            worker_class=reading.value("FULFILLMENT_WORKER_CLASS", _one_of(*WORKER_CLASSES)),
            lan=lan,
            trusted_hosts=reading.value("FULFILLMENT_TRUSTED_HOSTS", _host_names),
            trusted_proxies=trusted_proxies,
            cookie_secure=reading.value(
                "FULFILLMENT_COOKIE_SECURE", _auto_or(lan or bool(trusted_proxies))
            ),
            max_content_bytes=reading.value(
                "FULFILLMENT_MAX_CONTENT_BYTES", _whole(64 * 1024, 1024**3)
            ),
            log_level=reading.value("FULFILLMENT_LOG_LEVEL", _one_of(*LOG_LEVELS)),
            log_json=reading.value("FULFILLMENT_LOG_JSON", _yes_or_no),
            office_idle_seconds=reading.value(
                "FULFILLMENT_OFFICE_IDLE_SECONDS", _whole(60, 86_400)
            ),
            session_seconds=reading.value("FULFILLMENT_SESSION_SECONDS", _whole(60, 7 * 86_400)),
            public_url=reading.value("FULFILLMENT_PUBLIC_URL", _public_url),
            smtp_url=reading.value("FULFILLMENT_SMTP_URL", _smtp_url),
            mail_from=reading.value("FULFILLMENT_MAIL_FROM", _mail_address),
            webhook_http=reading.value("FULFILLMENT_WEBHOOK_HTTP", _yes_or_no),
            webhook_networks=reading.value("FULFILLMENT_WEBHOOK_NETWORKS", _allowed_networks),
        )
        faults = (*reading.faults(), *_contradictions(settings))
        if faults:
            raise SettingsError(faults)
        return settings

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is an SQLite file (else it is PostgreSQL)."""
        return make_url(self.database_url).get_backend_name() == "sqlite"

    @property
    def database_url_without_password(self) -> str:
        """The database URL as it may be shown and logged."""
        return make_url(self.database_url).render_as_string(hide_password=True)

    def to_environ(self) -> dict[str, str]:
        """The variables from which `from_environ` makes these settings again.

        So a parent process hands what the command line changed to the workers that it starts.
        """
        return {
            "FULFILLMENT_INSTANCE_DIR": str(self.instance_dir),
            "DATABASE_URL": self.database_url,
            "FULFILLMENT_SECRET_KEY": self.secret_key,
            "FULFILLMENT_HOST": self.host,
            "FULFILLMENT_PORT": str(self.port),
            "FULFILLMENT_WORKERS": str(self.workers),
            "FULFILLMENT_THREADS": str(self.threads),
            "FULFILLMENT_WORKER_CLASS": self.worker_class,
            "FULFILLMENT_LAN": _yes_text(self.lan),
            "FULFILLMENT_TRUSTED_HOSTS": ",".join(self.trusted_hosts),
            "FULFILLMENT_TRUSTED_PROXIES": ",".join(map(str, self.trusted_proxies)),
            "FULFILLMENT_COOKIE_SECURE": _yes_text(self.cookie_secure),
            "FULFILLMENT_MAX_CONTENT_BYTES": str(self.max_content_bytes),
            "FULFILLMENT_LOG_LEVEL": self.log_level,
            "FULFILLMENT_LOG_JSON": _yes_text(self.log_json),
            "FULFILLMENT_OFFICE_IDLE_SECONDS": str(self.office_idle_seconds),
            "FULFILLMENT_SESSION_SECONDS": str(self.session_seconds),
            "FULFILLMENT_PUBLIC_URL": self.public_url,
            "FULFILLMENT_SMTP_URL": self.smtp_url,
            "FULFILLMENT_MAIL_FROM": self.mail_from,
            "FULFILLMENT_WEBHOOK_HTTP": _yes_text(self.webhook_http),
            "FULFILLMENT_WEBHOOK_NETWORKS": ",".join(map(str, self.webhook_networks)),
        }


def settings_table() -> str:
    """All settings as a Markdown table, the way `docs/operating.md` shows them."""
    rows = [
        f"| `{setting.name}` | {f'`{setting.default}`' if setting.default else '(empty)'} "
        f"| {setting.meaning} |"
        for setting in SETTINGS
    ]
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *rows])


class _Reading:
    """One pass over the environment that goes on after a fault, so that all are reported."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._defaults = {setting.name: setting.default for setting in SETTINGS}
        self._faults: dict[str, SettingFault] = {}

    def value(self, name: str, parse: Callable[[str], Value]) -> Value:
        """The parsed value of `name`, or of its default where it is empty or wrong."""
        default = self._defaults[name]
        text = self._environ.get(name, "").strip() or default
        return self.attempt(name, parse, text, parse(default))

    def attempt(
        self, name: str, make: Callable[[Source], Value], source: Source, otherwise: Value
    ) -> Value:
        """What `make` makes of `source`; `otherwise`, and a fault of `name`, if it cannot."""
        try:
            return make(source)
        except ValueError as problem:
            self._faults[name] = SettingFault(name=name, problem=str(problem))
            return otherwise

    def faults(self) -> tuple[SettingFault, ...]:
        """Every fault found in the values, then every name that is no setting."""
        return (*self._faults.values(), *self._unknown_names())

    def _unknown_names(self) -> Iterator[SettingFault]:
        # A misspelt setting would be ignored in silence.
        for name in sorted(self._environ):
            ours = name.startswith("FULFILLMENT_") and not name.startswith(FOREIGN_PREFIXES)
            if ours and name not in self._defaults:
                near = difflib.get_close_matches(name, self._defaults, n=1)
                hint = f", did you mean {near[0]}?" if near else ""
                yield SettingFault(name=name, problem=f"there is no such setting{hint}")


def _contradictions(settings: Settings) -> Iterator[SettingFault]:
    """Settings that are right one by one and wrong together."""
    if settings.worker_class == "gevent":
        if settings.is_sqlite:
            # The writers' lock is a file lock. A greenlet that waits for it stops the whole
            # process, also the greenlet that holds it: nobody ever lets go.
            problem = "gevent freezes with SQLite, whose write lock is held across a switch"
            yield SettingFault(name="FULFILLMENT_WORKER_CLASS", problem=problem)
        elif importlib.util.find_spec("gevent") is None:
            problem = "the package gevent is not installed"
            yield SettingFault(name="FULFILLMENT_WORKER_CLASS", problem=problem)
    if settings.trusted_proxies and settings.trusted_hosts == LOOPBACK_NAMES:
        problem = "behind a proxy, the names under which people reach it must be told"
        yield SettingFault(name="FULFILLMENT_TRUSTED_HOSTS", problem=problem)
    if settings.office_idle_seconds > settings.session_seconds:
        problem = f"longer than a session ({settings.session_seconds} s)"
        yield SettingFault(name="FULFILLMENT_OFFICE_IDLE_SECONDS", problem=problem)
    if settings.smtp_url and not settings.mail_from:
        problem = "with a mail server, e-mails need a sender"
        yield SettingFault(name="FULFILLMENT_MAIL_FROM", problem=problem)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise ValueError(f"{text!r} is not a whole number")
        if not low <= int(text) <= high:
            raise ValueError(f"{text} is not between {low} and {high}")
        return int(text)

    return parse


def _yes_or_no(text: str) -> bool:
    return _one_of("yes", "no")(text) == "yes"


def _yes_text(truth: bool) -> str:
    return "yes" if truth else "no"


def _auto_or(automatic: bool) -> Callable[[str], bool]:
    def parse(text: str) -> bool:
        choice = _one_of("auto", "yes", "no")(text)
        return automatic if choice == "auto" else choice == "yes"

    return parse


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _host(text: str) -> str:
    if any(character.isspace() or character in "/,@[]" for character in text):
        raise ValueError(f"{text!r} is not an address or a host name")
    return text


def _host_names(text: str) -> tuple[str, ...]:
    for name in _list(text):
        # Werkzeug compares up to the first colon: neither a port nor an IPv6 address ever matches.
        if any(character in "/:" or character.isspace() for character in name):
            raise ValueError(f"{name!r} is not a host name (no scheme, port, path, IPv6 address)")
    return tuple(_list(text))


def _networks(text: str) -> tuple[Network, ...]:
    return _narrow(text, "would let everybody forge the address they come from")


def _allowed_networks(text: str) -> tuple[Network, ...]:
    return _narrow(text, "would let webhooks reach everything that this machine reaches")


def _narrow(text: str, problem: str) -> tuple[Network, ...]:
    """Networks, none of which is the whole world: *problem* says why not."""
    networks = []
    for part in _list(text):
        try:
            network = ipaddress.ip_network(part)
        except ValueError:
            raise ValueError(f"{part!r} is not an address or a network") from None
        if network.prefixlen == 0:
            raise ValueError(f"{part} {problem}")
        networks.append(network)
    return tuple(networks)


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    plain = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if text and not (parts.scheme in ("http", "https") and parts.hostname and plain):
        raise ValueError(f"{text!r} is not like https://goods.example")
    return text.rstrip("/")


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    try:
        known = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        known = False
    if text and not (known and not parts.path.strip("/") and not parts.query):
        # Without the text: it may hold a password.
        raise ValueError("not like smtp://user:password@host:587 or smtps://…")
    return text


def _mail_address(text: str) -> str:
    try:
        return Address(addr_spec=text).addr_spec if text else ""
    except (MessageError, ValueError, IndexError):
        raise ValueError(f"{text!r} is not an e-mail address") from None


def _instance_dir(environ: Mapping[str, str]) -> Callable[[str], Path]:
    def parse(text: str) -> Path:
        return Path(text).absolute() if text else _default_instance_dir(environ)

    return parse


def _default_instance_dir(environ: Mapping[str, str]) -> Path:
    """A place that does not depend on where the command is typed: else an `audit` in another
    directory would make an empty database there and find it clean."""
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "instance"
    shared = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(shared) / "fulfillment"


def _database_url(instance_dir: Path) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text:
            return f"sqlite:///{instance_dir / SQLITE_FILE_NAME}"
        if text.startswith("postgres://"):  # as hosting companies write it
            text = text.replace("postgres://", "postgresql://", 1)
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            # Without the text: it may hold a password.
            raise ValueError("not a database URL") from None
        if url.drivername in ("postgresql", "postgresql+psycopg"):
            return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        if url.drivername == "sqlite":
            return _sqlite_url(url, instance_dir)
        raise ValueError(f"{url.drivername!r} is not supported: postgresql or sqlite")

    return parse


def _sqlite_url(url: URL, instance_dir: Path) -> str:
    if url.database in (None, "", ":memory:") or str(url.database).startswith("file:"):
        raise ValueError("SQLite needs the path of a file: several processes share it")
    if url.query:
        raise ValueError("options after the path of an SQLite file are not supported")
    return f"sqlite:///{instance_dir / str(url.database)}"


def _secret_key(text: str) -> str:
    if text and len(text) < SECRET_KEY_LENGTH_MIN:
        raise ValueError(f"shorter than {SECRET_KEY_LENGTH_MIN} characters")
    guessable = len(set(text)) < 8 or any(word in text.lower() for word in WELL_KNOWN_KEYS)
    if text and guessable:
        raise ValueError("a well-known or guessable key; `openssl rand -hex 32` makes one")
    return text


def _make_instance_dir(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise ValueError(f"{directory} cannot be made: {problem.strerror}") from None


def _stored_secret_key(instance_dir: Path) -> str:
    """The key kept in the instance directory, which is made first where there is none."""
    file = instance_dir / SECRET_KEY_FILE_NAME
    try:
        if not file.exists():
            _write_once(file, secrets.token_hex(32))
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise ValueError(f"others can read {file}: chmod 600 it, or remove it for a new one")
        return _secret_key(file.read_text(encoding="ascii").strip())
    except OSError as problem:
        raise ValueError(f"{file} cannot be read or made: {problem.strerror}") from None


def _write_once(file: Path, text: str) -> None:
    """Write `file` whole and private. Of two processes the first one's text stays."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass  # another process was faster: its key is the one
    finally:
        draft.unlink()
