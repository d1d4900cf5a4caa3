"""Printing: a queue in the database, printed once by a worker, confirmed by a scan.

* ``documents``  values to JSON and back, and to the bytes that a printer wants
* ``printers``   setting printers up, and which station uses which
* ``queue``      asking for prints, and a person's word on what came of one
* ``status``     what a page shows
* ``working``    what the worker does, job by job

Labels are queued with the label itself by :mod:`fulfillment.services.packing`.
"""

from fulfillment.services.printing.printers import (
    PrinterSetup,
    PrinterView,
    change_printer,
    create_printer,
    list_printers,
    set_station_printer,
)
from fulfillment.services.printing.queue import (
    Queued,
    cancel_job,
    confirm_job,
    move_jobs,
    print_document,
    print_test,
    repeat_job,
)
from fulfillment.services.printing.status import (
    JobView,
    StationDefaults,
    StationPrinting,
    WarehousePrinting,
    printing_status,
    warehouse_printing,
)

__all__ = [
    "JobView",
    "PrinterSetup",
    "PrinterView",
    "Queued",
    "StationDefaults",
    "StationPrinting",
    "WarehousePrinting",
    "cancel_job",
    "change_printer",
    "confirm_job",
    "create_printer",
    "list_printers",
    "move_jobs",
    "print_document",
    "print_test",
    "printing_status",
    "repeat_job",
    "set_station_printer",
    "warehouse_printing",
]
