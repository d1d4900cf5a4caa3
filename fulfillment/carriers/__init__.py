"""Carrier services behind one protocol."""
