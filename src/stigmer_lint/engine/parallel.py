"""The launches of many files, found by several processes.

Following values is the costly part of a run and files are independent, so the files are dealt out to forked workers, which have what
the parent has read already. Where the system cannot fork, or the files are few, everything happens in this process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

import msgspec

from stigmer_lint.model.launch import Launch
from stigmer_lint.model.world import Gap

FEW = 24
"""Fewer files than this are not worth a fork: starting workers costs about 30 ms."""


class FoundInFile(msgspec.Struct, frozen=True):
    """What one file gave. `failures` and `unreadable` are (path, why, byte offset)."""

    launches: tuple[Launch, ...] = ()
    gaps: tuple[Gap, ...] = ()
    failures: tuple[tuple[str, str, int | None], ...] = ()
    unreadable: tuple[tuple[str, str, int], ...] = ()


Search = Callable[[str, str], FoundInFile]
"""(language, path) -> what the file gave."""

_search: Search | None = None


def workers(jobs: int, files: int) -> int:
    """How many processes to use for so many files: `jobs` where it is given, else one per core, and one where forking does not pay."""
    if files < FEW and jobs == 0:
        return 1
    if not hasattr(os, "fork") or sys.platform == "darwin":
        # On macOS a forked child of a process that has used system libraries may crash (https://bugs.python.org/issue33725).
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(jobs or cores, files, 32))


def search_all(tasks: Sequence[tuple[str, str]], search: Search, jobs: int) -> list[FoundInFile]:
    """The results of `search` over the tasks, in the tasks' order. `jobs` 0: as many processes as there are cores."""
    count = workers(jobs, len(tasks))
    if count == 1:
        return [search(*task) for task in tasks]
    import multiprocessing

    global _search
    _search = search
    # Neighbours share what is parsed and followed, so they go to the same worker; chunks are small enough to even out.
    size = max(1, len(tasks) // (count * 8))
    try:
        with multiprocessing.get_context("fork").Pool(count) as pool:
            return pool.map(_run, tasks, chunksize=size)
    finally:
        _search = None


def _run(task: tuple[str, str]) -> FoundInFile:
    assert _search is not None, "set before the fork"
    return _search(*task)
