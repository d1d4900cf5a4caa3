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
import flask_migrate
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
        flask_migrate.upgrade()


@main.command()
@click.option("--lan", is_flag=True, help="HTTPS for real devices on the local network.")
def serve(lan: bool) -> None:
    """Serve the pages and the API."""
    from fulfillment import serving

    try:
        serving.serve(_settings(), lan=lan)
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
        flask_migrate.upgrade()
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
def worker() -> None:
    """Print what is queued and do what is due by the clock, until stopped by a signal."""
    from fulfillment.worker import Worker

    settings = _settings()
    with _application(settings):
        at_work = Worker(spool_root=settings.instance_dir / SPOOL_FOLDER)
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
