"""Pages for supervisors and administrators.

Each module has a ``blueprint`` and is named in :data:`MODULES`.
"""

from flask import Flask

from fulfillment.office import (
    access,
    books,
    catalogue,
    dock,
    home,
    imports,
    orders,
    people,
    phone_orders,
    printers,
    sellers,
    showing,
    stock,
    tasks,
    warehouses,
    waves,
)

MODULES = (
    access,
    home,
    phone_orders,
    orders,
    waves,
    dock,
    tasks,
    stock,
    catalogue,
    imports,
    warehouses,
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
