"""Tables, locks and queries: the only floor that knows SQL.

Importing the package registers every table.
"""

from fulfillment.store import (
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
    stock,
    walls,
    work,
)

__all__ = [
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
    "stock",
    "walls",
    "work",
]
