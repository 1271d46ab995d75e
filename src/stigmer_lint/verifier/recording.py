"""A machine on record: what one run asked of it and what it answered, so that the run can be had again where there is no engine.

What differs from run to run (the interpreter's path, the run's own number) is written by a word that stands for it; of files that speak of
the whole host only the lines about containers are kept.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from stigmer_lint.model.launch import Platform
from stigmer_lint.verifier.probing import PROBER
from stigmer_lint.verifier.system import NOT_THERE, Output, System

_RUN = re.compile(r"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")
_INFO = ("OperatingSystem", "SecurityOptions", "KernelVersion", "ServerVersion", "BuildahVersion", "ServerErrors")


def key_of(argv: Sequence[str]) -> str:
    """A command line without what changes from run to run."""
    words = []
    for word in argv:
        if word == sys.executable:
            word = "PYTHON"
        elif word == str(PROBER):
            word = "PROBER"
        elif len(word) > 2000:
            word = "SOURCE"
        words.append(_RUN.sub("RUN", word))
    return json.dumps(words)


class Recorder:
    """Passes everything on to a machine and keeps it. `names`: text -> what to write instead, in everything that is kept."""

    def __init__(self, machine: System, names: Mapping[str, str] | None = None) -> None:
        self._machine = machine
        self._names = dict(names or {})
        self._lock = threading.Lock()
        self._kept: dict[str, list[Any]] = {}

    @property
    def platform(self) -> Platform:
        return self._machine.platform

    @property
    def is_root(self) -> bool:
        return self._machine.is_root

    def run(self, argv: Sequence[str], *, timeout: float = 20.0, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Output:
        output = self._machine.run(argv, timeout=timeout, stdin=stdin, env=env)
        stdout = _reduced_info(output.stdout) if "info" in argv[1:2] else output.stdout
        self._keep(f"run {key_of(argv)}", [output.status, stdout.decode("utf-8", "surrogateescape"), output.stderr.decode("utf-8", "surrogateescape")])
        return output

    def read(self, path: str) -> bytes | None:
        data = self._machine.read(path)
        kept = data
        if data is not None and path.endswith(("/mountinfo", "/cgroup")):
            kept = b" ".join(dict.fromkeys(re.findall(rb"[0-9a-f]{64}", data)))
        elif data is not None and path == "/proc/net/fib_trie":
            lines = data.splitlines(keepends=True)
            kept = b"".join(line + below for line, below in pairwise(lines) if b"LOCAL" in below)
        elif data is not None and path.startswith("/proc/net/tcp"):
            kept = b"".join(line for line in data.splitlines(keepends=True) if b" 0A " in line or b"local_address" in line)
        self._keep(f"read {path}", None if kept is None else kept.decode("utf-8", "surrogateescape"))
        return data

    def processes(self, pid: int) -> tuple[int, ...]:
        found = self._machine.processes(pid)
        self._keep(f"processes {pid}", list(found))
        return found

    def _keep(self, key: str, answer: Any) -> None:
        with self._lock:
            answers = self._kept.setdefault(key, [])
            if not answers or answers[-1] != answer:
                answers.append(answer)

    def document(self) -> dict[str, Any]:
        """What was asked and answered, ready to be written as JSON."""
        text = json.dumps({"platform": self.platform, "root": self.is_root, "answers": self._kept}, ensure_ascii=True)
        for name, instead in self._names.items():
            text = text.replace(name, instead)
        found: dict[str, Any] = json.loads(text)
        return found


def _reduced_info(stdout: bytes) -> bytes:
    """`docker info` without what it says of the machine beyond the kind of engine."""
    try:
        info = json.loads(stdout)
    except ValueError:
        return stdout
    if not isinstance(info, dict) or "host" in info:
        return stdout
    return json.dumps({name: info[name] for name in _INFO if info.get(name) is not None} | {"Name": "host"}).encode()


class Recording:
    """Answers from what a recorder kept; the last answer to a question stays. What was never asked is not there."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._platform: Platform = document["platform"]
        self._root = bool(document["root"])
        self._answers: dict[str, list[Any]] = {key: list(answers) for key, answers in document["answers"].items()}
        self._lock = threading.Lock()

    @property
    def platform(self) -> Platform:
        return self._platform

    @property
    def is_root(self) -> bool:
        return self._root

    def _next(self, key: str) -> Any:
        with self._lock:
            answers = self._answers.get(key)
            if not answers:
                return None
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def run(self, argv: Sequence[str], *, timeout: float = 20.0, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Output:
        found = self._next(f"run {key_of(argv)}")
        if found is None:
            return Output(NOT_THERE, b"", b"not on record")
        status, stdout, stderr = found
        return Output(status, stdout.encode("utf-8", "surrogateescape"), stderr.encode("utf-8", "surrogateescape"))

    def read(self, path: str) -> bytes | None:
        found = self._next(f"read {path}")
        return None if found is None else str(found).encode("utf-8", "surrogateescape")

    def processes(self, pid: int) -> tuple[int, ...]:
        return tuple(self._next(f"processes {pid}") or ())


__all__ = ["Recorder", "Recording", "key_of"]
