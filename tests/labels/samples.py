"""One value of every document, as a warehouse would print it."""

from __future__ import annotations

from labels import (
    Address,
    BadgeLabel,
    BinLabel,
    CarrierManifest,
    CartLabel,
    CommandCode,
    CommandSheet,
    Document,
    ManifestParcel,
    PackingSlip,
    PackingSlipLine,
    PickList,
    PickListStop,
    PickListTote,
    ProductLabel,
    PutWallLabel,
    ReturnLabel,
    ShippingLabel,
    Symbology,
    ToteLabel,
    WalkDrawing,
)

SENDER = Address(
    name="Harbour Goods",
    company="Third Party Logistics Ltd.",
    lines=("12 Dock Road", "Gate 4"),
    city="Taipei",
    postcode="110",
    country="TAIWAN",
    phone="+886 2 5550 0100",
)
RECEIVER = Address(
    name="信義門市收貨組",
    company="永豐貿易股份有限公司",
    lines=("信義路五段7號 89樓", "信義區"),
    city="台北市",
    postcode="11049",
    country="TAIWAN",
    phone="+886 912 345 678",
)
SHIPPING = ShippingLabel(
    sender=SENDER,
    receiver=RECEIVER,
    return_address=SENDER,
    tracking_number="HG123456785TW",
    sscc="340123450000000000",
    service="Express 24 h",
    routing_text="TPE-07-B",
    parcel_number=1,
    parcel_count=2,
    weight_grams=1240,
    order_number="1042",
    printed_note="易碎 Fragile",
)
PICK_LIST = PickList(
    number="PL-77",
    warehouse="W1",
    wave="WV-12",
    picker="P-4",
    walk_note="Start at aisle A",
    barcode="PL0000774",
    walk=WalkDrawing(
        metres=62.0,
        saved_metres=14.5,
        aisle_x=(0.0, 5.0, 10.0),
        cross_y=(0.0, 20.0),
        points=((0.0, 0.0), (0.0, 20.0), (5.0, 20.0), (5.0, 0.0), (0.0, 0.0)),
        stops=((0.0, 12.0), (5.0, 7.0)),
    ),
    totes=(
        PickListTote(position=1, code="T-001", order_number="1042"),
        PickListTote(position=2, code="T-002", order_number="1051"),
    ),
    stops=tuple(
        PickListStop(
            sequence=number,
            bin_code=f"W1-A-{number:02d}-2-1",
            sku=f"MUG-{number:03d}",
            product_name=f"藍色馬克杯 Blue mug {number}",
            lot="L2611" if number % 3 == 0 else "",
            quantity=number,
            feeds=((1, number), (2, 1)),
        )
        for number in range(1, 31)
    ),
)
DOCUMENTS: tuple[Document, ...] = (
    SHIPPING,
    ReturnLabel(
        sender=RECEIVER,
        receiver=SENDER,
        tracking_number="HG987654321TW",
        return_number="RMA000171",
        service="Return",
        routing_text="R-01",
        order_number="1042",
    ),
    PackingSlip(
        order_number="1042",
        sender=SENDER,
        receiver=RECEIVER,
        ordered_on="2026-11-20",
        parcel_number=1,
        parcel_count=2,
        sscc="340123450000000000",
        gift_message="生日快樂!",
        printed_note="Thank you",
        lines=tuple(
            PackingSlipLine(
                sku=f"MUG-{number:03d}",
                product_name="藍色馬克杯 Blue mug 350 ml",
                quantity=number,
                quantity_ordered=number + 1,
                lot="L2611",
            )
            for number in range(1, 25)
        ),
    ),
    PICK_LIST,
    BinLabel(code="W1-A-03-2-1", barcode="LCW1-A-03-2-1K", zone="A", note="冷藏"),
    ProductLabel(
        sku="MUG-001",
        product_name="藍色馬克杯 Blue mug 350 ml",
        barcode="4006381333931",
        symbology=Symbology.EAN_13,
        lot="L2611",
        expires_on="2027-01-31",
    ),
    ProductLabel(sku="MUG-002", product_name="Mug", barcode="MUG-002", quantity=6),
    ProductLabel(
        sku="MUG-003", product_name="Mug", barcode="MUG-003", symbology=Symbology.DATA_MATRIX
    ),
    ProductLabel(
        sku="MUG-004",
        product_name="Mug",
        barcode="010950600013435210ABC\x1d17261231",
        symbology=Symbology.GS1_DATA_MATRIX,
    ),
    ProductLabel(
        sku="MUG-005",
        product_name="Mug",
        barcode="https://example.com/p/5",
        symbology=Symbology.QR,
    ),
    ToteLabel(code="T-001", barcode="TT0000018", note="60 × 40"),
    CartLabel(code="C-7", barcode="CT0000075", positions=12),
    BadgeLabel(name="包裝三組", barcode="BD0000421", role="Packer", warehouse="W1"),
    PutWallLabel(wall="A", slot="12", barcode="PWA0012X"),
    CommandSheet(
        title="Packing station 3",
        note="Scan instead of typing",
        commands=tuple(
            CommandCode(barcode=f"CM{word.replace(' ', '-')}7", words=word, explanation="撤銷")
            for word in ("UNDO", "TAKE OUT", "SHORT", "HOLD", "REPRINT", "CONFIRM", "LOG OUT")
        ),
    ),
    CarrierManifest(
        number="MF-2026-11-22-1",
        carrier="Harbour Express",
        warehouse="W1",
        cut_off="17:00",
        closed_at="2026-11-22 16:58",
        barcode="MF0000128",
        parcels=tuple(
            ManifestParcel(
                tracking_number=f"HG{number:09d}TW",
                order_number=str(1000 + number),
                receiver_name="信義門市收貨組",
                destination="台北市",
                weight_grams=100 * number,
            )
            for number in range(1, 61)
        ),
    ),
)
CASE = ProductLabel(
    sku="MUG-001",
    product_name="藍色馬克杯 Blue mug, case",
    barcode="14006381333938",
    symbology=Symbology.ITF_14,
    quantity=12,
)
