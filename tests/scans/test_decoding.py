"""Barcodes out of pictures: what must be read, where it lies, and what must never be read."""

import csv
import importlib.util
import subprocess
import sys
from collections import Counter
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stations.decoding import Symbology, decode, report

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_scans"


def drawn(text: str, symbology: str, *, scale: int = 3, gs1: bool = False) -> npt.NDArray[np.uint8]:
    """A barcode on white, with quiet zone."""
    options = {"gs1": True} if gs1 else {}
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, symbology), **options)
    return np.pad(np.array(code.to_image(scale=scale)), 20, constant_values=255)


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """The file of a gray picture."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("said", "drawn_as", "gs1", "text", "symbology"),
    [
        ("9521234543213", "EAN13", False, "9521234543213", Symbology.EAN_13),
        ("23178250", "EAN8", False, "23178250", Symbology.EAN_8),
        ("430412094159", "UPCA", False, "430412094159", Symbology.UPC_A),
        ("01234565", "UPCE", False, "012345000065", Symbology.UPC_E),
        ("W1-A01-02-3", "Code128", False, "W1-A01-02-3", Symbology.CODE_128),
        ("[00]395212345000000014", "Code128", True, "00395212345000000014", Symbology.GS1_128),
        ("TOTE-0042", "Code39", False, "TOTE-0042", Symbology.CODE_39),
        ("19521234543210", "ITF", False, "19521234543210", Symbology.ITF_14),
        ("1234567890", "ITF", False, "1234567890", Symbology.ITF),
        ("https://example.org/p/1", "QRCode", False, "https://example.org/p/1", Symbology.QR),
        ("SN42", "DataMatrix", False, "SN42", Symbology.DATA_MATRIX),
        (
            "[01]09521234543213[10]ABC[21]7",
            "DataMatrix",
            True,
            "010952123454321310ABC\x1d217",
            Symbology.GS1_DATA_MATRIX,
        ),
    ],
)
def test_every_symbology_is_read_and_named(
    said: str, drawn_as: str, gs1: bool, text: str, symbology: Symbology
) -> None:
    (found,) = decode(png(drawn(said, drawn_as, gs1=gs1)))
    assert (found.text, found.symbology) == (text, symbology)


def test_corners_enclose_the_code_in_pixels_of_the_picture() -> None:
    code = drawn("9521234543213", "EAN13")
    picture = np.full((600, 900), 255, np.uint8)
    picture[200 : 200 + code.shape[0], 300 : 300 + code.shape[1]] = code
    (found,) = decode(png(picture))
    xs, ys = zip(*found.corners, strict=True)
    bars = np.argwhere(picture < 128)
    (top, left), (bottom, right) = bars.min(axis=0), bars.max(axis=0)
    assert min(xs) == pytest.approx(left, abs=8)
    assert max(xs) == pytest.approx(right, abs=8)
    assert top - 8 <= min(ys) < max(ys) <= bottom + 8


def test_corners_of_a_large_picture_are_in_its_own_pixels() -> None:
    picture = np.full((3000, 4000), 255, np.uint8)
    code = drawn("9521234543213", "EAN13", scale=6)
    picture[2000 : 2000 + code.shape[0], 2500 : 2500 + code.shape[1]] = code
    (found,) = decode(png(picture))
    xs, ys = zip(*found.corners, strict=True)
    assert 2500 < min(xs) < max(xs) < 2500 + code.shape[1]
    assert 2000 < min(ys) < max(ys) < 2000 + code.shape[0]


def test_a_small_code_in_a_large_photo_is_read_at_full_size() -> None:
    picture = np.full((3000, 4000), 200, np.uint8)
    code = drawn("9521234543213", "EAN13", scale=2)
    picture[700 : 700 + code.shape[0], 2900 : 2900 + code.shape[1]] = code
    (found,) = decode(png(picture), budget_ms=20_000)
    assert (found.text, found.step) == ("9521234543213", "full-size-0")
    xs, ys = zip(*found.corners, strict=True)
    assert 2900 < min(xs) < max(xs) < 2900 + code.shape[1]
    assert 700 < min(ys) < max(ys) < 700 + code.shape[0]


def test_two_equal_items_in_one_photo_are_two_places() -> None:
    code = drawn("9521234543213", "EAN13", scale=2)
    other = drawn("430412094159", "UPCA", scale=2)
    width = max(code.shape[1], other.shape[1]) + 60
    rows = [np.pad(c, ((20, 20), (0, width - c.shape[1])), constant_values=255) for c in
            (code, other, code)]  # fmt: skip
    found = Counter(one.text for one in decode(png(np.vstack(rows))))
    assert found == {"9521234543213": 2, "430412094159": 1}


def test_expected_texts_come_first_and_are_never_invented() -> None:
    rows = [drawn("9521234543213", "EAN13"), drawn("9521234543220", "EAN13")]
    picture = png(np.vstack(rows))
    found = decode(picture, expected={"9521234543220", "9529999999999"})
    assert [one.text for one in found] == ["9521234543220", "9521234543213"]


def test_a_picture_turned_by_its_orientation_mark_is_read_upright() -> None:
    file = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held sideways
    Image.fromarray(drawn("9521234543213", "EAN13")).save(file, "JPEG", exif=exif)
    (found,) = decode(file.getvalue())
    xs, ys = zip(*found.corners, strict=True)
    assert max(ys) - min(ys) > max(xs) - min(xs)


def test_transparent_paper_is_white() -> None:
    code = drawn("SN42", "DataMatrix", scale=6)
    clear = np.zeros((*code.shape, 4), np.uint8)
    clear[..., 3] = 255 - code
    file = BytesIO()
    Image.fromarray(clear, "RGBA").save(file, "PNG")
    assert [one.text for one in decode(file.getvalue())] == ["SN42"]


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=100)
def test_no_bytes_raise(junk: bytes) -> None:
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\0\0\0\0WEBP"):
        assert decode(start + junk) == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_damaged_pictures_raise_nothing_and_say_nothing_wrong(kind: str) -> None:
    file = BytesIO()
    Image.fromarray(drawn("9521234543213", "EAN13")).save(file, kind)
    whole = file.getvalue()
    rng = np.random.default_rng(7)
    for _ in range(40):
        broken = bytearray(whole[: int(rng.integers(1, len(whole) + 1))])
        for place in rng.integers(0, len(broken), size=3):
            broken[place] = int(rng.integers(256))
        assert {one.text for one in decode(bytes(broken))} <= {"9521234543213"}


def test_without_libzbar_zxing_alone_reads() -> None:
    code = png(drawn("9521234543213", "EAN13")), png(drawn("TOTE-0042", "Code39"))
    script = (
        "import sys; sys.modules['pyzbar'] = None\n"
        "from stations.decoding import decode\n"
        "for line in sys.stdin:\n"
        "    print([(d.text, d.engine.value) for d in decode(bytes.fromhex(line))])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        input="\n".join(one.hex() for one in code),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    assert answer.stdout.split("\n")[:2] == [
        "[('9521234543213', 'zxing-cpp')]",
        "[('TOTE-0042', 'zxing-cpp')]",
    ]


def test_the_report_names_steps_and_times(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(png(drawn("9521234543213", "EAN13")))
    said = report(path)
    assert [one.text for one in said.decoded] == ["9521234543213"]
    assert said.steps[0].step == "plain"
    assert said.steps[0].readings >= 2
    assert said.milliseconds >= sum(step.milliseconds for step in said.steps)


def test_the_report_says_why_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(b"not a picture")
    assert report(path).refusal == "not-a-picture"


def drawing_script() -> ModuleType:
    """`sample_scans/make.py` as a module."""
    spec = importlib.util.spec_from_file_location("sample_scans_make", SAMPLES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def manifest_rows(folder: Path) -> list[dict[str, str]]:
    """The lines of a manifest."""
    with open(folder / "manifest.csv", newline="") as rows:
        return list(csv.DictReader(rows))


def test_the_corpus_can_be_drawn_again(tmp_path: Path) -> None:
    drawing_script().make(tmp_path, each=1, first_seed=1)
    kept = [row for row in manifest_rows(SAMPLES) if row["seed"] == "1"]
    assert sorted(map(str, manifest_rows(tmp_path))) == sorted(map(str, kept))
    name = kept[0]["file"]
    again = np.asarray(Image.open(tmp_path / name), dtype=int)
    assert np.abs(again - np.asarray(Image.open(SAMPLES / name), dtype=int)).mean() < 1


def test_every_picture_of_the_corpus_is_in_the_manifest() -> None:
    listed = {row["file"] for row in manifest_rows(SAMPLES)}
    assert listed == {path.name for path in SAMPLES.glob("*.jpg")}


def test_the_corpus_is_read_without_one_misread() -> None:
    said: dict[str, set[str]] = {}
    for row in manifest_rows(SAMPLES):
        said.setdefault(row["file"], set()).update({row["text"]} - {""})
    read = {
        name: {one.text for one in decode((SAMPLES / name).read_bytes(), budget_ms=20_000)}
        for name in said
    }
    assert {name: read[name] - said[name] for name in said if read[name] - said[name]} == {}
    with_code = [name for name in said if said[name]]
    whole = [name for name in with_code if said[name] <= read[name]]
    assert len(whole) >= 0.94 * len(with_code)
