"""How much is read, how much is read wrongly, and what it costs: ours beside the libraries alone.

    python -m bench.decoding FOLDER [--half building|closing|all] [--ablation] [--hostile N]

FOLDER holds either `manifest.csv` (as `sample_scans`) or pictures with their text beside them
(`NAME.png`, `NAME.txt`; a picture without a text file, or under `falsepositives*`, has no code).
Pictures are split by the hash of their file: one half to build with, the other half for the
closing run. Times are processor time from the file's bytes to texts, so opening is included.
The budget is time on the clock: give more of it where other work shares the processor.
"""

import argparse
import csv
import hashlib
import json
import random
import statistics
import struct
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from PIL import Image
from pyzbar import pyzbar

from stations.decoding import (
    UPLOAD_BUDGET_MS,
    DecoderStoppedError,
    PictureError,
    cascade,
    decode,
)
from stations.decoding.opening import open_gray
from stations.decoding.symbologies import expand_upce
from stations.decoding.worker import DecodingProcess

PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp"}
JAPANESE_BOOK_ROW = "192"
"""Books from Japan carry a second EAN-13 (192 + category + price) under the ISBN; reading it
too is right, although the texts of the pictures name the ISBN only."""


@dataclass(frozen=True)
class Photo:
    """A picture and every text in it."""

    path: Path
    texts: frozenset[str]
    group: str


@dataclass
class Score:
    """What one reader made of all pictures."""

    reader: str
    pictures: int = 0
    read: int = 0
    misread: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def line(self) -> str:
        """A row of the table."""
        share = 100 * self.read / max(1, self.pictures)
        middle, slow = statistics.median(self.cpu_ms), percentile(self.cpu_ms, 0.95)
        return (
            f"| {self.reader} | {self.read} of {self.pictures} | {share:.1f} % |"
            f" {len(self.misread)} | {middle:.1f} | {slow:.1f} |"
        )


Reader = Callable[[bytes], list[str]]


def with_pyzbar(image: bytes) -> list[str]:
    """pyzbar as it comes."""
    return [s.data.decode("utf-8", "replace") for s in pyzbar.decode(gray_of(image))]


def with_zxing(image: bytes) -> list[str]:
    """zxing-cpp as it comes."""
    found = zxingcpp.read_barcodes(gray_of(image), text_mode=zxingcpp.TextMode.Plain)
    return [barcode.text for barcode in found]


def with_opencv(image: bytes) -> list[str]:
    """OpenCV's own EAN/UPC and QR detectors."""
    bgr = cv2.cvtColor(gray_of(image), cv2.COLOR_GRAY2BGR)
    _, texts, _, _ = cv2.barcode.BarcodeDetector().detectAndDecodeWithType(bgr)
    _, more, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(bgr)
    return [text for text in (*texts, *more) if text]


def with_ours(image: bytes, *, budget_ms: int = UPLOAD_BUDGET_MS) -> list[str]:
    """The cascade."""
    return [decoded.text for decoded in decode(image, budget_ms=budget_ms)]


READERS: dict[str, Reader] = {
    "pyzbar": with_pyzbar,
    "zxing-cpp": with_zxing,
    "OpenCV": with_opencv,
    "ours": with_ours,
}


def gray_of(image: bytes) -> np.ndarray:
    """Brightness as the libraries' own examples make it."""
    with Image.open(BytesIO(image)) as picture, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remark on palettes with transparency
        return np.array(picture.convert("L"))


def photos_in(folder: Path) -> Iterator[Photo]:
    """The pictures of a folder with what they say."""
    manifest = folder / "manifest.csv"
    if manifest.exists():
        yield from photos_of_manifest(manifest)
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURES:
            yield Photo(path, texts_beside(path), path.parent.name)


def photos_of_manifest(manifest: Path) -> Iterator[Photo]:
    """The pictures of a drawn corpus, grouped by condition."""
    texts: dict[tuple[str, str], set[str]] = {}
    with open(manifest, newline="") as rows:
        for row in csv.DictReader(rows):
            said = texts.setdefault((row["file"], row["condition"]), set())
            said |= {comparable(row["text"])} if row["text"] else set()
    for (name, condition), said in sorted(texts.items()):
        yield Photo(manifest.parent / name, frozenset(said), condition)


def texts_beside(path: Path) -> frozenset[str]:
    """The text file beside a picture; UPC-E is given there with 8 digits."""
    beside = path.with_suffix(".txt")
    if not beside.exists() or path.parent.name.startswith("falsepositives"):
        return frozenset()
    text = beside.read_text(encoding="utf-8-sig").strip()
    if path.parent.name.startswith("upce") and len(text) == 8:
        text = expand_upce(text)
    return frozenset({comparable(text)})


def comparable(text: str) -> str:
    """GTINs as GTIN-14, line ends as one sign."""
    text = text.replace("\r\n", "\n").strip()
    return text.zfill(14) if text.isdigit() and len(text) in (12, 13) else text


def is_in_half(path: Path, half: str) -> bool:
    """Even first byte of the file's SHA-256: for building; odd: for closing."""
    even = hashlib.sha256(path.read_bytes()).digest()[0] % 2 == 0
    return half == "all" or even == (half == "building")


def measure(reader: str, photos: Sequence[Photo]) -> Score:
    """Read every picture with one reader."""
    score = Score(reader)
    for photo in photos:
        image = photo.path.read_bytes()
        started = time.process_time()
        texts = {comparable(text) for text in READERS[reader](image)}
        score.cpu_ms.append(1000 * (time.process_time() - started))
        note(score, photo, texts)
    return score


def note(score: Score, photo: Photo, texts: set[str]) -> None:
    """Count one picture: read if every text came out, misread if any other did."""
    name = f"{photo.path.parent.name}/{photo.path.name}"
    if photo.texts:
        score.pictures += 1
        score.read += photo.texts <= texts
    if not photo.texts <= texts:
        score.unread.append(name)
    wrong = {t for t in texts - photo.texts if not t.lstrip("0").startswith(JAPANESE_BOOK_ROW)}
    if wrong:
        score.misread.append(f"{name}: {sorted(wrong)}")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def compare(photos: Sequence[Photo]) -> dict[str, object]:
    """The table of all readers, and ours on what plain zxing-cpp reads."""
    print("| reader | read | | pictures misread | median ms | 95 % ms |\n|---|---|---|---|---|---|")
    scores = {}
    for reader in READERS:
        scores[reader] = measure(reader, photos)
        print(scores[reader].line(), flush=True)
    ours, zxing = scores["ours"], scores["zxing-cpp"]
    easy = [
        ms
        for ms, photo in zip(ours.cpu_ms, photos, strict=True)
        if photo.texts and f"{photo.path.parent.name}/{photo.path.name}" not in zxing.unread
    ]
    print(f"\nours where plain zxing-cpp reads: median {statistics.median(easy):.1f} ms")
    print("ours misread:", ours.misread or "none")
    print("ours unread:", ours.unread or "none")
    return {name: asdict(score) for name, score in scores.items()}


def ablation(photos: Sequence[Photo]) -> dict[str, object]:
    """What each step recovers alone after the first, what the cascade loses without it, its cost.

    Only pictures that the first step leaves unread are of interest.
    """
    first, *others = cascade.STEPS
    hard = [photo for photo in photos if photo.texts and not photo.texts <= read_by(photo, [first])]
    print(f"{len(hard)} pictures are not read by step {first.name!r}\n")
    whole = {photo.path for photo in hard if photo.texts <= read_by(photo, cascade.STEPS)}
    print("| step | alone recovers | lost without it | median ms |\n|---|---|---|---|")
    rows = {}
    for step in others:
        alone = sum(photo.texts <= read_by(photo, [first, step]) for photo in hard)
        rest = [other for other in cascade.STEPS if other is not step]
        lost = sum(p.path in whole and not p.texts <= read_by(p, rest) for p in hard)
        cost = statistics.median(cost_of(step, photo) for photo in hard)
        rows[step.name] = {"alone": alone, "lost_without": lost, "median_ms": cost}
        print(f"| {step.name} | {alone} | {lost} | {cost:.1f} |", flush=True)
    print(f"| all | {len(whole)} | | |")
    return rows


def read_by(photo: Photo, steps: Sequence[cascade.Step]) -> set[str]:
    """The texts that these steps believe, without a limit of time."""
    gray = open_gray(photo.path.read_bytes())
    decoded, _ = cascade.run(gray, budget_ms=60_000, steps=steps)
    return {comparable(one.text) for one in decoded}


def cost_of(step: cascade.Step, photo: Photo) -> float:
    """Processor milliseconds of one step alone."""
    gray = open_gray(photo.path.read_bytes())
    started = time.process_time()
    cascade.run(gray, budget_ms=60_000, steps=[step])
    return 1000 * (time.process_time() - started)


def hostile_files(photos: Sequence[Photo], count: int) -> Iterator[bytes]:
    """Corrupted, truncated, huge and lying files made of honest ones, the same at every run."""
    rng = random.Random(1)
    heads = (b"", b"GIF89a", b"II*\0", b"%!PS-Adobe-3.0 EPSF", b"<svg", b"RIFF\xff\xff\xff\xffWEBP")
    for number in range(count):
        whole = bytearray(rng.choice(photos).path.read_bytes())
        match number % 5:
            case 0:  # cut short
                yield bytes(whole[: rng.randrange(len(whole))])
            case 1:  # some bytes changed
                for _ in range(rng.randrange(1, 50)):
                    whole[rng.randrange(len(whole))] = rng.randrange(256)
                yield bytes(whole)
            case 2:  # a header that lies about the size
                yield picture_of_size(rng.choice((1, 3, 4000, 5000, 65_000)), rng.randrange(2))
            case 3:  # another kind of file
                yield rng.choice(heads) + rng.randbytes(rng.randrange(2000))
            case _:  # a second file behind the first
                yield bytes(whole) + b"<script>alert(1)</script>PK\x03\x04" + rng.randbytes(200)


def picture_of_size(side: int, is_whole: int) -> bytes:
    """A PNG of one colour that claims `side` x `side` pixels; whole or without its end."""
    packer = zlib.compressobj(9)
    rows = side if side <= 5000 else 10
    packed = b"".join(packer.compress(bytes(side + 1)) for _ in range(rows)) + packer.flush()
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, body in (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)),
        (b"IDAT", packed if is_whole else packed[: len(packed) // 2]),
        (b"IEND", b""),
    ):
        checksum = struct.pack(">I", zlib.crc32(name + body))
        parts.append(struct.pack(">I", len(body)) + name + body + checksum)
    return b"".join(parts)


def hostile(photos: Sequence[Photo], count: int) -> dict[str, object]:
    """Send hostile files to one decoding process; a crash or hang shows as "stopped"."""
    known = {text for photo in photos for text in photo.texts}
    outcomes: Counter[str] = Counter()
    process, peak, slowest = DecodingProcess(), 0, 0.0
    for image in hostile_files(photos, count):
        started = time.monotonic()
        try:
            decoded = process.decode(image, budget_ms=150)
            wrong = {comparable(one.text) for one in decoded} - known
            outcomes["misread" if wrong else "read" if decoded else "nothing read"] += 1
        except PictureError as refused:
            outcomes[refused.code] += 1
        except DecoderStoppedError:
            outcomes["stopped"] += 1
        slowest = max(slowest, time.monotonic() - started)
        peak = max(peak, process.peak_bytes() if process.child_id else 0)
    process.stop()
    print(f"{count} files: {dict(outcomes)}; slowest {slowest:.1f} s; peak {peak / 2**20:.0f} MiB")
    return {"outcomes": outcomes, "slowest_s": slowest, "peak_bytes": peak}


def main() -> None:
    """Parse the arguments and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=["building", "closing", "all"], default="building")
    parser.add_argument("--budget-ms", type=int, default=UPLOAD_BUDGET_MS)
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument("--hostile", type=int, default=0, help="send so many hostile files")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    READERS["ours"] = partial(with_ours, budget_ms=asked.budget_ms)
    photos = [photo for photo in photos_in(asked.folder) if is_in_half(photo.path, asked.half)]
    print(f"{len(photos)} pictures, half: {asked.half}\n")
    if asked.hostile:
        outcome = hostile(photos, asked.hostile)
    else:
        outcome = ablation(photos) if asked.ablation else compare(photos)
    if asked.json:
        asked.json.write_text(json.dumps(outcome, indent=1))


if __name__ == "__main__":
    main()
