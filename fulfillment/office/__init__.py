"""Pages for supervisors and administrators.

Each module has a ``blueprint`` and is named in :data:`MODULES`.
"""

from flask import Flask

from fulfillment.office import access, people

MODULES = (access, people)
"""Every module with pages."""


def register(app: Flask) -> None:
    """Add the pages to the application."""
    for module in MODULES:
        app.register_blueprint(module.blueprint)
