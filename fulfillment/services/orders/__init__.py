"""Orders from the moment they come in until stock is promised to them.

``intake``: one order or thousands, the same code; ``review``: confirm, holds, address,
priority; ``parting``: merge and split.
"""
