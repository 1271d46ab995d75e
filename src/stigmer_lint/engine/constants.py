"""Which of the constants that hold a variable of the environment anything in an image uses.

Programs that are built of one tree share its configuration module, which reads the addresses of all of them; what a program does not use it
does not dial.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from stigmer_lint.addresses import addresses_of
from stigmer_lint.engine.discover import Files
from stigmer_lint.knowledge.names import is_test
from stigmer_lint.knowledge.roles import role_of
from stigmer_lint.model.world import EnvRead

_BY_NAME = re.compile(rb"INSTALLED_APPS|\bfrom_object\b|\bfrom_pyfile\b|\bfrom_mapping\b")
"""A framework looks at the constants of a module by their names (docs.djangoproject.com, "Settings"; flask.palletsprojects.com, "Configuration
Handling"; docs.celeryq.dev, `config_from_object`)."""
_GIVEN = re.compile(rb"\s*(?::[^=\n]{0,120})?=(?!=)")
_STARTS = re.compile(rb"(?:^|\n)[ \t]*(?:export[ \t]+)?(?:(?:const|let|var)[ \t]+)?$")


def unused(parts: Sequence[tuple[Sequence[EnvRead], Callable[[str], bool]]], files: Files) -> list[frozenset[str]]:
    """Per program the variables that it reads into constants (or fields of settings) which none of its code speaks of again. `parts`: the reads of
    each program, and whether a file is inside. Only reads whose absence would be told are looked at."""
    asked = [_candidates(reads) for reads, _ in parts]
    if not any(asked):
        return [frozenset() for _ in parts]
    # Whether a module's other constants are used tells whether it is one whose users are seen.
    wanted = [_beside(reads, names) for (reads, _), names in zip(parts, asked, strict=True)]
    endings = frozenset(read.span.path.rpartition(".")[2] for found in wanted for reads in found.values() for read in reads)
    code = tuple(f".{one}" for ending in endings for one in _TOGETHER.get(ending, (ending,)))
    holders = [holds if found else None for found, (_, holds) in zip(wanted, parts, strict=True)]

    def inside(path: str) -> bool:
        return path.endswith(code) and any(holds is not None and holds(path) for holds in holders)

    for path, _ in files.grep(_BY_NAME, inside):
        for index, holds in enumerate(holders):
            if holds is not None and holds(path) and not is_test(path):
                holders[index] = None
    constants = sorted({constant for found in wanted for constant in found})
    # What comes before is looked at afterwards: a pattern that begins with letters is searched for several times faster.
    word = re.compile(rb"(?:" + b"|".join(re.escape(one.encode()) for one in constants) + rb")\b")
    used: list[set[str]] = [set() for _ in parts]
    for path, data in files.grep(word, inside):
        here = [index for index, holds in enumerate(holders) if holds is not None and holds(path)]
        if not here or is_test(path):
            continue
        for hit in word.finditer(data):
            if hit.start() and (data[hit.start() - 1 : hit.start()].isalnum() or data[hit.start() - 1] == 0x5F):
                continue
            constant = hit[0].decode()
            for index in here:
                reads = wanted[index].get(constant)
                if reads is not None and constant not in used[index] and not _defines(hit, data, path, reads):
                    used[index].add(constant)
    done: list[frozenset[str]] = []
    for names, found, holds, spoken in zip(asked, wanted, holders, used, strict=True):
        seen = {read.span.path for constant in spoken for read in found[constant]}
        done.append(frozenset(
            read.name for constant, reads in found.items() if holds is not None and constant not in spoken
            for read in reads if read.name in names and read.span.path in seen
        ))
    return done


_SCRIPTS = ("js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte")
_TOGETHER = dict.fromkeys(_SCRIPTS, _SCRIPTS) | {"py": ("py", "pyi", "ipynb", "html", "j2")}
"""Endings of files that may use what a file with the first ending defines."""


def _candidates(reads: Sequence[EnvRead]) -> frozenset[str]:
    """The variables whose reads are all into constants, those apart that nothing is said of anyway."""
    apart = {read.name for read in reads if read.constant is None or len(read.constant) < 3 or read.required or read.prefix or read.glob}
    return frozenset(
        read.name for read in reads
        if not read.conditional and read.name not in apart
        and (any(one.address.is_loopback or one.address.kind == "host-alias" for one in addresses_of(read.default)) if read.default is not None else role_of(read.name).role == "dial")
    )


def _beside(reads: Sequence[EnvRead], names: frozenset[str]) -> dict[str, list[EnvRead]]:
    """The reads of `names` by their constants, and a few others of the same files: those with the longest names, which mean one thing only."""
    files = {read.span.path for read in reads if read.name in names}
    found: dict[str, list[EnvRead]] = {}
    more: Counter[str] = Counter()
    for read in sorted(reads, key=lambda read: -len(read.constant or "")):
        path = read.span.path
        if read.constant is None or path not in files:
            continue
        if read.name not in names:
            more[path] += 1
        if read.name in names or more[path] <= MAX_OTHERS:
            found.setdefault(read.constant, []).append(read)
    return found


MAX_OTHERS = 5


def _defines(hit: re.Match[bytes], data: bytes, path: str, reads: Sequence[EnvRead]) -> bool:
    """Whether an occurrence of a constant's name is where it is given its value: what is assigned to, or a part of the read itself."""
    if any(read.span.path == path and read.span.start <= hit.start() < read.span.end for read in reads):
        return True
    return _GIVEN.match(data, hit.end()) is not None and _STARTS.search(data, max(0, hit.start() - 200), hit.start()) is not None
