"""The code of a run as the evaluator sees it: units on demand, names to declarations, declarations to the places that use them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow.ir import Assign, Attr, Call, ClassDecl, Expr, Function, FunctionDecl, Import, Name, Record, Unit
from stigmer_lint.flow.walk import Place, dotted, places, statements, target_names
from stigmer_lint.frontends.base import Frontend, Tree
from stigmer_lint.frontends.file_kinds import embeds_scripts, is_makefile
from stigmer_lint.model.span import SourceFile

SUFFIXES: dict[str, tuple[str, ...]] = {
    "go": (".go",),
    "python": (".py", ".pyi"),
    "javascript": (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"),
    "shell": (".sh", ".bash", ".zsh", ".ksh"),
}

MAX_SITES = 16
"""Call sites of one function, or assignments of one field, that are looked at. A function with more is a library of its own."""


MAX_WRITES = 20
"""Places of one file that write a field of one name, as many as are looked at."""
SEARCHES = 60
"""Names that are searched for in all files of a language before the words of all of them are noted."""
_WORD = re.compile(rb"[A-Za-z_]\w*")
_FIELD_WRITE = re.compile(rb"\.([A-Za-z_$][\w$]*)\s*=(?!=)")


class ClassHandle:
    """A class of the tree with the file that declares it."""

    __slots__ = ("decl", "unit")

    def __init__(self, decl: ClassDecl, unit: Unit) -> None:
        self.decl = decl
        self.unit = unit

    @property
    def key(self) -> str:
        """Name of the class that is unique in the run: `path:Class`."""
        return f"{self.unit.path}:{self.decl.name}"


class ModuleHandle:
    """A module: its files in the tree (none: a library) and its name as imported."""

    __slots__ = ("name", "paths")

    def __init__(self, name: str, paths: tuple[str, ...]) -> None:
        self.name = name
        self.paths = paths


class VariableHandle:
    """A top-level variable of a unit."""

    __slots__ = ("name", "unit")

    def __init__(self, name: str, unit: Unit) -> None:
        self.name = name
        self.unit = unit


class LibraryHandle:
    """A name of a library that is not in the tree, dotted: `os/exec.Command`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


Symbol = FunctionDecl | ClassHandle | ModuleHandle | VariableHandle | LibraryHandle


def language_of(path: str) -> str | None:
    """The code language of a file by its name (a JavaScript family file is "javascript")."""
    dot = path.rfind(".")
    suffix = path[dot:].lower() if dot >= 0 else ""
    for language, suffixes in SUFFIXES.items():
        if suffix in suffixes:
            return language
    return None


_NODE_MODULES = frozenset({
    "assert", "buffer", "child_process", "crypto", "dns", "events", "fs", "fs/promises", "http", "http2", "https", "net", "os", "path", "process", "querystring",
    "readline", "stream", "timers", "tls", "url", "util", "worker_threads",
})


class Project:
    """Files parsed when needed. One per run; evaluators for several platforms share it."""

    def __init__(self, tree: Tree, grep: Callable[[bytes, tuple[str, ...]], Iterator[str]]) -> None:
        self.tree = tree
        self._grep = grep
        self._units: dict[str, Unit | None] = {}
        self._frontends: dict[str, Frontend] = {}
        self._sites: dict[tuple[str, str, str, bool], tuple[Place, ...]] = {}
        self._package_methods: dict[tuple[str, str], dict[str, FunctionDecl]] = {}
        self._places: dict[str, dict[str, list[Place]]] = {}
        self._located: dict[tuple[str, str], tuple[str, ...]] = {}
        self._siblings: dict[str, tuple[str, ...]] = {}
        self._assigned: dict[str, dict[str, list[Assign]]] = {}
        self._imports: dict[tuple[str, Import], Symbol | None] = {}
        self._names: dict[tuple[str, str], Symbol | None] = {}
        self._holding: dict[tuple[str, str], tuple[str, ...]] = {}
        self._roots: dict[int, tuple[Unit, list[int], list[tuple[int, int, FunctionDecl]]]] = {}
        self._words: dict[str, dict[bytes, list[str]]] = {}
        self._asked: dict[str, int] = {}
        self._setting: dict[tuple[str, int, str], dict[str, tuple[Assign, ...]]] = {}
        self._fields: dict[str, dict[bytes, tuple[int, ...]]] = {}
        self._closures: dict[tuple[str, int, str], tuple[Place, ...]] = {}
        self._assigning: dict[tuple[str, int, str], dict[str, tuple[Assign, ...]]] = {}
        self.unreadable: list[UnreadableError] = []

    def frontend(self, path: str) -> Frontend | None:
        """The frontend of a file, imported when first met."""
        language = language_of(path)
        if language is None:
            if is_makefile(path):
                from stigmer_lint.frontends.make import MakeFrontend

                return self._frontends.setdefault("make", MakeFrontend())
            source = self.tree.source(path)
            if source is None or not source.data.startswith(b"#!"):
                return None
            first = source.data[:120].split(b"\n", 1)[0]
            if b"sh" in first:
                language = "shell"
            elif b"python" in first:
                language = "python"
            elif b"node" in first or b"bun" in first or b"deno" in first:
                language = "javascript"
            else:
                return None
        key = language
        if language == "javascript":
            key = "tsx" if path.endswith(".tsx") else "typescript" if path.endswith((".ts", ".mts", ".cts")) else "javascript"
        found = self._frontends.get(key)
        if found is None:
            if language == "go":
                from stigmer_lint.frontends.go import GoFrontend

                found = GoFrontend()
            elif language == "python":
                from stigmer_lint.frontends.python import PythonFrontend

                found = PythonFrontend()
            elif language == "javascript":
                from stigmer_lint.frontends.javascript import JavaScriptFrontend

                found = JavaScriptFrontend(key)
            else:
                from stigmer_lint.frontends.shell import ShellFrontend

                found = ShellFrontend()
            self._frontends[key] = found
        return found

    def unit(self, path: str) -> Unit | None:
        """The parsed file, None where it is not code, not there or not readable (then noted once in `unreadable`)."""
        if path in self._units:
            return self._units[path]
        self._units[path] = None
        if path.endswith((".yml", ".yaml", ".json")) or "." not in path.rsplit("/", 1)[-1]:
            embedded = self._embedded(path)
            if embedded is not None:
                self._units[path] = embedded
                return embedded
        frontend = self.frontend(path)
        source = self.tree.source(path) if frontend is not None else None
        if frontend is None or source is None:
            return None
        try:
            self._units[path] = frontend.parse(source)
        except UnreadableError as error:
            self.unreadable.append(error)
        return self._units[path]

    def _embedded(self, path: str) -> Unit | None:
        """The scripts that a file of another kind holds: steps of a workflow, scripts of a package.json."""
        source = self.tree.source(path) if embeds_scripts(path) else None
        if source is None:
            return None
        from stigmer_lint.frontends.scripts import embedded

        try:
            return embedded(source, self.tree)
        except UnreadableError as error:
            self.unreadable.append(error)
            return None

    def source(self, path: str) -> SourceFile | None:
        return self.tree.source(path)

    def locate(self, unit: Unit, module: str) -> tuple[str, ...]:
        """Files of the tree that define a module as `unit` imports it."""
        key = (unit.path if module.startswith((".", "@", "#", "~")) or unit.language != "go" else unit.language, module)
        found = self._located.get(key)
        if found is None:
            frontend = self.frontend(unit.path)
            found = frontend.locate(self.tree, unit, module) if frontend is not None else ()
            self._located[key] = found
        return found

    def package(self, unit: Unit) -> tuple[str, ...]:
        """The files whose top-level names a unit sees without import: those of its Go package, itself first."""
        if unit.language != "go":
            return (unit.path,)
        found = self._siblings.get(unit.path)
        if found is None:
            from stigmer_lint.frontends.go import package_files

            found = (unit.path, *(p for p in package_files(self.tree, unit.path) if p != unit.path))
            self._siblings[unit.path] = found
        return found

    def assigned(self, unit: Unit) -> dict[str, list[Assign]]:
        """A unit's top-level variables with their assignments in order."""
        found = self._assigned.get(unit.path)
        if found is None:
            found = {}
            if unit.module is not None:
                for stmt in statements(unit.module.body):
                    if isinstance(stmt, Assign):
                        for name in target_names(stmt.target):
                            found.setdefault(name, []).append(stmt)
            self._assigned[unit.path] = found
        return found

    def top_level(self, unit: Unit, name: str) -> Symbol | None:
        """What a name means at the top level of one file, imports included."""
        decl = unit.functions.get(name)
        if decl is not None:
            return decl
        klass = unit.classes.get(name)
        if klass is not None and not klass.elsewhere:
            return ClassHandle(klass, unit)
        if name in self.assigned(unit):
            return VariableHandle(name, unit)
        imported = unit.imports.get(name)
        if imported is not None:
            return self.imported(unit, imported)
        return None

    def imported(self, unit: Unit, imported: Import) -> Symbol | None:
        """What an import stands for. Modules that import a name from one another in a circle give None for it."""
        key = (unit.path, imported)
        if key not in self._imports:
            self._imports[key] = None
            self._imports[key] = self._imported(unit, imported)
        return self._imports[key]

    def _imported(self, unit: Unit, imported: Import) -> Symbol | None:
        if imported.member is None:
            return ModuleHandle(imported.module, self.locate(unit, imported.module))
        if imported.member == "default" and imported.module.removeprefix("node:") in _NODE_MODULES:
            # https://nodejs.org/api/esm.html#builtin-modules: the default export of a built-in module is the module.
            return ModuleHandle(imported.module, ())
        paths = self.locate(unit, imported.module)
        if unit.language == "python":
            inner = self.locate(unit, imported.module + ("" if imported.module.endswith(".") else ".") + imported.member)
            for path in paths:
                found = self._visible(path, imported.member, 0)
                if found is not None:
                    return found
            if inner:
                return ModuleHandle(imported.module + "." + imported.member, inner)
        if not paths:
            return LibraryHandle(f"{imported.module}.{imported.member}")
        for path in paths:
            found = self.exported(path, imported.member)
            if found is not None:
                return found
        return LibraryHandle(f"{imported.module}.{imported.member}")

    def exported(self, path: str, name: str, depth: int = 0) -> Symbol | None:
        """What a module of the tree exports under a name; follows re-exports."""
        unit = self.unit(path)
        if unit is None or depth > 8:
            return None
        if unit.language in ("javascript", "typescript"):
            local = unit.exports.get(name)
            if local is not None:
                found = self.top_level(unit, local)
                if found is not None:
                    return found
            for exported, module, member in unit.re_exports:
                if exported in (name, "*"):
                    wanted = name if exported == "*" or member == "*" else member
                    for other in self.locate(unit, module):
                        found = self.exported(other, wanted, depth + 1)
                        if found is not None:
                            return found
            return self.top_level(unit, name) if local is None and not unit.exports else None
        return self._visible(path, name, depth)

    def _visible(self, path: str, name: str, depth: int) -> Symbol | None:
        unit = self.unit(path)
        if unit is None or depth > 8:
            return None
        found = self.top_level(unit, name)
        if found is not None:
            return found
        for module in unit.star_imports:
            for other in self.locate(unit, module):
                if other != path:
                    found = self._visible(other, name, depth + 1)
                    if found is not None:
                        return found
        return None

    def lookup(self, unit: Unit, name: str) -> Symbol | None:
        """What a bare name means in a file: its own top level, its package's, its imports, star imports."""
        if unit.language != "go":
            # The names of a script that stands in a text of a Go file are not those of the file.
            held = self._units.get(unit.path)
            return self._visible(unit.path, name, 0) if held is not None and held.language == unit.language else self.top_level(unit, name)
        if self._units.get(unit.path) is not unit:
            return self._in_package(unit, name)
        # A package may have hundreds of files, and the same few names are asked of it all the time.
        key = (unit.path, name)
        if key not in self._names:
            self._names[key] = self._in_package(unit, name)
        return self._names[key]

    def _in_package(self, unit: Unit, name: str) -> Symbol | None:
        found = self.top_level(unit, name)
        if found is not None:
            return found
        for path in self.package(unit)[1:]:
            other = self.unit(path)
            if other is not None:
                found = self.top_level(other, name) if name not in other.imports else None
                if found is not None:
                    return found
        klass = unit.classes.get(name)
        return ClassHandle(klass, unit) if klass is not None else None

    def member(self, module: ModuleHandle, name: str) -> Symbol | None:
        """A member of a module; a LibraryHandle where the module is not of the tree."""
        for path in module.paths:
            found = self.exported(path, name)
            if found is not None:
                return found
        if module.paths:
            folder = module.paths[0].rsplit("/", 1)[0]
            for candidate in (f"{folder}/{name}.py", f"{folder}/{name}/__init__.py"):
                if module.paths[0].endswith("__init__.py") and self.tree.has(candidate):
                    return ModuleHandle(f"{module.name}.{name}", (candidate,))
        return LibraryHandle(f"{module.name}.{name}") if not module.paths else None

    def class_named(self, unit: Unit, text: str) -> ClassHandle | None:
        """The class that a type's text names in a file (`*config.Config`, `Optional[Settings]`, `Config`)."""
        for word in re.findall(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*", text):
            head, _, rest = word.partition(".")
            symbol = self.lookup(unit, head)
            while rest and isinstance(symbol, ModuleHandle):
                head, _, rest = rest.partition(".")
                symbol = self.member(symbol, head)
            if isinstance(symbol, ClassHandle) and not rest:
                return symbol
        return None

    def method(self, handle: ClassHandle, name: str, depth: int = 0) -> FunctionDecl | None:
        """A method of a class: its own (a Go type's may be in another file of the package), then its bases'."""
        found = handle.decl.methods.get(name)
        if found is not None or depth > 6:
            return found
        if handle.unit.language == "go":
            found = self._methods_of_package(handle).get(name)
            if found is not None:
                return found
        for base in handle.decl.bases:
            parent = self.class_named(handle.unit, base)
            if parent is not None and parent.decl is not handle.decl:
                found = self.method(parent, name, depth + 1)
                if found is not None:
                    return found
        return None

    def _methods_of_package(self, handle: ClassHandle) -> dict[str, FunctionDecl]:
        """The methods that the other files of a Go type's package declare for it."""
        key = (handle.unit.path, handle.decl.name)
        found = self._package_methods.get(key)
        if found is None:
            found = {}
            for path in self.package(handle.unit)[1:]:
                other = self.unit(path)
                klass = other.classes.get(handle.decl.name) if other is not None else None
                for name, decl in klass.methods.items() if klass is not None else ():
                    found.setdefault(name, decl)
            self._package_methods[key] = found
        return found

    def methods(self, handle: ClassHandle) -> Iterator[FunctionDecl]:
        """All methods that a class declares itself, over the files of its package."""
        yield from handle.decl.methods.values()
        if handle.unit.language == "go":
            for path in self.package(handle.unit)[1:]:
                other = self.unit(path)
                klass = other.classes.get(handle.decl.name) if other is not None else None
                if klass is not None and klass is not handle.decl:
                    yield from klass.methods.values()

    def roots(self, unit: Unit) -> Iterator[FunctionDecl]:
        """Every function of a file that is not nested in another, the module's own body last."""
        yield from unit.functions.values()
        for klass in unit.classes.values():
            yield from klass.methods.values()
        if unit.module is not None:
            yield unit.module

    def enclosing(self, unit: Unit, offset: int) -> FunctionDecl | None:
        """The function, not nested in another, whose text holds a byte offset; the module's body otherwise."""
        starts, rows = self._rows(unit)
        for at in range(bisect_right(starts, offset) - 1, -1, -1):
            end, furthest, decl = rows[at]
            if offset < end:
                return decl
            if furthest <= offset:
                break
        return unit.module

    def holding(self, unit: Unit, hits: Iterable[re.Match[bytes]]) -> list[FunctionDecl]:
        """The functions, not nested in others, whose text holds any of the places, each once, in the order of the places."""
        found: dict[int, FunctionDecl] = {}
        for hit in hits:
            decl = self.enclosing(unit, hit.start())
            if decl is not None:
                found[id(decl)] = decl
        return list(found.values())

    def _rows(self, unit: Unit) -> tuple[list[int], list[tuple[int, int, FunctionDecl]]]:
        """The functions of a file in the order of their starts: (starts, (end, furthest end so far, function) of each)."""
        kept = self._roots.get(id(unit))
        if kept is None:
            decls = sorted((decl for decl in self.roots(unit) if decl is not unit.module), key=lambda decl: decl.span[0])
            rows: list[tuple[int, int, FunctionDecl]] = []
            furthest = 0
            for decl in decls:
                furthest = max(furthest, decl.span[1])
                rows.append((decl.span[1], furthest, decl))
            # The unit is kept with them, so that its id stays its own.
            kept = self._roots[id(unit)] = unit, [decl.span[0] for decl in decls], rows
        return kept[1], kept[2]

    def files_with(self, text: str, language: str) -> tuple[str, ...]:
        """Paths of the files of a language whose bytes hold a text."""
        family = "javascript" if language == "typescript" else language
        suffixes = SUFFIXES.get(family)
        if suffixes is None:
            return ()
        found = self._holding.get((family, text))
        if found is None:
            found = self._holding[family, text] = tuple(self._grep(text.encode(), suffixes))
        return found

    def name_assignments(self, decl: FunctionDecl) -> dict[str, tuple[Assign, ...]]:
        """The statements of a function that assign a name which it does not declare, so one of the code around it, by name."""
        key = (decl.unit.path, decl.span[0], decl.name)
        found = self._setting.get(key)
        if found is None:
            several: dict[str, list[Assign]] = {}
            own = {param.name for param in decl.params}
            for stmt in statements(decl.body):
                if isinstance(stmt, Assign):
                    if stmt.declares:
                        own.update(target_names(stmt.target))
                    elif isinstance(stmt.target, Name):
                        several.setdefault(stmt.target.id, []).append(stmt)
            found = self._setting[key] = {name: tuple(stmts) for name, stmts in several.items() if name not in own}
        return found

    def naming(self, name: str, language: str) -> tuple[str, ...]:
        """The files of a language that may hold a name as a word, in the order of `files_with`. The first names are searched for; whoever asks
        for many has the words of all files noted once, because every search reads everything."""
        family = "javascript" if language == "typescript" else language
        word = name.encode()
        if _WORD.fullmatch(word) is None or family not in SUFFIXES:
            return self.files_with(name, family)
        index = self._words.get(family)
        if index is None:
            self._asked[family] = self._asked.get(family, 0) + 1
            if self._asked[family] <= SEARCHES:
                return self.files_with(name, family)
            index = self._words[family] = {}
            for path in self._grep(b"", SUFFIXES[family]):
                source = self.tree.source(path)
                for one in set(_WORD.findall(source.data)) if source is not None else ():
                    index.setdefault(one, []).append(path)
        return tuple(index.get(word, ()))

    def field_writes(self, path: str) -> dict[bytes, tuple[int, ...]]:
        """Where a file writes `.name = ...`: the first of the places of each name, as byte offsets of the dot."""
        found = self._fields.get(path)
        if found is None:
            places: dict[bytes, list[int]] = {}
            source = self.tree.source(path)
            for hit in _FIELD_WRITE.finditer(source.data) if source is not None else ():
                several = places.setdefault(hit[1], [])
                if len(several) < MAX_WRITES:
                    several.append(hit.start())
            found = self._fields[path] = {name: tuple(several) for name, several in places.items()}
        return found

    def field_assignments(self, decl: FunctionDecl) -> dict[str, tuple[Assign, ...]]:
        """The statements of a function that assign a field, `x.name = ...`, by the field's name."""
        key = (decl.unit.path, decl.span[0], decl.name)
        found = self._assigning.get(key)
        if found is None:
            several: dict[str, list[Assign]] = {}
            for stmt in statements(decl.body):
                if isinstance(stmt, Assign) and isinstance(stmt.target, Attr):
                    several.setdefault(stmt.target.name, []).append(stmt)
            found = self._assigning[key] = {name: tuple(stmts) for name, stmts in several.items()}
        return found

    def closures(self, decl: FunctionDecl) -> tuple[Place, ...]:
        """The function literals inside a function, each with its place."""
        key = (decl.unit.path, decl.span[0], decl.name)
        found = self._closures.get(key)
        if found is None:
            found = self._closures[key] = tuple(place for place in places(decl) if isinstance(place.expr, Function))
        return found

    def used(self, name: str, language: str, beside: str = "", called: bool = False) -> tuple[Place, ...]:
        """Places in the tree's code of one language where something is called or constructed by a last name: Calls and Records
        whose callee or type ends in `name`. Cut at 4 * MAX_SITES. Files that also say `beside`, a method's class, come first: there are many
        calls of `run` in a tree. `called`: only calls that are written with the parenthesis behind the name count, for names that are common words."""
        family = "javascript" if language == "typescript" else language
        paths: Iterable[str] = self.naming(name, family)
        if beside and name != beside and len(tuple(paths)) > MAX_SITES:
            near = set(self.naming(beside, family))
            paths = sorted(paths, key=lambda path: path not in near)
        else:
            beside = ""
        key = (family, name, beside, called)
        found = self._sites.get(key)
        if found is None:
            out: list[Place] = []
            # Most files only mention the name. Without what makes a call or a literal of it, they need not be parsed.
            # The name comes first in the pattern: a search for what begins with a fixed text is many times faster.
            word = re.escape(name.encode())
            pattern = re.compile(word + rb"(?<![\w$]" + word + rb")" + (rb"\s*\(" if called else _USED.get(family, rb"(?![\w$])")))
            for path in paths:
                source = self.tree.source(path)
                first = pattern.search(source.data) if source is not None else None
                unit = self.unit(path) if first is not None else None
                if unit is None or source is None or first is None:
                    continue
                roots: dict[int, FunctionDecl] = {}
                for hit in pattern.finditer(source.data, first.start()):
                    decl = self.enclosing(unit, hit.start())
                    if decl is not None:
                        roots[id(decl)] = decl
                    if len(roots) > 40:
                        break
                for decl in roots.values():
                    out.extend(self.places_of(decl).get(name, ()))
                if len(out) > 4 * MAX_SITES:
                    break
            found = tuple(out)
            self._sites[key] = found
        return found

    def places_of(self, decl: FunctionDecl) -> dict[str, list[Place]]:
        """Calls and records inside a function by last name."""
        key = f"{decl.unit.path}:{decl.span[0]}:{decl.name}"
        found = self._places.get(key)
        if found is None:
            found = {}
            for place in places(decl):
                expr = place.expr
                if isinstance(expr, Call):
                    name = last_name(expr.callee)
                    if name:
                        found.setdefault(name, []).append(place)
                elif isinstance(expr, Record) and expr.type:
                    found.setdefault(expr.type.rsplit(".", 1)[-1], []).append(place)
            self._places[key] = found
        return found


_USED = {"go": rb"\s*[({\[]", "python": rb"\s*\("}
"""What follows a name that is called, or whose type is written with a literal."""


def last_name(callee: Expr) -> str | None:
    """The last identifier of a callee; a shell command's word."""
    if isinstance(callee, Name):
        return callee.id.removeprefix("$") if len(callee.id) > 1 else callee.id
    text = dotted(callee)
    return text.rsplit(".", 1)[-1] if text else getattr(callee, "name", None)
