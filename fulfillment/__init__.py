"""Warehouse order fulfilment: orders in, parcels out, every unit accounted for."""
