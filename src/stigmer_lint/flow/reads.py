"""Where code reads environment variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from stigmer_lint.engine.discover import Files
from stigmer_lint.flow.callers import is_test
from stigmer_lint.flow.evaluate import Evaluator
from stigmer_lint.flow.project import SUFFIXES
from stigmer_lint.flow.reads_code import Code
from stigmer_lint.flow.reads_forms import NEEDLE
from stigmer_lint.model.world import EnvRead

CODE = tuple(suffix for family in ("go", "python", "javascript") for suffix in SUFFIXES[family])

_ASIDE = re.compile(r"(?:^|/)(?:tests?|testing|spec|specs|__tests__|e2e|fixtures|testdata|mocks?|examples?|samples?|docs?|benchmarks?|stories)(?:/|$)", re.IGNORECASE)
"""Folders whose code is not what a container runs. A component that consists of such a folder is looked at all the same."""


class Readers:
    """The reads of a run, file by file and once each. `inside`: which files are in any image."""

    def __init__(self, ev: Evaluator, files: Files, inside: Callable[[str], bool]) -> None:
        self.ev = ev
        self.files = files
        self.code = Code(ev, inside)
        self.reads: dict[str, list[EnvRead]] = {}
        for path, _ in files.grep(NEEDLE, lambda path: path.endswith(CODE) and inside(path)):
            if not is_test(path) and not _ASIDE.search(path):
                self.of_code(path)

    def of_code(self, path: str) -> None:
        """Note the reads of one file of code; those of a wrapper are noted where it is called."""
        from stigmer_lint.flow.reads_classes import class_reads

        unit, source = self.ev.project.unit(path), self.ev.project.source(path)
        if unit is None or source is None:
            return
        for read in self.code.reads(unit, source, NEEDLE):
            self._note(read)
        for read in class_reads(self.ev, unit, source, self.code.known(unit)):
            self._note(read)

    def _note(self, read: EnvRead) -> None:
        held = self.reads.setdefault(read.span.path, [])
        if read not in held:
            held.append(read)

    def below(self, holds: Callable[[str], bool]) -> Iterator[EnvRead]:
        """The reads of the files that `holds` says are inside, in path and offset order."""
        for path in sorted(self.reads):
            if holds(path):
                yield from sorted(self.reads[path], key=lambda read: (read.span, read.name))
