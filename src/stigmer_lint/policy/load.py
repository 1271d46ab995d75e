"""From a policy file to a `LoadedPolicy`.

The file is read as nodes with places, merged with the one that it extends, and then decoded by the types of `types.py`, so that
every error can say where it is, which key it is about and what was expected there. All errors of a file are found before the first is told.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from stigmer_lint.errors import PolicyError, UnreadableError
from stigmer_lint.frontends import yaml_nodes
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.policy.check import check
from stigmer_lint.policy.decode import Problems, decode, nearest, repeated
from stigmer_lint.policy.find import FILE_NAMES, find_policy
from stigmer_lint.policy.merge import merge
from stigmer_lint.policy.types import NO_POLICY, LoadedPolicy

BUILTIN: Final = "builtin:"

MAX_BYTES: Final = 1_000_000
"""Larger files are refused: a policy is written by people."""

__all__ = ["BUILTIN", "FILE_NAMES", "NO_POLICY", "LoadedPolicy", "find_policy", "load_policy", "load_policy_at", "parse_policy"]


def load_policy(path_or_builtin: str, root: Path, *, rules: Mapping[str, str] | None = None) -> LoadedPolicy:
    """Read `builtin:NAME` or a file.

    `root`: the checked root; places are relative to it and an extended file must lie inside it (inside the policy's own folder where the
    policy itself lies outside). `rules`: known codes and their names; None: any code of the right shape will do.
    Raises PolicyError with one line for each error.
    """
    if path_or_builtin.startswith(BUILTIN):
        return parse_policy(_builtin(path_or_builtin, None), _only_builtin, rules=rules)
    path = Path(path_or_builtin)
    top = root.resolve()
    real = path.resolve()
    boundary = top if real.is_relative_to(top) else real.parent
    source = _read(path, _shown(real, top, path_or_builtin))

    def extended(name: str) -> SourceFile:
        target = (real.parent / name).resolve()
        if Path(name).is_absolute() or not target.is_relative_to(boundary):
            raise _RefusedError(f"'{name}' lies outside the root; expected builtin:NAME or a path inside it")
        if target == real:
            raise _RefusedError("a policy cannot extend itself")
        return _read(target, _shown(target, top, name))

    return parse_policy(source, extended, rules=rules)


def load_policy_at(given: str | None, start: str, read: Callable[[str], bytes | None], revision: str, *, rules: Mapping[str, str] | None = None) -> LoadedPolicy:
    """The policy as another revision has it.

    `given`: the file that was asked for, relative to the root; None: the nearest one upwards from the folder `start`. `read` gives the bytes
    of a path in that revision. NO_POLICY where there is none; raises PolicyError where the one that was asked for is not there.
    """
    names = [given] if given is not None else [
        f"{'/'.join(parts)}/{name}".lstrip("/") for parts in _upwards(start) for name in FILE_NAMES
    ]
    found = next(((name, data) for name in names if (data := read(name)) is not None), None)
    if found is not None:
        return parse_policy(_held(f"{revision}:{found[0]}", found[1]), lambda other: _beside(found[0], other, read, revision), rules=rules)
    if given is not None:
        raise PolicyError(f"{given}:1:1: no such policy file in {revision}")
    return NO_POLICY


def _upwards(folder: str) -> list[list[str]]:
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    return [parts[:count] for count in range(len(parts), -1, -1)]


def _beside(name: str, other: str, read: Callable[[str], bytes | None], revision: str) -> SourceFile:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), other))
    data = None if path.startswith(("../", "/")) else read(path)
    if data is None:
        raise _RefusedError(f"'{other}' is not in {revision}; expected builtin:NAME or a path inside the root")
    return _held(f"{revision}:{path}", data)


def _held(shown: str, data: bytes) -> SourceFile:
    if len(data) > MAX_BYTES:
        raise PolicyError(f"{shown}:1:1: larger than {MAX_BYTES} bytes; a policy is a short file")
    return SourceFile(shown, data)


def parse_policy(source: SourceFile, extended: Callable[[str], SourceFile], *, rules: Mapping[str, str] | None = None) -> LoadedPolicy:
    """A policy from a file's bytes. `extended` gives the file behind a relative `extends`. Raises PolicyError."""
    problems = Problems()
    sources: tuple[SourceFile, ...] = (source,)
    root = _mapping(source, problems)
    if root is None:
        raise problems.error(sources)
    name = yaml_nodes.fields(root).get("extends")
    if name is not None and isinstance(name.value, yaml_nodes.Scalar) and not name.value.is_null:
        base, why = _extended(name.value.text, name.value.span, source, extended)
        if base is None:
            problems.add(name.value.span, "extends", why)
        else:
            sources = (source, base)
            root = _upon(base, root, source.path, problems)
    policy, positions = decode(root, problems)
    if policy is not None:
        check(policy, positions, root, problems, rules)
    if policy is None or problems.found:
        raise problems.error(sources)
    return LoadedPolicy(policy, source.path, positions, sources)


def _upon(base: SourceFile, root: yaml_nodes.Mapping, path: str, problems: Problems) -> yaml_nodes.Mapping:
    """`root`, the policy in `path`, laid upon the one that it extends."""
    below = _mapping(base, problems)
    if below is None:
        return root
    deeper = yaml_nodes.fields(below).get("extends")
    if deeper is not None:
        problems.add(deeper.key.span, "extends", f"this policy is extended by {path}, so it may not extend another; one level is allowed")
    return merge(below, root)


class _RefusedError(Exception):
    """An `extends` that is not followed; the text says why."""


def _extended(name: str, span: Span, source: SourceFile, opener: Callable[[str], SourceFile]) -> tuple[SourceFile | None, str]:
    if name == source.path:
        return None, "a policy cannot extend itself"
    try:
        return (_builtin(name, span) if name.startswith(BUILTIN) else opener(name)), ""
    except _RefusedError as refused:
        return None, str(refused)
    except PolicyError as error:
        return None, str(error)


def _only_builtin(name: str) -> SourceFile:
    raise _RefusedError(f"'{name}': a shipped policy extends shipped ones only")


def _builtin(name: str, span: Span | None) -> SourceFile:
    import stigmer_policies

    known = stigmer_policies.names()
    short = name.removeprefix(BUILTIN)
    if short not in known:
        close = nearest(short, known)
        text = f"there is no {name}; " + (f"did you mean {BUILTIN}{close}?" if close else "shipped: " + ", ".join(BUILTIN + one for one in known))
        raise _RefusedError(text) if span else PolicyError(f"{name}:1:1: {text}")
    return SourceFile(name, stigmer_policies.path(short).read_bytes())


def _read(path: Path, shown: str) -> SourceFile:
    try:
        if not path.is_file():
            raise PolicyError(f"{shown}:1:1: no such policy file" if not path.exists() else f"{shown}:1:1: not a regular file")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"{shown}:1:1: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise PolicyError(f"{shown}:1:1: larger than {MAX_BYTES} bytes; a policy is a short file")
    return SourceFile(shown, data)


def _shown(real: Path, top: Path, given: str) -> str:
    return real.relative_to(top).as_posix() if real.is_relative_to(top) else Path(given).as_posix()


def _mapping(source: SourceFile, problems: Problems) -> yaml_nodes.Mapping | None:
    """The file's one document, which must be a mapping; else None and a problem."""
    try:
        documents = yaml_nodes.load(source)
    except UnreadableError as error:
        problems.add(Span(source.path, error.offset, error.offset), "", error.why)
        return None
    filled = [document for document in documents if document.root is not None]
    if not filled:
        problems.add(Span(source.path, 0, 0), "", "the policy is empty; it starts with `version: 1`")
        return None
    if len(filled) > 1:
        problems.add(filled[1].span, "", "a policy is one YAML document; this starts a second one")
        return None
    root = filled[0].root
    if not isinstance(root, yaml_nodes.Mapping):
        problems.add(filled[0].span, "", "expected a mapping that starts with `version: 1`")
        return None
    repeated(root, problems)
    return root
