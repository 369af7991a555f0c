"""Watching how much memory a process holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

INTERVAL = 0.02  # seconds between two looks at the memory
MB = 1_000_000


def resident(process: psutil.Process) -> int:
    """Bytes that a process and its children have in memory now; 0 when it has ended."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for member in family:
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue  # it ended meanwhile
    return total


@contextmanager
def watching(pid: int) -> Iterator[list[int]]:
    """Watch a process's memory; the one number in the list is the most seen so far, in bytes."""
    process, most, done = psutil.Process(pid), [0], threading.Event()

    def look() -> None:
        most[0] = max(most[0], resident(process))

    def watch() -> None:
        look()
        while not done.wait(INTERVAL):
            look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()
        look()
