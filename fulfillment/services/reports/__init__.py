"""Reports: each is a frozen description, shown by one frame as page, CSV, XLSX and JSON.

::

    frame     a report, what it is asked for, who sees what of it
    files     sheets as CSV and XLSX, safe against formulas
    dispatch  on time, and where the time went
    …         the others, one file each

A new report is one file with a :class:`fulfillment.services.reports.frame.Report`, named in
:data:`fulfillment.services.reports.catalogue.REPORTS`.
"""
