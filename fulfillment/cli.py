"""The command line: ``fulfillment COMMAND``.

Each command is thin: settings in, one service called, words out.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click
from flask import Flask

from fulfillment.settings import Settings, SettingsError

SPOOL_FOLDER = "spool"
"""In the instance directory: the folders of printers of the kind ``spool``."""


def _settings() -> Settings:
    try:
        return Settings.from_environ(os.environ)
    except SettingsError as error:
        _stop(str(error))


def _stop(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(2)


def _upgrade() -> None:
    """Bring the database of the current application to the newest schema."""
    from fulfillment import migrating

    migrating.upgrade()


@contextmanager
def _application(settings: Settings | None = None) -> Iterator[Flask]:
    from fulfillment.app import create_app

    app = create_app(settings or _settings())
    with app.app_context():
        yield app


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Warehouse order fulfilment: orders in, parcels out, every unit accounted for."""


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with _application():
        _upgrade()


@main.command()
@click.option("--lan", is_flag=True, help="HTTPS for real devices on the local network.")
@click.option(
    "--no-worker", is_flag=True, help="Print and send nothing here: a worker runs elsewhere."
)
def serve(lan: bool, no_worker: bool) -> None:
    """Serve the pages and the API, and print what is queued."""
    from fulfillment import serving

    try:
        serving.serve(_settings(), lan=lan, prints=not no_worker)
    except serving.ServingError as error:
        _stop(str(error))


@main.command()
@click.option("--lan", is_flag=True, help="HTTPS for real devices on the local network.")
@click.option("--no-serve", is_flag=True, help="Only make the warehouse, then stop.")
def demo(lan: bool, no_serve: bool) -> None:
    """Start with a warehouse at work: made once, when the database is empty."""
    from fulfillment import demonstration, serving

    settings = _settings()
    with _application(settings):
        _upgrade()
        made = demonstration.make_if_empty()
    if made is not None:
        click.echo(demonstration.words(made))
    if no_serve:
        return
    try:
        serving.serve(settings, lan=lan)
    except serving.ServingError as error:
        _stop(str(error))


@main.command()
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--made", type=click.IntRange(min=1), help="Make so many invoices instead of a FILE.")
@click.option("--orders", type=click.IntRange(min=1), help="Only the first N invoices.")
@click.option("--seed", default=1, show_default=True, help="Of everything that is left to chance.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--plan-only", is_flag=True, help="Up to pick lists; nothing is scanned.")
@click.option(
    "--scan", type=click.IntRange(min=1), help="Plan all orders, then work only N, the rest open."
)
@click.option("--database", help="Its URL; else DATABASE_URL, else a temporary SQLite file.")
def replay(
    file: Path | None,
    made: int | None,
    orders: int | None,
    seed: int,
    as_json: bool,
    plan_only: bool,
    scan: int | None,
    database: str | None,
) -> None:
    """Carry real invoices through the whole warehouse and prove the books.

    FILE is a CSV of the UCI "Online Retail" columns, plain, .gz or .xz.  Every order goes from
    intake to the van through the services that the pages use, scan by scan.  Exit 1 if anything
    does not balance.
    """
    from fulfillment.replay import command

    if (file is None) == (made is None):
        _stop("Name a FILE of invoices, or make some: --made 100")
    wish = command.Wish(seed=seed, orders=orders, scan=0 if plan_only else scan)
    source = command.rows_of_file(file) if file else command.made(made or 1, seed)
    try:
        with command.settings_for(database, os.environ) as settings, _application(settings):
            _upgrade()
            outcome = command.run(source, wish)
    except (SettingsError, command.NotEmpty, command.RetailFileError) as error:
        _stop(str(error))
    click.echo(command.words(outcome, as_json=as_json))
    sys.exit(1 if outcome.faults else 0)


@main.command()
@click.option("--beside", type=int, hidden=True, help="End with the process that started it.")
def worker(beside: int | None) -> None:
    """Print what is queued, send what is told to the world, do what is due by the clock.

    Until stopped by a signal.
    """
    from fulfillment.mails import post_of
    from fulfillment.services import proof_photos
    from fulfillment.worker import Worker

    settings = _settings()
    with _application(settings):
        at_work = Worker(
            spool_root=settings.instance_dir / SPOOL_FOLDER,
            photo_root=settings.instance_dir / proof_photos.FOLDER,
            post=post_of(settings),
            beside=beside,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: at_work.stop())
        at_work.run()
        at_work.close()


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def audit(as_json: bool) -> None:
    """Prove the books: every invariant recomputed on the live database; exit 1 if one fails."""
    from fulfillment.services.auditing import audit as prove

    with _application():
        report = prove()
    if as_json:
        click.echo(json.dumps({"ok": report.ok, "invariants": report.rows}))
    else:
        for name, (count, rows) in report.found.items():
            click.echo(
                f"{'ok  ' if not count else 'FAIL'}  {name}" + (f": {count}" if count else "")
            )
            for row in rows:
                click.echo(f"      {row}")
    sys.exit(0 if report.ok else 1)


@main.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def decode(files: tuple[Path, ...]) -> None:
    """Print the barcodes that are read from pictures, with steps and times."""
    from stations.decoding import report

    for path in files:
        found = report(path)
        click.echo(f"{path}: {found.refusal or len(found.decoded)} ({found.milliseconds:.0f} ms)")
        for code in found.decoded:
            click.echo(f"    {code.text!r} {code.symbology} by {code.engine}, {code.step}")
        for step in found.steps:
            click.echo(f"        {step.step}: {step.milliseconds:.1f} ms")


@main.command()
@click.option("--port", required=True, help="The serial port: /dev/ttyUSB0, COM3.")
@click.option(
    "--protocol",
    required=True,
    type=click.Choice(["toledo", "toledo-checksum", "sics", "indicator"]),
    help="What the scale speaks; see docs/scales.md.",
)
@click.option("--server", required=True, help="https://… of the fulfilment server.")
@click.option("--station", required=True, help="The station's code.")
@click.option(
    "--token",
    envvar="FULFILLMENT_SCALE_TOKEN",
    help="API token; better in the variable, which other people on this PC cannot list.",
    show_envvar=True,
)
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificate of the local authority (the server's /ca.crt).",
)
@click.option(
    "--baud", default=9600, show_default=True, type=click.IntRange(110, 921_600), metavar="RATE"
)
@click.option("--framing", default="8N1", show_default=True, help="Bits, parity, stop bits: 7E1.")
@click.option(
    "--hysteresis",
    default=10,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="Grams: a smaller difference is no new weight, no more than it is an empty scale.",
)
@click.option(
    "--fresh",
    default=10.0,
    show_default=True,
    type=click.FloatRange(1, 60),
    help="Seconds after which an unanswered weight is not sent any more.",
)
def scale(
    port: str,
    protocol: str,
    server: str,
    station: str,
    token: str | None,
    ca: Path | None,
    baud: int,
    framing: str,
    hysteresis: int,
    fresh: float,
) -> None:
    """Send the weights of a scale on a serial port to a station."""
    import threading

    from stations.scales import bridge, posting

    if not token:
        _stop("No token: set FULFILLMENT_SCALE_TOKEN to an API token that may pack.")
    if framing not in bridge.FRAMINGS:
        _stop(f"--framing {framing} is none of {', '.join(bridge.FRAMINGS)}")
    try:
        address = posting.WeightServer(server, station=station, token=token, authority=ca)
    except posting.BadAddress as error:
        _stop(str(error))
    running = bridge.serial_bridge(
        bridge.SerialSettings(path=port, baud=baud, framing=framing),
        protocol=protocol,
        server=address,
        hysteresis_grams=hysteresis,
        fresh_seconds=fresh,
        say=click.echo,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # also where whoever started it ignores them
        signal.signal(number, signal.default_int_handler)
    try:
        running.run(stop)
    except KeyboardInterrupt:
        stop.set()
