"""What runs in the decoding process: limits on, then one picture after the other (`worker.py`)."""

import base64
import json
import resource
import sys
from dataclasses import asdict
from typing import Any, BinaryIO

import cv2

from stations.decoding import cascade
from stations.decoding.opening import PictureError, clean_copy, open_gray

MEMORY_BYTES = 400 * 1024**2
"""What the process may ask for beyond what it holds after its imports."""

CPU_SECONDS = 5
"""Processor time for one picture."""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Decode one picture after the other until the pipe closes."""
    _limit_memory()
    answers.write(b"ready\n")
    answers.flush()
    while header := requests.readline():
        asked = json.loads(header)
        image = requests.read(asked["bytes"])
        _limit_cpu()
        try:
            gray = open_gray(image)
            decoded, _ = cascade.run(gray, budget_ms=asked["budget_ms"])
            answer: dict[str, Any] = {"decoded": [asdict(one) for one in decoded]}
            if asked["copy"]:
                answer["copy"] = base64.b64encode(clean_copy(image)).decode()
        except PictureError as refused:
            answer = {"refused": refused.code}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _limit_memory() -> None:
    with open("/proc/self/statm") as pages:
        held = int(pages.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY_BYTES, held + MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_SECONDS, hard))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    serve(sys.stdin.buffer, sys.stdout.buffer)
