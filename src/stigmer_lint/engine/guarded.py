"""The one place that catches everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def guarded(work: Callable[[], T], failed: Callable[[str], None]) -> T | None:
    """The result of `work`; where it raises what nobody planned for, `failed` is told in a sentence and the result is None.

    A fault of ours in one rule or on one file must not hide what was found elsewhere: the run goes on and ends as incomplete.
    """
    try:
        return work()
    except RecursionError:
        failed("it is nested too deep to follow")
    except Exception as error:  # noqa: BLE001  by intent, and only here
        failed(f"this program failed on it: {type(error).__name__}: {error}")
    return None
