"""Pages for supervisors and administrators.

Each module has a ``blueprint`` and is named in :data:`MODULES`.
"""

from flask import Flask

from fulfillment.office import access, home, orders, people, phone_orders, showing

MODULES = (access, home, people, phone_orders, orders)
"""Every module with pages."""


def register(app: Flask) -> None:
    """Add the pages to the application."""
    showing.register(app)
    for module in MODULES:
        app.register_blueprint(module.blueprint)
