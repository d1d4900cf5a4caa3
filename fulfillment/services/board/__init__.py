"""The supervisor's board of one warehouse.

::

    reading     the open shipments, who scanned what in the last hour: what everything else is made of
    choosing    a choice of these shipments: the number on the board and the list behind it
    showing     the board as pages and API show it
    people      who works on what, and how fast
    exceptions  what waits for somebody's decision
    advising    what to move so that more catches its van
    hindsight   how good the same forecast was on past days
    acting      move up, move the cut-off, hold, hand a list over
"""
