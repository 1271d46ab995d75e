"""Go: one file's declarations now, its bodies when they are asked for."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow import ir
from stigmer_lint.frontends import treesitter
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.go_body import function_body, module_body
from stigmer_lint.frontends.go_file import GoFile, code, function, raw, span, unquoted
from stigmer_lint.frontends.go_modules import import_files, package_files
from stigmer_lint.model.span import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node
    from tree_sitter import Tree as SyntaxTree

__all__ = ["GoFrontend", "package_files"]

_VERSION = re.compile(r"v[0-9]+")
_NEW_VALUE = re.compile(rb"\bnew(?=\((?!\s*(?:\[|\*|(?:map|chan|struct|func|interface)\b)))")
_DOTTED_VERSION = re.compile(r"\.v[0-9]+$")


def import_names(path: str) -> tuple[str, ...]:
    """The names that an import without alias may have in the code, likeliest first.

    The language takes the name from the imported package's clause; by convention that is the last element without its version
    (`/v2`, `gopkg.in/yaml.v3`), and without a `go-` or `-go` where the repository is named so (`testcontainers-go`).
    """
    elements = path.rstrip("/").split("/")
    if len(elements) > 1 and _VERSION.fullmatch(elements[-1]):
        elements.pop()
    last = _DOTTED_VERSION.sub("", elements[-1])
    if last.isidentifier():
        return (last,)
    stem = last.removeprefix("go-").removesuffix("-go").removesuffix(".go")
    names = dict.fromkeys((last, stem, stem.replace("-", ""), stem.replace("-", "_"), stem.rpartition("-")[2]))
    return (last, *(name for name in names if name.isidentifier()))


class _Reader:
    """Reads the top level of one file into its Unit."""

    def __init__(self, file: GoFile) -> None:
        self.file = file
        self.unit = file.unit
        self.values: list[Node] = []
        self.guessed: dict[str, ir.Import] = {}
        self.stars: list[str] = []

    def read(self, root: Node) -> None:
        waiting = [root]
        while waiting:
            node = waiting.pop()
            for child in node.named_children:
                match child.type:
                    case "function_declaration":
                        self.function(child)
                    case "method_declaration":
                        self.method(child)
                    case "type_declaration":
                        for spec in child.named_children:
                            self.type(spec)
                    case "var_declaration" | "const_declaration":
                        self.values.append(child)
                    case "import_declaration":
                        self.imports(child)
                    case "package_clause":
                        self.unit.package = self.file.text(code(child)[0]) if code(child) else ""
                    case "ERROR":
                        waiting.append(child)
                    case _:
                        pass
        for name, stands_for in self.guessed.items():
            self.unit.imports.setdefault(name, stands_for)
        self.unit.star_imports = tuple(self.stars)

    def imports(self, node: Node) -> None:
        for child in node.named_children:
            for spec in child.named_children if child.type == "import_spec_list" else (child,):
                path_node = spec.child_by_field_name("path") if spec.type == "import_spec" else None
                if path_node is None:
                    continue
                inside = self.file.data[path_node.start_byte + 1 : path_node.end_byte - 1]
                path = raw(inside) if path_node.type == "raw_string_literal" else unquoted(inside)
                name_node = spec.child_by_field_name("name")
                name = self.file.text(name_node) if name_node is not None else ""
                if name == ".":
                    self.stars.append(path)
                elif name and name != "_":
                    self.unit.imports[name] = ir.Import(path)
                elif not name and path:
                    likely, *others = import_names(path)
                    self.unit.imports[likely] = ir.Import(path)
                    for other in others:
                        self.guessed.setdefault(other, ir.Import(path))

    def function(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        if name is not None:
            _add(self.unit.functions, function(self.file, node, function_body, name=name))

    def method(self, node: Node) -> None:
        name, receiver = node.child_by_field_name("name"), node.child_by_field_name("receiver")
        params = self.file.params(receiver)
        if name is None or receiver is None or not params:
            return
        type_node = next((each.child_by_field_name("type") for each in code(receiver)), None)
        owner = self.file.type_name(type_node) if type_node is not None else ""
        declared = self.unit.classes.get(owner)
        if declared is None:
            # The type may follow, or stand in another file of the package.
            declared = self.unit.classes[owner] = ir.ClassDecl(owner, span(receiver), (), {}, {}, elsewhere=True)
        _add(declared.methods, function(self.file, node, function_body, name=name, owner=owner, receiver=params[0].name))

    def type(self, spec: Node) -> None:
        name_node, declared = spec.child_by_field_name("name"), spec.child_by_field_name("type")
        if spec.type not in ("type_spec", "type_alias") or name_node is None or declared is None:
            return
        name = self.file.text(name_node)
        fields: list[ir.Field] = []
        bases: list[str] = []
        if declared.type == "struct_type":
            fields, bases = self.file.fields(declared)
        elif declared.type == "interface_type":
            for element in declared.named_children:
                method = element.child_by_field_name("name")
                if method is not None:
                    signature = self.file.data[method.end_byte : element.end_byte].decode("utf-8", "replace")
                    fields.append(ir.Field(self.file.text(method), span(method), "func" + signature))
                elif element.type == "type_elem":
                    bases.append(self.file.text(element))
        else:
            bases.append(self.file.type_name(declared))
        self.file.types[name] = declared
        seen = self.unit.classes.get(name)
        methods = seen.methods if seen is not None else {}
        self.unit.classes[name] = ir.ClassDecl(name, span(spec), tuple(bases), {field.name: field for field in fields}, methods)


def _add(functions: dict[str, ir.FunctionDecl], decl: ir.FunctionDecl) -> None:
    """Under its name, or, as a file may hold several `init` and `_`, under the name with a number."""
    key = decl.name
    if key in functions:
        key = f"{decl.name}#{len(functions)}"
    functions[key] = decl


def _tree(data: bytes) -> SyntaxTree:
    """The syntax tree. The grammar wants a type in `new(...)`, where Go 1.26 allows any value (go.dev/doc/go1.26): a file with
    errors is read once more with another name of the same length in its place, as all text is taken from the file itself."""
    tree = treesitter.parse("go", data)
    if tree.root_node.has_error and b"new(" in data:
        again = treesitter.parse("go", _NEW_VALUE.sub(b"neW", data))
        if not again.root_node.has_error:
            return again
        at, later = treesitter.first_error(tree), treesitter.first_error(again)
        if at is not None and later is not None and later > at:
            return again
    return tree


class GoFrontend:
    """The Go frontend (grammar: tree-sitter-go)."""

    language: str = "go"

    def parse(self, source: SourceFile) -> ir.Unit:
        """The file's declarations; raises UnreadableError for UTF-16 and for NUL bytes, which Go source cannot hold."""
        data = source.data
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise UnreadableError(source.path, "is UTF-16 text, Go source is UTF-8")
        zero = data.find(b"\0")
        if zero >= 0:
            raise UnreadableError(source.path, "holds a NUL byte", zero)
        tree = _tree(data)
        # Mutable defaults are made anew by msgspec for each Unit.
        unit = ir.Unit(source.path, "go", error_at=treesitter.first_error(tree), comments=partial(treesitter.in_comment, tree))
        file = GoFile(unit, data)
        reader = _Reader(file)
        reader.read(tree.root_node)

        def lower() -> ir.Block:
            return module_body(file, module, reader.values)

        module = ir.FunctionDecl("", (0, len(data)), (0, 0), (), lower, unit)
        unit.module = module
        return unit

    def locate(self, tree: Tree, unit: ir.Unit, module: str) -> tuple[str, ...]:
        """The .go files of the package that `unit` imports as `module`; () for a library."""
        return import_files(tree, unit.path, module)
