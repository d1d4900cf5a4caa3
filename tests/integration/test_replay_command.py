"""``fulfillment replay`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulfillment.cli import main


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A shell without a database of its own."""
    monkeypatch.setenv("FULFILLMENT_INSTANCE_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return CliRunner()


def _replay(typed: CliRunner, *arguments: str) -> Result:
    return typed.invoke(main, ["replay", *arguments])


def test_a_replay_prints_one_json_object_and_leaves_no_database_behind(
    typed: CliRunner, tmp_path: Path
) -> None:
    result = _replay(typed, "--made", "3", "--seed", "7", "--json", "--plan-only")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["orders"] == 3
    assert figures["audit"]["ok"]
    assert not list(tmp_path.glob("*.db"))


def test_a_replay_shows_the_scans_of_the_put_wall(typed: CliRunner) -> None:
    result = _replay(typed, "--made", "2", "--seed", "7", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["scans"]["sort"] > 0
    assert figures["batch_lists"] > 0


def test_a_replay_in_a_database_that_is_used_changes_nothing_and_says_so(
    typed: CliRunner, tmp_path: Path
) -> None:
    arguments = ("--made", "2", "--plan-only", "--database", f"sqlite:///{tmp_path}/used.db")
    assert _replay(typed, *arguments).exit_code == 0
    again = _replay(typed, *arguments)
    assert again.exit_code == 2
    assert "This database is in use" in again.stderr


@pytest.mark.parametrize("arguments", [(), ("--made", "0"), ("no-such-file.csv",)])
def test_a_replay_of_nothing_is_refused(typed: CliRunner, arguments: tuple[str, ...]) -> None:
    assert _replay(typed, *arguments).exit_code == 2


def test_a_replay_of_a_file_without_its_columns_names_them(
    typed: CliRunner, tmp_path: Path
) -> None:
    file = tmp_path / "invoices.csv"
    file.write_text("InvoiceNo,Quantity\n1,2\n")
    result = _replay(typed, str(file))
    assert result.exit_code == 2
    assert "StockCode" in result.stderr
