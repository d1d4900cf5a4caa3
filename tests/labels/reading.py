"""Reads labels back: pictures by two decoders, text by pdfminer and PDFium."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pypdfium2
import zxingcpp
from numpy.typing import NDArray
from pdfminer.high_level import extract_text
from pyzbar import pyzbar

Picture = NDArray[np.uint8]


def pictures(pdf: bytes, *, dpi: int = 203) -> Iterator[Picture]:
    """Every page of a PDF as a grey picture, as a printer of that resolution shows it."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            bitmap = page.render(scale=dpi / 72, grayscale=True)
            yield np.array(bitmap.to_numpy()).reshape(bitmap.height, bitmap.width)
    finally:
        document.close()


def read_by_zxing(picture: Picture) -> set[tuple[str, bytes]]:
    """(AIM identifier, content) of every barcode that zxing-cpp finds."""
    return {(found.symbology_identifier, found.bytes) for found in zxingcpp.read_barcodes(picture)}


def read_by_zbar(picture: Picture) -> set[bytes]:
    """Content of every barcode that ZBar finds."""
    return {found.data for found in pyzbar.decode(picture)}


def text_of(pdf: bytes) -> str:
    """The text layer, by pdfminer."""
    return extract_text(io.BytesIO(pdf))
