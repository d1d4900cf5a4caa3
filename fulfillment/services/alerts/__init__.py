"""Alerts: rules on the figures of a warehouse, what is bad now, who was told.

::

    rules      what is watched, who is told
    figures    the figures of now, by kind of rule
    watching   the look that one of all workers takes every minute
    showing    the open alerts and those of before; acknowledging
"""
