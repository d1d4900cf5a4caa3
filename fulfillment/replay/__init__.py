"""The main job as one command: real invoices in, parcels out, the books balanced.

`invoices` reads the invoices and says why a row is left out, `made` makes such rows for those who
have no file, `catalogue` turns them into products, bins and opening stock. All three are pure
apart from opening the file: the same input and seed give the same values on every machine.
"""
