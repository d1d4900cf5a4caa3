"""How fast labels are made and how big they are: 1 and 1,000 with Chinese addresses.

Goals on one core: at least 100 PDF labels a second and at most 60 kB a label, at least 1,000
ZPL labels a second. The clock is the processor's (a shared machine does not blur it), but for
the first label of a fresh process, which is what a person waits. Prints one line a figure or,
with --json, the same as JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time

from labels import Address, ShippingLabel, render_pdf, render_zpl

SHOPS = ("永豐", "大同", "新光", "和平", "建国", "東方", "长城", "春天", "明華", "海豚")
TRADES = ("商行", "書店", "藥局", "咖啡館", "文具店", "家具厂", "电器行", "花店")
DISTRICTS = ("信義區", "大安區", "中山區", "松山區", "萬華區", "朝阳区", "浦东新区", "天河区")
STREETS = ("信義路五段", "忠孝東路四段", "民生東路三段", "建国路", "世纪大道", "体育西路")
CITIES = ("台北市", "高雄市", "台中市", "北京市", "上海市", "广州市")
SENDER = Address(
    name="Harbour Goods",
    lines=("12 Dock Road",),
    city="Taipei",
    postcode="110",
    country="TAIWAN",
    phone="+886 2 5550 0100",
)


def labels(count: int, *, seed: int) -> list[ShippingLabel]:
    """Labels of which no two have the same receiver or numbers."""
    chance = random.Random(seed)
    return [_label(chance, number) for number in range(count)]


def _label(chance: random.Random, number: int) -> ShippingLabel:
    receiver = Address(
        name=f"{chance.choice(SHOPS)}{chance.choice(TRADES)}{chance.randint(1, 99)}號",
        lines=(
            f"{chance.choice(STREETS)}{chance.randint(1, 999)}號{chance.randint(1, 30)}樓",
            chance.choice(DISTRICTS),
        ),
        city=chance.choice(CITIES),
        postcode=f"{chance.randint(100, 99999)}",
        country="TAIWAN",
        phone=f"09{chance.randint(10_000_000, 99_999_999)}",
    )
    serial = f"{number:09d}"
    return ShippingLabel(
        sender=SENDER,
        receiver=receiver,
        return_address=SENDER,
        tracking_number=f"HG{serial}TW",
        sscc=_sscc(f"34012345{serial}"),
        service="Express 24 h",
        routing_text=f"TPE-{chance.randint(1, 40):02d}-B",
        weight_grams=chance.randint(100, 30_000),
        order_number=str(100_000 + number),
    )


def _sscc(digits: str) -> str:
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def measure() -> dict[str, float]:
    """The figures, warm: the fonts are loaded and cut down once before the clock starts."""
    render_pdf(labels(1, seed=1))
    render_zpl(labels(1, seed=1))
    figures: dict[str, float] = {}
    thousand = labels(1000, seed=2)
    singles = labels(100, seed=3)

    start = time.process_time()
    sizes = [len(render_pdf(label)) for label in singles]
    figures["pdf_single_labels_per_s"] = len(singles) / (time.process_time() - start)
    figures["pdf_single_kb"] = sum(sizes) / len(sizes) / 1000

    start = time.process_time()
    size = len(render_pdf(thousand))
    figures["pdf_1000_labels_per_s"] = 1000 / (time.process_time() - start)
    figures["pdf_1000_kb_per_label"] = size / 1e6

    for dpi in (203, 300):
        batch = labels(1000, seed=dpi)
        start = time.process_time()
        size = sum(len(render_zpl(label, dpi=dpi)) for label in batch)
        figures[f"zpl_{dpi}_labels_per_s"] = 1000 / (time.process_time() - start)
        figures[f"zpl_{dpi}_kb_per_label"] = size / 1e6
    return figures


def first_label_seconds() -> float:
    """One PDF label from a fresh process: interpreter, imports, fonts and all."""
    code = (
        "from bench.labels import labels; from labels import render_pdf;"
        " render_pdf(labels(1, seed=1))"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure() | {"pdf_first_label_s": first_label_seconds()}
    if arguments.json:
        print(json.dumps({name: round(value, 3) for name, value in figures.items()}, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:28} {value:10.2f}")


if __name__ == "__main__":
    main()
