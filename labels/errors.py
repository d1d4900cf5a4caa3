"""What can go wrong when a label is made.

    LabelError
     ├── NothingToPrint        an empty list of documents
     ├── FontsMissing          a font file is not installed; names the Debian package
     └── UnprintableDocument   lists every problem of the document
          problems: UnknownCharacters | DoesNotFit | BadBarcode

Codes are stable and kebab-case; the sentences are for logs, a page makes its own from the
fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class LabelError(Exception):
    """Anything that keeps a document from being drawn."""

    code: ClassVar[str] = "label-error"


class NothingToPrint(LabelError):
    """An empty list of documents was handed in."""

    code = "nothing-to-print"


@dataclass(frozen=True)
class MissingFontFile:
    """A font file that was not found, and the Debian package that brings it."""

    file_name: str
    package: str


class FontsMissing(LabelError):
    """Font files are not installed; nothing is drawn rather than boxes."""

    code = "fonts-missing"

    def __init__(self, *, missing: tuple[MissingFontFile, ...], folders: tuple[str, ...]) -> None:
        self.missing = missing
        self.folders = folders
        packages = " ".join(sorted({font.package for font in missing}))
        files = ", ".join(font.file_name for font in missing)
        super().__init__(
            f"font files not found: {files}; on Debian run `apt-get install {packages}` "
            f"(searched {', '.join(folders)})"
        )


@dataclass(frozen=True)
class UnknownCharacters:
    """A field holds characters that no installed font can draw."""

    code: ClassVar[str] = "unknown-characters"
    field: str
    characters: str

    def __str__(self) -> str:
        shown = ", ".join(f"U+{ord(character):04X}" for character in self.characters)
        return f"{self.field}: no font draws {shown}"


@dataclass(frozen=True)
class DoesNotFit:
    """A field that must be read whole does not fit its box at the smallest readable size."""

    code: ClassVar[str] = "does-not-fit"
    field: str
    length: int

    def __str__(self) -> str:
        return f"{self.field}: {self.length} characters do not fit"


@dataclass(frozen=True)
class BadBarcode:
    """A field cannot be drawn as the barcode it should be."""

    code: ClassVar[str] = "bad-barcode"
    field: str
    content: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.content[:60]!r} {self.reason}"


Problem = UnknownCharacters | DoesNotFit | BadBarcode


class UnprintableDocument(LabelError):
    """The document has fields that cannot be printed; ``problems`` lists all of them."""

    code = "unprintable-document"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem) for problem in problems))
