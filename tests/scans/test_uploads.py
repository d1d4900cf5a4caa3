"""Pictures that strangers send: refused by content and size, decoded behind limits."""

import os
import signal
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from stations.decoding import (
    DecoderStoppedError,
    PictureError,
    decode,
    decode_and_copy,
    decode_upload,
)
from stations.decoding.opening import LARGEST_FILE_BYTES
from stations.decoding.worker import DecodingProcess

TEXT = "9521234543213"


def picture(kind: str = "PNG") -> bytes:
    """A picture with one EAN-13."""
    code = zxingcpp.create_barcode(TEXT, zxingcpp.BarcodeFormat.EAN13).to_image(scale=3)
    file = BytesIO()
    Image.fromarray(np.array(code)).save(file, kind)
    return file.getvalue()


def bomb(side: int) -> bytes:
    """A small PNG file that unpacks to side x side pixels of white."""

    def chunk(name: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)

    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * side
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_photograph_is_decoded_in_its_own_process(kind: str) -> None:
    (found,) = decode_upload(picture(kind))
    assert found == decode(picture(kind))[0]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("L", "PNG"),
        ("I;16", "PNG"),
        ("LA", "PNG"),
        ("P", "GIF"),
        ("CMYK", "JPEG"),
        ("RGBA", "WEBP"),
    ],
)
def test_a_copy_to_keep_is_a_plain_jpeg_on_which_the_code_can_be_read(mode: str, kind: str) -> None:
    file = BytesIO()
    Image.open(BytesIO(picture())).convert("L").convert(mode).save(file, kind)
    read = decode_and_copy(file.getvalue())
    assert read.decoded == decode_upload(file.getvalue())
    copy = Image.open(BytesIO(read.jpeg))
    assert (copy.format, copy.mode) == ("JPEG", "RGB")
    assert [one.text for one in decode(read.jpeg)] == [TEXT]


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "PPM", "EPS", "ICO", "TGA"])
def test_other_kinds_are_refused_by_their_content(kind: str) -> None:
    with pytest.raises(PictureError, match="not-a-picture"):
        decode_upload(picture(kind))


@pytest.mark.parametrize(
    "text", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"PK\x03\x04" + b"\0" * 60]
)
def test_other_files_are_refused(text: bytes) -> None:
    with pytest.raises(PictureError, match="not-a-picture"):
        decode_upload(text)


def test_a_bomb_is_refused_from_its_header() -> None:
    packed = bomb(5000)
    assert len(packed) < 50_000
    with pytest.raises(PictureError, match="too-many-pixels"):
        decode_upload(packed)


def test_a_header_that_claims_billions_of_pixels_is_refused() -> None:
    lie = bytearray(bomb(8))
    lie[16:24] = struct.pack(">II", 60_000, 60_000)
    lie[29:33] = struct.pack(">I", zlib.crc32(bytes(lie[12:29])))
    with pytest.raises(PictureError, match="too-many-pixels"):
        decode_upload(bytes(lie))


def test_a_file_that_is_too_long_is_refused_before_it_is_sent_on() -> None:
    with pytest.raises(PictureError, match="too-many-bytes"):
        decode_upload(b"\xff\xd8" + b"\0" * LARGEST_FILE_BYTES)


def test_a_truncated_picture_is_refused() -> None:
    with pytest.raises(PictureError, match="damaged"):
        decode_upload(picture()[:200])


def test_a_page_hidden_behind_a_picture_changes_nothing() -> None:
    (found,) = decode_upload(picture("GIF") + b"<script>alert(1)</script>")
    assert found.text == TEXT


def test_a_dead_child_costs_one_answer_at_most() -> None:
    process = DecodingProcess()
    try:
        assert process.decode(picture(), budget_ms=500)
        os.kill(process.child_id, signal.SIGSTOP)
        with pytest.raises(DecoderStoppedError):
            process.decode(picture(), budget_ms=500, answer_seconds=0.3)
        assert [one.text for one in process.decode(picture(), budget_ms=500)] == [TEXT]
        os.kill(process.child_id, signal.SIGKILL)
        os.waitid(os.P_PID, process.child_id, os.WEXITED | os.WNOWAIT)
        assert [one.text for one in process.decode(picture(), budget_ms=500)] == [TEXT]
    finally:
        process.stop()


def test_the_largest_allowed_picture_fits_into_the_memory_limit() -> None:
    noise = np.random.default_rng(1).integers(0, 256, size=(4000, 5000), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(noise).convert("RGB").save(file, "JPEG", quality=30)
    process = DecodingProcess()
    try:
        assert process.decode(file.getvalue(), budget_ms=1500) == []
        assert process.peak_bytes() < 300 * 1024**2
    finally:
        process.stop()
