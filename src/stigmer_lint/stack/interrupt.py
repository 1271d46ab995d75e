"""Ctrl-C, and being told to end, without losing sight of what was just started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """SIGINT, SIGTERM and the end of the terminal as one KeyboardInterrupt, put off inside `held`. Later ones are ignored: taking back goes on."""

    def __init__(self) -> None:
        self._depth = 0
        self._came = False
        self._over = False

    def listen(self) -> None:
        """Take the signals from now on. Only in the main thread."""
        numbers = [signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ())]
        for one in numbers:
            # Under nohup the end of the terminal is to be ignored, and stays so.
            if signal.getsignal(one) is not signal.SIG_IGN or one == signal.SIGINT:
                signal.signal(one, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._over:
            return
        if self._depth:
            self._came = True
            return
        self._over = True
        raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Between the start of something and its being written down nothing interrupts."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._came and not self._depth and not self._over:
                self._over = True
                raise KeyboardInterrupt

    def finish(self) -> None:
        """Ignore every signal from here on: what is done now must be done to its end."""
        self._over = True


__all__ = ["Interruption"]
