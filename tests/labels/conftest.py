"""The renderer that is not ours is started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.labels.zpl_rendering import ZplRenderer


@pytest.fixture(scope="session")
def zpl_renderer() -> Iterator[ZplRenderer]:
    with ZplRenderer() as renderer:
        yield renderer
