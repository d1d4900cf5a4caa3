"""Reports: the days they cover, their sheets, and the figures of the dispatch report.

::

    days      a range of local days, the range before it
    sheets    columns and rows, as pages, CSV, XLSX and JSON show them
    dispatch  on time, and where the time went, from the stamps of shipments
    ranking   ABC classes, reorder quantities
"""
