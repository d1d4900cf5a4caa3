"""Printing: a queue in the database, printed once by a worker, confirmed by a scan.

* ``documents``  values to JSON and back, and to the bytes that a printer wants
* ``sizes``      from the name of a paper to its size in a warehouse
* ``printers``   setting printers up, and which station uses which
* ``papers``     the sizes and margins of papers, and which one a document takes
* ``queue``      asking for prints, and a person's word on what came of one
* ``found_labels``, ``house_labels``  labels of bins, totes, products …: which ones a choice means;
  looking at them, drawing them, queueing them
* ``status``     what a page shows
* ``working``    what the worker does, job by job

Labels are queued with the label itself by :mod:`fulfillment.services.packing`.
"""

from fulfillment.services.printing.found_labels import HouseLabel, LabelChoice, permission_for
from fulfillment.services.printing.house_labels import (
    LabelLook,
    QueuedLabels,
    draw_labels,
    look_at_labels,
    queue_labels,
)
from fulfillment.services.printing.papers import (
    DocumentChoice,
    PaperSetup,
    PaperView,
    WarehousePapers,
    choose_document_paper,
    list_papers,
    paper_of_commands,
    remove_paper,
    save_paper,
)
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
    "DocumentChoice",
    "HouseLabel",
    "JobView",
    "LabelChoice",
    "LabelLook",
    "PaperSetup",
    "PaperView",
    "PrinterSetup",
    "PrinterView",
    "Queued",
    "QueuedLabels",
    "StationDefaults",
    "StationPrinting",
    "WarehousePapers",
    "WarehousePrinting",
    "cancel_job",
    "change_printer",
    "choose_document_paper",
    "confirm_job",
    "create_printer",
    "draw_labels",
    "list_papers",
    "list_printers",
    "look_at_labels",
    "move_jobs",
    "paper_of_commands",
    "permission_for",
    "print_document",
    "print_test",
    "printing_status",
    "queue_labels",
    "remove_paper",
    "repeat_job",
    "save_paper",
    "set_station_printer",
    "warehouse_printing",
]
