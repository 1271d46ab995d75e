"""Which of the files in an image its program comes to: what the others demand is no more than what may be read.

Images copy whole trees; see `importers` for what leads to a file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

import msgspec

from stigmer_lint.addresses import addresses_of
from stigmer_lint.dialled import texts
from stigmer_lint.engine.discover import Files
from stigmer_lint.engine.importers import Importers, embedded, is_entry
from stigmer_lint.model.world import Component, EnvRead


def led_to(made: list[Component], holders: list[Callable[[str], bool]], files: Files) -> list[Component]:
    """The components with the demands of files that nothing leads to as what may be read, where there is a program that something leads to. Only reads whose
    absence would be told are looked at. `holders`: whether a file is inside, per component."""
    asked = [{read.span.path for read in component.reads if demands(read)} for component in made]
    every = set().union(*asked)
    importers = Importers(files)
    idle, inner, alone = importers.idle(every), embedded(every, files), importers.alone(path for path in every if is_entry(path))
    done: list[Component] = []
    for component, paths, holds in zip(made, asked, holders, strict=True):
        found = paths & idle
        if found and not (any(image.compiles for image in component.images) or any(holds(path) for path in files.paths(is_entry))):
            found = set()
        found |= paths & inner
        others = paths & alone
        if others and (started := _started_files(component, holds, files)):
            # Each of them is a program of its own.
            found |= others - started
        if found:
            component = msgspec.structs.replace(component, reads=tuple(
                msgspec.structs.replace(read, conditional=True) if read.span.path in found and demands(read) else read for read in component.reads
            ))
        done.append(component)
    return done


_FILE = re.compile(r"(?<![\w.-])([\w./-]*\w\.(?:py|[cm]?[jt]s))(?![\w.-])|(?:^|\s)-m\s+([A-Za-z_][\w.]*)|(?<![\w./-])([A-Za-z_][\w.]*):[A-Za-z_]\w*(?![\w./-])")
_DECLARED = r"^\s*[\"']?{}[\"']?\s*=\s*[\"']?([A-Za-z_][\w.]*):|[\"']{}\s*=\s*([A-Za-z_][\w.]*):"


def _started_files(component: Component, holds: Callable[[str], bool], files: Files) -> set[str]:
    """The files inside that the containers of an image start with, of all that have the name which is said: `app.py`, `-m app.main`, `app.main:app`, the
    command of a package (packaging.python.org, "Entry points")."""
    values = [word for image in component.images for word in (*(image.entrypoint or ()), *(image.command or ()))]
    values += [word for launch in component.launches for word in (*(launch.any.entrypoint or ()), *(launch.any.command or ()))]
    said = " ".join(text for value in values for text in texts(value))
    named = [one for hit in _FILE.findall(said[:8000]) for one in hit if one]
    words = {re.escape(word) for word in said[:8000].split() if re.fullmatch(r"[A-Za-z][\w-]{1,40}", word)}
    manifests = [source for name in ("pyproject.toml", "setup.py", "setup.cfg") for path in files.named(name)[:8] if (source := files.source(path)) is not None] if words else []
    for manifest in manifests:
        text = manifest.data.decode("utf-8", "replace")
        for word in words:
            named += [one for hit in re.findall(_DECLARED.format(word, word), text, re.MULTILINE) for one in hit if one]
    found: set[str] = set()
    for one in named:
        script = "/" in one or one.endswith((".py", "js", "ts"))
        stem = posixpath.splitext(one)[0] if script else one.replace(".", "/")
        base = posixpath.basename(stem)
        for ending in (".py",) if not script or one.endswith(".py") else (".js", ".ts", ".mjs", ".mts", ".cjs", ".cts"):
            found.update(path for path in files.named(base + ending) if holds(path))
        if not script:
            found.update(path for path in files.named("__main__.py") if holds(path) and path.endswith(f"{stem}/__main__.py"))
    return found


def demands(read: EnvRead) -> bool:
    """Whether a read hurts where its variable is not set."""
    return not read.conditional and (read.required or (read.default is not None and any(one.address.is_loopback for one in addresses_of(read.default))))


__all__ = ["demands", "led_to"]
