"""Tables, locks and queries: the only floor that knows SQL."""
