"""What must always hold, as SQL that finds the rows where it does not.

Every query returns 0 rows on a sound database.  They recompute the projections from the
ledger and the reservations, and compare what different tables say of one fact; they run on
SQLite and PostgreSQL as they stand, on a live database, in one snapshot
(:func:`fulfillment.services.auditing.audit`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Invariant:
    """A named rule: the sentence that must be true, and the query for its exceptions."""

    name: str
    sentence: str
    exceptions: str


_LIVE = "('released', 'picking', 'picked', 'packing', 'packed', 'labelled')"

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "on-hand-is-the-sum-of-moves",
        "Each balance's on hand is what came in less what went out, and no balance is missing.",
        """
        SELECT location_id, product_id, lot, SUM(units) AS difference FROM (
            SELECT to_id AS location_id, product_id, lot, quantity AS units FROM stock_move
            UNION ALL
            SELECT from_id, product_id, lot, -quantity FROM stock_move
            UNION ALL
            SELECT location_id, product_id, lot, -on_hand FROM stock_balance
        ) AS u JOIN location ON location.id = u.location_id
        WHERE location.warehouse_id IS NOT NULL
        GROUP BY location_id, product_id, lot HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "units-are-conserved",
        "For each product, what lies in the warehouses is what the ends of the ledger gave.",
        """
        SELECT product_id, SUM(units) AS difference FROM (
            SELECT product_id, on_hand AS units FROM stock_balance
            UNION ALL
            SELECT product_id, -quantity FROM stock_move
                JOIN location ON location.id = from_id WHERE location.warehouse_id IS NULL
            UNION ALL
            SELECT product_id, quantity FROM stock_move
                JOIN location ON location.id = to_id WHERE location.warehouse_id IS NULL
        ) AS u GROUP BY product_id HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "a-manifest-holds-what-its-carrier-took",
        "Each parcel on a manifest is dispatched, from its warehouse and with its carrier's label.",
        """
        SELECT p.id, p.manifest_id FROM parcel p
        JOIN manifest m ON m.id = p.manifest_id
        JOIN shipment s ON s.id = p.shipment_id
        WHERE p.state <> 'dispatched' OR s.warehouse_id <> m.warehouse_id
           OR NOT EXISTS (SELECT 1 FROM label l WHERE l.parcel_id = p.id
                          AND l.state = 'active' AND l.carrier = m.carrier)
        """,
    ),
    Invariant(
        "balances-are-within-bounds",
        "0 <= reserved, 0 <= held, reserved + held <= on hand.",
        """
        SELECT location_id, product_id, lot, on_hand, reserved, held FROM stock_balance
        WHERE reserved < 0 OR held < 0 OR reserved + held > on_hand
        """,
    ),
    Invariant(
        "reserved-is-the-sum-of-reservations",
        "Each balance's reserved is the sum of the reservations there.",
        """
        SELECT location_id, product_id, lot, SUM(units) AS difference FROM (
            SELECT location_id, product_id, lot, quantity AS units FROM reservation
            UNION ALL
            SELECT location_id, product_id, lot, -reserved FROM stock_balance
        ) AS u GROUP BY location_id, product_id, lot HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "sellable-is-free-stock-in-bins",
        "A warehouse's sellable is on hand less reserved less held over its bins.",
        """
        SELECT warehouse_id, product_id, SUM(units) AS difference FROM (
            SELECT location.warehouse_id, b.product_id, b.on_hand - b.reserved - b.held AS units
            FROM stock_balance AS b JOIN location ON location.id = b.location_id
            WHERE location.kind = 'bin'
            UNION ALL
            SELECT warehouse_id, product_id, -sellable FROM warehouse_balance
        ) AS u GROUP BY warehouse_id, product_id HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "promised-is-what-allocated-shipments-want",
        "A warehouse's promised is the sum of its shipments that are allocated and not released.",
        """
        SELECT warehouse_id, product_id, SUM(units) AS difference FROM (
            SELECT s.warehouse_id, l.product_id, l.quantity AS units
            FROM shipment_line AS l JOIN shipment AS s ON s.id = l.shipment_id
            WHERE s.state = 'allocated'
            UNION ALL
            SELECT warehouse_id, product_id, -promised FROM warehouse_balance
        ) AS u GROUP BY warehouse_id, product_id HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "nothing-is-oversold",
        "No warehouse has promised more than it can sell.",
        """
        SELECT warehouse_id, product_id, sellable, promised FROM warehouse_balance
        WHERE promised > sellable OR promised < 0
        """,
    ),
    Invariant(
        "reservations-are-what-shipments-still-need",
        "Each line of a shipment in work has its units reserved: in bins, totes or parcels.",
        f"""
        SELECT l.id, s.number, s.state, l.quantity - l.shipped AS wanted,
               COALESCE(r.units, 0) AS reserved
        FROM shipment_line AS l JOIN shipment AS s ON s.id = l.shipment_id
        LEFT JOIN (SELECT shipment_line_id, SUM(quantity) AS units FROM reservation
                   GROUP BY shipment_line_id) AS r ON r.shipment_line_id = l.id
        WHERE (s.state IN {_LIVE} AND l.quantity - l.shipped <> COALESCE(r.units, 0))
           OR (s.state NOT IN {_LIVE} AND r.units IS NOT NULL)
        """,
    ),
    Invariant(
        "picked-units-are-in-totes-or-parcels",
        "What was picked and not shipped lies reserved outside the bins.",
        f"""
        SELECT l.id, s.number, l.picked - l.shipped AS picked, COALESCE(r.units, 0) AS outside
        FROM shipment_line AS l JOIN shipment AS s ON s.id = l.shipment_id
        LEFT JOIN (SELECT shipment_line_id, SUM(quantity) AS units FROM reservation
                   JOIN location ON location.id = reservation.location_id
                   WHERE location.kind <> 'bin'
                   GROUP BY shipment_line_id) AS r ON r.shipment_line_id = l.id
        WHERE s.state IN {_LIVE} AND l.picked - l.shipped <> COALESCE(r.units, 0)
        """,
    ),
    Invariant(
        "totes-hold-what-they-are-used-for",
        "Reserved goods in a tote or slot are of the shipment that uses it, or of the batch.",
        """
        SELECT r.location_id, r.shipment_line_id, r.lot, r.quantity
        FROM reservation AS r JOIN location ON location.id = r.location_id
        JOIN shipment_line AS l ON l.id = r.shipment_line_id
        WHERE location.kind IN ('tote', 'slot') AND NOT EXISTS (
            SELECT 1 FROM tote_use AS u
            WHERE u.tote_id = r.location_id AND u.closed_at IS NULL
              AND (u.shipment_id = l.shipment_id
                   OR (u.shipment_id IS NULL AND EXISTS (
                       SELECT 1 FROM pick_list_shipment AS m
                       WHERE m.pick_list_id = u.pick_list_id
                         AND m.shipment_id = l.shipment_id))))
        """,
    ),
    Invariant(
        "slots-collect-one-order",
        "A slot of a put wall in use has a shipment, and no shipment has two slots.",
        """
        SELECT u.tote_id AS place, u.shipment_id, 1 AS uses
        FROM tote_use AS u JOIN location ON location.id = u.tote_id
        WHERE location.kind = 'slot' AND u.closed_at IS NULL AND u.shipment_id IS NULL
        UNION ALL
        SELECT MIN(u.tote_id), u.shipment_id, COUNT(*)
        FROM tote_use AS u JOIN location ON location.id = u.tote_id
        WHERE location.kind = 'slot' AND u.closed_at IS NULL AND u.shipment_id IS NOT NULL
        GROUP BY u.shipment_id HAVING COUNT(*) > 1
        """,
    ),
    Invariant(
        "sorted-is-what-was-scanned",
        "A shipment's sorted units in the ledger are its accepted scans at the wall, not undone.",
        """
        SELECT shipment_id, SUM(units) AS difference FROM (
            SELECT reference_id AS shipment_id,
                   CASE location.kind WHEN 'slot' THEN quantity ELSE -quantity END AS units
            FROM stock_move JOIN location ON location.id = to_id WHERE reason = 'sort'
            UNION ALL
            SELECT shipment_id, -quantity FROM scan_event
            WHERE process = 'sort' AND accepted AND undone_by_id IS NULL AND quantity <> 0
        ) AS u GROUP BY shipment_id HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "order-lines-add-up",
        "An order line's allocated is the sum of its lines on shipments that are not cancelled.",
        """
        SELECT ol.id, ol.allocated, COALESCE(SUM(l.quantity), 0) AS on_shipments
        FROM order_line AS ol
        LEFT JOIN shipment_line AS l ON l.order_line_id = ol.id
            AND l.shipment_id IN (SELECT id FROM shipment WHERE state <> 'cancelled')
        GROUP BY ol.id, ol.allocated HAVING ol.allocated <> COALESCE(SUM(l.quantity), 0)
        """,
    ),
    Invariant(
        "shipped-is-what-the-ledger-shipped",
        "For each shipment, the ship moves less the un-ship moves are the shipped units.",
        """
        SELECT shipment_id, SUM(units) AS difference FROM (
            SELECT reference_id AS shipment_id,
                   CASE reason WHEN 'ship' THEN quantity ELSE -quantity END AS units
            FROM stock_move WHERE reference_kind = 'shipment' AND reason IN ('ship', 'un-ship')
            UNION ALL
            SELECT shipment_id, -shipped FROM shipment_line
        ) AS u GROUP BY shipment_id HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "shipped-shipments-are-whole",
        "A shipped shipment has shipped every unit of its lines; no other one has shipped any.",
        """
        SELECT s.id, s.number, s.state, l.quantity, l.shipped
        FROM shipment AS s JOIN shipment_line AS l ON l.shipment_id = s.id
        WHERE (s.state IN ('shipped', 'dispatched') AND l.shipped <> l.quantity)
           OR (s.state NOT IN ('shipped', 'dispatched') AND l.shipped <> 0)
        """,
    ),
    Invariant(
        "packed-is-what-the-parcels-hold",
        "A line's packed units are those of its parcels; a packed shipment has them all.",
        """
        SELECT l.id, s.number, s.state, l.quantity, l.packed, COALESCE(p.units, 0) AS in_parcels
        FROM shipment_line AS l JOIN shipment AS s ON s.id = l.shipment_id
        LEFT JOIN (SELECT shipment_line_id, SUM(quantity) AS units FROM parcel_line
                   GROUP BY shipment_line_id) AS p ON p.shipment_line_id = l.id
        WHERE l.packed <> COALESCE(p.units, 0)
           OR (s.state IN ('packed', 'labelled', 'shipped', 'dispatched') AND l.packed <> l.quantity)
        """,
    ),
    Invariant(
        "packed-is-what-was-scanned",
        "A shipment's packed units are its accepted scans that were not taken back.",
        """
        SELECT shipment_id, SUM(units) AS difference FROM (
            SELECT shipment_id, quantity AS units FROM scan_event
            WHERE process = 'pack' AND accepted AND undone_by_id IS NULL AND quantity <> 0
            UNION ALL
            SELECT shipment_id, -packed FROM shipment_line
        ) AS u GROUP BY shipment_id HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "order-state-is-what-its-units-say",
        "Confirmed owes units, allocated owes none, shipped has shipped all, cancelled has none.",
        """
        SELECT o.id, o.number, o.state, u.owed, u.allocated, COALESCE(w.open_shipments, 0) AS open
        FROM "order" AS o
        JOIN (SELECT order_id, SUM(quantity - cancelled - allocated) AS owed,
                     SUM(allocated) AS allocated
              FROM order_line WHERE NOT is_kit GROUP BY order_id) AS u ON u.order_id = o.id
        LEFT JOIN (SELECT order_id, COUNT(*) AS open_shipments FROM shipment
                   WHERE state NOT IN ('shipped', 'dispatched', 'cancelled')
                   GROUP BY order_id) AS w ON w.order_id = o.id
        WHERE (o.state = 'confirmed' AND u.owed = 0)
           OR (o.state = 'allocated' AND (u.owed <> 0 OR COALESCE(w.open_shipments, 0) = 0))
           OR (o.state = 'shipped' AND (u.owed <> 0 OR COALESCE(w.open_shipments, 0) <> 0))
           OR (o.state IN ('cancelled', 'merged') AND (u.owed <> 0 OR u.allocated <> 0))
           OR (o.state = 'review' AND u.allocated <> 0)
        """,
    ),
    Invariant(
        "one-open-session-per-shipment-and-station",
        "A shipment is open at one station, and a station has one shipment open.",
        """
        SELECT shipment_id AS thing, COUNT(*) AS sessions FROM pack_session
        WHERE closed_at IS NULL GROUP BY shipment_id HAVING COUNT(*) > 1
        UNION ALL
        SELECT station_id, COUNT(*) FROM pack_session
        WHERE closed_at IS NULL GROUP BY station_id HAVING COUNT(*) > 1
        """,
    ),
    Invariant(
        "labels-fit-their-parcels",
        "A labelled, shipped or dispatched parcel has one active label and a weight; others have none.",
        """
        SELECT p.id, p.state, p.weight_grams, COUNT(l.id) AS active_labels
        FROM parcel AS p LEFT JOIN label AS l ON l.parcel_id = p.id AND l.state = 'active'
        GROUP BY p.id, p.state, p.weight_grams
        HAVING (p.state IN ('labelled', 'shipped', 'dispatched')
                AND (COUNT(l.id) <> 1 OR p.weight_grams IS NULL))
            OR (p.state NOT IN ('labelled', 'shipped', 'dispatched') AND COUNT(l.id) <> 0)
        """,
    ),
    Invariant(
        "a-parcel-is-paid-for-once",
        "Of the labels that a carrier may be paid for, a parcel has one at a time.",
        """
        SELECT parcel_id, COUNT(*) AS purchases FROM label_purchase
        WHERE state IN ('asked', 'unknown', 'bought', 'voiding', 'void-refused')
        GROUP BY parcel_id HAVING COUNT(*) > 1
        """,
    ),
    Invariant(
        "labels-fit-their-purchases",
        "A valid label of a carrier is bought, a void one is not; a labelled parcel shows what it paid.",
        """
        SELECT p.id, p.state, l.state AS label_state, l.tracking_number
        FROM label AS l JOIN label_purchase AS p ON p.id = l.purchase_id
        WHERE (l.state = 'active'
               AND (p.state <> 'bought' OR p.parcel_id <> l.parcel_id
                    OR p.tracking_number <> l.tracking_number))
           OR (l.state = 'void' AND p.state NOT IN ('voiding', 'voided', 'void-refused'))
        UNION ALL
        SELECT p.id, p.state, '', p.tracking_number
        FROM label_purchase AS p JOIN parcel ON parcel.id = p.parcel_id
        LEFT JOIN label AS l ON l.purchase_id = p.id AND l.state = 'active'
        WHERE p.state = 'bought' AND l.id IS NULL
          AND parcel.state IN ('labelled', 'shipped', 'dispatched')
        """,
    ),
    Invariant(
        "shipped-parcels-were-confirmed",
        "Nothing ships before the label of each parcel was confirmed on its box.",
        """
        SELECT p.id, l.tracking_number FROM parcel AS p
        JOIN label AS l ON l.parcel_id = p.id AND l.state = 'active'
        WHERE p.state IN ('shipped', 'dispatched') AND l.confirmed_at IS NULL
        """,
    ),
    Invariant(
        "serials-are-in-one-place",
        "Each serial lies where its last move took it.",
        """
        SELECT product_id, serial, location_id, SUM(units) AS difference FROM (
            SELECT product_id, serial, to_id AS location_id, 1 AS units
            FROM stock_move WHERE serial <> ''
            UNION ALL
            SELECT product_id, serial, from_id, -1 FROM stock_move WHERE serial <> ''
            UNION ALL
            SELECT product_id, serial, location_id, -1 FROM serial_unit
        ) AS u JOIN location ON location.id = u.location_id
        WHERE location.warehouse_id IS NOT NULL
        GROUP BY product_id, serial, location_id HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "serials-are-as-many-as-the-units",
        "A product with serial numbers has one at a place for each unit on hand there.",
        """
        SELECT location_id, product_id, lot, SUM(units) AS difference FROM (
            SELECT b.location_id, b.product_id, b.lot, b.on_hand AS units
            FROM stock_balance AS b JOIN product ON product.id = b.product_id
            WHERE product.tracking = 'serial'
            UNION ALL
            SELECT location_id, product_id, lot, -1 FROM serial_unit
        ) AS u GROUP BY location_id, product_id, lot HAVING SUM(units) <> 0
        """,
    ),
    Invariant(
        "the-world-was-told-once",
        "Each shipped shipment has its one message to the channel.",
        """
        SELECT s.id, s.number FROM shipment AS s
        WHERE s.state IN ('shipped', 'dispatched') AND NOT EXISTS (
            SELECT 1 FROM outbox_message AS m
            WHERE m.topic = 'shipment.shipped' AND m.key = 'shipment.shipped:' || s.id)
        """,
    ),
    Invariant(
        "deliveries-are-settled-or-on-their-way",
        "A message on its way to a receiver is open, or it has the moment at which it was settled.",
        """
        SELECT id, state FROM outbox_delivery
        WHERE (state = 'open' AND settled_at IS NOT NULL)
           OR (state <> 'open' AND settled_at IS NULL)
        """,
    ),
    Invariant(
        "stops-and-feeds-agree",
        "A picked stop has fed all its units, an open stop has a feed that is not done.",
        """
        SELECT st.id, st.state, SUM(f.quantity) AS wanted, SUM(f.picked + f.short) AS done
        FROM pick_stop AS st JOIN pick_feed AS f ON f.stop_id = st.id
        JOIN shipment_line AS l ON l.id = f.shipment_line_id
        JOIN shipment AS s ON s.id = l.shipment_id
        WHERE s.state <> 'cancelled'
        GROUP BY st.id, st.state
        HAVING (st.state IN ('picked', 'short') AND SUM(f.quantity) <> SUM(f.picked + f.short))
            OR (st.state = 'open' AND SUM(f.quantity) = SUM(f.picked + f.short))
        """,
    ),
    Invariant(
        "labels-are-printed-once",
        "A label has one print job, and one more for each counted reprint.",
        """
        SELECT j.label_id, COUNT(*) AS jobs FROM print_job AS j
        WHERE j.label_id IS NOT NULL AND j.state <> 'cancelled'
        GROUP BY j.label_id
        HAVING COUNT(*) > 1 + (SELECT COUNT(*) FROM label_reprint AS r WHERE r.label_id = j.label_id)
        """,
    ),
    Invariant(
        "void-labels-do-not-print",
        "No void label waits for a printer, and a job that was sent has the moment it began.",
        """
        SELECT j.id, j.state FROM print_job AS j LEFT JOIN label AS l ON l.id = j.label_id
        WHERE (j.state = 'queued' AND l.state = 'void')
           OR (j.state IN ('sent', 'unknown') AND j.sending_at IS NULL)
           OR (j.state = 'queued' AND j.sending_at IS NOT NULL)
        """,
    ),
    Invariant(
        "answers-are-kept",
        "Each idempotency key that was claimed has its answer.",
        "SELECT client, key FROM idempotency_record WHERE status IS NULL",
    ),
)
