"""Which files of Python and JavaScript are in an image and led to by nothing that the program starts with.

Images copy whole trees: with the program go the tests' helpers, tools that somebody calls by hand, scripts that the program hands to another container.
What such a file demands the container does not need. It is told by going from a file to what imports it, and so on, to those that nothing imports:
when none of these is named where things are started, loaded by a framework for its name or its folder, or too common a name to tell, nothing leads there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from stigmer_lint.engine.discover import Files
from stigmer_lint.knowledge.names import is_test

_SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte", ".astro")
_PYTHON = (".py",)

MAX_FILES = 60
"""Files on the way up from one; a file that so many lead to is used."""

_BY_NAME = re.compile(
    r"^(?:index|main|app|server|start|run|cli|worker|bot|api|handler|lambda_function|entry(?:point)?|__main__|__init__|manage|wsgi|asgi|conftest|setup|noxfile|tasks|celery|urls|admin|apps"
    r"|models|views|signals|serializers|settings|config|env|root|page|layout|route|middleware|proxy|instrument\w*|sw|service-?worker|vite|_\w+|\+\w+(?:\.\w+)*"
    r"|[\w-]+\.(?:config|conf|d|module|worker|server|client|controller|command|plugin|job|cron|entity|page|routes?|handler|task)|sentry[\w.-]*|gunicorn\w*|gatsby-\w+|dag_\w+|\w*_dag)$",
    re.IGNORECASE,
)
"""Names that a framework, a bundler or a start line finds without being told (nextjs.org, "Project structure"; docs.djangoproject.com, "Applications";
docs.nestjs.com, "First steps"), and those that say nothing of who would."""
_ENTRY = re.compile(r"^(?:main|app|server|start|run|cli|worker|api|entry(?:point)?|__main__|manage|wsgi|asgi|index)$")
"""Names of what programs start with."""
_BY_FOLDER = re.compile(
    r"(?:^|/)(?:pages|app|api|routes?|routers|views|middlewares?|plugins?|commands?|events?|listeners|jobs?|workers?|tasks?|cron|queues?|subscribers|migrations?|seed(?:er)?s?|models"
    r"|entities|(?:netlify|supabase)/functions|lambdas?|dags|flows|pipelines|templatetags|bin|cmd|cli|initializers)/[^/]+$|^functions/",
    re.IGNORECASE,
)
"""Folders whose files are loaded because they are there."""
_LOADS = re.compile(rb"import\.meta\.glob|require\.context|readdir|\bglob(?:Sync)?\(|fast-glob|globby|autoload|pkgutil|import_module|__import__|iter_modules|entry_points|spec_from_file")
"""Code that takes in what is in a folder."""
_LOADS_CODE = re.compile(rb"pkgutil|import_module|iter_modules|spec_from_file|__import__|require\.context|import\.meta\.glob|readdir")
"""Of that, what takes in code, which may be that of its own folder."""
_STARTS_FILES = re.compile(rb"\bWorker\(|\bfork\(|\bPiscina\b|\bTinypool\b|workerpool|\bregister\(|\bserviceWorker\b|\bnew Bree\b")
_NAMING = re.compile(
    r"(?:^|/)(?:[^/]*Dockerfile[^/]*|Procfile[^/]*|Containerfile|package\.json|pyproject\.toml|setup\.(?:py|cfg)|[^/]+\.(?:sh|bash|ya?ml|toml|ini|cfg|conf|json5?|jsonc|service|xml|env|ts|js|mjs|cjs))$",
    re.IGNORECASE,
)
"""Files that say what is started. Of code, only what starts other files counts."""
_NOT_NAMING = re.compile(
    r"(?:^|/)\.(?:github|gitlab|circleci|semaphore|buildkite|azure-pipelines|devcontainer|vscode|idea)/"
    r"|(?:^|/)(?:codecov|\.codecov|\.pre-commit-config|\.gitlab-ci|\.travis|appveyor|azure-pipelines|mkdocs|renovate|dependabot|sonar-project|tsconfig[\w.]*|jest\.config|knip|lefthook|biome|turbo|nx"
    r"|project|\.?eslint\w*|\.?prettier\w*|tox|pytest|\.coveragerc|\.flake8)\.(?:ya?ml|json|toml|ini|cfg|[cm]?[jt]s)$", re.IGNORECASE
)
"""Files that tell pipelines and tools of a file, which start no container with it."""


_EMBEDS = re.compile(rb"^//go:embed[ \t]+([^\r\n]{1,1000})", re.MULTILINE)


def embedded(paths: Iterable[str], files: Files) -> frozenset[str]:
    """Those of `paths` that a Go program has in it as data (pkg.go.dev/embed), to hand them to something else."""
    found: set[str] = set()
    waiting = {path for path in paths if not path.endswith(".go")}
    for path, data in files.grep(re.compile(rb"//go:embed"), (".go",)) if waiting else ():
        folder = posixpath.dirname(path)
        for listed in _EMBEDS.findall(data):
            for pattern in listed.decode("utf-8", "replace").replace('"', " ").replace("`", " ").split():
                whole = posixpath.normpath(posixpath.join(folder, pattern.removeprefix("all:")))
                found.update(one for one in waiting if one == whole or one.startswith(f"{whole}/") or fnmatchcase(one, whole))
    return frozenset(found)


class Importers:
    """What leads to the files of a tree, each file looked at once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._above: dict[str, frozenset[str]] = {}
        self._named: dict[str, bool] = {}

    def idle(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of `paths` that nothing leads to. Files in other languages, tests, and files whose name says that they may be started are not among them."""
        asked = {path for path in paths if _language(path) is not None and not _may_start(path)}
        self._search(asked)
        ways = {path: self._way_up(path) for path in asked}
        ends = {end for found in ways.values() for end in found or ()}
        self._look_for(ends)
        return frozenset(path for path, found in ways.items() if found and not any(self._named[end] for end in found))

    def alone(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of `paths` that nothing imports, whatever they are called."""
        asked = {path for path in paths if _language(path) is not None}
        self._search(asked, once=True)
        return frozenset(path for path in asked if not self._above.get(path))

    def _way_up(self, path: str) -> frozenset[str] | None:
        """The files at the upper ends of the ways to a file; None where one of them may be started by its name, or there are too many to tell."""
        seen, waiting, ends = {path}, [path], set()
        while waiting:
            one = waiting.pop()
            above = self._above.get(one)
            if above is None:
                # So many files lead there that they were not all looked at.
                return None
            if not above:
                ends.add(one)
            for other in above - seen:
                if _may_start(other) or len(seen) >= MAX_FILES:
                    return None
                seen.add(other)
                waiting.append(other)
        return frozenset(ends) or None

    def _search(self, paths: set[str], once: bool = False) -> None:
        """Fill `_above` for files and all that lead to them (`once`: what imports these alone)."""
        waiting = {path for path in paths if path not in self._above}
        budget = MAX_FILES * max(1, len(waiting))
        while waiting and budget > 0:
            budget -= len(waiting)
            found: dict[str, set[str]] = {path: set() for path in waiting}
            for endings, importing in ((_SCRIPTS, _imported_scripts), (_PYTHON, _imported_modules)):
                here = {path for path in waiting if path.endswith(endings)}
                if not here:
                    continue
                by_word: dict[str, list[str]] = {}
                for path in here:
                    by_word.setdefault(_word(path), []).append(path)
                words = re.compile(rb"(?:" + b"|".join(re.escape(one.encode()) for one in sorted(by_word, key=len, reverse=True)) + rb")(?![A-Za-z0-9_])")
                for path, data in self._files.grep(words, endings):
                    if is_test(path):
                        continue
                    for said in importing(data):
                        for one in by_word.get(said.rpartition(".")[2] if endings is _PYTHON else _last(said), ()):
                            if one != path and _means(said, path, one):
                                found[one].add(path)
            for path, above in found.items():
                self._above[path] = frozenset(above)
            if once:
                break
            waiting = {other for above in found.values() if len(above) < MAX_FILES for other in above if other not in self._above and not _may_start(other)}

    def _look_for(self, ends: set[str]) -> None:
        """Fill `_named`: whether a file is named where something is started, or is in a folder that something loads."""
        asked = {path for path in ends if path not in self._named}
        if not asked:
            return
        self._named.update(dict.fromkeys(asked, False))
        by_word: dict[str, list[str]] = {}
        for path in asked:
            by_word.setdefault(_word(path), []).append(path)
        words = re.compile(rb"(?<![\w-])(?:" + b"|".join(re.escape(one.encode()) for one in sorted(by_word, key=len, reverse=True)) + rb")(?![\w-])")
        for path, data in self._files.grep(words, lambda path: path.endswith((*_SCRIPTS, *_PYTHON)) or _NAMING.search(path) is not None):
            if is_test(path) or _NOT_NAMING.search(path) is not None or (path.endswith(_SCRIPTS) and _STARTS_FILES.search(data) is None):
                continue
            for said in {hit.decode() for hit in words.findall(data)}:
                for one in by_word[said]:
                    self._named[one] = self._named[one] or (one != path and _names(_started(data) if path.endswith("package.json") else data, one))
        left = [path for path in asked if not self._named[path]]
        for path, data in self._files.grep(_LOADS, (*_SCRIPTS, *_PYTHON)) if left else ():
            for one in left if not is_test(path) else ():
                folder, home = posixpath.dirname(one), posixpath.dirname(path)
                name, common = posixpath.basename(folder).encode(), posixpath.dirname(home)
                # What loads a folder lies in it, above it or beside it.
                near = not home or folder.startswith(f"{home}/") or (posixpath.dirname(folder) == common if not common else folder.startswith(f"{common}/"))
                if (home == folder and _LOADS_CODE.search(data) is not None) or (name and near and re.search(rb"[\"'`/]" + re.escape(name) + rb"[\"'`/]", data) is not None):
                    self._named[one] = True


def is_entry(path: str) -> bool:
    """Whether a file of Python or JavaScript has a name that programs start with."""
    return _language(path) is not None and not is_test(path) and _ENTRY.match(_word(path)) is not None


def _language(path: str) -> str | None:
    return "python" if path.endswith(_PYTHON) else "javascript" if path.endswith(_SCRIPTS) else None


def _may_start(path: str) -> bool:
    name = posixpath.basename(path)
    return is_test(path) or _BY_NAME.match(name.rpartition(".")[0]) is not None or _BY_FOLDER.search(path) is not None


def _word(path: str) -> str:
    """What an import of a file ends in."""
    return posixpath.splitext(posixpath.basename(path))[0]


def _last(said: str) -> str:
    """The last part of the path that JavaScript imports, without its ending."""
    name = posixpath.basename(said)
    stem, ending = posixpath.splitext(name)
    return stem if ending in _SCRIPTS else name


_SCRIPT_IMPORT = re.compile(rb"\b(?:from|import|require(?:\.resolve)?)\s*\(?\s*(?:/\*[^*]{0,200}\*/\s*)?[\"'`]([^\"'`\r\n]{1,300})[\"'`]")
_MODULE_IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^()]{0,4000}\)|[^\r\n#;]{1,400})|import[ \t]+([^\r\n#;]{1,400}))", re.MULTILINE)
_MODULE_TEXT = re.compile(rb"(?<!-m\", )(?<!-m', )[\"']([A-Za-z_][\w.]*\.[A-Za-z_]\w*)(?::[\w.]+)?[\"']")


def _imported_scripts(data: bytes) -> Iterator[str]:
    for hit in _SCRIPT_IMPORT.finditer(data):
        yield hit[1].decode("utf-8", "replace").partition("?")[0]


def _imported_modules(data: bytes) -> Iterator[str]:
    """The dotted names that imports of a file speak of, members among them, which may be modules; and those that texts hold."""
    for hit in _MODULE_IMPORT.finditer(data):
        if hit[3] is not None:
            for one in hit[3].decode("utf-8", "replace").split(","):
                yield (one.split() or [""])[0]
            continue
        module = hit[1].decode("utf-8", "replace")
        yield module
        for one in hit[2].decode("utf-8", "replace").strip("()").split(","):
            name = (one.split() or [""])[0]
            yield f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
    for text in _MODULE_TEXT.findall(data):
        yield text.decode("utf-8", "replace")
        # `app.tasks.mail.send`: something in a module.
        yield text.decode("utf-8", "replace").rpartition(".")[0]


def _means(said: str, importer: str, path: str) -> bool:
    """Whether an import may be of a file: one that begins with a dot says where it is, a dotted one what the folder is called."""
    stem = posixpath.splitext(path)[0]
    here = posixpath.dirname(importer)
    if path.endswith(_PYTHON):
        dotted = said.lstrip(".")
        parts = dotted.split(".")
        if said != dotted:
            for _ in range(len(said) - len(dotted) - 1):
                here = posixpath.dirname(here)
            return stem == posixpath.join(here, *parts)
        return len(parts) < 2 or parts[-2] == posixpath.basename(posixpath.dirname(path))
    if not said.startswith("."):
        return True
    target = posixpath.normpath(posixpath.join(here, said))
    without, ending = posixpath.splitext(target)
    return stem in (target, without if ending in _SCRIPTS else target)


_TASK = re.compile(rb"\"([\w:.-]{1,60})\"\s*:\s*\"([^\"\r\n]{1,400})\"")
_STARTING = re.compile(rb"start|serve|prod|worker|daemon|deploy|migrat|seed|main|module|bin|exports|require|import|run|prepare|postinstall", re.IGNORECASE)


def _started(data: bytes) -> bytes:
    """What a package.json says of what runs where the package is used: other tasks are for who works on it."""
    return b"\n".join(hit[2] for hit in _TASK.finditer(data) if _STARTING.search(hit[1]) is not None)


def _names(data: bytes, path: str) -> bool:
    """Whether a text names a file: with an ending, behind a folder, as a module."""
    word = re.escape(_word(path).encode())
    folder = re.escape(posixpath.basename(posixpath.dirname(path)).encode())
    if path.endswith(_PYTHON):
        forms = rb"\b" + word + rb"\.py\b|\b" + folder + rb"[./]" + word + rb"\b|-m\"?[\s,]+\"?(?:[\w.]+\.)?" + word + rb"\b|\b" + word + rb":\w+"
    else:
        forms = rb"\b" + word + rb"\.[cm]?[jt]sx?\b|\b" + folder + rb"/" + word + rb"\b|\.\.?/" + word + rb"[\"'`]"
    return re.search(forms, data) is not None


__all__ = ["Importers", "embedded", "is_entry"]
