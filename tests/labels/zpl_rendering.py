"""ZPL to pictures by a renderer that is not ours: zpl-renderer-js (Zebrash) under Node."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

import numpy as np
from PIL import Image

from tests.labels.reading import Picture

FOLDER = Path(__file__).parent / "zpl_renderer"


class ZplRenderer:
    """One Node process that renders label after label."""

    def __init__(self) -> None:
        node, npm = shutil.which("node"), shutil.which("npm")
        assert node, "the ZPL tests need Node 20 or newer on the PATH"
        if not (FOLDER / "node_modules" / "zpl-renderer-js").is_dir():
            assert npm, "the ZPL tests need npm once, to install the renderer"
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, timeout=120)
        self._process = subprocess.Popen(
            [node, "render.mjs"],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> ZplRenderer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()

    def picture(self, zpl: bytes, *, width_mm: float, height_mm: float, dpi: int) -> Picture:
        """The label in grey; the renderer knows 8 and 12 dots a millimetre, so the size in
        millimetres is stretched until the dots agree."""
        dots_per_mm = {203: 8, 300: 12}[dpi]
        scale = dpi / 25.4 / dots_per_mm
        job = {
            "zpl": zpl.decode("ascii"),
            "width_mm": width_mm * scale,
            "height_mm": height_mm * scale,
            "dots_per_mm": dots_per_mm,
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "png" in answer, answer
        image = Image.open(io.BytesIO(base64.b64decode(answer["png"]))).convert("L")
        return np.asarray(image)
