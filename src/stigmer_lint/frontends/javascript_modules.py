"""Where a JavaScript module specifier leads inside a tree: relative paths, tsconfig paths, workspace packages, package imports.

Only names of files of the tree are answered. Configuration files belong to the tree that is checked and may be anything: sizes, chains
and alternatives are bounded.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias
from weakref import WeakKeyDictionary

import msgspec

from stigmer_lint.frontends.base import Tree

Json: TypeAlias = "dict[str, object]"

_SOURCES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
_TYPED = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
"""TypeScript code names the file that the compiler will write: `./x.js` is x.ts (TypeScript handbook, module resolution)."""
_BUILT = re.compile(r"^(?:dist|build|lib|out|output|esm|cjs)(?:/(?:esm|cjs|src|es|node))?/")
_CONDITIONS = ("source", "development", "types", "import", "node", "module", "default", "require", "browser")
_MAX_CONFIG = 1 << 20
_MAX_EXTENDS = 8
_MAX_PACKAGES = 2000
_MAX_ALTERNATIVES = 12

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_COMMA = re.compile(r'"(?:[^"\\\n]|\\.)*"|,\s*(?=[}\]])')


class Aliases(msgspec.Struct, frozen=True):
    """What a tsconfig says of module names. `base`: the folder of `baseUrl`. `paths`: patterns with the folder that they are relative to."""

    base: str | None
    paths: tuple[tuple[str, tuple[str, ...], str], ...]


class _Index:
    """Look-ups of one tree, filled when first needed."""

    __slots__ = ("aliases", "configs", "folders", "packages")

    def __init__(self) -> None:
        self.configs: dict[str, Json | None] = {}
        self.aliases: dict[str, Aliases | None] = {}
        self.folders: dict[str, Aliases | None] = {}
        self.packages: dict[str, str] | None = None


_indexes: WeakKeyDictionary[Tree, _Index] = WeakKeyDictionary()


def _index(tree: Tree) -> _Index:
    try:
        found = _indexes.get(tree)
        if found is None:
            found = _indexes[tree] = _Index()
    except TypeError:
        # The tree's class allows no weak references: nothing is remembered.
        return _Index()
    return found


def locate(tree: Tree, importer: str, module: str, typescript: bool) -> tuple[str, ...]:
    """The file of the tree that `module` means in the file `importer`; () where it is a library or not there."""
    module = module.split("?", 1)[0]
    if not module or "\\" in module or module.startswith("node:"):
        return ()
    if module.endswith(".json"):
        return ()
    folder = posixpath.dirname(importer)
    if module in (".", "..") or module.startswith(("./", "../")):
        path = _join(folder, module)
        return _answer(_probe(tree, path, typescript) if path is not None else None)
    if module.startswith("/") or "://" in module:
        return ()
    index = _index(tree)
    if module.startswith("#"):
        found = _package_import(tree, index, folder, module)
        if found is not None:
            return (found,)
    for path in _alias_paths(tree, index, folder, module):
        found = _probe(tree, path, True)
        if found is not None:
            return (found,)
    if module.startswith(("@/", "~/")):
        return _answer(_rooted(tree, folder, module[2:]))
    return _answer(_workspace(tree, index, module))


def _answer(path: str | None) -> tuple[str, ...]:
    return (path,) if path is not None else ()


def _join(folder: str, path: str) -> str | None:
    """A path relative to a folder, normalised; None where it leaves the tree."""
    joined = posixpath.normpath(posixpath.join(folder, path))
    if joined == ".." or joined.startswith(("../", "/")):
        return None
    return "" if joined == "." else joined


def _upwards(folder: str) -> Iterator[str]:
    while True:
        yield folder
        if not folder:
            return
        folder = posixpath.dirname(folder)


def _child(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


# -------------------------------------------------------------------- files

def _probe(tree: Tree, path: str, typescript: bool, package: bool = True) -> str | None:
    """The source file that a path without certain extension means."""
    stem, extension = posixpath.splitext(path)
    candidate: str
    typed = tuple(stem + one for one in _TYPED.get(extension, ()))
    exact = (path,) if extension in _SOURCES else ()
    for candidate in (*typed, *exact) if typescript else (*exact, *typed):
        if tree.has(candidate):
            return candidate
    if path:
        for one in _SOURCES:
            if tree.has(path + one):
                return path + one
    if package:
        for candidate in _main_entries(_json(tree, _child(path, "package.json")), path):
            found: str | None = _probe(tree, candidate, True, package=False)
            if found is not None:
                return found
    for one in _SOURCES:
        candidate = _child(path, f"index{one}")
        if tree.has(candidate):
            return candidate
    return None


def _rooted(tree: Tree, folder: str, rest: str) -> str | None:
    """`@/x` and `~/x`, which bundlers resolve by settings that are code: from the nearest package's source folder or its root."""
    for here in _upwards(folder):
        if here and not tree.has(_child(here, "package.json")):
            continue
        for root in ("src", "app", ""):
            path = _join(_child(here, root) if root else here, rest)
            found = _probe(tree, path, True) if path is not None else None
            if found is not None:
                return found
    return None


# -------------------------------------------------------------------- JSON

def _json(tree: Tree, path: str) -> Json | None:
    """An object of a JSON file with comments and trailing commas; None where there is none that can be read."""
    index = _index(tree)
    if path in index.configs:
        return index.configs[path]
    found: Json | None = None
    source = tree.source(path) if tree.has(path) else None
    if source is not None and len(source.data) <= _MAX_CONFIG:
        found = parse_json(source.data)
    index.configs[path] = found
    return found


def parse_json(data: bytes) -> Json | None:
    """The object in a JSON text that may have comments, trailing commas and a byte order mark; None for anything else."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    for plain in (False, True):
        try:
            value: object = msgspec.json.decode(_plain(text) if plain else text)
        except (msgspec.MsgspecError, RecursionError):
            continue
        return {str(key): one for key, one in value.items()} if isinstance(value, dict) else None
    return None


def _plain(text: str) -> str:
    text = _COMMENT.sub(lambda match: match[0] if match[0][0] == '"' else " ", text)
    return _COMMA.sub(lambda match: match[0] if match[0][0] == '"' else "", text)


def _object(value: object) -> Json:
    return {str(key): one for key, one in value.items()} if isinstance(value, dict) else {}


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value[:_MAX_ALTERNATIVES] if isinstance(one, str)) if isinstance(value, list) else ()


# -------------------------------------------------------------------- tsconfig

def _alias_paths(tree: Tree, index: _Index, folder: str, module: str) -> Iterator[str]:
    """Paths that the nearest configuration with aliases gives a module name, best first."""
    aliases = _folder_aliases(tree, index, folder)
    if aliases is None:
        return
    best: tuple[int, tuple[str, ...], str, str] | None = None
    for pattern, targets, base in aliases.paths:
        prefix, star, suffix = pattern.partition("*")
        if not star:
            if pattern == module:
                best = (len(module) + 1, targets, base, "")
                break
        elif module.startswith(prefix) and module.endswith(suffix) and len(module) >= len(prefix) + len(suffix):
            if best is None or len(prefix) > best[0]:
                best = (len(prefix), targets, base, module[len(prefix) : len(module) - len(suffix)])
    if best is not None:
        for target in best[1]:
            path = _join(best[2], target.replace("*", best[3], 1))
            if path is not None:
                yield path
    if aliases.base is not None:
        path = _join(aliases.base, module)
        if path is not None:
            yield path


def _folder_aliases(tree: Tree, index: _Index, folder: str) -> Aliases | None:
    """Aliases that hold in a folder: of the nearest configuration upwards that has any."""
    passed: list[str] = []
    found: Aliases | None = None
    for here in _upwards(folder):
        if here in index.folders:
            found = index.folders[here]
            break
        passed.append(here)
        for name in ("tsconfig.json", "jsconfig.json"):
            found = _aliases(tree, index, _child(here, name), 0)
            if found is not None:
                break
        if found is not None:
            break
    for here in passed:
        index.folders[here] = found
    return found


def _aliases(tree: Tree, index: _Index, path: str, depth: int) -> Aliases | None:
    if path in index.aliases:
        return index.aliases[path]
    config = _json(tree, path)
    if config is None or depth > _MAX_EXTENDS:
        return None
    # Set before it is known, so that configurations that extend each other end.
    index.aliases[path] = None
    folder = posixpath.dirname(path)
    options = _object(config.get("compilerOptions"))
    base: str | None = None
    if isinstance(written := options.get("baseUrl"), str):
        base = _join(folder, written)
    paths: list[tuple[str, tuple[str, ...], str]] = []
    for pattern, targets in _object(options.get("paths")).items():
        paths.append((pattern, _strings(targets), base if base is not None else folder))
    parents = [one for name in _strings(config.get("extends")) if (one := _extended(tree, index, folder, name)) is not None]
    # A later configuration of the list overrides an earlier one.
    for parent in reversed(parents):
        inherited = _aliases(tree, index, parent, depth + 1)
        if inherited is not None:
            base = base if base is not None else inherited.base
            paths = paths or list(inherited.paths)
    if base is None and not paths:
        # A solution file names the projects that hold the settings.
        listed = config.get("references")
        for reference in listed[:_MAX_ALTERNATIVES] if isinstance(listed, list) else ():
            name = _object(reference).get("path")
            target = _join(folder, name) if isinstance(name, str) else None
            if target is None:
                continue
            inherited = _aliases(tree, index, target if target.endswith(".json") else _child(target, "tsconfig.json"), depth + 1)
            # A project in a folder of its own speaks for that folder only.
            if inherited is not None and target.endswith(".json"):
                base, paths = inherited.base, list(inherited.paths)
                break
    found = Aliases(base, tuple(paths)) if base is not None or paths else None
    index.aliases[path] = found
    return found


def _extended(tree: Tree, index: _Index, folder: str, name: str) -> str | None:
    """The file that `extends` names: relative, or of a workspace package."""
    if name.startswith("."):
        base = _join(folder, name)
    else:
        package, rest = _split(name)
        home = _packages(tree, index).get(package)
        base = _join(home, rest or "tsconfig.json") if home is not None else None
    if base is None:
        return None
    for candidate in (base, f"{base}.json", _child(base, "tsconfig.json")):
        if candidate.endswith(".json") and tree.has(candidate):
            return candidate
    return None


# -------------------------------------------------------------------- packages

def _split(module: str) -> tuple[str, str]:
    """A bare specifier as package name and path inside the package."""
    parts = module.split("/", 2 if module.startswith("@") else 1)
    if module.startswith("@"):
        return "/".join(parts[:2]), parts[2] if len(parts) > 2 else ""
    return parts[0], parts[1] if len(parts) > 1 else ""


def _packages(tree: Tree, index: _Index) -> dict[str, str]:
    """Name -> folder of every package of the tree; of two with one name the one nearer to the root."""
    if index.packages is None:
        found: dict[str, str] = {}
        for count, path in enumerate(tree.named("package.json")):
            if count >= _MAX_PACKAGES:
                break
            if "node_modules/" in path:
                continue
            config = _json(tree, path)
            name = config.get("name") if config is not None else None
            if isinstance(name, str):
                found.setdefault(name, posixpath.dirname(path))
        index.packages = found
    return index.packages


def _workspace(tree: Tree, index: _Index, module: str) -> str | None:
    package, rest = _split(module)
    folder = _packages(tree, index).get(package)
    if folder is None:
        return None
    config = _json(tree, _child(folder, "package.json")) or {}
    exports = config.get("exports")
    wanted = f"./{rest}" if rest else "."
    if isinstance(exports, dict) and any(str(key).startswith(".") for key in exports):
        entries = list(_mapped(_object(exports), wanted))
    else:
        entries = [] if rest else list(_targets(exports))
    if not rest:
        declared = [path for entry in (*entries, *_main_entries(config, "")) if (path := _join(folder, entry)) is not None]
        for path in declared:
            if path.endswith((".ts", ".tsx", ".mts", ".cts")) and not path.endswith((".d.ts", ".d.mts", ".d.cts")) and tree.has(path):
                return path
        guesses = [_child(folder, "src/index")]
        return _first(tree, (*guesses, *declared, *_unbuilt(folder, declared), _child(folder, "src"), folder))
    declared = [path for entry in entries if (path := _join(folder, entry)) is not None]
    inside = [path for root in ("", "src") if (path := _join(_child(folder, root) if root else folder, rest)) is not None]
    return _first(tree, (*declared, *_unbuilt(folder, declared), *inside))


def _first(tree: Tree, paths: Iterable[str]) -> str | None:
    for path in paths:
        if path.endswith((".d.ts", ".d.mts", ".d.cts")):
            continue
        found = _probe(tree, path, True, package=False)
        if found is not None:
            return found
    return None


def _unbuilt(folder: str, paths: Iterable[str]) -> Iterator[str]:
    """Where the source of a built file most likely is: dist/x.js is made from src/x.ts."""
    for path in paths:
        inside = path[len(folder) + 1 :] if folder else path
        stem = re.sub(r"(?:\.d)?\.[mc]?[jt]sx?$", "", inside)
        source = _BUILT.sub("", stem)
        if source != stem:
            yield _child(folder, f"src/{source}")
            yield _child(folder, source)


def _main_entries(config: Json | None, folder: str) -> Iterator[str]:
    if config is None:
        return
    for key in ("source", "types", "module", "main"):
        value = config.get(key)
        if isinstance(value, str):
            path = _join(folder, value)
            if path is not None and path != folder:
                yield path


def _targets(value: object) -> Iterator[str]:
    """File targets of a package.json `exports` or `imports` value: a text, alternatives, or conditions, nested ones included."""
    waiting: list[object] = [value]
    for _ in range(64):
        if not waiting:
            return
        here = waiting.pop(0)
        if isinstance(here, str):
            yield here
        elif isinstance(here, list):
            waiting[:0] = here[:_MAX_ALTERNATIVES]
        elif isinstance(here, dict):
            waiting[:0] = [here[name] for name in _CONDITIONS if name in here]


def _mapped(table: Json, wanted: str) -> Iterator[str]:
    """Targets of a subpath in a table of subpaths; one `*` in a key stands for any text."""
    if wanted in table:
        yield from _targets(table[wanted])
        return
    best: tuple[str, str] | None = None
    for key in table:
        prefix, star, suffix = key.partition("*")
        if star and wanted.startswith(prefix) and wanted.endswith(suffix) and len(wanted) > len(prefix) + len(suffix):
            if best is None or len(prefix) > len(best[0].partition("*")[0]):
                best = (key, wanted[len(prefix) : len(wanted) - len(suffix)])
    if best is not None:
        for target in _targets(table[best[0]]):
            yield target.replace("*", best[1])


def _package_import(tree: Tree, index: _Index, folder: str, module: str) -> str | None:
    """`#name` by the `imports` of the nearest package.json."""
    for here in _upwards(folder):
        config = _json(tree, _child(here, "package.json"))
        if config is None:
            continue
        for target in _mapped(_object(config.get("imports")), module):
            if not target.startswith("."):
                return _workspace(tree, index, target)
            path = _join(here, target)
            if path is not None:
                found = _first(tree, (path, *_unbuilt(here, (path,))))
                if found is not None:
                    return found
        return None
    return None
