"""Tables, locks and queries: the only floor that knows SQL.

Importing the package registers every table.
"""

from fulfillment.store import (
    alerts,
    carrier_requests,
    catalog,
    inbound,
    journal,
    manifests,
    orders,
    outbox,
    parcels,
    people,
    printing,
    purchases,
    schedules,
    stock,
    walls,
    work,
)

__all__ = [
    "alerts",
    "carrier_requests",
    "catalog",
    "inbound",
    "journal",
    "manifests",
    "orders",
    "outbox",
    "parcels",
    "people",
    "printing",
    "purchases",
    "schedules",
    "stock",
    "walls",
    "work",
]
