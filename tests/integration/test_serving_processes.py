"""The service as real processes: it listens, speaks HTTPS on the local network, and stops."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SERVE = (
    "import os; from fulfillment.serving import serve; from fulfillment.settings import Settings;"
    "serve(Settings.from_environ(os.environ), lan={lan})"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(command: list[str], instance_dir: Path, **environ: str) -> subprocess.Popen[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name != "DATABASE_URL" and not name.startswith("FULFILLMENT_")
    }
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**inherited, "FULFILLMENT_INSTANCE_DIR": str(instance_dir), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def serving(
    command: list[str], instance_dir: Path, *, until: str, **environ: str
) -> Iterator[subprocess.Popen[str]]:
    """The service, from the line that contains `until` on; ends it and takes its exit code."""
    with start(command, instance_dir, **environ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if until in line:
                break
        else:
            pytest.fail("the service did not start:\n" + "".join(lines))
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
    assert process.returncode == 0


def status(url: str, context: ssl.SSLContext | None = None) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30, context=context) as answer:  # noqa: S310  our own address
            code: int = answer.status
            return code
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def test_the_service_answers_on_this_machine_and_stops_when_told(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", SERVE.format(lan=False)]
    with serving(command, tmp_path, until="Ready: http://", FULFILLMENT_PORT=str(port)):
        assert status(f"http://127.0.0.1:{port}/no-such-page") == 404


def test_on_the_local_network_a_device_that_trusts_the_authority_gets_in(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", SERVE.format(lan=True)]
    with serving(command, tmp_path, until="Ready on the local", FULFILLMENT_PORT=str(port)):
        authority_file = tmp_path / "certificates" / "ca.crt"
        trusting = ssl.create_default_context(cafile=authority_file)
        offered = urllib.request.urlopen(
            f"https://127.0.0.1:{port}/ca.crt", timeout=30, context=trusting
        )
        with offered:
            assert offered.read() == authority_file.read_bytes()
        assert status(f"https://127.0.0.1:{port}/no-such-page", trusting) == 404
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            status(f"https://127.0.0.1:{port}/", ssl.create_default_context())


def test_gunicorn_started_by_others_reads_the_same_settings(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:fulfillment.gunicorn_conf"]
    with serving(
        command,
        tmp_path,
        until="Booting worker",
        FULFILLMENT_PORT=str(port),
        FULFILLMENT_WORKERS="1",
    ):
        assert status(f"http://127.0.0.1:{port}/no-such-page") == 404


def test_plain_http_for_everybody_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gunicorn", "--config", "python:fulfillment.gunicorn_conf"]
    with start(command, tmp_path, FULFILLMENT_HOST="0.0.0.0") as process:  # noqa: S104  what is refused
        output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "plain HTTP on 0.0.0.0 would send log-ins readable" in output


def test_log_lines_of_the_server_are_json_where_asked_for(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", SERVE.format(lan=False)]
    with start(
        command, tmp_path, FULFILLMENT_PORT=str(port), FULFILLMENT_LOG_JSON="yes"
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
    assert first["level"] == "info"
    assert first["logger"] == "gunicorn.error"


def print_workers_of(pid: int) -> list[int]:
    """The processes that print beside the service *pid*."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [
        int(child)
        for child in children
        if b"--beside" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def test_a_print_worker_runs_beside_the_pages_is_started_again_and_ends_with_them(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", SERVE.format(lan=False)]
    port = str(free_port())
    with serving(command, tmp_path, until="worker-started", FULFILLMENT_PORT=port) as process:
        assert process.stdout is not None
        (first,) = print_workers_of(process.pid)
        os.kill(first, signal.SIGKILL)
        assert any("it is started again" in line for line in process.stdout)
        assert any("worker-started" in line for line in process.stdout)
        (second,) = print_workers_of(process.pid)
        assert second != first
    assert not Path(f"/proc/{second}").exists()
