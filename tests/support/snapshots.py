"""A database as it was: taken once, put back before every example of a property test."""

from __future__ import annotations

import shutil
from pathlib import Path

from sqlalchemy.engine import make_url

from fulfillment.store.base import db
from tests.support.databases import copy_database, drop_database


class Snapshot:
    """The database at *url* as it is now; nobody else may be connected to it."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        db.engine.dispose()  # the last connection of SQLite to close writes the log back
        if self._is_file:
            shutil.copy(self._file, self._kept_file)
        else:
            copy_database(url, self._kept_name)

    def restore(self) -> None:
        """Put everything back."""
        db.engine.dispose()
        if self._is_file:
            for leftover in ("-wal", "-shm"):
                Path(f"{self._file}{leftover}").unlink(missing_ok=True)
            shutil.copy(self._kept_file, self._file)
        else:
            copy_database(self._kept_url, str(self._url.database))

    def forget(self) -> None:
        """Remove what was kept."""
        if self._is_file:
            self._kept_file.unlink()
        else:
            drop_database(self._kept_url)

    @property
    def _is_file(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @property
    def _file(self) -> Path:
        return Path(str(self._url.database))

    @property
    def _kept_file(self) -> Path:
        return self._file.with_suffix(".kept")

    @property
    def _kept_name(self) -> str:
        return f"{self._url.database}_kept"

    @property
    def _kept_url(self) -> str:
        return self._url.set(database=self._kept_name).render_as_string(hide_password=False)
