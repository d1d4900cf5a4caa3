"""Sellers, products and places, as administrators and files describe them.

Every ``put_*`` is an upsert by key: what is new is created, what differs is changed, the
same again changes nothing.  ``listing`` has the queries.
"""
