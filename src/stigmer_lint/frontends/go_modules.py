"""Where Go packages of the tree lie: import paths to folders through go.mod, and the files of one package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath
from weakref import WeakKeyDictionary

from stigmer_lint.frontends.base import Tree

_STANDARD = frozenset((
    "C", "archive", "bufio", "builtin", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug", "embed",
    "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "io", "iter", "log", "maps", "math", "mime",
    "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings", "structs", "sync", "syscall",
    "testing", "text", "time", "unicode", "unique", "unsafe", "weak",
))  # fmt: skip
"""First path elements of the standard library (pkg.go.dev/std, Go 1.25): never a folder of the tree unless a go.mod says so."""

_PACKAGE = re.compile(rb"package[ \t]+([^\W\d]\w*)")
_SPACE = re.compile(rb"[\s;\xef\xbb\xbf]*")


class _Root:
    """An import path prefix and the folder that it stands for, as one go.mod says (`home` is that go.mod's folder)."""

    __slots__ = ("folder", "home", "prefix", "replaces")

    def __init__(self, prefix: str, folder: str, home: str, replaces: bool) -> None:
        self.prefix = prefix
        self.folder = folder
        self.home = home
        self.replaces = replaces


class _Modules:
    """What is known of one tree's modules; filled as it is asked."""

    __slots__ = ("found", "homes", "packages", "roots")

    def __init__(self, tree: Tree) -> None:
        self.roots: dict[str, list[_Root]] = {}
        self.homes: set[str] = set()
        self.found: dict[tuple[str, bool, str], tuple[str, ...]] = {}
        self.packages: dict[str, str] = {}
        for path in tree.named("go.mod"):
            source = tree.source(path)
            if source is None:
                continue
            home = dirname(path)
            self.homes.add(home)
            for root in _roots(source.data, home):
                self.roots.setdefault(root.prefix, []).append(root)


_KNOWN: WeakKeyDictionary[Tree, _Modules] = WeakKeyDictionary()


def _modules(tree: Tree) -> _Modules:
    modules = _KNOWN.get(tree)
    if modules is None:
        modules = _KNOWN[tree] = _Modules(tree)
    return modules


def _roots(data: bytes, home: str) -> Iterator[_Root]:
    """The `module` line and the local `replace` directives of a go.mod, in lines or in blocks (go.dev/ref/mod#go-mod-file)."""
    within = ""
    for line in data.decode("utf-8", "replace").removeprefix("\ufeff").splitlines():
        words = line.partition("//")[0].replace('"', " ").replace("`", " ").replace("(", " ( ").replace(")", " ) ").split()
        if not words:
            continue
        if within:
            if words[0] == ")":
                within = ""
                continue
            keyword = within
        elif len(words) > 1 and words[1] == "(":
            within = words[0]
            continue
        else:
            keyword = words.pop(0)
        if keyword == "module" and words:
            yield _Root(words[0], home, home, replaces=False)
        elif keyword == "replace" and "=>" in words[1:-1]:
            target = words[words.index("=>") + 1]
            folder = normpath(join(home, target)) if target in (".", "..") or target.startswith(("./", "../")) else ".."
            # Outside the root nothing is ever read.
            if folder != ".." and not folder.startswith("../"):
                yield _Root(words[0], "" if folder == "." else folder, home, replaces=True)


def _covers(folder: str, path: str) -> bool:
    return not folder or path == folder or path.startswith(folder + "/")


def _rank(root: _Root, here: str) -> tuple[bool, int, bool]:
    """Go.mod files above the importing folder first, the nearest of them before the others; there a replacement wins."""
    above = _covers(root.home, here)
    return (not above, -len(root.home) if above else 0, not root.replaces)


def _go_files(tree: Tree, folder: str, tests: bool) -> tuple[str, ...]:
    return tuple(
        sorted(path for path in tree.folder(folder) if path.endswith(".go") and (tests or not path.endswith("_test.go")))
    )


def _prefixes(module: str) -> Iterator[str]:
    """The import path and what is left of it element by element, longest first."""
    while module:
        yield module
        module = module.rpartition("/")[0]


def _by_suffix(tree: Tree, here: str, module: str, tests: bool) -> tuple[str, ...]:
    """The only folder that ends in as many of the path's last elements as any does, at least two of them."""
    elements = module.split("/")
    above = [here]
    while above[-1]:
        above.append(dirname(above[-1]))
    beside = {dirname(path) for path in tree.named(elements[-1] + ".go")}
    for start in range(len(elements) - 1):
        suffix = "/".join(elements[start:])
        folders = {join(folder, suffix) for folder in above} | {folder for folder in beside if folder == suffix or folder.endswith("/" + suffix)}
        held = [files for folder in sorted(folders) if (files := _go_files(tree, folder, tests))]
        if held:
            return held[0] if len(held) == 1 else ()
    return ()


def import_files(tree: Tree, importer: str, module: str) -> tuple[str, ...]:
    """The .go files of the package that file `importer` imports as `module`; () where it is not of this tree.

    Test files are among them only where the importer is one. Every go.mod of the tree takes part: the longest matching module path
    wins, then the go.mod nearest above the importer. Without any go.mod above the importer the path's end may name a folder.
    """
    modules = _modules(tree)
    here = dirname(importer)
    tests = importer.endswith("_test.go")
    key = (here, tests, module)
    found = modules.found.get(key)
    if found is None:
        found = modules.found[key] = _import_files(tree, modules, here, module, tests)
    return found


def _import_files(tree: Tree, modules: _Modules, here: str, module: str, tests: bool) -> tuple[str, ...]:
    matched = False
    for prefix in _prefixes(module):
        roots = modules.roots.get(prefix)
        if not roots:
            continue
        matched = True
        # The sort is stable: among equals the shortest go.mod path, as the tree lists them, stays first.
        for root in sorted(roots, key=lambda root: _rank(root, here)):
            files = _go_files(tree, join(root.folder, module[len(prefix) + 1 :]).rstrip("/"), tests)
            if files:
                return files
    # Under a go.mod, a path of no module of the tree is a library by the language's own rules.
    if matched or module.split("/", 1)[0] in _STANDARD or any(_covers(home, here) for home in modules.homes):
        return ()
    return _by_suffix(tree, here, module, tests)


def package_clause(data: bytes) -> str:
    """The name in the package clause, "" where the file does not begin with one."""
    at = 0
    while True:
        space = _SPACE.match(data, at)
        at = space.end() if space else at
        if data.startswith(b"//", at):
            at = data.find(b"\n", at)
        elif data.startswith(b"/*", at):
            at = data.find(b"*/", at + 2) + 2
            at = at if at > 1 else -1
        else:
            clause = _PACKAGE.match(data, at)
            return clause[1].decode("utf-8", "replace") if clause else ""
        if at < 0:
            return ""


def package_files(tree: Tree, path: str) -> tuple[str, ...]:
    """The other files of the folder of `path` that have its package clause; test files only where `path` is one."""
    packages = _modules(tree).packages

    def package(file: str) -> str:
        name = packages.get(file)
        if name is None:
            source = tree.source(file)
            name = packages[file] = package_clause(source.data) if source else ""
        return name

    own = package(path)
    if not own:
        return ()
    files = _go_files(tree, dirname(path), basename(path).endswith("_test.go"))
    return tuple(file for file in files if file != path and package(file) == own)
