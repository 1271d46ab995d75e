"""A sign of life on the terminal while a run takes longer than a second."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

AFTER = 1.0
"""Seconds before anything is shown: a run that is over by then shows nothing."""
_EVERY = 0.25


class Progress:
    """Use as a context manager around the run; `stage` is called with what is being done. Writes to standard error only, and only
    where that is a terminal."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown and sys.stderr.isatty()
        self._stage = "reading"
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def stage(self, text: str) -> None:
        """Say what is being done now, in a few words."""
        self._stage = text

    def __enter__(self) -> Progress:
        if self._shown:
            self._thread = threading.Thread(target=self._tick, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _tick(self) -> None:
        began = time.monotonic()
        if self._done.wait(AFTER):
            return
        while True:
            sys.stderr.write(f"\r\x1b[K{self._stage} … {time.monotonic() - began:.0f} s")
            sys.stderr.flush()
            if self._done.wait(_EVERY):
                break
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
