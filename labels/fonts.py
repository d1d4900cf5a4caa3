"""Font files: where they are looked for, what they cover, how text becomes glyphs.

Noto Sans (SIL Open Font License, Debian `fonts-noto-core`) draws Latin, Greek, Cyrillic and
the other alphabets, Droid Sans Fallback (Apache 2.0, Debian `fonts-droid-fallback`) draws
traditional and simplified Chinese and kana, and NanumGothic (OFL, Debian `fonts-nanum`), where
it is installed, hangul. All are TrueType, which PDF embeds as it is. Each character is drawn by
the first font that has it; one that no font has is reported, never drawn as a box. HarfBuzz
shapes every run.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import uharfbuzz as hb

from labels import bidi
from labels.errors import FontsMissing, MissingFontFile

DEFAULT_FOLDERS = (
    "/usr/share/fonts/truetype/noto",
    "/usr/share/fonts/truetype/droid",
    "/usr/share/fonts/truetype/nanum",
    "/usr/share/fonts/noto",
    "/usr/share/fonts/droid",
    "/usr/local/share/fonts",
)

_NOTO = "fonts-noto-core"
_DROID = "fonts-droid-fallback"
# The order is the order of preference; the CJK fallback comes last because it also holds
# Latin letters of a coarser make.
_NOTO_SCRIPTS = (
    "",
    "Thai",
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Bengali",
    "Gujarati",
    "Gurmukhi",
    "Tamil",
    "Telugu",
    "Kannada",
    "Malayalam",
    "Sinhala",
    "Armenian",
    "Georgian",
    "Ethiopic",
    "Khmer",
    "Lao",
    "Myanmar",
)
_CJK_FILE = "DroidSansFallbackFull.ttf"
_OPTIONAL_FILES = (("NanumGothic.ttf", "NanumGothicBold.ttf"),)
_SYMBOL_FILES = ("NotoSansSymbols-Regular.ttf", "NotoSansSymbols2-Regular.ttf")
_JOINERS = "\u200c\u200d"
_REMEMBERED_LENGTH = 200
_SYNTHETIC_BOLD_EM = 0.03


class Ink(NamedTuple):
    """The edges of a glyph's ink in em: x to the right, y upwards from the baseline."""

    left: float
    top: float
    right: float
    bottom: float


class Font:
    """One font file. Advances and extents are fractions of the em."""

    def __init__(
        self, path: Path, *, synthetic_bold: bool = False, needs_shaping: bool = True
    ) -> None:
        self.path = path
        self.needs_shaping = needs_shaping
        self.synthetic_bold_em = _SYNTHETIC_BOLD_EM if synthetic_bold else 0.0
        self._extents: dict[int, Ink] = {}
        self._unshaped: dict[str, Glyph] = {}

    @property
    def name(self) -> str:
        return self.path.stem + ("-Emboldened" if self.synthetic_bold_em else "")

    @cached_property
    def face(self) -> hb.Face:
        return hb.Face(hb.Blob.from_file_path(str(self.path)))

    @cached_property
    def hb_font(self) -> hb.Font:
        return hb.Font(self.face)

    @cached_property
    def units_per_em(self) -> int:
        return int(self.face.upem)

    @cached_property
    def characters(self) -> frozenset[int]:
        return frozenset(self.face.unicodes)

    def unshaped(self, character: str) -> Glyph:
        """The glyph of a character of a script in which letters do not change each other."""
        known = self._unshaped.get(character)
        if known is None:
            glyph = self.hb_font.get_nominal_glyph(ord(character))
            advance = self.hb_font.get_glyph_h_advance(glyph) / self.units_per_em
            known = Glyph(self, glyph, advance, 0.0, 0.0, character)
            self._unshaped[character] = known
        return known

    def ink(self, glyph: int) -> Ink:
        """Where a glyph's ink lies around the pen on the baseline."""
        known = self._extents.get(glyph)
        if known is None:
            em = self.units_per_em
            extents = self.hb_font.get_glyph_extents(glyph)
            known = Ink(
                extents.x_bearing / em,
                extents.y_bearing / em,
                (extents.x_bearing + extents.width) / em,
                (extents.y_bearing + extents.height) / em,
            )
            self._extents[glyph] = known
        return known


class Glyph(NamedTuple):
    """One glyph of a shaped line; ``text`` is what it stands for, '' for a continuation.

    A named tuple because thousands are made a second, and a frozen dataclass takes twice as
    long to make.
    """

    font: Font
    glyph: int
    advance: float
    shift_x: float
    shift_y: float
    text: str


@dataclass(frozen=True, slots=True)
class ShapedLine:
    """A line as it appears from left to right, measured in em.

    ``top`` and ``bottom`` bound the ink above the baseline; ``width`` holds all of the ink, and
    ``lead`` is how far the pen starts inside it, which is 0 but for marks that hang out to the
    left. ``missing`` are the characters that no font has (nothing is drawn for them).
    """

    text: str
    glyphs: tuple[Glyph, ...]
    width: float
    lead: float
    top: float
    bottom: float
    right_to_left: bool
    missing: str


def clean(text: str) -> str:
    """The text without what has no printed form.

    White space of any kind becomes a space; control, bidi-control and variation characters go
    (joiners stay: Arabic and Indic shaping needs them). The result is in normal form C.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    kept = []
    for character in unicodedata.normalize("NFC", text):
        if character.isspace():
            kept.append(" ")
        elif character in _JOINERS or not _is_invisible(character):
            kept.append(character)
    return "".join(kept).strip()


def _is_invisible(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Cc", "Cf")
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


class _FontChoice(dict[str, Font | None]):
    """For each character the first of the fonts that has it, found out when first asked."""

    def __init__(self, fonts: tuple[Font, ...]) -> None:
        super().__init__()
        self._fonts = fonts

    def __missing__(self, character: str) -> Font | None:
        code = ord(character)
        chosen = next((font for font in self._fonts if code in font.characters), None)
        self[character] = chosen
        return chosen


class FontSet:
    """The fonts of one weight-pair and the memory of what was shaped with them."""

    def __init__(self, *, regular: tuple[Font, ...], bold: tuple[Font, ...]) -> None:
        self.regular = regular
        self.bold = bold
        self._choice = {False: _FontChoice(regular), True: _FontChoice(bold)}
        self._remembered = lru_cache(maxsize=4096)(self._shape)

    def font_of(self, character: str, *, bold: bool = False) -> Font | None:
        """The font that draws the character, or None."""
        return self._choice[bold][character]

    def shape(self, text: str, bold: bool) -> ShapedLine:
        """Glyphs of one cleaned line in visual order.

        Lines of usual length are remembered; long ones would only fill the memory.
        """
        if len(text) > _REMEMBERED_LENGTH:
            return self._shape(text, bold)
        return self._remembered(text, bold)

    def _shape(self, text: str, bold: bool) -> ShapedLine:
        right_to_left = bidi.has_right_to_left(text)
        base = right_to_left and bidi.is_right_to_left(text)
        if right_to_left:
            runs = bidi.visual_runs(text, base_right_to_left=base)
        else:
            runs = (bidi.DirectedRun(0, len(text), False),)
        glyphs: list[Glyph] = []
        missing: list[str] = []
        for run in runs:
            pieces = list(self._font_runs(text[run.start : run.end], bold=bold))
            for font, piece in reversed(pieces) if run.right_to_left else pieces:
                if font is None:
                    missing.extend(piece)
                else:
                    glyphs.extend(_shape_run(font, piece, right_to_left=run.right_to_left))
        return _measured(text, tuple(glyphs), right_to_left=base, missing="".join(missing))

    def _font_runs(self, text: str, *, bold: bool) -> Iterator[tuple[Font | None, str]]:
        """Stretches of one font; marks, joiners and spaces stay with what precedes them."""
        fonts = list(map(self._choice[bold].__getitem__, text))
        if len(set(fonts)) == 1:
            yield fonts[0], text
            return
        current: Font | None = None
        start = 0
        for index, font in enumerate(fonts):
            if index == 0:
                current = font
            elif font is not current and not _stays(text[index], current):
                yield current, text[start:index]
                current, start = font, index
        if text:
            yield current, text[start:]


def _stays(character: str, font: Font | None) -> bool:
    if character in _JOINERS:
        return True
    follows = character == " " or unicodedata.category(character).startswith("M")
    return follows and font is not None and ord(character) in font.characters


def _shape_run(font: Font, text: str, *, right_to_left: bool) -> list[Glyph]:
    if not font.needs_shaping or (text.isascii() and text.isdigit()):  # figures stand alone
        return [font.unshaped(character) for character in text]
    buffer = hb.Buffer()
    buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if right_to_left else "ltr"
    hb.shape(font.hb_font, buffer)
    infos = buffer.glyph_infos
    texts = _cluster_texts(text, [info.cluster for info in infos])
    em = font.units_per_em
    return [
        Glyph(
            font,
            info.codepoint,
            position.x_advance / em,
            position.x_offset / em,
            position.y_offset / em,
            stands_for,
        )
        for info, position, stands_for in zip(infos, buffer.glyph_positions, texts, strict=True)
    ]


def _cluster_texts(text: str, clusters: list[int]) -> list[str]:
    """What each glyph stands for: the first glyph of a cluster takes all of its characters."""
    if clusters == list(range(len(text))):
        return list(text)
    starts = sorted(set(clusters))
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    texts: list[str] = []
    seen: set[int] = set()
    for cluster in clusters:
        part = "" if cluster in seen else text[cluster : ends[cluster]]
        seen.add(cluster)
        texts.append(part)
    return texts


def _measured(
    text: str, glyphs: tuple[Glyph, ...], *, right_to_left: bool, missing: str
) -> ShapedLine:
    top = bottom = left = right = pen = 0.0
    for font, glyph, advance, shift_x, shift_y, _ in glyphs:
        ink = font.ink(glyph)
        if ink.top + shift_y > top:
            top = ink.top + shift_y
        if ink.bottom + shift_y < bottom:
            bottom = ink.bottom + shift_y
        if pen + shift_x + ink.left < left:
            left = pen + shift_x + ink.left
        if pen + shift_x + ink.right > right:
            right = pen + shift_x + ink.right
        pen += advance
    return ShapedLine(
        text=text,
        glyphs=glyphs,
        width=max(pen, right) - left,
        lead=-left,
        top=top,
        bottom=bottom,
        right_to_left=right_to_left,
        missing=missing,
    )


@lru_cache(maxsize=4)
def load_fonts(folders: tuple[str, ...] = DEFAULT_FOLDERS) -> FontSet:
    """The fonts found in ``folders``, searched in order and not below them.

    Raises `FontsMissing`, which names the Debian packages.
    """
    wanted: list[tuple[str, str, str]] = [
        (f"NotoSans{script}-Regular.ttf", f"NotoSans{script}-Bold.ttf", _NOTO)
        for script in _NOTO_SCRIPTS
    ]
    wanted += [(symbols, symbols, _NOTO) for symbols in _SYMBOL_FILES]
    wanted.append((_CJK_FILE, _CJK_FILE, _DROID))
    missing: list[MissingFontFile] = []
    regular: list[Font] = []
    bold: list[Font] = []
    for regular_name, bold_name, package in wanted:
        for name, fonts, is_bold in ((regular_name, regular, False), (bold_name, bold, True)):
            path = _find(name, folders)
            if path is None:
                missing.append(MissingFontFile(name, package))
            else:
                synthetic_bold = is_bold and regular_name == bold_name
                shaping = name != _CJK_FILE
                fonts.append(Font(path, synthetic_bold=synthetic_bold, needs_shaping=shaping))
    for regular_name, bold_name in _OPTIONAL_FILES:
        pair = _find(regular_name, folders), _find(bold_name, folders)
        if pair[0] and pair[1]:
            regular.append(Font(pair[0]))
            bold.append(Font(pair[1]))
    if missing:
        raise FontsMissing(missing=tuple(dict.fromkeys(missing)), folders=folders)
    return FontSet(regular=tuple(regular), bold=tuple(bold))


def _find(name: str, folders: Sequence[str]) -> Path | None:
    candidates = (Path(folder).expanduser() / name for folder in folders)
    return next((path for path in candidates if path.is_file()), None)
