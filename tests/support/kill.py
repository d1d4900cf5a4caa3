"""kill -9 at the n-th boundary of a transaction, in a child process of its own.

A boundary is: before and after every statement, before COMMIT, and after COMMIT before the
answer is given.  SIGKILL leaves no chance to clean up; what the child had not committed is
for the database to forget.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event

from fulfillment.store.base import db


def killed_at(url: str, directory: Path, point: int, operation: Callable[[], object]) -> bool:
    """Run *operation* in a forked child that dies at boundary *point* (1-based).

    True: it was killed there.  False: the operation has fewer boundaries and came through.
    The parent's connections are closed first; none may cross the fork.
    """
    from tests.conftest import application

    db.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            app = application(url, directory)
            with app.app_context():
                _die_at(point, operation)
            os._exit(0)
        except BaseException:  # the child must never return into the test runner
            os._exit(70)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the operation failed by itself in the child"
    return False


def _die_at(point: int, operation: Callable[[], object]) -> None:
    left = point

    def boundary(*_args: Any, **_kwargs: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(db.engine, name, boundary)
    operation()
    boundary()
