"""The packing station: every piece checked, weighed, labelled, shipped exactly once.

One endpoint a gesture: :func:`scan` takes whatever the scanner read, :func:`weigh` what the
scale says, and each answers with a verdict, the state of the order and the next step.

* ``scanning``  what a scan means here: open, count, undo, commands
* ``sealing``   close a parcel, weigh it, make its label, void it
* ``shipping``  the one transaction that takes the stock down
* ``replies``   what the station gets back
"""

from fulfillment.services.packing.replies import BenchReply, BenchView
from fulfillment.services.packing.scanning import bench, scan
from fulfillment.services.packing.sealing import override_weight, reprint_label, void_label, weigh
from fulfillment.services.packing.shipping import ShipResult, ship

__all__ = [
    "BenchReply",
    "BenchView",
    "ShipResult",
    "bench",
    "override_weight",
    "reprint_label",
    "scan",
    "ship",
    "void_label",
    "weigh",
]
