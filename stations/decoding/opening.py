"""Opening a picture that a stranger sent: type by content, size before pixels, no metadata kept."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from stations.decoding.values import Gray

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
"""What phones, browsers and document cameras send. Everything else is refused by its content:
TIFF, EPS and the like bring decoders with a long history of holes."""

LARGEST_FILE_BYTES = 20_000_000
LARGEST_PIXELS = 20_000_000
"""A 20 kB file can claim 169 million pixels: refused from its header, before any is unpacked."""

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
    if len(image) > LARGEST_FILE_BYTES:
        raise PictureError("too-many-bytes")
    try:
        with Image.open(BytesIO(image), formats=FORMATS) as picture:
            if picture.width * picture.height > LARGEST_PIXELS:
                raise PictureError("too-many-pixels")
            return _gray(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise PictureError("too-many-pixels") from bomb
    except UnidentifiedImageError as unknown:
        raise PictureError("not-a-picture") from unknown
    except PictureError:
        raise
    except _DAMAGE as damage:
        raise PictureError("damaged") from damage


def _gray(picture: Image.Image) -> Gray:
    upright = ImageOps.exif_transpose(picture)
    if upright.mode == "P" or "transparency" in upright.info:
        upright = upright.convert("RGBA")
    if upright.mode in ("RGBA", "LA", "PA"):
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright)
    if upright.mode.startswith("I"):  # 16 bits a pixel; Pillow's own conversion clips them
        return (np.asarray(upright, dtype=np.int64) // 256).clip(0, 255).astype(np.uint8)
    return np.array(upright.convert("L"), dtype=np.uint8)
