"""EAN and UPC behind so much blur that no threshold can part bars from spaces."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import zxingcpp

from stations.decoding import Engine, Symbology, cascade
from stations.decoding.engines import read_with_zbar, read_with_zxing

MODULE_PX = 3


def blurred(text: str, name: str, *, modules: float, turned: bool = False) -> npt.NDArray[np.uint8]:
    """A code on white through a lens out of focus: a disc of that radius, and some grain."""
    drawn = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, name))
    page = np.pad(np.array(drawn.to_image(scale=MODULE_PX)), 50, constant_values=255) * 0.6 + 40
    radius = modules * MODULE_PX
    reach = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    seen = cv2.filter2D(page, -1, disc / disc.sum())
    seen = seen + np.random.default_rng(3).normal(scale=1.5, size=seen.shape)
    pixels = np.clip(seen, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels[::-1, ::-1]) if turned else pixels


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize(
    ("said", "name", "text", "symbology"),
    [
        ("9521234543213", "EAN13", "9521234543213", Symbology.EAN_13),
        ("430412094159", "UPCA", "430412094159", Symbology.UPC_A),
        ("23178250", "EAN8", "23178250", Symbology.EAN_8),
        ("01234565", "UPCE", "012345000065", Symbology.UPC_E),
    ],
)
def test_what_no_engine_reads_is_read_from_its_gray_profile(
    said: str, name: str, text: str, symbology: Symbology, is_turned: bool
) -> None:
    gray = blurred(said, name, modules=1.3, turned=is_turned)
    assert read_with_zxing(gray, "") == read_with_zbar(gray, "") == []
    (found,), _ = cascade.run(gray, budget_ms=20_000)
    assert (found.text, found.symbology, found.engine) == (text, symbology, Engine.PROFILE)
    xs = [x for x, _ in found.corners]
    assert min(xs) > 45
    assert max(xs) < gray.shape[1] - 45


@pytest.mark.parametrize("name", ["Code128", "Code39", "ITF"])
def test_other_blurred_bars_are_not_taken_for_an_ean(name: str) -> None:
    decoded, _ = cascade.run(blurred("1952123454", name, modules=1.5), budget_ms=20_000)
    assert {one.text for one in decoded} <= {"1952123454"}


def test_random_bars_are_not_taken_for_an_ean() -> None:
    rng = np.random.default_rng(11)
    for _ in range(3):
        line = np.repeat(np.arange(60) % 2 * 150 + 50, rng.integers(3, 13, size=60))
        page = np.pad(np.tile(line.astype(np.uint8), (120, 1)), 40, constant_values=200)
        smooth = np.asarray(cv2.GaussianBlur(page, (0, 0), 3.0), dtype=np.uint8)
        assert cascade.run(smooth, budget_ms=20_000)[0] == []
