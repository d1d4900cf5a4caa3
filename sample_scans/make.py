"""Draw the test corpus: barcodes as a camera in a warehouse sees them, from seeds alone.

    python sample_scans/make.py [--out FOLDER] [--each N] [--first-seed S]

writes N pictures of each condition and `manifest.csv`, one row for each barcode in a picture
(file, text, symbology, condition, seed); a picture without any code has one row with empty text
and symbology. The same arguments draw the same pixels. Conditions that blur, turn, crease or
crush are stated with their ranges in `CONDITIONS`. Texts use GS1's prefix for examples (952) or
prefixes for use inside a company, so that no company's product is meant.
"""

import argparse
import csv
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import barcode
import cv2
import numpy as np
import numpy.typing as npt
import segno
import zxingcpp
from barcode.writer import ImageWriter

Gray: TypeAlias = npt.NDArray[np.float32]
"""Brightness from 0 to 255, kept as floats until the picture is written."""

HERE = Path(__file__).parent
PAPER_PX = (520, 760)
"""Rows and columns of the label before the camera looks at it."""

PICTURE_PX = (480, 640)
SYMBOLOGIES = (
    "EAN-13", "EAN-8", "UPC-A", "UPC-E", "Code 128", "GS1-128", "Code 39", "ITF-14",
    "QR", "DataMatrix", "GS1 DataMatrix",
)  # fmt: skip
WORDS = (
    "FRAGILE", "THIS SIDE UP", "LOT", "QTY", "NET KG", "SHIP TO", "DEPOT", "AISLE", "CARTON", "DRY",
)  # fmt: skip


@dataclass(frozen=True)
class Code:
    """What a drawn barcode says, as a decoder should report it."""

    text: str
    symbology: str


@dataclass(frozen=True)
class Row:
    """A line of the manifest."""

    file: str
    text: str
    symbology: str
    condition: str
    seed: int


# --- what the codes say ---------------------------------------------------------------------


def check_digit(digits: str) -> str:
    """GS1 General Specifications, 7.9."""
    return str(-sum(int(d) * (3, 1)[i % 2] for i, d in enumerate(reversed(digits))) % 10)


def digits(rng: random.Random, count: int) -> str:
    """`count` random digits."""
    return "".join(rng.choices("0123456789", k=count))


def gtin(rng: random.Random, prefix: str, length: int) -> str:
    """A GTIN of that length with a right check digit."""
    body = prefix + digits(rng, length - 1 - len(prefix))
    return body + check_digit(body)


def drawn_code(rng: random.Random, symbology: str) -> tuple[Code, Gray]:
    """A random text of that symbology and its picture with quiet zone, 4 pixels a module."""
    match symbology:
        case "EAN-13":
            text = gtin(rng, "952", 13)
            return Code(text, symbology), by_python_barcode("ean13", text[:-1])
        case "EAN-8":
            text = gtin(rng, "2", 8)
            return Code(text, symbology), by_zxing(text, "EAN8")
        case "UPC-A":
            text = gtin(rng, "4", 12)
            return Code(text, symbology), by_zxing(text, "UPCA")
        case "UPC-E":
            return upce(rng)
        case "Code 128":
            text = f"W1-{rng.choice('ABCDEF')}{digits(rng, 2)}-{digits(rng, 2)}-{digits(rng, 1)}"
            return Code(text, symbology), by_python_barcode("code128", text)
        case "GS1-128":
            serial = digits(rng, 16)
            sscc = "0" + serial + check_digit("0" + serial)
            return Code("00" + sscc, symbology), by_zxing(f"[00]{sscc}", "Code128", gs1=True)
        case "Code 39":
            text = f"TOTE-{digits(rng, 4)}"
            return Code(text, symbology), by_zxing(text, "Code39")
        case "ITF-14":
            text = gtin(rng, "1952", 14)
            return Code(text, symbology), by_zxing(text, "ITF")
        case "QR":
            text = f"https://example.org/p/{digits(rng, 12)}"
            return Code(text, symbology), by_segno(text)
        case "DataMatrix":
            text = f"SN{digits(rng, 10)}"
            return Code(text, symbology), by_zxing(text, "DataMatrix", scale=8)
        case "GS1 DataMatrix":
            item, lot = gtin(rng, "0952", 14), digits(rng, 5)
            drawn = by_zxing(f"[01]{item}[10]{lot}", "DataMatrix", scale=8, gs1=True)
            return Code(f"01{item}10{lot}", symbology), drawn
    raise ValueError(symbology)


def upce(rng: random.Random) -> tuple[Code, Gray]:
    """The text is the 12-digit expansion of `0 dddddx c` with x from 5 to 9."""
    body, last = digits(rng, 4) + rng.choice("123456789"), rng.choice("56789")
    expanded = "0" + body + "0000" + last
    text = expanded + check_digit(expanded)
    return Code(text, "UPC-E"), by_zxing("0" + body + last + text[-1], "UPCE")


def by_zxing(text: str, name: str, *, scale: int = 4, gs1: bool = False) -> Gray:
    """Drawn by zxing-cpp's writer."""
    options = {"gs1": True} if gs1 else {}
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, name), **options)
    return np.array(code.to_image(scale=scale, add_quiet_zones=True), dtype=np.float32)


def by_python_barcode(name: str, text: str) -> Gray:
    """Drawn by python-barcode, 0.34 mm a module at 300 dpi = 4 pixels."""
    writer = ImageWriter(mode="L")
    options = {"module_width": 0.34, "module_height": 14.0, "quiet_zone": 4.0, "write_text": False}
    picture = barcode.get(name, text, writer=writer).render(options)
    return np.array(picture.convert("L"), dtype=np.float32)


def by_segno(text: str) -> Gray:
    """Drawn by segno, 8 pixels a module."""
    matrix = np.array([list(row) for row in segno.make_qr(text, error="m").matrix_iter(border=4)])
    dark = np.kron(matrix > 0, np.ones((8, 8)))
    return np.asarray(255.0 * (1 - dark), dtype=np.float32)


# --- the label and the light ----------------------------------------------------------------


def label_with(rng: random.Random, codes: Sequence[Gray]) -> Gray:
    """A paper label with text lines and the codes one below the other."""
    rows, columns = PAPER_PX
    paper = np.full(PAPER_PX, rng.uniform(215, 245), dtype=np.float32)
    cv2.rectangle(paper, (6, 6), (columns - 7, rows - 7), 60, 3)
    for y in (40, rows - 24):
        write_words(rng, paper, 30, y, count=4)
    slot = (rows - 120) // len(codes)
    for number, code in enumerate(codes):
        drawn = fitted(code, rows=slot - 10, columns=columns - 40)
        top = 60 + number * slot + (slot - drawn.shape[0]) // 2
        left = rng.randint(20, columns - drawn.shape[1] - 20)
        paper[top : top + drawn.shape[0], left : left + drawn.shape[1]] *= 0.1 + 0.9 * drawn / 255
    return paper


def fitted(code: Gray, *, rows: int, columns: int) -> Gray:
    """Small enough for its place: matrix codes shrink, linear ones lose height first."""
    height, width = code.shape
    across = min(1.0, columns / width)
    is_linear = width > 1.2 * height
    down = min(1.0, rows / height) if is_linear else min(across, rows / height)
    across = across if is_linear else down
    size = int(width * across), int(height * down)
    return np.asarray(cv2.resize(code, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def write_words(rng: random.Random, paper: Gray, x: int, y: int, *, count: int) -> None:
    """A line of dark capitals on the paper."""
    ink = np.zeros(paper.shape, dtype=np.uint8)
    words = " ".join(rng.choices(WORDS, k=count))
    cv2.putText(ink, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 2, cv2.LINE_AA)
    paper *= 1 - 0.85 * (ink.astype(np.float32) / 255)


def photographed(rng: random.Random, label: Gray, *, degrees: float, tilt: float) -> Gray:
    """The label on a dark, uneven table, turned and tilted, as the camera frames it."""
    rows, columns = PICTURE_PX
    table = smooth_noise(rng, PICTURE_PX, size=40) * 40 + rng.uniform(60, 120)
    height, width = label.shape
    zoom = rng.uniform(0.68, 0.80)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    centred = (corners - (width / 2, height / 2)) * zoom
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    placed = centred @ turn.T
    depth = 1 + tilt * placed[:, 0] / width + tilt * 0.5 * placed[:, 1] / height
    placed = placed / depth[:, None] + (columns / 2, rows / 2)
    matrix = cv2.getPerspectiveTransform(corners, placed.astype(np.float32))
    seen = cv2.warpPerspective(label, matrix, (columns, rows), flags=cv2.INTER_AREA)
    cover = cv2.warpPerspective(np.ones_like(label), matrix, (columns, rows))
    return np.asarray(seen * cover + table * (1 - cover), dtype=np.float32)


def smooth_noise(rng: random.Random, shape: tuple[int, int], *, size: float) -> Gray:
    """Clouds between -1 and 1 with that grain."""
    noise = generator(rng).normal(size=shape).astype(np.float32)
    cloud = cv2.GaussianBlur(noise, (0, 0), size / 2)
    return np.asarray(cloud / max(float(np.abs(cloud).max()), 1e-6), dtype=np.float32)


def generator(rng: random.Random) -> np.random.Generator:
    """numpy's generator, seeded from ours."""
    return np.random.default_rng(rng.getrandbits(32))


def out_of_focus(picture: Gray, radius_px: float) -> Gray:
    """A lens out of focus spreads each point into a disc."""
    reach = int(np.ceil(radius_px)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius_px + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(cv2.filter2D(picture, -1, disc / disc.sum()), dtype=np.float32)


def moved(picture: Gray, length_px: float, degrees: float) -> Gray:
    """A shaken camera spreads each point along a line."""
    reach = int(np.ceil(length_px))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.float32)
    dx, dy = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    for step in np.linspace(-length_px / 2, length_px / 2, 4 * reach + 1):
        kernel[reach + round(step * dy), reach + round(step * dx)] += 1
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), dtype=np.float32)


def shaded(rng: random.Random, picture: Gray) -> Gray:
    """The edge of a shadow across the picture."""
    rows, columns = picture.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    distance = (x - columns / 2) * np.cos(angle) + (y - rows / 2) * np.sin(angle)
    edge = 1 / (1 + np.exp(-distance / rng.uniform(4, 40)))
    return np.asarray(picture * (1 - rng.uniform(0.5, 0.75) * edge), dtype=np.float32)


def glared(rng: random.Random, picture: Gray) -> Gray:
    """A lamp mirrored in the foil around the label."""
    rows, columns = picture.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    centre_x, centre_y = rng.uniform(0.3, 0.7) * columns, rng.uniform(0.25, 0.4) * rows
    spot = np.exp(-(((x - centre_x) / 90) ** 2 + ((y - centre_y) / 45) ** 2))
    return np.asarray(np.clip(picture + 260 * spot, 0, 255), dtype=np.float32)


def creased(rng: random.Random, picture: Gray) -> Gray:
    """A fold: the paper beyond it is shifted and darker, its ridge is bright."""
    rows, columns = picture.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    slope, offset = rng.uniform(-0.3, 0.3), rng.uniform(0.40, 0.60) * rows
    beyond = (y - offset - slope * (x - columns / 2)).astype(np.float32)
    shift = rng.uniform(4, 10)
    seen = cv2.remap(picture, (x + shift * (beyond > 0)).astype(np.float32), y, cv2.INTER_LINEAR)
    ridge = np.exp(-((beyond / 5) ** 2))
    return np.asarray(seen * (1 - 0.25 * (beyond > 0)) + 120 * ridge, dtype=np.float32)


def torn(rng: random.Random, picture: Gray) -> Gray:
    """A corner of the label gone: half of the bars' height is lost on one side."""
    rows, columns = picture.shape
    y, x = np.mgrid[:rows, :columns]
    edge = rows * rng.uniform(0.40, 0.48) + 12 * np.sin(x / rng.uniform(15, 40))
    gone = (y < edge) & (x > columns * rng.uniform(0.3, 0.6))
    return np.where(gone, np.float32(90), picture).astype(np.float32)


def noisy(rng: random.Random, picture: Gray, sigma: float) -> Gray:
    """The grain of a dark picture."""
    return np.asarray(picture + generator(rng).normal(scale=sigma, size=picture.shape), np.float32)


# --- the conditions -------------------------------------------------------------------------

Condition: TypeAlias = Callable[[random.Random, Gray], Gray]


def level(rng: random.Random, label: Gray) -> Gray:
    """Held nearly level, as people do."""
    return photographed(rng, label, degrees=rng.uniform(-4, 4), tilt=rng.uniform(-0.1, 0.1))


def any_turn(rng: random.Random, label: Gray) -> Gray:
    """Turned anyhow."""
    return photographed(rng, label, degrees=rng.uniform(0, 360), tilt=0.0)


def tilted(rng: random.Random, label: Gray) -> Gray:
    """Seen from the side."""
    return photographed(
        rng, label, degrees=rng.uniform(-15, 15), tilt=rng.choice([-1, 1]) * rng.uniform(0.3, 0.5)
    )


CONDITIONS: dict[str, Condition] = {
    "clean": level,
    "turned": any_turn,
    "tilted": tilted,
    "slightly-blurred": lambda r, p: out_of_focus(level(r, p), r.uniform(1.5, 2.5)),
    "blurred": lambda r, p: out_of_focus(level(r, p), r.uniform(2.5, 4.0)),
    "shaken": lambda r, p: moved(level(r, p), r.uniform(3, 7), r.uniform(0, 180)),
    "shaded": lambda r, p: shaded(r, level(r, p)),
    "glared": lambda r, p: glared(r, level(r, p)),
    "creased": lambda r, p: creased(r, level(r, p)),
    "torn": lambda r, p: torn(r, level(r, p)),
    "noisy": lambda r, p: noisy(r, level(r, p) * 0.4, r.uniform(6, 14)),
    "crushed": level,
    "inverted": lambda r, p: 255 - level(r, p),
    "dark-aisle": lambda r, p: noisy(
        r, out_of_focus(any_turn(r, p), r.uniform(0.8, 1.5)) * 0.25, r.uniform(2, 4)
    ),
}
JPEG_QUALITY = {"crushed": (12, 22)}
"""From and to; every other condition is written with 60 to 85."""


def write_picture(rng: random.Random, picture: Gray, path: Path, condition: str) -> None:
    """As a gray JPEG."""
    quality = rng.randint(*JPEG_QUALITY.get(condition, (60, 85)))
    pixels = np.clip(picture, 0, 255).astype(np.uint8)
    written, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not written:
        raise OSError(f"cannot encode {path}")
    path.write_bytes(jpeg.tobytes())


def draw_single(out: Path, condition: str, symbology: str, seed: int) -> list[Row]:
    """One picture with one code."""
    rng = random.Random(f"{condition}/{symbology}/{seed}")
    code, drawn = drawn_code(rng, symbology)
    picture = CONDITIONS[condition](rng, label_with(rng, [drawn]))
    name = f"{condition}-{symbology.lower().replace(' ', '-')}-{seed}.jpg"
    write_picture(rng, picture, out / name, condition)
    return [Row(name, code.text, code.symbology, condition, seed)]


def draw_several(out: Path, seed: int) -> list[Row]:
    """A carton label: three codes on one picture, the first of them twice on every other one."""
    rng = random.Random(f"several/{seed}")
    chosen = [
        drawn_code(rng, symbology) for symbology in rng.sample(["EAN-13", "UPC-A", "Code 128"], 2)
    ]
    chosen += [chosen[0]] if seed % 2 else [drawn_code(rng, "ITF-14")]
    picture = level(rng, label_with(rng, [drawn for _, drawn in chosen]))
    name = f"several-{seed}.jpg"
    write_picture(rng, picture, out / name, "several")
    return [Row(name, code.text, code.symbology, "several", seed) for code, _ in chosen]


def draw_negative(out: Path, seed: int) -> list[Row]:
    """Something that looks like bars and says nothing: stripes, a fence, text, cloth."""
    rng = random.Random(f"no-code/{seed}")
    rows, columns = PAPER_PX
    x = np.arange(columns)
    match seed % 4:
        case 0:  # even stripes
            line = 128 + 100 * np.sign(np.sin(2 * np.pi * x / rng.uniform(6, 30)))
        case 1:  # bars of random widths that are no symbology
            widths = generator(rng).integers(3, 16, size=columns)
            line = np.repeat(np.arange(columns) % 2 * 200.0 + 30, widths)[:columns]
        case 2:  # nothing but lines of text
            line = np.full(columns, 230.0)
        case _:  # cloth
            line = 128 + 60 * smooth_noise(rng, (1, columns), size=6)[0]
    label = np.repeat(line[None].astype(np.float32), rows, axis=0)
    for y in range(40, rows, 36 if seed % 4 == 2 else 200):
        write_words(rng, label, 20, y, count=6)
    picture = noisy(rng, any_turn(rng, label), 4)
    name = f"no-code-{seed}.jpg"
    write_picture(rng, picture, out / name, "no-code")
    return [Row(name, "", "", "no-code", seed)]


def make(out: Path, *, each: int, first_seed: int) -> list[Row]:
    """Draw the corpus: every condition meets every symbology in turn; returns the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for number, condition in enumerate(CONDITIONS):
        for seed in range(first_seed, first_seed + each):
            symbology = SYMBOLOGIES[(seed + number) % len(SYMBOLOGIES)]
            rows += draw_single(out, condition, symbology, seed)
    for seed in range(first_seed, first_seed + each):
        rows += draw_several(out, seed) + draw_negative(out, seed)
    with open(out / "manifest.csv", "w", newline="") as manifest:
        writer = csv.writer(manifest, lineterminator="\n")
        writer.writerow(["file", "text", "symbology", "condition", "seed"])
        writer.writerows([r.file, r.text, r.symbology, r.condition, r.seed] for r in rows)
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw the test corpus of barcode pictures.")
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--each", type=int, default=8, help="pictures of each condition")
    parser.add_argument("--first-seed", type=int, default=1)
    asked = parser.parse_args()
    make(asked.out, each=asked.each, first_seed=asked.first_seed)
