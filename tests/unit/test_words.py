"""The catalogues hold every word that people read, with its gaps, by the terms of the trade."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel

import fulfillment
from fulfillment.paper import paper_words
from fulfillment.services.people import LOCALES
from labels import ENGLISH

ROOT = Path(fulfillment.__file__).parent.parent
CATALOGUES = ROOT / "fulfillment" / "translations"
TRANSLATED = tuple(locale for locale in LOCALES if locale != "en")
each_language = pytest.mark.parametrize("locale", TRANSLATED)

GAP = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")
LATIN = re.compile(r"[A-Za-z]{2,}")
FOREIGN_NAMES = {
    "ABC", "API", "CHEAPEST", "CSV", "CUPS", "Content", "Enter", "GS", "HID", "HTTPS", "IPP", "JPEG", "JSON",
    "PC", "PDF", "PIN", "PNG", "SSCC", "Standard", "Type", "USB", "UTF", "WebP", "Webhook", "Webhooks",
    "XLSX", "aisle", "application",
    "bin", "cross", "depot", "https", "ipp", "json", "mm",
}  # fmt: skip
"""Names of keys, formats and standards that are the same in every language."""

GLOSSARY = {
    "badge": ("員工證", "工牌"),
    "barcode": ("條碼", "条码"),
    "bin": ("儲位", "库位"),
    "carrier": ("承運商", "承运商"),
    "carton": ("紙箱", "纸箱"),
    "cut-off": ("截單時間", "截单时间"),
    "customer": ("客戶", "客户"),
    "label": ("標籤", "面单"),
    "lot": ("批號", "批号"),
    "parcel": ("包裹", "包裹"),
    "pick list": ("揀貨單", "拣货单"),
    "picker": ("揀貨員", "拣货员"),
    "printer": ("印表機", "打印机"),
    "product": ("商品", "商品"),
    "put-back": ("歸位", "归位"),
    "scale": ("磅秤", "电子秤"),
    "seller": ("賣家", "卖家"),
    "shipment": ("出貨單", "发货单"),
    "sku": ("貨號", "货号"),
    "supervisor": ("主管", "主管"),
    "task": ("任務", "任务"),
    "tote": ("物流箱", "周转箱"),
    "warehouse": ("倉", "仓"),
    "wave": ("波次", "波次"),
}
"""One term for one thing: wherever the English has the word, (繁體中文, 简体中文) have theirs."""
SAID_OTHERWISE = {
    "%(num)s label is in the queue of %(printer)s.",
    "Carrier services",
    "No label fits this choice.",
    "No void label waits for a printer, and a job that was sent has the moment it began.",
    "Nothing waits for the scale (%(state)s).",
    "Print labels",
    "Print labels of %(warehouse)s",
    "Print labels…",
    "Say which labels, or leave everything open for all of them; look first, then print.",
    "at the printer",
    "bin labels",
    "cart labels",
    "is no carrier service: %(text)s",
    "labels of the put wall",
    "labels queued on a printer",
    "product labels",
    "stop of a pick list",
    "the printer failed",
    "tote labels",
    "waits for the printer",
}
"""Where Chinese names what is done and not the thing, or has two words: 面单 is on a parcel only."""

Id = tuple[str, str]
"""A context ('' for none) and the English; of a plural its singular."""


@cache
def used() -> dict[Id, tuple[str, ...]]:
    """What the sources ask the catalogues for: the English, of a plural both forms."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found: dict[Id, tuple[str, ...]] = {}
    for _file, _line, text, _comments, context in extract_from_dir(ROOT, methods, options):
        forms = text if isinstance(text, tuple) else (text,)
        found[context or "", forms[0]] = forms
    return found


@cache
def catalogue(locale: str) -> Catalog:
    """The translations of a language as a person edits them."""
    with (CATALOGUES / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def translations(locale: str) -> Iterator[tuple[Id, tuple[str, ...], str]]:
    """Id, all English forms, and the translation; Chinese has one form."""
    for message in catalogue(locale):
        if not message.id:
            continue
        forms = message.id if isinstance(message.id, tuple) else (message.id,)
        text = message.string if isinstance(message.string, str) else message.string[0]
        yield (message.context or "", forms[0]), forms, text


def test_the_sources_have_words() -> None:
    assert len(used()) > 1000


@each_language
def test_every_word_has_its_translation(locale: str) -> None:
    done = {
        key: forms
        for key, forms, text in translations(locale)
        if text.strip() and not catalogue(locale).get(forms[0], key[0] or None).fuzzy
    }
    missing = [key for key, forms in used().items() if done.get(key) != forms]
    assert missing == [], "run `make words`, and translate what is empty"


@each_language
def test_no_translation_is_left_of_a_word_that_is_gone(locale: str) -> None:
    gone = [key for key, _forms, _text in translations(locale) if key not in used()]
    assert gone == [], "run `make words`"


@each_language
def test_a_translation_keeps_the_gaps_of_its_sentence(locale: str) -> None:
    for _key, forms, text in translations(locale):
        assert set(GAP.findall(text)) == {gap for form in forms for gap in GAP.findall(form)}, text


@each_language
def test_the_compiled_catalogue_is_the_one_that_people_edit(locale: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(locale))
    found = (CATALOGUES / locale / "LC_MESSAGES" / "messages.mo").read_bytes()
    assert found == compiled.getvalue(), "run `make words`"


@each_language
def test_no_english_is_left_in_a_translation(locale: str) -> None:
    for _key, _forms, text in translations(locale):
        assert set(LATIN.findall(GAP.sub("", text))) <= FOREIGN_NAMES, text


@pytest.mark.parametrize(("locale", "charset"), [("zh_Hant", "big5"), ("zh_Hans", "gb2312")])
def test_a_language_is_written_in_its_own_characters(locale: str, charset: str) -> None:
    """The national character sets hold only the characters in use there."""
    for _key, _forms, text in translations(locale):
        re.sub(r"[^\u4e00-\u9fff]", "", text).encode(charset)


@each_language
@pytest.mark.parametrize("thing", GLOSSARY)
def test_one_thing_has_one_term(locale: str, thing: str) -> None:
    term = GLOSSARY[thing][TRANSLATED.index(locale)]
    word = re.compile(rf"\b{re.escape(thing)}s?\b", re.IGNORECASE)
    others = [
        english
        for (_context, english), _forms, text in translations(locale)
        if word.search(GAP.sub("", english)) and term not in text
    ]
    assert [one for one in others if one not in SAID_OTHERWISE] == []


def test_the_words_on_paper_are_in_english_those_of_the_labels_package() -> None:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        assert asdict(paper_words()) == asdict(ENGLISH)


# --- nothing escapes the catalogues ----------------------------------------------------------

TEMPLATES = [
    path
    for path in sorted((ROOT / "templates").rglob("*.html"))
    if path.relative_to(ROOT / "templates").as_posix() != "api/docs.html"  # for programmers
]
each_template = pytest.mark.parametrize(
    "template", TEMPLATES, ids=[path.relative_to(ROOT).as_posix() for path in TEMPLATES]
)
READ_OUT = ("alt", "aria-label", "placeholder", "title")
"""Attributes whose text people read or hear."""


class _Words(HTMLParser):
    """The words between the tags, and those of the attributes that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += re.findall(r"[^\W\d_]{2,}", data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        for name, value in attrs:
            if name in READ_OUT:
                self.found += re.findall(r"[^\W\d_]{2,}", value or "")


@each_template
def test_no_word_of_a_template_escapes_the_catalogues(template: Path) -> None:
    """Between its tags, and in what is read out, a template has only expressions and signs."""
    parser = _Words()
    text = template.read_text(encoding="utf-8")
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", text, flags=re.DOTALL)
    parser.feed(re.sub(r'data-[\w-]+="[^"]*"', " ", text))  # a macro may hold them without a tag
    assert parser.found == []


@each_template
def test_a_template_asks_for_words_by_their_english_only(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert re.findall(r"\b(?:_|n?gettext)\(\s*[^\s\"'][^)]*\)", text) == []


def test_a_module_marks_words_by_their_english_only() -> None:
    for folder in ("fulfillment", "stations"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                    assert isinstance(node.args[0], ast.Constant), (path.name, node.lineno)


def test_the_scripts_of_the_stations_say_nothing_of_their_own() -> None:
    """Their sentences come from the page, as data."""
    for path in (ROOT / "stations" / "static").glob("*.js"):
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.findall(r"[\"'`][A-Z][a-z]+ [a-z]+[^\"'`]*[\"'`]", code) == [], path.name
