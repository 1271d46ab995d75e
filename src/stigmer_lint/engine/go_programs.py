"""Which packages of the tree a Go program in an image is made of: what its Dockerfile builds or runs, and all that this imports."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from stigmer_lint.engine.discover import Files
from stigmer_lint.frontends.go_modules import import_files, package_clause
from stigmer_lint.model.launch import Image, ImageBuild

_BLOCK = re.compile(rb"^import[ \t]*\(([^)]*)\)|^import[ \t]+(?:[\w.]+[ \t]+)?(\"[^\"\r\n]{1,300}\"|`[^`\r\n]{1,300}`)", re.MULTILINE)
_PATH = re.compile(rb"[\"`]([\w./~-]{1,300})[\"`]")
_IGNORED = re.compile(rb"^//go:build[ \t]+ignore", re.MULTILINE)


def program_folders(image: Image | None, build: ImageBuild | None, files: Files) -> frozenset[str] | None:
    """The folders whose Go files are compiled into the programs of an image; None where that cannot be told, so that any may be."""
    if image is None or build is None or not image.compiles or "" in image.compiles:
        return None
    waiting: list[tuple[str, bool]] = []
    for written in image.compiles:
        found = _package(written, build, files)
        if found is None:
            return None
        waiting.extend((folder, written.startswith("test ")) for folder in found)
    return compiled(waiting, files)


_WRAPPERS = frozenset({"sh", "bash", "ash", "-c", "exec", "tini", "dumb-init", "catatonit", "--", "env", "/bin/sh"})


def go_programs(files: Files) -> dict[str, str]:
    """The Go programs of a tree: what the folder of a `main.go` is called (`op-node` of op-node/cmd/main.go), without hyphens, and that folder."""
    mains: dict[str, str] = {}
    for path in files.named("main.go"):
        folder = posixpath.dirname(path)
        parts = [part for part in folder.split("/") if part not in ("cmd", "main", "src")]
        if parts and folder.count("/") < 6:
            mains.setdefault(_plain(parts[-1]), folder)
    return mains


def named_programs(lines: Iterable[list[str]], mains: Mapping[str, str], files: Files) -> frozenset[str] | None:
    """The folders of the packages of the Go program that start lines (their words) name by their first word, where the tree has several (`mains`) and the image is
    built by a tool that does not tell which. None where any of the lines names none."""
    if len(mains) < 2:
        return None
    found: list[tuple[str, bool]] = []
    for words in lines:
        first = next((word.rpartition("/")[2] for text in words for word in text.split() if word.rpartition("/")[2] not in _WRAPPERS), None)
        if first is None or _plain(first) not in mains:
            return None
        found.append((mains[_plain(first)], False))
    return compiled(found, files) if found else None


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "")


def compiled(starts: Iterable[tuple[str, bool]], files: Files) -> frozenset[str]:
    """The folders of the packages that some packages are made of. `starts`: their folders, and whether their tests count."""
    waiting = list(starts)
    seen: set[str] = {folder for folder, _ in waiting}
    while waiting:
        folder, tests = waiting.pop()
        for path in files.folder(folder):
            if not path.endswith(".go") or (path.endswith("_test.go") and not tests):
                continue
            for module in _imports(files, path):
                imported = import_files(files, path, module)
                home = posixpath.dirname(imported[0]) if imported else None
                if home is not None and home not in seen:
                    seen.add(home)
                    waiting.append((home, False))
    return frozenset(seen)


def _imports(files: Files, path: str) -> Iterator[str]:
    source = files.source(path)
    if source is None:
        return
    for hit in _BLOCK.finditer(source.data):
        for one in _PATH.findall(hit[1] or hit[2] or b""):
            yield one.decode("utf-8", "replace")


def _package(written: str, build: ImageBuild, files: Files) -> tuple[str, ...] | None:
    """The folders that an argument of the go command means: `./cmd/app`, `cmd/app/main.go`, `./tests/...`."""
    verb, _, target = written.partition(" ")
    several = target.endswith("/...")
    target = target.removesuffix("...").rstrip("/") if several else target
    if target.endswith(".go"):
        target = posixpath.dirname(target)
    target = posixpath.normpath(target)
    if target.startswith(("/", "..")) or (target == "." and several):
        return None
    context = build.context.strip("/")
    bases = dict.fromkeys((context, posixpath.dirname(build.dockerfile or "")))
    for base in bases:
        folder = posixpath.normpath(posixpath.join(base, target))
        folder = "" if folder == "." else folder
        found = tuple(_below(files, folder)) if several else (folder,)
        good = tuple(one for one in found if _has(files, one, None if verb == "test" else "main"))
        if good:
            return good
    return None


def _below(files: Files, folder: str) -> Iterator[str]:
    yield from dict.fromkeys(
        posixpath.dirname(path) for path in files.paths((".go",)) if path.startswith(f"{folder}/") or not folder
    )


def _has(files: Files, folder: str, package: str | None) -> bool:
    for path in files.folder(folder):
        if not path.endswith(".go"):
            continue
        source = files.source(path)
        if source is not None and (package is None or (package_clause(source.data) == package and _IGNORED.search(source.data[:2000]) is None)):
            return True
    return False
