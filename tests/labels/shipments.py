"""Generated shipments: 200 labels in 10 scripts, the same on every run."""

from __future__ import annotations

import random
from dataclasses import dataclass

from stdnum import ean

from labels import Address, ShippingLabel
from tests.labels.samples import SENDER


@dataclass(frozen=True)
class Script:
    """Words of one script from which addresses are put together."""

    name: str
    shops: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[str, ...]
    spaced: bool = True
    right_to_left: bool = False


SCRIPTS = (
    Script(
        name="accents",
        shops=("Café Zażółć", "Bücher Größe", "Łódź Księgarnia", "Añejo Señor", "Crème Brûlée"),
        streets=("Świętokrzyska", "Düsseldorfer Straße", "Nguyễn Huệ", "Çiçek Sokağı"),
        towns=("Kraków", "Zürich", "Đà Nẵng", "İstanbul", "Århus", "Reykjavík"),
    ),
    Script(
        name="cyrillic",
        shops=("Книги Мира", "Чайная лавка", "Жёлтый дом", "Їжак і Ґава"),
        streets=("улица Пушкина", "проспект Мира", "вулиця Хрещатик", "булевар Ослобођења"),
        towns=("Москва", "Київ", "София", "Београд"),
    ),
    Script(
        name="greek",
        shops=("Βιβλιοπωλείο Ήλιος", "Καφέ Ωκεανός", "Ψωμί & Ελιά"),
        streets=("Οδός Ερμού", "Λεωφόρος Συγγρού", "Ακαδημίας"),
        towns=("Αθήνα", "Θεσσαλονίκη", "Ηράκλειο"),
    ),
    Script(
        name="thai",
        shops=("ร้านหนังสือ", "น้ำชายามบ่าย", "ห้างทองคำ"),
        streets=("ถนนสุขุมวิท", "ถนนเยาวราช", "ซอยอารีย์"),
        towns=("กรุงเทพมหานคร", "เชียงใหม่", "ภูเก็ต"),
    ),
    Script(
        name="arabic",
        shops=("مكتبة النور", "مقهى البحر", "متجر الزهور"),
        streets=("شارع الملك فهد", "طريق المطار", "شارع الحمراء"),
        towns=("الرياض", "القاهرة", "بيروت"),
        right_to_left=True,
    ),
    Script(
        name="hebrew",
        shops=("חנות ספרים", "בית קפה הים", "פרחי השרון"),
        streets=("רחוב הרצל", "שדרות רוטשילד", "דרך יפו"),
        towns=("תל אביב", "ירושלים", "חיפה"),
        right_to_left=True,
    ),
    Script(
        name="traditional chinese",
        shops=("永豐商行", "鑫鑫書店", "臺灣茶葉行", "龍鳳藥局"),
        streets=("信義路五段", "忠孝東路四段", "彌敦道", "鹽埕街"),
        towns=("台北市信義區", "高雄市鹽埕區", "香港九龍"),
        spaced=False,
    ),
    Script(
        name="simplified chinese",
        shops=("东方书店", "长城电器行", "华丽服装厂", "龙凤药店"),
        streets=("建国路", "世纪大道", "体育西路", "解放东街"),
        towns=("北京市朝阳区", "上海市浦东新区", "广州市天河区"),
        spaced=False,
    ),
    Script(
        name="japanese",
        shops=("さくら書店", "コーヒー倶楽部", "山田商店"),
        streets=("丸の内", "銀座", "道頓堀"),
        towns=("東京都千代田区", "大阪市中央区", "札幌市北区"),
        spaced=False,
    ),
    Script(
        name="devanagari",
        shops=("पुस्तक भंडार", "चाय की दुकान", "क्षत्रिय वस्त्र"),
        streets=("महात्मा गांधी मार्ग", "स्टेशन रोड", "नेहरू चौक"),
        towns=("नई दिल्ली", "मुंबई", "वाराणसी"),
    ),
)


@dataclass(frozen=True)
class Shipment:
    """A label and the script that its receiver is written in."""

    script: Script
    label: ShippingLabel


def shipments(count: int = 200, *, seed: int = 4) -> list[Shipment]:
    """``count`` labels, the scripts in turn."""
    chance = random.Random(seed)
    return [_shipment(chance, number) for number in range(count)]


def _shipment(chance: random.Random, number: int) -> Shipment:
    script = SCRIPTS[number % len(SCRIPTS)]
    gap = " " if script.spaced else ""
    receiver = Address(
        name=chance.choice(script.shops),
        company=chance.choice(script.shops) if chance.random() < 0.5 else "",
        lines=(
            f"{chance.choice(script.streets)}{gap}{chance.randint(1, 999)}",
            chance.choice(script.streets),
        ),
        city=chance.choice(script.towns),
        postcode=str(chance.randint(10_000, 99_999)),
        country=chance.choice(script.towns),
        phone=f"+{chance.randint(10**10, 10**11)}",
    )
    extension = f"{chance.randint(0, 9)}4012345{number:09d}"
    label = ShippingLabel(
        sender=SENDER,
        receiver=receiver,
        return_address=SENDER if chance.random() < 0.5 else None,
        tracking_number=_tracking_number(chance),
        sscc=extension + str(ean.calc_check_digit(extension)),
        service=chance.choice(("Express 24 h", "Standard", "宅配")),
        routing_text=f"{chance.choice('ABCDEF')}{chance.randint(1, 99):02d}",
        parcel_number=1,
        parcel_count=chance.randint(1, 12),
        weight_grams=chance.randint(1, 30_000),
        order_number=str(chance.randint(1, 10**9)),
        printed_note=chance.choice(("", "易碎", "Fragile", chance.choice(script.shops))),
    )
    return Shipment(script, label)


def _tracking_number(chance: random.Random) -> str:
    letters = "".join(chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=2))
    return f"{letters}{chance.randint(0, 10**9 - 1):09d}{chance.choice(('TW', 'DE', '-1', ''))}"
