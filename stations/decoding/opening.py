"""Opening a picture that a stranger sent: type by content, size before pixels, no metadata kept."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from stations.decoding.values import Gray

Made = TypeVar("Made")

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
"""What phones, browsers and document cameras send. Everything else is refused by its content:
TIFF, EPS and the like bring decoders with a long history of holes."""

LARGEST_FILE_BYTES = 20_000_000
LARGEST_PIXELS = 20_000_000
"""A 20 kB file can claim 169 million pixels: refused from its header, before any is unpacked."""

COPY_PIXELS = 1600
"""The longer side of a kept copy: a label on it can still be read."""

COPY_QUALITY = 80

_DAMAGE = (
    OSError,  # truncated or unknown; UnidentifiedImageError is one
    SyntaxError,  # Pillow's word for a broken PNG or JPEG
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,  # where warnings are errors
)
"""What Pillow's readers raise on damaged files."""


class PictureError(ValueError):
    """The bytes are not a picture that is decoded.

    `code` is "too-many-bytes", "too-many-pixels", "not-a-picture" or "damaged".
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def open_gray(image: bytes) -> Gray:
    """The brightness of a picture, upright as its camera meant it, transparency on white.

    Raises PictureError.
    """
    return _made_of(image, _gray)


def clean_copy(image: bytes) -> bytes:
    """The picture drawn anew as a JPEG of at most 1,600 pixels a side, upright, in colour.

    Nothing but the pixels is taken over: no place, time or device, no hidden second file.
    Raises PictureError.
    """
    return _made_of(image, _redrawn)


def _made_of(image: bytes, make: Callable[[Image.Image], Made]) -> Made:
    if len(image) > LARGEST_FILE_BYTES:
        raise PictureError("too-many-bytes")
    try:
        with Image.open(BytesIO(image), formats=FORMATS) as picture:
            if picture.width * picture.height > LARGEST_PIXELS:
                raise PictureError("too-many-pixels")
            return make(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise PictureError("too-many-pixels") from bomb
    except UnidentifiedImageError as unknown:
        raise PictureError("not-a-picture") from unknown
    except PictureError:
        raise
    except _DAMAGE as damage:
        raise PictureError("damaged") from damage


def _redrawn(picture: Image.Image) -> bytes:
    picture.draft("RGB", (COPY_PIXELS, COPY_PIXELS))  # a large JPEG is unpacked small
    picture.thumbnail((COPY_PIXELS, COPY_PIXELS))
    upright = _on_white(ImageOps.exif_transpose(picture))
    copy = Image.new("RGB", upright.size)  # a converted picture would keep its comment
    copy.paste(upright.convert("RGB"))
    file = BytesIO()
    copy.save(file, "JPEG", quality=COPY_QUALITY)
    return file.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode not in ("RGBA", "LA", "PA", "P") and "transparency" not in picture.info:
        return picture
    solid = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", solid.size, "white"), solid)


def _gray(picture: Image.Image) -> Gray:
    upright = _on_white(ImageOps.exif_transpose(picture))
    if upright.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion clips them
        return (np.asarray(upright, dtype=np.int64) // 256).clip(0, 255).astype(np.uint8)
    return np.array(upright.convert("L"), dtype=np.uint8)
