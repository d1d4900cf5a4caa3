"""The application factory that gunicorn calls in each worker process."""

from __future__ import annotations

import os

from flask import Flask

from fulfillment.app import create_app
from fulfillment.settings import Settings


def create() -> Flask:
    """The application for the environment's settings."""
    return create_app(Settings.from_environ(os.environ))
