"""Python: a file's declarations at once, its bodies on demand.

Beyond what the form says of every language: `params` of a method leave out its receiver (so that positional arguments meet
parameters by their place, as in every other language), a static method has none; a class inside a class is listed under
"Outer.Inner"; dictionaries merged by `a | b` are a Call of `|`; of two definitions of one name, the later of those that stand
straight in the file wins, then the first of those in its `if` and `try` blocks; of a property, its getter. A lambda is called "<lambda>"; the subject of a `match`, where it is more than a name, is first assigned to
a Name that no code can write; `base[low:high] = x` assigns a Join of the three pieces to `base`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow.ir import Block, Call, ClassDecl, Expr, Field, FunctionDecl, Param, Unit
from stigmer_lint.frontends import treesitter
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.python_body import lower_body
from stigmer_lint.frontends.python_expr import Expressions, PythonFile, children_of, parts_of, range_of
from stigmer_lint.frontends.python_modules import locate, register_imports, register_inner_imports
from stigmer_lint.frontends.python_options import with_annotation, with_decorators
from stigmer_lint.frontends.python_text import MAX_INDENTATION, over_indented, readable
from stigmer_lint.model.span import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node
    from tree_sitter import Tree as SyntaxTree

NESTED_BLOCKS = 40
"""Depth of `if`, `try` and `with` around a declaration that is still looked at."""

_HOLDERS = frozenset((
    "if_statement", "elif_clause", "else_clause", "try_statement", "except_clause", "except_group_clause", "finally_clause",
    "with_statement", "for_statement", "while_statement", "block", "ERROR", "match_statement", "case_clause",
))


class PythonFrontend:
    """Lowers Python files."""

    language = "python"

    def parse(self, source: SourceFile) -> Unit:
        """The file's imports, functions and classes. Raises UnreadableError for NUL bytes and UTF-16."""
        data = source.data
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise UnreadableError(source.path, "it is UTF-16, not UTF-8 text")
        nul = data.find(b"\0")
        if nul >= 0:
            raise UnreadableError(source.path, "it holds a NUL byte, so it is not Python source", nul)
        text = readable(data)
        deep = over_indented(text)
        if deep is not None:
            raise UnreadableError(source.path, f"it is indented more than {MAX_INDENTATION} levels deep", deep)
        tree = treesitter.parse("python", text, source.path)
        unit = Unit(source.path, self.language, error_at=treesitter.first_error(tree), comments=partial(treesitter.in_comment, tree))
        file = PythonFile(data, unit, _declare)
        module = FunctionDecl("", (0, len(data)), (0, 0), (), _unlowered, unit)
        module.lower = partial(_lower_module, file, module, tree)
        unit.module = module
        _Declarations(file).read(tree.root_node)
        register_inner_imports(unit, data)
        return unit

    def locate(self, tree: Tree, unit: Unit, module: str) -> tuple[str, ...]:
        """The file that defines `module` (dotted, with leading dots where relative); () where the tree has none."""
        return locate(tree, unit, module)


def _unlowered() -> Block:
    return Block(())


def _lower_module(file: PythonFile, module: FunctionDecl, tree: SyntaxTree) -> Block:
    # A Node keeps the nodes below it that were ever asked for, so none is kept for this.
    return lower_body(file, module, tree.root_node)


def _spread_out(holder: Node) -> Iterator[tuple[Node, int]]:
    """Statements with how many blocks lie around them, in source order, through the blocks that do not make a scope."""
    waiting = [children_of(holder)]
    while waiting:
        node = next(waiting[-1], None)
        if node is None:
            waiting.pop()
        elif node.type in _HOLDERS:
            if len(waiting) <= NESTED_BLOCKS:
                waiting.append(children_of(node))
        elif node.is_named:
            yield node, len(waiting) - 1


class _Declarations:
    """Reads what a file declares."""

    def __init__(self, file: PythonFile) -> None:
        self.file = file

    def read(self, root: Node) -> None:
        """Fill the file's Unit."""
        unit = self.file.unit
        stars: dict[str, None] = {}
        for node, depth in _spread_out(root):
            kind = node.type
            if kind in ("import_statement", "import_from_statement"):
                star = register_imports(self.file, node, override=depth == 0)
                if star:
                    stars[star] = None
            elif kind in ("function_definition", "class_definition", "decorated_definition"):
                definition = _definition(node)
                name = _name_of(self.file, definition)
                if not name or definition is None:
                    continue
                if definition.type == "function_definition":
                    if depth == 0 or name not in unit.functions:
                        unit.functions[name] = _declare(self.file, node, None)
                elif depth == 0 or name not in unit.classes:
                    self._classes(node, name)
        unit.star_imports = tuple(stars)

    def _classes(self, node: Node, name: str) -> None:
        """A class and the classes in it, without recursion."""
        waiting = [(node, name)]
        while waiting:
            node, name = waiting.pop()
            decl = self._class(node, name, waiting)
            if decl is not None:
                self.file.unit.classes[name] = decl

    def _class(self, node: Node, name: str, inner: list[tuple[Node, str]]) -> ClassDecl | None:
        definition = _definition(node)
        body = definition.child_by_field_name("body") if definition is not None else None
        if definition is None or body is None:
            return None
        file = self.file
        bases = definition.child_by_field_name("superclasses")
        decl = ClassDecl(
            name,
            range_of(definition),
            tuple(
                _dotted(file, part)
                for part in (parts_of(bases) if bases is not None else ())
                if part.is_named and part.type not in ("keyword_argument", "list_splat", "dictionary_splat", "ERROR")
            ),
            {},
            {},
            tuple(_dotted(file, part) for part in _decorators(node)),
        )
        expressions = Expressions(file, None)
        for stmt, depth in _spread_out(body):
            kind = stmt.type
            if kind == "expression_statement":
                for part in stmt.children:
                    if part.type == "assignment":
                        self._fields(part, expressions, decl)
            elif kind in ("function_definition", "class_definition", "decorated_definition"):
                found = _definition(stmt)
                inner_name = _name_of(file, found)
                if found is None or not inner_name:
                    continue
                if found.type == "class_definition":
                    if name.count(".") < NESTED_BLOCKS:
                        inner.append((stmt, f"{name}.{inner_name}"))
                    continue
                method = _declare(file, stmt, None, owner=name)
                setter = any(one.endswith((".setter", ".deleter")) for one in method.decorators)
                if inner_name not in decl.methods or (depth == 0 and not setter):
                    decl.methods[inner_name] = method
            elif kind in ("import_statement", "import_from_statement"):
                register_imports(file, stmt, override=False)
        return decl

    def _fields(self, node: Node, expressions: Expressions, decl: ClassDecl) -> None:
        targets = []
        annotation = ""
        right: Node | None = node
        while right is not None and right.type == "assignment":
            left, said = right.child_by_field_name("left"), right.child_by_field_name("type")
            if said is not None:
                annotation = self.file.text(said)
            if left is not None and left.type == "identifier":
                targets.append(left)
            right = right.child_by_field_name("right")
        default = expressions.expr(right, 0) if right is not None and targets else None
        for left in targets:
            name = self.file.text(left)
            decl.fields[name] = Field(name, range_of(left), annotation, default)


def _declare(file: PythonFile, node: Node, outer: FunctionDecl | None, depth: int = 0, owner: str = "") -> FunctionDecl:
    """The declaration of a function, decorated or not, or of a lambda. `depth`: of the expression that a lambda stands in, as its
    defaults are lowered at once."""
    definition = _definition(node)
    if definition is None:
        definition = node
    named = definition.child_by_field_name("name")
    listed = definition.child_by_field_name("parameters")
    result = definition.child_by_field_name("return_type")
    expressions = Expressions(file, outer)
    marks = _decorators(node)
    params = _params(file, listed, expressions, depth) if listed is not None else ()
    decorators = tuple(_dotted(file, mark) for mark in marks)
    if params and any(mark.type == "call" for mark in marks):
        params = with_decorators(params, [expressions.expr(mark, depth) for mark in marks if mark.type == "call"], file.constant)
    receiver = ""
    if owner and params and not params[0].rest and "staticmethod" not in decorators:
        receiver, params = params[0].name, params[1:]
    decl = FunctionDecl(
        file.text(named) if named is not None else "<lambda>",
        range_of(definition),
        range_of(named) if named is not None else (definition.start_byte, definition.start_byte),
        params,
        _unlowered,
        file.unit,
        owner,
        receiver,
        outer,
        decorators,
        file.text(result) if result is not None else "",
    )
    decl.lower = partial(lower_body, file, decl, definition)
    return decl


def _params(file: PythonFile, node: Node, expressions: Expressions, depth: int) -> tuple[Param, ...]:
    found: list[Param] = []
    for part in parts_of(node):
        kind = part.type
        name: Node | None = part
        rest: Literal["", "*", "**"] = ""
        default: Expr | None = None
        said = None
        if kind in ("default_parameter", "typed_default_parameter"):
            name = part.child_by_field_name("name")
            said = part.child_by_field_name("type")
            value = part.child_by_field_name("value")
            default = expressions.expr(value, depth) if value is not None else None
        elif kind == "typed_parameter":
            name = part.children[0]
            said = part.child_by_field_name("type")
        elif kind not in ("identifier", "list_splat_pattern", "dictionary_splat_pattern", "tuple_pattern"):
            continue
        if name is None:
            continue
        if name.type in ("list_splat_pattern", "dictionary_splat_pattern"):
            rest = "*" if name.type == "list_splat_pattern" else "**"
            name = name.children[-1]
        text = file.text(name) if name.type == "identifier" else f"{{{len(found)}}}"
        param = Param(text, range_of(name), default, file.text(said) if said is not None else "", rest)
        marks = _annotation_calls(said) if said is not None and "Annotated" in param.type else []
        if marks or isinstance(default, Call):
            param = with_annotation(param, [expressions.expr(mark, depth) for mark in marks], file.constant)
        found.append(param)
    return tuple(found)


def _annotation_calls(annotation: Node) -> list[Node]:
    """The calls in `Annotated[T, call(...)]`."""
    found = []
    waiting = [annotation]
    while waiting:
        node = waiting.pop()
        if node.type == "call":
            found.append(node)
        elif node.type in ("type", "generic_type", "type_parameter", "subscript"):
            waiting += node.children
    return found


def _definition(node: Node) -> Node | None:
    return node.child_by_field_name("definition") if node.type == "decorated_definition" else node


def _name_of(file: PythonFile, definition: Node | None) -> str:
    name = definition.child_by_field_name("name") if definition is not None else None
    return file.text(name) if name is not None else ""


def _decorators(node: Node) -> list[Node]:
    """The expressions after the `@` of a definition's decorators."""
    if node.type != "decorated_definition":
        return []
    found = []
    for part in node.children:
        if part.type == "decorator":
            inside = [one for one in parts_of(part) if one.is_named]
            found += inside[:1]
    return found


def _dotted(file: PythonFile, node: Node) -> str:
    """`a.b` of `a.b`, `a.b(...)` and `a.b[...]`; the source text of anything else."""
    while node.type in ("call", "subscript", "parenthesized_expression"):
        inside = [part for part in parts_of(node) if part.is_named]
        if not inside:
            break
        node = inside[0]
    return "".join(file.text(node).split())
