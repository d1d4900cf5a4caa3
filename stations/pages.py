"""The pages people scan at.

::

    frame      what they share: the blueprint, JSON answers, which station this browser is
    entry      badge in, log out
    packing    the packing station
    printing   what waits for its printers
    picking    the handheld
    tasks      put-back and count
    pictures   frames and photographs of a camera
    wall       the put wall
    devices    the browser's scanner, sound and scale
    beats      what a page says of itself, for the board
    sheets     printable command barcodes
    words      what a code says to the worker
    static/    scripts and styles, served as they are

Kept apart from ``stations/__init__.py`` so that the decoder's processes load no web framework.
"""

from __future__ import annotations

from flask import Flask

from stations import (
    beats,
    devices,
    entry,
    packing,
    picking,
    pictures,
    printing,
    sheets,
    tasks,
    wall,
)
from stations.frame import blueprint

MODULES = (entry, packing, printing, picking, wall, tasks, pictures, sheets, devices, beats)
"""Every module that hangs its pages onto the blueprint when it is imported."""


def register(app: Flask) -> None:
    """Add the pages to the application."""
    app.register_blueprint(blueprint)
