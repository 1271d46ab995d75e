"""Python imports: what a name stands for, and which file of the tree defines a module."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from stigmer_lint.flow.ir import Import, Unit
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.python_expr import PythonFile, parts_of

if TYPE_CHECKING:
    from tree_sitter import Node

_INDENTED = re.compile(
    rb"^[ \t]+(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^()]*\)|(?:[^\\;#\r\n(]|\\\r?\n)+)|import[ \t]+((?:[^\\;#\r\n]|\\\r?\n)+))",
    re.MULTILINE,
)
_COMMENT = re.compile(r"#[^\r\n]*")
_DOTTED = re.compile(r"\w+(?:\.\w+)*\Z")

SOURCE_FOLDERS = frozenset(("src", "lib", "python"))
"""Folders that projects put on the module path by convention."""


def register_imports(file: PythonFile, node: Node, override: bool = True) -> str:
    """Add what an `import_statement` or `import_from_statement` binds to the file's Unit; `override` replaces earlier bindings.
    The module of a star import, "" for any other."""
    parts = parts_of(node)
    unit = file.unit
    module: str | None = None
    if node.type == "import_from_statement":
        named = node.child_by_field_name("module_name")
        if named is None:
            return ""
        module = "".join(file.text(named).split())
    for part in parts:
        kind = part.type
        if kind == "wildcard_import" and module is not None:
            return module
        elif kind == "aliased_import" and len(part.children) > 2:
            _bind(unit, module, file.text(part.children[0]), file.text(part.children[-1]), override)
        elif kind == "dotted_name" and not (module is not None and part.start_byte < parts[2].start_byte):
            _bind(unit, module, file.text(part), None, override)
    return ""


def register_inner_imports(unit: Unit, data: bytes) -> None:
    """Add the imports of function bodies, read from the lines' text. Bindings that are there stay: those of the file's own level win,
    and an example in a docstring can do no more than name a module that nobody refers to."""
    for match in _INDENTED.finditer(data):
        module, members, modules = match.groups()
        text = (members or modules).decode("utf-8", "replace").replace("\\", " ").strip("()")
        for item in _COMMENT.sub("", text).split(","):
            words = item.split()
            alias = words[2] if len(words) == 3 and words[1] == "as" else None
            if words and (len(words) == 1 or alias) and _DOTTED.match(words[0]):
                _bind(unit, module.decode("utf-8", "replace") if module else None, words[0], alias, override=False)


def _bind(unit: Unit, module: str | None, name: str, alias: str | None, override: bool) -> None:
    if module is not None:
        local, stands = alias or name, Import(module, name)
    elif alias is not None:
        local, stands = alias, Import(name)
    else:
        # `import a.b` binds `a`; the code then writes `a.b.c`.
        local = name.partition(".")[0]
        stands = Import(local)
    if override or local not in unit.imports:
        unit.imports[local] = stands


class _Modules:
    """Look-ups of one tree, remembered."""

    __slots__ = ("found", "packages")

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], tuple[str, ...]] = {}
        self.packages: dict[str, list[str]] | None = None


_KNOWN: WeakKeyDictionary[Tree, _Modules] = WeakKeyDictionary()


def locate(tree: Tree, unit: Unit, module: str) -> tuple[str, ...]:
    """The file that defines `module` for `unit`: at most one, () where the tree has none."""
    folder = unit.path.rpartition("/")[0]
    try:
        known = _KNOWN.setdefault(tree, _Modules())
    except TypeError:  # a tree that takes no weak references
        known = _Modules()
    key = folder, module
    found = known.found.get(key)
    if found is None:
        found = known.found[key] = _locate(tree, known, folder, module)
    return found


def _locate(tree: Tree, known: _Modules, folder: str, module: str) -> tuple[str, ...]:
    name = module.lstrip(".")
    level = len(module) - len(name)
    path = name.replace(".", "/")
    if level:
        above = folder.split("/") if folder else []
        if level - 1 > len(above):
            return ()
        return _at(tree, "/".join(above[: len(above) - level + 1]), path)
    if not name:
        return ()
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        # Only a script's own folder comes before the standard library.
        return () if _is_package(tree, folder) else _at(tree, folder, path)
    packages = []
    here = folder
    while True:
        if here and _is_package(tree, here):
            packages.append(here)
        else:
            found = _at(tree, here, path)
            if found:
                return found
        if not here:
            break
        here = here.rpartition("/")[0]
    # A script inside a package finds its neighbours by their bare names.
    for here in packages:
        found = _at(tree, here, path)
        if found:
            return found
    return _elsewhere(tree, known, folder, path)


def _at(tree: Tree, root: str, path: str) -> tuple[str, ...]:
    base = f"{root}/{path}" if root and path else root or path
    # A package wins over a module of the same name.
    package = f"{base}/__init__.py" if base else "__init__.py"
    if tree.has(package):
        return (package,)
    if path and tree.has(f"{base}.py"):
        return (f"{base}.py",)
    return ()


def _is_package(tree: Tree, folder: str) -> bool:
    return tree.has(f"{folder}/__init__.py" if folder else "__init__.py")


def _elsewhere(tree: Tree, known: _Modules, folder: str, path: str) -> tuple[str, ...]:
    """The module under any other source root: the one that shares most of its path with the importing file."""
    last = path.rpartition("/")[2]
    if known.packages is None:
        known.packages = {}
        for init in tree.named("__init__.py"):
            known.packages.setdefault(init.rpartition("/")[0].rpartition("/")[2], []).append(init)
    found = []
    for file, ending in [(one, f"/{path}/__init__.py") for one in known.packages.get(last, ())] + [
        (one, f"/{path}.py") for one in tree.named(f"{last}.py")
    ]:
        if not f"/{file}".endswith(ending):
            continue
        root = file[: max(len(file) - len(ending), 0)]
        if _is_package(tree, root):
            continue
        if file.endswith(f"/{path}.py") and "/" not in path and root.rpartition("/")[2] not in SOURCE_FOLDERS:
            continue  # A file that only happens to be called like a library.
        found.append((-_shared(root, folder), len(file), file))
    return (min(found)[2],) if found else ()


def _shared(one: str, other: str) -> int:
    """How many leading folders two paths share."""
    count = 0
    for mine, theirs in zip(one.split("/"), other.split("/"), strict=False):
        if mine != theirs:
            break
        count += 1
    return count
