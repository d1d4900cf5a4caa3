"""The lock files: what is installed is exactly what was checked, from wherever it comes."""

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-planning.lock", "requirements-test.lock")


def pins(lock: str) -> dict[str, list[str]]:
    """The requirements of a lock file, each with its hashes."""
    joined = (PROJECT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]
    return {line.split("--hash")[0].strip(): re.findall(r"--hash=(\S+)", line) for line in lines}


def names(lock: str) -> set[str]:
    return {requirement.partition("==")[0].partition("[")[0] for requirement in pins(lock)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_version_and_hash(lock: str) -> None:
    for requirement, hashes in pins(lock).items():
        assert re.match(r"[a-z0-9._-]+(\[\w+\])?==[\w.+]+( ; |$)", requirement), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_the_place_that_packages_come_from(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links", (PROJECT / lock).read_text("utf-8"))


def test_every_dependency_of_the_project_is_in_the_lock() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for lock, requirements in (
        ("requirements.lock", project["dependencies"]),
        ("requirements-planning.lock", extras["planning"]),
        ("requirements-test.lock", extras["planning"] + extras["test"]),
    ):
        wanted = {re.split(r"[\[<>=~! ]", line)[0] for line in requirements}
        missing = {re.sub(r"[-_.]+", "-", name).lower() for name in wanted} - names(lock)
        assert not missing, f"run `make lock`: {lock} lacks {missing}"


def test_the_tests_run_with_the_versions_that_the_service_runs_with() -> None:
    assert set(pins("requirements.lock")) <= set(pins("requirements-test.lock"))
