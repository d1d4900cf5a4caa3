"""Pages for supervisors and administrators.

Each module has a ``blueprint`` and is named in :data:`MODULES`.
"""

from flask import Flask

from fulfillment.office import (
    access,
    alerts,
    board,
    board_acts,
    books,
    carriers,
    catalogue,
    dock,
    home,
    house_labels,
    imports,
    layout,
    orders,
    papers,
    people,
    phone_orders,
    printers,
    reports,
    schedules,
    sellers,
    showing,
    slotting,
    stock,
    tasks,
    warehouses,
    waves,
    webhooks,
)

MODULES = (
    access,
    home,
    board,
    board_acts,
    alerts,
    reports,
    schedules,
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
    papers,
    house_labels,
    sellers,
    webhooks,
    books,
    people,
)
"""Every module with pages."""


def register(app: Flask) -> None:
    """Add the pages to the application."""
    showing.register(app)
    for module in MODULES:
        app.register_blueprint(module.blueprint)
