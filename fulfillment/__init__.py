"""Warehouse order fulfilment: orders in, parcels out, every unit accounted for."""

import os

# Where lxml is installed, openpyxl would parse with it and not with defusedxml, and it looks here
# only once, when it is imported.
os.environ["OPENPYXL_LXML"] = "False"
