"""The settings: what they are by default, what they refuse, and that all of them are documented."""

import os
import stat
from pathlib import Path

import pytest

from fulfillment.settings import (
    SETTINGS,
    Settings,
    SettingsError,
    settings_table,
)

OPERATING_GUIDE = Path(__file__).parents[2] / "docs" / "operating.md"
GOOD_KEY = "c0ffee11d15ea5e5ca1ab1e0fee1deadbeefc0de"


@pytest.fixture
def instance_dir(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def read(instance_dir: Path, **environ: str) -> Settings:
    return Settings.from_environ({"FULFILLMENT_INSTANCE_DIR": str(instance_dir), **environ})


def faults_of(instance_dir: Path, **environ: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as raised:
        read(instance_dir, **environ)
    return {fault.name: fault.problem for fault in raised.value.faults}


def test_without_any_setting_the_service_listens_on_this_machine_with_sqlite(
    instance_dir: Path,
) -> None:
    settings = read(instance_dir)
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.is_sqlite
    assert settings.database_url == f"sqlite:///{instance_dir}/fulfillment.db"
    assert not settings.lan
    assert not settings.cookie_secure


def test_session_limits_are_3_minutes_30_minutes_and_12_hours(instance_dir: Path) -> None:
    settings = read(instance_dir)
    assert settings.office_idle_seconds == 30 * 60
    assert settings.session_seconds == 12 * 60 * 60


def test_settings_survive_the_way_through_the_environment(instance_dir: Path) -> None:
    settings = read(
        instance_dir,
        DATABASE_URL="postgresql://picker:p%40ss@db.example/goods",
        FULFILLMENT_TRUSTED_PROXIES="10.0.3.0/24, ::1",
        FULFILLMENT_TRUSTED_HOSTS="goods.example",
        FULFILLMENT_LOG_JSON="yes",
        FULFILLMENT_PORT="8443",
    )
    assert Settings.from_environ(settings.to_environ()) == settings


def test_every_setting_travels_to_the_workers(instance_dir: Path) -> None:
    assert set(read(instance_dir).to_environ()) == {setting.name for setting in SETTINGS}


def test_the_operating_guide_has_the_table_of_all_settings() -> None:
    assert settings_table() in OPERATING_GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_uses_psycopg(instance_dir: Path, scheme: str) -> None:
    settings = read(
        instance_dir, DATABASE_URL=f"{scheme}://user:word@db:5433/goods?sslmode=require"
    )
    assert settings.database_url == "postgresql+psycopg://user:word@db:5433/goods?sslmode=require"
    assert not settings.is_sqlite


def test_a_relative_sqlite_file_lies_in_the_instance_directory(instance_dir: Path) -> None:
    settings = read(instance_dir, DATABASE_URL="sqlite:///goods.db")
    assert settings.database_url == f"sqlite:///{instance_dir}/goods.db"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root@db/goods",
        "postgresql+psycopg2://db/goods",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:goods.db?uri=true",
        "sqlite:///goods.db?mode=ro",
        "no url at all",
        "postgresql://db:port/goods",
    ],
)
def test_a_database_that_cannot_be_used_is_refused(instance_dir: Path, url: str) -> None:
    assert set(faults_of(instance_dir, DATABASE_URL=url)) == {"DATABASE_URL"}


def test_no_secret_shows_in_the_settings_or_in_the_shown_url(instance_dir: Path) -> None:
    settings = read(
        instance_dir, FULFILLMENT_SECRET_KEY=GOOD_KEY, DATABASE_URL="postgresql://u:hush@db/goods"
    )
    shown = repr(settings) + settings.database_url_without_password
    assert GOOD_KEY not in shown
    assert "hush" not in shown


def test_a_secret_key_is_made_once_and_only_its_owner_reads_it(instance_dir: Path) -> None:
    first, second = read(instance_dir), read(instance_dir)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) == 64
    assert stat.S_IMODE((instance_dir / "secret_key").stat().st_mode) == 0o600
    assert os.listdir(instance_dir) == ["secret_key"]


def test_two_installations_have_two_secret_keys(tmp_path: Path) -> None:
    assert read(tmp_path / "one").secret_key != read(tmp_path / "two").secret_key


def test_a_secret_key_that_others_can_read_stops_the_start(instance_dir: Path) -> None:
    read(instance_dir)
    (instance_dir / "secret_key").chmod(0o644)
    assert "others can read" in faults_of(instance_dir)["FULFILLMENT_SECRET_KEY"]


@pytest.mark.parametrize(
    "key",
    [
        "short",
        "x" * 64,
        "please-change-me-in-production-0123456789",
        "django-insecure-this-is-a-secret-key-from-a-guide",
    ],
)
def test_a_known_or_guessable_secret_key_is_refused(instance_dir: Path, key: str) -> None:
    assert set(faults_of(instance_dir, FULFILLMENT_SECRET_KEY=key)) == {"FULFILLMENT_SECRET_KEY"}


def test_the_instance_directory_is_made_also_when_the_key_is_given(instance_dir: Path) -> None:
    read(instance_dir, FULFILLMENT_SECRET_KEY=GOOD_KEY)
    assert instance_dir.is_dir()
    assert os.listdir(instance_dir) == []


def test_an_instance_directory_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    faults = faults_of(tmp_path / "file" / "instance")
    assert "cannot be made" in faults["FULFILLMENT_INSTANCE_DIR"]


def test_all_faults_are_reported_at_once(instance_dir: Path) -> None:
    faults = faults_of(
        instance_dir,
        DATABASE_URL="mysql://db/goods",
        FULFILLMENT_PORT="65536",
        FULFILLMENT_WORKERS="-1",
        FULFILLMENT_LAN="maybe",
        FULFILLMENT_LOG_LEVEL="loud",
        FULFILLMENT_TRUSTED_HOSTS="https://goods.example/",
        FULFILLMENT_SESSION_SECONDS="60",
    )
    assert set(faults) == {
        "DATABASE_URL",
        "FULFILLMENT_PORT",
        "FULFILLMENT_WORKERS",
        "FULFILLMENT_LAN",
        "FULFILLMENT_LOG_LEVEL",
        "FULFILLMENT_TRUSTED_HOSTS",
        "FULFILLMENT_OFFICE_IDLE_SECONDS",
    }


@pytest.mark.parametrize("name", ["https://goods.example", "goods.example:8000", "[::1]", "a b"])
def test_a_trusted_host_that_no_request_could_match_is_refused(
    instance_dir: Path, name: str
) -> None:
    assert set(faults_of(instance_dir, FULFILLMENT_TRUSTED_HOSTS=name)) == {
        "FULFILLMENT_TRUSTED_HOSTS"
    }


def test_a_misspelt_setting_is_a_fault_that_names_the_right_one(instance_dir: Path) -> None:
    faults = faults_of(instance_dir, FULFILLMENT_THREAD="4")
    assert faults == {
        "FULFILLMENT_THREAD": "there is no such setting, did you mean FULFILLMENT_THREADS?"
    }


def test_switches_of_the_tests_are_not_settings_of_the_service(instance_dir: Path) -> None:
    assert read(instance_dir, FULFILLMENT_TEST_DATABASE_URL="postgresql:///x").is_sqlite


@pytest.mark.parametrize("worker_class", ["gevent", "eventlet"])
def test_greenlet_workers_are_refused_with_sqlite(instance_dir: Path, worker_class: str) -> None:
    faults = faults_of(instance_dir, FULFILLMENT_WORKER_CLASS=worker_class)
    assert set(faults) == {"FULFILLMENT_WORKER_CLASS"}


def test_cookies_travel_over_https_only_wherever_there_is_https(instance_dir: Path) -> None:
    assert read(instance_dir, FULFILLMENT_LAN="yes").cookie_secure
    assert read(
        instance_dir,
        FULFILLMENT_TRUSTED_PROXIES="127.0.0.1",
        FULFILLMENT_TRUSTED_HOSTS="goods.example",
    ).cookie_secure
    assert not read(
        instance_dir, FULFILLMENT_LAN="yes", FULFILLMENT_COOKIE_SECURE="no"
    ).cookie_secure


def test_behind_a_proxy_the_public_names_must_be_told(instance_dir: Path) -> None:
    faults = faults_of(instance_dir, FULFILLMENT_TRUSTED_PROXIES="127.0.0.1")
    assert set(faults) == {"FULFILLMENT_TRUSTED_HOSTS"}


def test_a_proxy_that_is_everybody_is_refused(instance_dir: Path) -> None:
    faults = faults_of(
        instance_dir,
        FULFILLMENT_TRUSTED_PROXIES="0.0.0.0/0",
        FULFILLMENT_TRUSTED_HOSTS="goods.example",
    )
    assert set(faults) == {"FULFILLMENT_TRUSTED_PROXIES"}
