"""A real IPP printer: ``ippeveprinter`` of CUPS (Debian's package cups-ipp-utils).

It wants to announce itself and gives up where there is no D-Bus, so it gets a bus of its own
(Debian's package dbus-daemon) on which nobody listens.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path
from types import TracebackType

PATHS = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=PATHS)
    assert found, f"{name} is missing: apt-get install {package} (./check does it)"
    return found


class RealIppPrinter:
    """``ippeveprinter`` on a port of this machine; what it was sent lies in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "ipp"
        self.folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        configuration = folder / "bus.conf"
        configuration.write_text(BUS.format(folder=folder), encoding="utf-8")
        self._bus = subprocess.Popen(
            [
                _program("dbus-daemon", "dbus-daemon"),
                f"--config-file={configuration}",
                "--nofork",
                "--nopidfile",
                "--print-address",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._bus.stdout is not None
        self._bus_address = self._bus.stdout.readline().strip()
        self._printer: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """Its address, as printers are set up with."""
        return f"ipp://localhost:{self._port}/ipp/print"

    @property
    def documents(self) -> list[Path]:
        """The files of the jobs that it took, in their order."""
        return sorted(self.folder.glob("*.pdf"), key=lambda file: int(file.name.split("-")[0]))

    def switch_on(self) -> None:
        """Start it, and wait until it listens."""
        self._printer = subprocess.Popen(
            [
                _program("ippeveprinter", "cups-ipp-utils"),
                *("-p", str(self._port), "-n", "localhost", "-r", "off"),
                *("-d", str(self.folder), "-k", "-f", "application/pdf", "-v"),
                "Label printer",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self._bus_address},
        )
        assert self._printer.stderr is not None
        # It tells its attributes, of which this is the last, when its port is open.
        for line in self._printer.stderr:
            if line.startswith("printer-uuid"):
                return
        raise AssertionError("ippeveprinter did not start")

    def switch_off(self) -> None:
        """Stop it."""
        if self._printer is not None:
            self._printer.kill()
            self._printer.communicate()
            self._printer = None

    def __enter__(self) -> RealIppPrinter:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.switch_off()
        self._bus.kill()
        self._bus.communicate()
