"""Tables, locks and queries: the only floor that knows SQL.

Importing the package registers every table.
"""

from fulfillment.store import (
    carrier_requests,
    catalog,
    inbound,
    journal,
    manifests,
    orders,
    parcels,
    people,
    printing,
    purchases,
    stock,
    walls,
    work,
)

__all__ = [
    "carrier_requests",
    "catalog",
    "inbound",
    "journal",
    "manifests",
    "orders",
    "parcels",
    "people",
    "printing",
    "purchases",
    "stock",
    "walls",
    "work",
]
