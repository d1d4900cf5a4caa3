"""Text: fonts that are missing, characters that no font has, shaping, direction, line breaks."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from pdfminer.pdfpage import PDFPage
from pdfminer.pdftypes import resolve1

from labels import FontsMissing, load_fonts, problems_of, render_pdf
from labels.bidi import is_right_to_left, visual_runs
from labels.fonts import DEFAULT_FOLDERS, clean
from labels.layout import (
    Align,
    Box,
    Overflow,
    PlacedText,
    Text,
    break_words,
    set_text,
)
from tests.labels.samples import SHIPPING

FONTS = load_fonts()
BOX = Box(10, 10, 40, 12)


def set_in_box(text: str, **changes: object) -> PlacedText:
    element = Text(field="name", box=BOX, paragraphs=(text,), size_mm=4)
    placed = set_text(replace(element, **changes), FONTS)
    assert isinstance(placed, PlacedText)
    return placed


def as_seen(text: str) -> str:
    """The line as its characters follow each other on paper, from left to right."""
    runs = visual_runs(text, base_right_to_left=is_right_to_left(text))
    return "".join(
        text[run.start : run.end][::-1] if run.right_to_left else text[run.start : run.end]
        for run in runs
    )


def test_a_machine_without_the_fonts_is_told_which_packages_to_install(tmp_path: Path) -> None:
    with pytest.raises(FontsMissing) as refusal:
        load_fonts((str(tmp_path),))
    assert "apt-get install fonts-droid-fallback fonts-noto-core" in str(refusal.value)
    assert "NotoSans-Regular.ttf" in {font.file_name for font in refusal.value.missing}


def test_fonts_are_found_in_a_folder_of_ones_own(tmp_path: Path) -> None:
    for folder in DEFAULT_FOLDERS:
        for file in Path(folder).glob("*.ttf") if Path(folder).is_dir() else ():
            (tmp_path / file.name).symlink_to(file)
    assert load_fonts((str(tmp_path),)).font_of("繁") is not None


@pytest.mark.parametrize(
    "text",
    ["繁體中文鹽埕", "简体中文盐埕", "Łódź Ế", "Київ", "Ώρα", "ไทย", "عربي", "עברית", "हिन्दी"],
)
def test_every_promised_script_has_a_font_regular_and_bold(text: str) -> None:
    for bold in (False, True):
        shaped = FONTS.shape(text, bold)
        assert shaped.missing == ""
        assert all(glyph.glyph != 0 for glyph in shaped.glyphs), "glyph 0 is the box"


@pytest.mark.parametrize("character", ["𠮷", "鿏", "😀", "\ue000", "\ud800"])
def test_a_character_that_no_font_has_is_reported_and_nothing_is_drawn(character: str) -> None:
    assert FONTS.shape(f"A{character}", False).missing == character
    (problem,) = problems_of(replace(SHIPPING, service=f"A{character}"))
    assert (problem.code, problem.field) == ("unknown-characters", "service")


def test_arabic_letters_are_joined() -> None:
    word = FONTS.shape("سلام", False)
    alone = [FONTS.shape(letter, False).glyphs[0].glyph for letter in "سلام"]
    assert not {glyph.glyph for glyph in word.glyphs} & set(alone[:1])
    assert len(word.glyphs) == 3, "lam and alef are one glyph"
    assert word.right_to_left


@pytest.mark.parametrize("bold", [False, True])
def test_figures_need_no_shaping(bold: bool) -> None:
    """A speed-up leaves HarfBuzz out for runs of figures: between letters it is asked, and agrees."""
    for figures in ("0123456789", "1170741", "77"):
        alone = FONTS.shape(figures, bold)
        between = FONTS.shape(f"H{figures}H", bold).glyphs[1:-1]
        assert [glyph[:5] for glyph in alone.glyphs] == [glyph[:5] for glyph in between]


def test_thai_marks_stand_above_their_letter() -> None:
    plain, marked = FONTS.shape("ก", False), FONTS.shape("ก้", False)
    assert marked.width == pytest.approx(plain.width, abs=0.02)
    assert marked.top > plain.top
    stacked = FONTS.shape("กี้", False)
    assert stacked.top > marked.top


def test_devanagari_vowel_i_stands_before_its_letter() -> None:
    glyphs = FONTS.shape("कि", False).glyphs
    assert glyphs[1].glyph == FONTS.shape("क", False).glyphs[0].glyph


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("abc", "abc"),
        ("שלום", "םולש"),
        ("רחוב הרצל 12", "12 לצרה בוחר"),
        ("Gate שלום 7", "Gate 7 םולש"),
        ("שלום Gate 7!", "!Gate 7 םולש"),
        ("طريق 15/3", "15/3 قيرط"),
        ("٣٤ شارع", "عراش ٣٤"),
        ("(שלום)", "(םולש)"),
        ("5% שלום", "םולש 5%"),
        ("+886 2 שלום", "םולש 2 886+"),
    ],
)
def test_right_to_left_text_is_ordered_as_unicode_says(written: str, seen: str) -> None:
    mirrored = str.maketrans("()", ")(")
    shown = as_seen(written)
    assert shown in (seen, seen.translate(mirrored))


@pytest.mark.parametrize(
    ("raw", "printed"),
    [
        ("  a\tb\r\nc ", "a b  c"),
        ("A\x00\x1bB\x7f", "AB"),
        ("\u202eevil\u202c", "evil"),
        ("e\u0301", "é"),
        ("A\ufe0fB\u200b", "AB"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_what_has_no_printed_form_is_dropped(raw: str, printed: str) -> None:
    assert clean(raw) == printed


def test_chinese_breaks_between_characters_but_not_before_a_comma() -> None:
    assert break_words("台北,信義(區)A1 b") == ["台", "北,", "信", "義", "(區)A1 ", "b"]


def test_text_first_wraps_and_shrinks_and_only_then_is_cut() -> None:
    short, long, endless = (set_in_box("Dock road " * n) for n in (1, 6, 300))
    assert short.lines[0].size_mm == 4
    assert len(long.lines) > 1
    assert long.lines[-1].size_mm < 4
    assert "…" not in long.lines[-1].shaped.text
    assert endless.lines[-1].shaped.text.endswith("…")
    for placed in (short, long, endless):
        for line in placed.lines:
            assert line.x + line.shaped.width * line.size_mm <= BOX.right + 1e-6
            assert line.y - line.shaped.top * line.size_mm >= BOX.top - 1e-6
            assert line.y - line.shaped.bottom * line.size_mm <= BOX.bottom + 1e-6


def test_a_field_that_must_be_read_whole_is_refused_rather_than_cut() -> None:
    text = Text(field="bin", box=BOX, paragraphs=("X" * 3000,), size_mm=4, overflow=Overflow.REFUSE)
    problem = set_text(text, FONTS)
    assert not isinstance(problem, PlacedText)
    assert str(problem) == "bin: 3000 characters do not fit"


def test_right_to_left_lines_start_at_the_right_side_of_their_box() -> None:
    (line,) = set_in_box("שלום").lines
    assert line.x + line.shaped.width * line.size_mm == pytest.approx(BOX.right)
    (line,) = set_in_box("Dock").lines
    assert line.x == pytest.approx(BOX.left, abs=0.1)
    (line,) = set_in_box("Dock", align=Align.END).lines
    assert line.x + line.shaped.width * line.size_mm == pytest.approx(BOX.right)


def test_every_font_of_the_pdf_is_embedded_and_cut_down() -> None:
    pdf = render_pdf(SHIPPING)
    (page,) = PDFPage.get_pages(io.BytesIO(pdf))
    fonts = [resolve1(font) for font in resolve1(resolve1(page.resources)["Font"]).values()]
    assert len(fonts) == 4, "Noto Sans and Droid Sans Fallback, regular and bold"
    for font in fonts:
        (descendant,) = (resolve1(part) for part in resolve1(font["DescendantFonts"]))
        file = resolve1(resolve1(descendant["FontDescriptor"])["FontFile2"])
        assert len(file.get_data()) < 30_000
    assert len(pdf) < 60_000
