"""What the office calls the codes of the domain: one table a kind of code, in three languages.

A code without a word shows as it is; a test finds those that a page can show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from fulfillment import messages, print_messages
from fulfillment.domain.errors import DomainError, Fault


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated when it is said."""
    return text


STATES = messages.STATES
REQUESTS: Mapping[str, str] = {
    "open": _("waits for the carrier"),
    "asked": _("being asked"),
    "done": _("promised"),
    "refused": _("refused by the carrier"),
    "unknown": _("perhaps asked for: look it up before you ask again"),
}
WHEREABOUTS: Mapping[str, str] = {
    "announced": _("announced to the carrier"),
    "moving": _("on its way"),
    "out-for-delivery": _("out for delivery"),
    "delivered": _("delivered"),
    "problem": _("the carrier has a problem with it"),
    "returned": _("on its way back"),
    "unknown": _("the carrier does not say"),
}
STAGES: Mapping[str, str] = {
    **STATES,
    "review": _("Review"),
    "held": _("On hold"),
    "waiting": _("Waiting for stock"),
    "backorder": _("Backorders"),
    "allocated": _("Allocated"),
    "released": _("Released"),
    "picking": _("Picking"),
    "picked": _("Picked"),
    "packing": _("Packing"),
    "packed": _("Packed"),
    "labelled": _("Labelled"),
    "shipped-today": _("Shipped today"),
    "late": _("Late: the van has left"),
}
STAMPS: Mapping[str, str] = {
    "whole": _("confirmed to dispatched"),
    "created": _("came in"),
    "confirmed": _("confirmed"),
    "allocated": _("allocated"),
    "released": _("released"),
    "pick_started": _("picking began"),
    "picked": _("picked"),
    "pack_started": _("packing began"),
    "packed": _("packed"),
    "weighed": _("weighed"),
    "labelled": _("labelled"),
    "shipped": _("shipped"),
    "dispatched": _("dispatched"),
    "cancelled": _("cancelled"),
}
HOLDS = messages.HOLDS
WAITS: Mapping[str, str] = {
    "no-rule": _("the seller's rules pass no order by itself"),
    "amount": _("the amount is above the seller's limit"),
    "country": _("the country is not on the seller's list"),
    "customer": _("the customer is not on the seller's list"),
}
REASONS: Mapping[str, str] = {
    "single-warehouse": _("One warehouse serves it all."),
    "fewest-shipments": _("No smaller number of warehouses has all that is there."),
    "nearly-fewest-shipments": _("Few warehouses have it; the search for fewer was cut off."),
    "out-of-stock": _("No warehouse has any of it."),
    "ship-complete-waits": _("It ships only complete, and something is missing."),
}
SERVICE_REASONS: Mapping[str, str] = {
    "requested": _("the order asked for it."),
    "no-rule": _("no rule fits; somebody has to choose."),
}
RULES: Mapping[str, str] = {
    "region-priority": _("priority by destination"),
    "most-stock": _("most stock"),
    "oldest-stock": _("oldest stock"),
}
WHY_NOT: Mapping[str, str] = {
    "seller": _("they are of different sellers"),
    "customer": _("they are of different customers"),
    "currency": _("their currencies differ"),
    "state": _("they are in different states"),
    "address": _("their addresses differ"),
    "on-a-shipment": _("a shipment serves one of them already"),
    "kit-component": _("a part of a kit goes only with its kit"),
    "too-many": _("more than is owed"),
    "nothing-left": _("nothing would be left of the order"),
}
UNREADABLE: Mapping[str, str] = {
    "empty": _("it is empty"),
    "too-large": _("it is too large"),
    "not-csv-or-xlsx": _("it is neither CSV nor XLSX"),
    "unknown-encoding": _("this encoding is not known"),
    "utf-32": _("UTF-32 is not read"),
    "too-many-entries": _("there are too many parts in it"),
    "repeated-entry": _("a part of it is there twice"),
    "too-large-unpacked": _("it is too large when it is unpacked"),
    "packed-too-tightly": _("it is packed too tightly to be a sheet"),
    "document-type": _("it declares entities, which no sheet needs"),
    "no-heading": _("it has no heading"),
    "too-many-columns": _("it has too many columns"),
    "too-many-rows": _("it has too many rows"),
}
ACTS: Mapping[str, str] = {
    "order.confirm": _("order confirmed"),
    "order.hold": _("hold placed"),
    "order.release-hold": _("hold released"),
    "order.correct-address": _("address corrected"),
    "order.change-priority": _("priority changed"),
    "order.merge": _("order merged"),
    "order.split": _("order split"),
    "cancel-order": _("order cancelled"),
    "cancel-shipment": _("shipment cancelled"),
    "withdraw-label": _("label withdrawn that was being bought"),
    "purchase-asked-again": _("purchase of a label asked about again"),
    "purchase-give-up": _("label said to be never sold"),
    "purchase-accept": _("loss of a label taken"),
    "ask-for-pickup": _("carrier asked for a van"),
    "repeat-carrier-request": _("carrier asked again"),
    "cancel-owed": _("what was owed cancelled"),
    "un-ship": _("shipment taken back from the dock"),
    "put-wall": _("put wall changed"),
    "change-service": _("service changed"),
    "deallocate": _("shipment taken apart"),
    "proof-photo-kept": _("proof photo kept"),
    "move-cut-off": _("cut-off moved"),
    "hand-list-over": _("pick list taken from its picker"),
    "webhook-created": _("webhook created"),
    "webhook-changed": _("webhook changed"),
    "webhook-secret-renewed": _("secret of a webhook renewed"),
    "alert-rule-created": _("alert rule created"),
    "alert-rule-changed": _("alert rule changed"),
    "alert-acknowledged": _("alert taken on"),
    "report-scheduled": _("report by e-mail scheduled"),
    "report-paused": _("report by e-mail paused"),
    "report-resumed": _("report by e-mail goes on"),
    "report-unscheduled": _("report by e-mail deleted"),
    "report-sent-now": _("report sent by e-mail"),
    "paper-saved": _("paper changed"),
    "paper-removed": _("paper removed or back to its standard"),
    "labels-queued": _("labels queued on a printer"),
    "document-paper-chosen": _("paper of a kind of document chosen"),
    "delivery-resent": _("message sent again"),
    "delivery-given-up": _("message given up"),
}
PLACES: Mapping[str, str] = {
    "bin": _("bin"),
    "bulk": _("bulk"),
    "staging": _("staging"),
    "quarantine": _("quarantine"),
    "tote": _("tote"),
    "slot": _("slot of a put wall"),
    "cart": _("cart"),
    "parcel": _("parcel"),
}
MOVES: Mapping[str, str] = {
    "receipt": _("received"),
    "move": _("moved"),
    "pick": _("picked"),
    "pack": _("packed"),
    "ship": _("shipped"),
    "un-ship": _("taken back"),
    "put-back": _("put back"),
    "unpack": _("unpacked"),
    "short": _("found missing"),
    "adjust": _("adjusted"),
    "count": _("counted"),
    "damaged": _("damaged"),
    "sort": _("sorted"),
}
TASKS: Mapping[str, str] = {
    "put-back": _("put back"),
    "count": _("count"),
    "replenish": _("replenish"),
}
FILES: Mapping[str, str] = {
    "products": _("products"),
    "barcodes": _("barcodes"),
    "bins": _("bins"),
    "stock": _("stock"),
    "orders": _("orders"),
}
TRACKINGS: Mapping[str, str] = {
    "none": _("none"),
    "lot": _("by lot"),
    "serial": _("by serial number"),
}
PACKS: Mapping[str, str] = {
    "each": _("single piece"),
    "inner": _("inner pack"),
    "case": _("case"),
}
PROCESSES: Mapping[str, str] = {
    "pick": _("Picking"),
    "pack": _("Packing"),
    "task": _("Task"),
    "dispatch": _("Dispatch"),
}
ROLES: Mapping[str, str] = {
    "picker": _("picker"),
    "packer": _("packer"),
    "supervisor": _("supervisor"),
    "administrator": _("administrator"),
}
POLICIES: Mapping[str, str] = {
    "weight_tolerance_percent": _("Weight tolerance, percent of the expected weight"),
    "weight_tolerance_grams": _("Weight tolerance, grams (the greater one counts)"),
    "printer_off": _("When the label printer is off"),
    "scan_out": _("Parcels are scanned out to the van"),
    "pick_confirmation": _("Picking is confirmed by"),
    "bench_short": _("When an item is missing at the bench"),
    "idle_seconds": _("A station locks after so many seconds without a scan"),
    "cart_positions": _("Positions of a cart"),
    "list_lines": _("Lines of a pick list, at most"),
    "batch_shipments": _("Shipments of a batch list, at most"),
    "cart_litres": _("Litres that a cart takes (0: no limit)"),
    "cart_kilograms": _("Kilograms that a cart takes (0: no limit)"),
    "planning_seconds": _("Seconds to plan the carts of a wave (0: as its size allows)"),
    "label_scan_required": _("The label is scanned before the parcel ships"),
    "proof_photos": _("Photos that packers take of an order are kept as proof"),
    "proof_photo_days": _("Proof photos are deleted after so many days"),
    "company_prefix": _("GS1 company prefix of the parcels' SSCCs"),
}
CHOICES: Mapping[str, str] = {
    "ship": _("ship all the same"),
    "wait": _("wait"),
    "quantity": _("one scan and the quantity"),
    "piece": _("a scan of every piece"),
    "replace": _("pick others"),
    "ship-rest": _("ship the rest"),
}
TAKEN: Mapping[str, str] = {
    "any": _("any number"),
    "single": _("one"),
    "multi": _("several"),
}
"""How many pieces the shipments of a wave have."""
CAUSES: Mapping[str, str] = {
    "empty": _("the bin is empty"),
    "fewer-than-shown": _("fewer than shown"),
    "damaged": _("damaged"),
    "not-found": _("not found"),
    "expired": _("expired"),
    "short": _("short"),
    "all short at the bench": _("all short at the bench"),
    "held at the packing station": _("held at the packing station"),
}
"""Reasons that the service writes by itself; those that people typed show as they are."""
INVARIANTS: Mapping[str, str] = {
    "on-hand-is-the-sum-of-moves": _(
        "Each balance's on hand is what came in less what went out, and no balance is missing."
    ),
    "units-are-conserved": _(
        "For each product, what lies in the warehouses is what the ends of the ledger gave."
    ),
    "balances-are-within-bounds": _("0 <= reserved, 0 <= held, reserved + held <= on hand."),
    "reserved-is-the-sum-of-reservations": _(
        "Each balance's reserved is the sum of the reservations there."
    ),
    "sellable-is-free-stock-in-bins": _(
        "A warehouse's sellable is on hand less reserved less held over its bins."
    ),
    "promised-is-what-allocated-shipments-want": _(
        "A warehouse's promised is the sum of its shipments that are allocated and not released."
    ),
    "nothing-is-oversold": _("No warehouse has promised more than it can sell."),
    "reservations-are-what-shipments-still-need": _(
        "Each line of a shipment in work has its units reserved: in bins, totes or parcels."
    ),
    "picked-units-are-in-totes-or-parcels": _(
        "What was picked and not shipped lies reserved outside the bins."
    ),
    "order-lines-add-up": _(
        "An order line's allocated is the sum of its lines on shipments that are not cancelled."
    ),
    "shipped-is-what-the-ledger-shipped": _(
        "For each shipment, the ship moves less the un-ship moves are the shipped units."
    ),
    "shipped-shipments-are-whole": _(
        "A shipped shipment has shipped every unit of its lines; no other one has shipped any."
    ),
    "packed-is-what-the-parcels-hold": _(
        "A line's packed units are those of its parcels; a packed shipment has them all."
    ),
    "packed-is-what-was-scanned": _(
        "A shipment's packed units are its accepted scans that were not taken back."
    ),
    "order-state-is-what-its-units-say": _(
        "Confirmed owes units, allocated owes none, shipped has shipped all, cancelled has none."
    ),
    "one-open-session-per-shipment-and-station": _(
        "A shipment is open at one station, and a station has one shipment open."
    ),
    "labels-fit-their-parcels": _(
        "A labelled, shipped or dispatched parcel has one active label and a weight; others have none."
    ),
    "a-parcel-is-paid-for-once": _(
        "Of the labels that a carrier may be paid for, a parcel has one at a time."
    ),
    "labels-fit-their-purchases": _(
        "A valid label of a carrier is bought, a void one is not; a labelled parcel shows what it paid."
    ),
    "shipped-parcels-were-confirmed": _(
        "Nothing ships before the label of each parcel was confirmed on its box."
    ),
    "serials-are-in-one-place": _("Each serial lies where its last move took it."),
    "serials-are-as-many-as-the-units": _(
        "A product with serial numbers has one at a place for each unit on hand there."
    ),
    "the-world-was-told-once": _("Each shipped shipment has its one message to the channel."),
    "deliveries-are-settled-or-on-their-way": _(
        "A message on its way to a receiver is open, or it has the moment at which it was settled."
    ),
    "stops-and-feeds-agree": _(
        "A picked stop has fed all its units, an open stop has a feed that is not done."
    ),
    "labels-are-printed-once": _(
        "A label has one print job, and one more for each counted reprint."
    ),
    "void-labels-do-not-print": _(
        "No void label waits for a printer, and a job that was sent has the moment it began."
    ),
    "answers-are-kept": _("Each idempotency key that was claimed has its answer."),
    "a-manifest-holds-what-its-carrier-took": _(
        "Each parcel on a manifest is dispatched, from its warehouse and with its carrier's label."
    ),
    "totes-hold-what-they-are-used-for": _(
        "Reserved goods in a tote or slot are of the shipment that uses it, or of the batch."
    ),
    "slots-collect-one-order": _(
        "A slot of a put wall in use has a shipment, and no shipment has two slots."
    ),
    "sorted-is-what-was-scanned": _(
        "A shipment's sorted units in the ledger are its accepted scans at the wall, not undone."
    ),
}
STANDINGS: Mapping[str, str] = {
    "late": _("late"),
    "at-risk": _("at risk"),
    "safe": _("safe"),
    "unplanned": _("no van"),
}
BASES: Mapping[str, str] = {
    "measured": _("measured in the last hour"),
    "paused": _("measured; nobody scanned in the last 10 minutes"),
    "assumed": _("assumed: too little was scanned in the last hour"),
}
EXCEPTIONS: Mapping[str, str] = {
    "short-picks": _("Short picks to count"),
    "weights": _("Weights refused"),
    "overrides": _("Weights overridden today"),
    "print-jobs": _("Documents that did not come out"),
    "printers": _("Printers that want something"),
    "carriers": _("Labels that a carrier does not sell or take back"),
    "scales": _("Scales that are away"),
    "unsent": _("Stations with unsent scans"),
    "silent": _("Stations that fell silent in the last hour"),
    "unknown-barcodes": _("Unknown barcodes in the last hour"),
}
REPORTS: Mapping[str, str] = {
    "dispatch": _("Dispatch times"),
    "orders": _("Shipments one by one"),
    "times": _("Where the time went"),
    "times-by-carrier": _("Where the time went, by warehouse and carrier"),
    "late": _("Late, the latest first"),
    "hours": _("By hour of dispatch"),
    "weekdays": _("By weekday of dispatch"),
    "productivity": _("Productivity"),
    "accuracy": _("Accuracy"),
    "refused-scans": _("Refused scans by reason"),
    "short-picks": _("Short picks by cause"),
    "weight-overrides": _("Weights overridden"),
    "stock": _("Stock by warehouse"),
    "low-stock": _("What to order"),
    "turnover": _("Stock turnover"),
    "ageing": _("Age of the stock"),
    "ages": _("Age of the stock by warehouse"),
    "dead-stock": _("Dead stock"),
    "abc": _("ABC by picks"),
    "sales": _("Sales by day"),
    "products": _("Sales by product"),
    "channels": _("Sales by channel"),
    "countries": _("Sales by country"),
    "regions": _("Sales by region"),
    "customers": _("Sales by customer"),
}
"""Reports and their sheets."""
SPANS: Mapping[str, str] = {
    "yesterday": _("yesterday"),
    "last-7-days": _("the last 7 days"),
    "last-week": _("last week, Monday to Sunday"),
    "last-month": _("last month"),
}
FREQUENCIES: Mapping[str, str] = {
    "daily": _("every day"),
    "weekly": _("every week"),
    "monthly": _("every month"),
}
TOPICS: Mapping[str, str] = {
    "order.backordered": _("order waits for stock"),
    "order.cancelled": _("order cancelled"),
    "shipment.shipped": _("shipment ready on the dock"),
    "shipment.un-shipped": _("shipment taken back from the dock"),
    "shipment.dispatched": _("shipment has left"),
    "manifest.closed": _("manifest closed"),
    "alert.opened": _("alert"),
    "alert.reminder": _("alert still open"),
    "alert.resolved": _("alert over"),
    "report.due": _("report by e-mail"),
}
"""What is told to the world."""
COLUMNS: Mapping[str, str] = {
    "warehouse": _("Warehouse"),
    "seller": _("Seller"),
    "sku": _("SKU"),
    "name": _("Name"),
    "process": _("Work"),
    "orders": _("Orders"),
    "pieces": _("Pieces"),
    "scans": _("Scans"),
    "active_minutes": _("Active minutes"),
    "orders_an_hour": _("Orders an hour"),
    "pieces_an_hour": _("Pieces an hour"),
    "refused": _("Refused scans"),
    "refused_percent": _("Refused"),
    "code": _("Code"),
    "reason": _("Reason"),
    "short_picks": _("Short picks"),
    "units": _("Units"),
    "parcels": _("Parcels"),
    "on_hand": _("On hand"),
    "reserved": _("Reserved"),
    "held": _("Held back"),
    "promised": _("Promised"),
    "with_cut_off": _("With a cut-off"),
    "available": _("Available"),
    "sold": _("Shipped units"),
    "sold_a_day": _("Units a day"),
    "lead_time_days": _("Days until the supplier delivers"),
    "safety_units": _("Low below"),
    "reorder_point": _("Order below"),
    "reorder_units": _("Units to order"),
    "class": _("Class"),
    "picks": _("Picks"),
    "share": _("Share"),
    "day": _("Day"),
    "ready_at": _("Ready from"),
    "closes_at": _("Until"),
    "grams": _("Weight together, g"),
    "currency": _("Currency"),
    "amount_minor": _("Amount (minor units)"),
    "channel": _("Channel"),
    "country": _("Country"),
    "region": _("Region"),
    "customer": _("Customer"),
    "shipped": _("Shipped units"),
    "mean_on_hand": _("On hand on average"),
    "turns": _("Turned over"),
    "turns_a_year": _("Turned over a year"),
    "days_of_cover": _("Days it will last"),
    "age": _("Age"),
    "up_to_30_days": _("Up to 30 days"),
    "up_to_60_days": _("31 to 60 days"),
    "up_to_90_days": _("61 to 90 days"),
    "up_to_180_days": _("91 to 180 days"),
    "older": _("Over 180 days"),
    "oldest_at": _("Oldest arrived"),
    "carrier": _("Carrier"),
    "service": _("Service"),
    "order": _("Order"),
    "shipment": _("Shipment"),
    "shipments": _("Shipments"),
    "on_time": _("On time"),
    "on_time_percent": _("On time, share"),
    "missing": _("Still here"),
    "median": _("Median"),
    "p90": _("9 of 10 within"),
    "p95": _("19 of 20 within"),
    "stage": _("Until"),
    "count": _("Shipments"),
    "up_to_5_min": _("≤ 5 min"),
    "up_to_10_min": _("≤ 10 min"),
    "up_to_20_min": _("≤ 20 min"),
    "up_to_30_min": _("≤ 30 min"),
    "up_to_60_min": _("≤ 60 min"),
    "up_to_120_min": _("≤ 2 h"),
    "up_to_240_min": _("≤ 4 h"),
    "up_to_480_min": _("≤ 8 h"),
    "up_to_1440_min": _("≤ 24 h"),
    "more": _("more"),
    "promised_cut_off_at": _("Promised"),
    "dispatched_at": _("Dispatched"),
    "late_seconds": _("Late by"),
    "longest_stage": _("Took longest"),
    "longest_seconds": _("For"),
    "longest_by": _("Who"),
    "hour": _("Hour"),
    "weekday": _("Weekday"),
    "idle_units": _("Units that lie longer"),
    "last_shipped_at": _("Last shipped"),
    "last_moved_at": _("Last moved"),
}
"""Columns of the reports that one frame draws; files keep the keys."""
WEEKDAYS: Mapping[str, str] = {
    "0": _("Monday"),
    "1": _("Tuesday"),
    "2": _("Wednesday"),
    "3": _("Thursday"),
    "4": _("Friday"),
    "5": _("Saturday"),
    "6": _("Sunday"),
}
FAULTS: Mapping[str, str] = {
    "required": _("is missing"),
    "bad-length": _("is too short or too long: %(text)s"),
    "not-a-paper-name": _("may hold small letters, digits, points and hyphens only: %(text)s"),
    "finer-than-a-tenth": _("is finer than a tenth of a millimetre: %(text)s"),
    "used-by-printers": _("is set for printers: %(text)s; choose another one there first"),
    "unknown-here": _("name nothing of this kind that is in use here: %(text)s"),
    "unprintable": _("do not fit this paper, or cannot be a barcode: %(text)s"),
    "used-by-documents": _("go on paper %(text)s; choose another one for them first"),
    "not-an-address": _("is no address of a printer: %(text)s"),
    "not-wanted": _("is not wanted here: %(text)s"),
    "not-possible": _("is not possible: %(text)s"),
    "other-warehouse": _("belongs to another warehouse: %(text)s"),
    "is-a-shipping-label": _("is a shipping label, which is printed at the packing station"),
    "missing": _("is missing"),
    "too-long": _("is too long (%(text)s characters)"),
    "control-characters": _("has characters that cannot be stored"),
    "not-a-whole-number": _("is not a whole number"),
    "not-an-integer": _("is not a whole number: %(text)s"),
    "not-a-number": _("is not a number: %(text)s"),
    "out-of-range": _("is out of range: %(text)s"),
    "not-one-of": _("must be one of: %(text)s"),
    "not-a-moment": _("is not a date and time: %(text)s"),
    "not-in-the-future": _("must be in the future: %(text)s"),
    "not-a-day": _("is not a date: %(text)s"),
    "not-a-local-minute": _("is not a time of day: %(text)s"),
    "not-weekdays": _("must name weekdays, each once"),
    "not-a-code": _("may hold capital letters, digits and single hyphens only: %(text)s"),
    "not-a-web-address": _("is not a web address: %(text)s"),
    "no-address-of-yours": _("of your account is missing: an administrator can enter it"),
    "cannot-be-told": _("cannot be told: %(text)s"),
    "not-an-e-mail-address": _("is not an e-mail address: %(text)s"),
    "not-https": _("must begin with https:// here: %(text)s"),
    "private-address": _("is in a private network, which webhooks may not reach: %(text)s"),
    "port-not-allowed": _("names a port that webhooks may not reach: %(text)s"),
    "not-distinct": _("must be different ones"),
    "too-many": _("are too many: %(text)s"),
    "too-large": _("is too large: %(text)s"),
    "no-lines": _("must have at least one line"),
    "no-rows": _("has no rows"),
    "unknown-country": _("is not a country: %(text)s"),
    "unknown-currency": _("is not a currency: %(text)s"),
    "unknown-sku": _("is no product of this seller: %(text)s"),
    "unknown-service": _("is no carrier service: %(text)s"),
    "unknown-seller": _("is no seller: %(text)s"),
    "unknown-warehouse": _("is no warehouse: %(text)s"),
    "unknown-bin": _("is no bin: %(text)s"),
    "unknown-location": _("is no place: %(text)s"),
    "unknown-timezone": _("is no time zone: %(text)s"),
    "unknown-column": _("is no column of this kind of file"),
    "repeated-column": _("stands twice in the heading"),
    "missing-column": _("is missing in the heading"),
    "too-many-cells": _("has more cells than the heading (%(text)s)"),
    "too-few-cells": _("has fewer cells than the heading (%(text)s)"),
    "differs-from-first-row": _("differs from the first row of the order (%(text)s)"),
    "changed-row": _("was received with other content under document %(text)s"),
    "duplicate-reference": _("is known with other content: %(text)s"),
    "repeated-key": _("stands twice"),
    "only-for-its-printer": _("is the carrier's own, for a printer of %(text)s"),
    "one-by-one": _("are the carrier's own: print the %(text)s one by one"),
    "no-pickup": _("cannot be asked for a van: %(text)s"),
    "another-currency": _("is not the currency of the other services: %(text)s"),
    "inactive-product": _("is not sold any more: %(text)s"),
    "kit-without-components": _("is a kit without components: %(text)s"),
    "barcode-taken": _("names another product: %(text)s"),
    "own-code": _("is one of our own barcodes: %(text)s"),
    "sscc": _("is the number of a parcel: %(text)s"),
    "carries-lot-or-serial": _("carries a lot, a serial number or a date: %(text)s"),
    "each-is-one": _("of a single piece must be 1"),
    "not-tracked": _("is not asked for with this product: %(text)s"),
    "a-serial-is-one-unit": _("must be 1 with a serial number"),
    "serials-are-adjusted-one-by-one": _("of serial numbers is changed one by one"),
    "lot-has-another-day": _("is another than the one of this lot: %(text)s"),
    "a-kit-has-no-stock": _("is a kit, which has no stock of its own: %(text)s"),
    "not-a-place-for-stock": _("is no place where stock is kept by hand: %(text)s"),
    "same-place": _("is the place where it is already: %(text)s"),
    "another-warehouse": _("is in another warehouse: %(text)s"),
    "less-than-tare": _("is less than the carton itself weighs"),
    "less-than-first": _("is less than the first number"),
    "numbers-used": _("is less than the number that was drawn last: %(text)s"),
    "not-confirmed": _("must be ticked"),
    "surrounding-blanks": _("begins or ends with a blank: %(text)s"),
    "not-a-yes-or-no": _("must be yes or no: %(text)s"),
    "formula": _("is a formula; write its value"),
    "cell-too-long": _("has too many characters"),
    "error-cell": _("is an error of the sheet: %(text)s"),
    "unsupported-cell": _("is of a kind that is not read: %(text)s"),
    "number-not-exact": _("is not an exact number; write it as text: %(text)s"),
    "malformed-row": _("cannot be read: %(text)s"),
    "wrong-form": _("is not well formed: %(text)s"),
    "not-a-text": _("is no text: %(text)s"),
    "not-a-list": _("is no list: %(text)s"),
    "no-time-zone": _("has no time zone: %(text)s"),
    "reserved-suffix": _("ends like the number of a split order: %(text)s"),
    "total-too-large": _("cost too much together: %(text)s"),
    "needs-lots": _("needs tracking by lot"),
    "never-changes": _("never changes; it is %(text)s"),
    "taken-elsewhere": _("is a place of another warehouse: %(text)s"),
    "depot-is-no-crossing": _("of the depot is no crossing: %(text)s"),
    "layout-without-aisles": _("has no aisle"),
    "cross-aisles-out-of-range": _("needs two to five cross-aisles"),
    "not-increasing": _("must go up from each to the next: %(text)s"),
    "no-such-aisle": _("is no aisle of the layout: %(text)s"),
    "no-such-cross-aisle": _("is no cross-aisle of the layout: %(text)s"),
    "position-outside-aisle": _("is beyond the ends of the aisle: %(text)s"),
    "missing-row": _("has no row in the file"),
    "number-left-out": _("leaves a number out: %(text)s"),
    "cart-is-full": _("finds no free position: the cart has %(text)s"),
    "no-layout": _("needs a layout, and none is drawn"),
    "kit-has-no-stock": _("is a kit, which has no stock of its own"),
    "lot-has-another": _("is another than the one of this lot: %(text)s"),
    "no-place-to-receive": _("is no place where goods come in: %(text)s"),
    "serial-is-here": _("is here already: %(text)s"),
    "serial-is-one": _("must be 1 with a serial number"),
    "has-stock": _("has stock; a kit has none of its own"),
    "is-a-component": _("is a part of another kit"),
    "kit-in-a-kit": _("is a kit itself, or the same product: %(text)s"),
}
FIELDS: Mapping[str, str] = {
    "first_day": _("First day"),
    "last_day": _("Last day"),
    "idle_days": _("Days without a shipment"),
    "sheet": _("Table"),
    "sort": _("Sorted by"),
    "page": _("Page"),
    "van": _("Van"),
    "orders": _("Orders"),
    "number": _("Pick list"),
    "cut_off_to": _("New cut-off"),
    "board_stage": _("Stage"),
    "standing": _("Standing"),
    "reason": _("Reason"),
    "type": _("Type"),
    "text": _("Search"),
    "stage": _("Stage"),
    "state": _("State"),
    "hold": _("Hold"),
    "channel": _("Channel"),
    "seller": _("Seller"),
    "seller_id": _("Seller"),
    "warehouse": _("Warehouse"),
    "warehouse_id": _("Warehouse"),
    "priority": _("Priority"),
    "priority_from": _("Priority from"),
    "sku": _("SKU"),
    "quantity": _("Quantity"),
    "quantities": _("Quantity"),
    "unit_price": _("Price"),
    "unit_price_minor": _("Price"),
    "country": _("Country"),
    "currency": _("Currency"),
    "name": _("Name"),
    "slots": _("Slots"),
    "company": _("Company"),
    "lines": _("Lines"),
    "city": _("City"),
    "region": _("Region"),
    "postcode": _("Postcode"),
    "phone": _("Telephone"),
    "email": _("E-mail"),
    "customer": _("Customer"),
    "reference": _("Reference"),
    "note": _("Note of the customer"),
    "packing_note": _("Note for the packer"),
    "service": _("Service"),
    "service_id": _("Service"),
    "requested_service": _("Service"),
    "sure": _("Yes, I am sure"),
    "others": _("Orders"),
    "location": _("Place"),
    "source": _("From"),
    "target": _("To"),
    "lot": _("Lot"),
    "serial": _("Serial number"),
    "expires_on": _("Use by"),
    "document": _("Document number"),
    "file": _("File"),
    "kind": _("Kind"),
    "encoding": _("Encoding"),
    "code": _("Code"),
    "carrier": _("Carrier"),
    "zone": _("Zone"),
    "aisle": _("Aisle"),
    "cut_off_before": _("Van leaves before"),
    "items": _("Pieces"),
    "method": _("Picked as"),
    "limit": _("At most"),
    "weight_grams": _("Weight in grams"),
    "length_mm": _("Length in mm"),
    "width_mm": _("Width in mm"),
    "height_mm": _("Height in mm"),
    "tare_grams": _("Weight of the empty carton in grams"),
    "most_grams": _("May weigh at most, in grams"),
    "low_stock_level": _("Low below"),
    "lead_time_days": _("Days until the supplier delivers"),
    "picture_url": _("Address of a picture"),
    "tags": _("Tags"),
    "tracking": _("Tracking"),
    "timezone": _("Time zone"),
    "local_time": _("Time"),
    "weekdays": _("Weekdays"),
    "days": _("Days"),
    "first_number": _("First number"),
    "last_number": _("Last number"),
    "components": _("Components"),
    "x_metres": _("x in metres"),
    "y_metres": _("y in metres"),
    "delta": _("Change"),
    "layout": _("Layout"),
    "shipment": _("Shipment"),
    "aisle_x": _("Aisles"),
    "cross_y": _("Cross-aisles"),
    "cross_aisle": _("Cross-aisle"),
    "depot_aisle": _("Depot: aisle"),
    "depot_cross": _("Depot: cross-aisle"),
    "planning_seconds": _("Seconds to plan the carts"),
    "rules": _("Rule"),
    "priorities": _("Priorities"),
    "rank": _("Rank"),
    "most_mm": _("Longest side in mm"),
    "in_time": _("In time"),
    "most_minor": _("Costs at most, in minor units"),
    "price_minor": _("Price in minor units"),
    "prices": _("Prices"),
    "promised_on": _("Promised to be there by"),
    "allocation_rule": _("Rule"),
    "seller_name": _("Name of the seller"),
    "most_total_minor": _("Up to this total, in cents"),
    "countries": _("Countries"),
    "refused_tags": _("Tags"),
    "address": _("Address"),
    "language": _("Language of the printer"),
    "dpi": _("Dots per inch"),
    "paper": _("Paper"),
    "margin_mm": _("Margin in mm"),
    **print_messages.DOCUMENTS,
    "to_printer_id": _("Printer"),
    "printer_id": _("Printer"),
    "codes": _("Codes"),
    "starts_with": _("Begins with"),
    "copies": _("Copies"),
    "labels": _("Labels"),
    "first_place": _("First free place of the sheet"),
    "document_kind": _("Documents"),
    "url": _("Web address"),
    "topics": _("Is told of"),
    "threshold": _("Alert from"),
    "for_minutes": _("Bad for so many minutes"),
    "remind_hours": _("Remind after so many hours (0: never)"),
    "quiet_begins": _("Quiet hours from"),
    "quiet_ends": _("Quiet hours to"),
    "quiet_weekdays": _("Beginning on"),
    "user_ids": _("E-mail to"),
    "endpoint_ids": _("Webhooks"),
    "report": _("Report"),
    "span": _("Days"),
    "frequency": _("How often"),
    "weekday": _("Weekday, if weekly"),
    "month_day": _("Day of the month, if monthly"),
}


_ALONE = ("products", "barcodes", "cartons", "locations")
"""Lists that the services take and of which a form sends one entry: its number says nothing."""


def word(table: Mapping[str, str], code: str) -> str:
    """The word for *code* in the language of the request."""
    return str(gettext(table[code])) if code in table else code


def waits(code: str) -> str:
    """Why an order waits for a person: ``amount``, ``product-tag:…``, ``hold:…``."""
    kind, _colon, value = code.partition(":")
    if kind == "product-tag":
        return str(gettext(_("a product is marked “%(tag)s”"), tag=value))
    if kind == "hold":
        return word(HOLDS, value)
    return word(WAITS, code)


def error(refused: DomainError) -> str:
    """The sentence of an error; its codes are said in words."""
    fields: dict[str, Any] = {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in refused.details().items()
    }
    if "reason" in fields:
        fields["reason"] = word({**WHY_NOT, **UNREADABLE}, str(fields["reason"]))
    return messages.sentence(refused.code, fields)


def fault(found: Fault) -> str:
    """One sentence: the field by its label, and what is wrong with it."""
    where = found.where.replace("]", "").replace("[", ".")
    parts = where.split(".")
    label = next((word(FIELDS, part) for part in reversed(parts) if part in FIELDS), found.where)
    numbers = [int(part) + 1 for part in parts if part.isdigit() and len(part) < 5]
    row = f" {numbers[0]}" if numbers and parts[0] not in _ALONE else ""
    sentence = fault_code(found.code, found.text)
    return f"{label}{row} {sentence}".strip()


def fault_code(code: str, text: str) -> str:
    """What is wrong, without where."""
    if code not in FAULTS:
        return f"{code} {text}".strip()
    return str(gettext(FAULTS[code]) % {"text": text})
