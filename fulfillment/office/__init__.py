"""Pages for supervisors and administrators.

Each module has a ``blueprint`` and is named in :data:`MODULES`.
"""

from flask import Flask

from fulfillment.office import (
    access,
    books,
    catalogue,
    home,
    imports,
    orders,
    people,
    phone_orders,
    printers,
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
    tasks,
    stock,
    catalogue,
    imports,
    warehouses,
    printers,
    books,
    people,
)
"""Every module with pages."""


def register(app: Flask) -> None:
    """Add the pages to the application."""
    showing.register(app)
    for module in MODULES:
        app.register_blueprint(module.blueprint)
