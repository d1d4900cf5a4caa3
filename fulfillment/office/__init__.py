"""Pages for supervisors and administrators.

Each module has a ``blueprint`` and is named in :data:`MODULES`.
"""

from flask import Flask

from fulfillment.office import (
    access,
    board,
    board_acts,
    books,
    carriers,
    catalogue,
    dock,
    home,
    imports,
    layout,
    orders,
    people,
    phone_orders,
    printers,
    reports,
    sellers,
    showing,
    slotting,
    stock,
    tasks,
    warehouses,
    waves,
)

MODULES = (
    access,
    home,
    board,
    board_acts,
    reports,
    phone_orders,
    orders,
    waves,
    dock,
    tasks,
    stock,
    catalogue,
    imports,
    warehouses,
    carriers,
    layout,
    slotting,
    printers,
    sellers,
    books,
    people,
)
"""Every module with pages."""


def register(app: Flask) -> None:
    """Add the pages to the application."""
    showing.register(app)
    for module in MODULES:
        app.register_blueprint(module.blueprint)
