"""Files in: products, barcodes, bins, stock and orders; checked whole, all or nothing.

``files`` has the use cases; ``receipts`` knows what the rows of a stock file do.
"""
