"""The supervisor's board: where shipments stand, when they will leave, what to move.

::

    standing   stages of the board; late, at risk or safe against a cut-off
    pace       how fast each step goes and who works at it, from the scans of the last hour
    forecast   when each shipment leaves: the queue ahead of it, at that pace
    advice     the orders to move up, or the people to move over, so that more catch their van
"""
