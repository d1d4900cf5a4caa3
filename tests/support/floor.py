"""Somebody who works on a put-back or count task with a handheld."""

from __future__ import annotations

import uuid

from fulfillment.domain.barcodes import Command, Own, own_code
from fulfillment.domain.people import Actor
from fulfillment.services import tasks
from fulfillment.services.tasks import TaskReply


class Worker:
    """Somebody who works on a task: every method is one scan."""

    def __init__(self, actor: Actor, task_id: int) -> None:
        self.actor = actor
        self.task_id = task_id

    def scan(self, raw: str, scan_id: str | None = None) -> TaskReply:
        """Scan a text as it stands."""
        return tasks.scan(
            self.actor, task_id=self.task_id, scan_id=scan_id or str(uuid.uuid4()), raw=raw
        )

    def place(self, code: str, scan_id: str | None = None) -> TaskReply:
        """Scan a bin's barcode."""
        return self.scan(own_code(Own.LOCATION, code), scan_id)

    def tote(self, code: str) -> TaskReply:
        """Scan a tote's barcode."""
        return self.scan(own_code(Own.TOTE, code))

    def quantity(self, quantity: int) -> TaskReply:
        """Scan a number of the sheet."""
        return self.scan(own_code(Own.QUANTITY, str(quantity)))

    def command(self, command: Command) -> TaskReply:
        """Scan a command of the sheet."""
        return self.scan(own_code(Own.COMMAND, command))
