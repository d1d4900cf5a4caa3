"""gunicorn's configuration for whoever starts gunicorn himself (systemd, a container):

    gunicorn --config python:fulfillment.gunicorn_conf

gunicorn takes the names of this module as its settings. They come from the same `FULFILLMENT_*`
variables as those of `fulfillment serve`, and a wrong one stops the start.
"""

import os

from fulfillment.serving import APPLICATION, gunicorn_options, prepared, share_figures
from fulfillment.settings import Settings

_service = prepared(Settings.from_environ(os.environ))
os.environ.update(_service.settings.to_environ())
share_figures(_service.settings)

wsgi_app = APPLICATION
globals().update(gunicorn_options(_service))
