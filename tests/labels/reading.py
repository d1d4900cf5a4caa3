"""Reads labels back: pictures by two decoders, text by pdfminer and PDFium."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pypdfium2
import zxingcpp
from numpy.typing import NDArray
from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pyzbar import pyzbar
from pyzbar.pyzbar import ZBarSymbol

Picture = NDArray[np.uint8]
_OUR_SYMBOLS = [ZBarSymbol.CODE128, ZBarSymbol.EAN13, ZBarSymbol.I25, ZBarSymbol.QRCODE]


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
    return {found.data for found in pyzbar.decode(picture, symbols=_OUR_SYMBOLS)}


def text_of(pdf: bytes) -> str:
    """The text layer as pdfminer reads it, in the order in which it is written.

    Without pdfminer's layout analysis, which sorts marks above a letter into other lines.
    """
    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=None)
    interpreter = PDFPageInterpreter(resources, device)
    said: list[str] = []
    for page in PDFPage.get_pages(io.BytesIO(pdf)):
        interpreter.process_page(page)
        said += [item.get_text() for item in device.get_result() if isinstance(item, LTChar)]
        said.append("\n")
    return "".join(said)
