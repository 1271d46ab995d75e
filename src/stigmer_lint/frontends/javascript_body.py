"""Bodies of JavaScript and TypeScript: statements and expressions of a syntax tree lowered to the intermediate form.

One `Body` lowers one function (or the module's top level). An assignment inside an expression has no place in the form: it becomes
a statement of its own in front (`pending`), under an `If` where only one branch of an operator runs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stigmer_lint.flow.ir import (
    MAX_DEPTH,
    Assign,
    Attr,
    Block,
    DictOf,
    Do,
    Expr,
    Fallback,
    FunctionDecl,
    Index,
    ListItem,
    ListOf,
    Name,
    Opaque,
    Pair,
    Stmt,
    Str,
    Target,
    block,
)
from stigmer_lint.frontends.javascript_expressions import EXPRESSIONS, key_of
from stigmer_lint.frontends.javascript_functions import literal_function
from stigmer_lint.frontends.javascript_nodes import DEEP, FUNCTION_DECLARATIONS, WRAPPERS, Context, elements, solid, unwrap
from stigmer_lint.frontends.javascript_statements import STATEMENTS

if TYPE_CHECKING:
    from tree_sitter import Node


_WHY = {"jsx_element": "JSX", "jsx_self_closing_element": "JSX", "jsx_fragment": "JSX"}


class Body:
    """Lowers one function body, once."""

    __slots__ = ("context", "data", "decl", "generates", "nesting", "pending", "switch")

    def __init__(self, context: Context, decl: FunctionDecl | None, nesting: int) -> None:
        self.context = context
        self.data = context.data
        self.decl = decl
        """The function whose body this is, None at the module's top level."""
        self.nesting = nesting
        self.pending: list[Stmt] = []
        self.generates = False
        """It is the body of a generator."""
        self.switch = False
        """An unlabelled `break` here leaves a switch."""

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def flush(self, out: list[Stmt]) -> None:
        if self.pending:
            out += self.pending
            self.pending.clear()

    def module_body(self, root: Node) -> Block:
        """The file's top level without the functions, classes and imports that the unit lists."""
        return block(self.statements(root.named_children, 1))

    def statements(self, nodes: Iterable[Node], depth: int) -> list[Stmt]:
        """Statements in order, function declarations first."""
        out: list[Stmt] = []
        if depth > MAX_DEPTH:
            first = next(iter(nodes), None)
            if first is not None:
                out.append(Do(first.byte_range, Opaque(first.byte_range, DEEP)))
            return out
        nodes = list(nodes)
        taken = self.context.taken
        for node in nodes:
            if node.type in FUNCTION_DECLARATIONS and node.id not in taken:
                name = node.child_by_field_name("name")
                if name is not None:
                    target = Name(name.byte_range, self.text(name))
                    out.append(Assign(node.byte_range, target, literal_function(self, node, depth), declares=True))
        for node in nodes:
            handler = STATEMENTS.get(node.type)
            if handler is not None:
                handler(self, node, depth, out)
        return out

    def nested(self, node: Node | None, depth: int) -> Block:
        """A statement as a block of its own."""
        if node is None:
            return Block(())
        return Block(tuple(self.statements(node.named_children if node.type == "statement_block" else (node,), depth + 1)))

    def target(self, node: Node, depth: int) -> Target:
        """What an assignment, declaration or parameter binds."""
        if depth > MAX_DEPTH:
            return Opaque(node.byte_range, DEEP)
        node = unwrap(node)
        kind = node.type
        if kind in ("identifier", "shorthand_property_identifier_pattern", "shorthand_property_identifier"):
            return Name(node.byte_range, self.text(node))
        if kind in ("member_expression", "subscript_expression"):
            lowered = self.expr(node, depth)
            return lowered if isinstance(lowered, Name | Attr | Index) else Opaque(node.byte_range, "target of an assignment")
        if kind in ("object_pattern", "object"):
            return DictOf(node.byte_range, tuple(self._target_pairs(node, depth + 1)))
        if kind in ("array_pattern", "array"):
            items: list[ListItem] = []
            for child in elements(node):
                if isinstance(child, tuple):
                    items.append(ListItem(Opaque(child, "nothing")))
                elif child.type in ("rest_pattern", "spread_element"):
                    inner = next(iter(solid(child)), child)
                    items.append(ListItem(self.target(inner, depth + 1), spread=True))
                else:
                    items.append(ListItem(self._with_default(child, depth + 1)))
            return ListOf(node.byte_range, tuple(items))
        return Opaque(node.byte_range, "target of an assignment")

    def _target_pairs(self, node: Node, depth: int) -> Iterable[Pair]:
        for child in node.named_children:
            kind = child.type
            span = child.byte_range
            if kind in ("shorthand_property_identifier_pattern", "shorthand_property_identifier"):
                text = self.text(child)
                yield Pair(span, Str(span, text), Name(span, text))
            elif kind in ("pair_pattern", "pair"):
                key = child.child_by_field_name("key")
                value = child.child_by_field_name("value")
                if key is not None and value is not None:
                    yield Pair(span, key_of(self, key, depth), self._with_default(value, depth))
            elif kind in ("object_assignment_pattern", "assignment_pattern"):
                left = child.child_by_field_name("left")
                if left is not None:
                    yield Pair(span, Str(left.byte_range, self.text(left)), self._with_default(child, depth))
            elif kind in ("rest_pattern", "spread_element"):
                inner = next(iter(solid(child)), None)
                if inner is not None:
                    yield Pair(span, None, self.target(inner, depth))

    def _with_default(self, node: Node, depth: int) -> Expr:
        if node.type not in ("assignment_pattern", "object_assignment_pattern", "assignment_expression"):
            return self.target(node, depth)
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        if left is None or right is None:
            return Opaque(node.byte_range, "syntax error")
        return Fallback(node.byte_range, self.target(left, depth), self.apart(right, depth + 1), "null")

    def apart(self, node: Node, depth: int) -> Expr:
        """An expression that runs at another time: assignments inside it do not belong to the statement here."""
        held, self.pending = self.pending, []
        value = self.expr(node, depth)
        self.pending = held
        return value

    def expr(self, node: Node, depth: int) -> Expr:
        """The expression; Opaque for what the form does not model."""
        kind = node.type
        if kind in WRAPPERS:
            node = unwrap(node)
            kind = node.type
        if depth > MAX_DEPTH:
            return Opaque(node.byte_range, DEEP)
        handler = EXPRESSIONS.get(kind)
        if handler is None:
            return Opaque(node.byte_range, _WHY.get(kind) or ("syntax error" if kind == "ERROR" else kind.replace("_", " ")))
        return handler(self, node, depth + 1)

    def inner(self, decl: FunctionDecl) -> Body:
        """For the body of a function that stands in this one."""
        return Body(self.context, decl, self.nesting + 1)

