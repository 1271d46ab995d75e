"""Python expressions, lowered.

One `Expressions` lowers one body. Depth is counted over blocks and expressions together; what lies deeper than the form allows
becomes Opaque. Chains that the grammar nests to the left (`a + b + c`, `a or b or c`, parentheses) are unrolled in loops.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from stigmer_lint.flow.ir import (
    MAX_DEPTH,
    And,
    Arg,
    Assign,
    Attr,
    Bool,
    Call,
    Comp,
    Compare,
    Cond,
    DictOf,
    Expr,
    Fallback,
    Format,
    Function,
    FunctionDecl,
    Index,
    Join,
    ListItem,
    ListOf,
    Name,
    Nil,
    Not,
    Num,
    Opaque,
    Pair,
    Range,
    Slice,
    Stmt,
    Str,
    Target,
    Unit,
)
from stigmer_lint.frontends.python_text import decode

if TYPE_CHECKING:
    from tree_sitter import Node

TOO_DEEP = "nested too deeply to follow"
BROKEN = "syntax that could not be read"

_COMPARISONS: dict[str, Literal["==", "!=", "in", "not in", "order"]] = {
    "==": "==", "is": "==", "!=": "!=", "<>": "!=", "is not": "!=", "in": "in", "not in": "not in",
    "<": "order", "<=": "order", ">": "order", ">=": "order",
}

_CONSTANT = re.compile(rb"^([A-Za-z_]\w*)(?:[ \t]*:[ \t]*[\w.\[\]]+)?[ \t]*=[ \t]*([\"'])([^\"'\\\r\n]*)\2[ \t]*(?:#.*)?\r?$", re.MULTILINE)


@dataclass(slots=True)
class PythonFile:
    """What lowering any part of one file needs. `declare` makes the declaration of a `def` or `lambda` node."""

    data: bytes
    unit: Unit
    declare: Callable[[PythonFile, Node, FunctionDecl | None, int], FunctionDecl]
    constants: dict[str, str] | None = None

    def text(self, node: Node) -> str:
        """The source text of a node."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def constant(self, name: str) -> str | None:
        """The text of a string constant of the file's own level, None where it has none of this name."""
        if self.constants is None:
            self.constants = {match[1].decode(): match[3].decode("utf-8", "replace") for match in _CONSTANT.finditer(self.data)}
        return self.constants.get(name)


def children_of(node: Node) -> Iterator[Node]:
    """The node's children one by one. `Node.children` would keep them, and all that is asked of them, as long as the node lives."""
    cursor = node.walk()
    more = cursor.goto_first_child()
    while more:
        child = cursor.node
        if child is not None:
            yield child
        more = cursor.goto_next_sibling()


def parts_of(node: Node) -> list[Node]:
    """The node's children, without comments and line continuations."""
    return [child for child in node.children if not child.is_extra]


def range_of(node: Node) -> Range:
    return node.start_byte, node.end_byte


class Expressions:
    """Lowers the expressions of one body. `out` is the statement list under construction: an assignment expression adds to it, and so
    stands before the statement that holds it."""

    __slots__ = ("decl", "file", "out", "yields")

    def __init__(self, file: PythonFile, decl: FunctionDecl | None) -> None:
        self.file = file
        self.decl = decl
        self.out: list[Stmt] = []
        self.yields = False

    @property
    def scope(self) -> FunctionDecl | None:
        """The function whose names a function written here sees; None at the file's own level."""
        return self.decl if self.decl is not None and self.decl.name else None

    def expr(self, node: Node, depth: int) -> Expr:
        """The expression at `node`, which lies `depth` levels below its body."""
        lower = _LOWER.get(node.type)
        if lower is None:
            return Opaque(range_of(node), BROKEN if node.has_error else "an expression that is not followed")
        if depth > MAX_DEPTH:
            return Opaque(range_of(node), TOO_DEEP)
        return lower(self, node, depth + 1)

    def target(self, node: Node, depth: int) -> Target:
        """What an assignment, a loop or a `with` binds."""
        while node.type in ("parenthesized_expression", "as_pattern_target"):
            inner = [part for part in parts_of(node) if part.is_named]
            if len(inner) != 1:
                return Opaque(range_of(node), BROKEN)
            node = inner[0]
        if node.type in _SEQUENCES:
            if depth > MAX_DEPTH:
                return Opaque(range_of(node), TOO_DEEP)
            items = []
            for part in parts_of(node):
                if part.type in ("list_splat_pattern", "list_splat"):
                    items.append(ListItem(self.target(part.children[-1], depth + 1), True))
                elif part.is_named:
                    items.append(ListItem(self.target(part, depth + 1)))
            return ListOf(range_of(node), tuple(items))
        found = self.expr(node, depth)
        return found if isinstance(found, Name | Attr | Index) else Opaque(range_of(node), "a target that is not followed")

    def _inner(self, node: Node, depth: int) -> Expr:
        while node.type in ("parenthesized_expression", "await"):
            inner = [part for part in parts_of(node) if part.is_named]
            if len(inner) != 1:
                return Opaque(range_of(node), BROKEN)
            node = inner[0]
        return self.expr(node, depth - 1)

    def _name(self, node: Node, depth: int) -> Expr:
        start, end = node.start_byte, node.end_byte
        if start == end:
            return Opaque((start, end), BROKEN)
        return Name((start, end), self.file.data[start:end].decode("utf-8", "replace"))

    def _number(self, node: Node, depth: int) -> Expr:
        return Num(range_of(node), self.file.text(node).replace("_", ""))

    def _true(self, node: Node, depth: int) -> Expr:
        return Bool(range_of(node), True)

    def _false(self, node: Node, depth: int) -> Expr:
        return Bool(range_of(node), False)

    def _none(self, node: Node, depth: int) -> Expr:
        return Nil(range_of(node))

    def _ellipsis(self, node: Node, depth: int) -> Expr:
        return Opaque(range_of(node), "...")

    def _attribute(self, node: Node, depth: int) -> Expr:
        parts = parts_of(node)
        if len(parts) != 3:
            return Opaque(range_of(node), BROKEN)
        return Attr(range_of(node), self.expr(parts[0], depth), self.file.text(parts[2]), range_of(parts[2]))

    def _subscript(self, node: Node, depth: int) -> Expr:
        parts = parts_of(node)
        keys = [part for part in parts[1:] if part.is_named]
        if not keys:
            return Opaque(range_of(node), BROKEN)
        base = self.expr(parts[0], depth)
        if len(keys) > 1:
            span = keys[0].start_byte, keys[-1].end_byte
            return Index(range_of(node), base, ListOf(span, tuple(ListItem(self.expr(key, depth)) for key in keys)))
        if keys[0].type != "slice":
            return Index(range_of(node), base, self.expr(keys[0], depth))
        bounds: list[Expr | None] = [None]
        for part in parts_of(keys[0]):
            if part.type == ":":
                bounds.append(None)
            else:
                bounds[-1] = self.expr(part, depth)
        if len(bounds) > 2 and bounds[2] is not None:
            return Opaque(range_of(node), "a slice with a step")
        return Slice(range_of(node), base, bounds[0], bounds[1] if len(bounds) > 1 else None)

    def _call(self, node: Node, depth: int) -> Expr:
        parts = parts_of(node)
        if len(parts) != 2:
            return Opaque(range_of(node), BROKEN)
        callee = self.expr(parts[0], depth)
        if parts[1].type != "argument_list":
            return Call(range_of(node), callee, (Arg(self.expr(parts[1], depth)),))
        args = self.arguments(parts[1], depth)
        if len(args) == 2 and self._casts(callee):
            return args[1].value
        return Call(range_of(node), callee, args)

    def _casts(self, callee: Expr) -> bool:
        """Whether this is `typing.cast`, which is its second argument."""
        if isinstance(callee, Attr):
            return callee.name == "cast" and isinstance(callee.base, Name) and callee.base.id in ("typing", "typing_extensions", "t")
        if not isinstance(callee, Name) or callee.id != "cast":
            return False
        stands = self.file.unit.imports.get("cast")
        return stands is not None and stands.module in ("typing", "typing_extensions")

    def arguments(self, node: Node, depth: int) -> tuple[Arg, ...]:
        """The arguments of an `argument_list` node."""
        found: list[Arg] = []
        for part in node.children:
            if not part.is_named or (part.is_extra and part.type != "ERROR"):
                continue
            kind = part.type
            if kind == "keyword_argument":
                words = parts_of(part)
                if len(words) == 3:
                    found.append(Arg(self.expr(words[2], depth), self.file.text(words[0])))
            elif kind == "list_splat":
                found.append(Arg(self.expr(part.children[-1], depth), None, "*"))
            elif kind == "dictionary_splat":
                found.append(Arg(self.expr(part.children[-1], depth), None, "**"))
            elif kind == "ERROR":
                # How many arguments stand here is not known.
                found.append(Arg(Opaque(range_of(part), BROKEN), None, "*"))
            else:
                found.append(Arg(self.expr(part, depth)))
        return tuple(found)

    def _binary(self, node: Node, depth: int) -> Expr:
        parts = parts_of(node)
        if len(parts) != 3:
            return Opaque(range_of(node), BROKEN)
        operator = parts[1].type
        if operator == "%":
            return Format(range_of(node), self.expr(parts[0], depth), self.expr(parts[2], depth))
        if operator not in ("+", "|"):
            return Opaque(range_of(node), f"the operator {operator}")
        right = [parts[2]]
        sign = parts[1]
        left = parts[0]
        while True:
            while left.type == "parenthesized_expression":
                inner = [part for part in parts_of(left) if part.is_named]
                if len(inner) != 1:
                    break
                left = inner[0]
            if left.type != "binary_operator":
                break
            parts = parts_of(left)
            if len(parts) != 3 or parts[1].type != operator:
                break
            right.append(parts[2])
            left = parts[0]
        right.append(left)
        operands = tuple(self.expr(part, depth) for part in reversed(right))
        if operator == "+":
            return Join(range_of(node), operands)
        return Call(range_of(node), Name(range_of(sign), "|"), tuple(Arg(operand) for operand in operands))

    def _boolean(self, node: Node, depth: int) -> Expr:
        end = node.end_byte
        operands: list[Node] = []
        operator = ""
        left = node
        while left.type == "boolean_operator":
            parts = parts_of(left)
            if len(parts) != 3:
                return Opaque(range_of(node), BROKEN)
            if operator and parts[1].type != operator:
                break
            operator = parts[1].type
            operands.append(parts[2])
            left = parts[0]
        operands.append(left)
        operands.reverse()
        return self._chain(operator, operands, depth, end)

    def _chain(self, operator: str, operands: Sequence[Node], depth: int, end: int) -> Expr:
        """`a or b or c` nested to the right, as deep as is left."""
        room = max(2, MAX_DEPTH - depth)
        if len(operands) > room:
            cut = operands[room - 1]
            found: Expr = Opaque((cut.start_byte, end), TOO_DEEP)
            operands = operands[: room - 1]
        else:
            found = self.expr(operands[-1], depth + len(operands) - 1)
            operands = operands[:-1]
        for place in range(len(operands) - 1, -1, -1):
            first = self.expr(operands[place], depth + place)
            span = operands[place].start_byte, end
            found = And(span, first, found) if operator == "and" else Fallback(span, first, found)
        return found

    def _not(self, node: Node, depth: int) -> Expr:
        parts = parts_of(node)
        return Not(range_of(node), self.expr(parts[-1], depth)) if len(parts) == 2 else Opaque(range_of(node), BROKEN)

    def _unary(self, node: Node, depth: int) -> Expr:
        parts = parts_of(node)
        if len(parts) == 2 and parts[0].type == "-" and parts[1].type in ("integer", "float"):
            return Num(range_of(node), "-" + self.file.text(parts[1]).replace("_", ""))
        return Opaque(range_of(node), "a calculation")

    def _comparison(self, node: Node, depth: int) -> Expr:
        parts = parts_of(node)
        if len(parts) != 3:
            return Opaque(range_of(node), "a chained comparison")
        operator = _COMPARISONS.get(parts[1].type)
        if operator is None:
            return Opaque(range_of(node), BROKEN)
        return Compare(range_of(node), operator, self.expr(parts[0], depth), self.expr(parts[2], depth))

    def _conditional(self, node: Node, depth: int) -> Expr:
        parts = parts_of(node)
        if len(parts) != 5:
            return Opaque(range_of(node), BROKEN)
        test = self.expr(parts[2], depth)
        return Cond(range_of(node), test, self.expr(parts[0], depth), self.expr(parts[4], depth))

    def _named(self, node: Node, depth: int) -> Expr:
        parts = parts_of(node)
        if len(parts) != 3:
            return Opaque(range_of(node), BROKEN)
        value = self.expr(parts[2], depth)
        self.out.append(Assign(range_of(node), self.target(parts[0], depth), value))
        return value

    def _lambda(self, node: Node, depth: int) -> Expr:
        return Function(range_of(node), self.file.declare(self.file, node, self.scope, depth))

    def _sequence(self, node: Node, depth: int) -> Expr:
        items = []
        for part in node.children:
            if not part.is_named or (part.is_extra and part.type != "ERROR"):
                continue
            if part.type in ("list_splat", "parenthesized_list_splat"):
                items.append(ListItem(self.expr(part.children[-1], depth), True))
            elif part.type == "ERROR":
                items.append(ListItem(Opaque(range_of(part), BROKEN), True))
            else:
                items.append(ListItem(self.expr(part, depth)))
        return ListOf(range_of(node), tuple(items))

    def _dictionary(self, node: Node, depth: int) -> Expr:
        pairs = []
        for part in node.children:
            if part.type == "pair":
                pairs.append(self._pair(part, depth))
            elif part.type == "dictionary_splat":
                pairs.append(Pair(range_of(part), None, self.expr(part.children[-1], depth)))
            elif part.type == "ERROR":
                pairs.append(Pair(range_of(part), None, Opaque(range_of(part), BROKEN)))
        return DictOf(range_of(node), tuple(pairs))

    def _pair(self, node: Node, depth: int) -> Pair:
        parts = parts_of(node)
        if len(parts) != 3:
            return Pair(range_of(node), None, Opaque(range_of(node), BROKEN))
        return Pair(range_of(node), self.expr(parts[0], depth), self.expr(parts[2], depth))

    def _comprehension(self, node: Node, depth: int) -> Expr:
        parts = [part for part in parts_of(node) if part.is_named]
        loops: list[tuple[Node, list[Node]]] = []
        for part in parts[1:]:
            if part.type == "for_in_clause":
                loops.append((part, []))
            elif part.type == "if_clause" and loops:
                loops[-1][1].append(part.children[-1])
            else:
                return Opaque(range_of(node), BROKEN)
        if depth + len(loops) > MAX_DEPTH:
            return Opaque(range_of(node), TOO_DEEP)
        kind: Literal["list", "dict"] = "dict" if node.type == "dictionary_comprehension" else "list"
        inmost = depth + len(loops)
        comp: Comp | None = None
        element: Expr | Pair = self._pair(parts[0], inmost) if parts[0].type == "pair" else self.expr(parts[0], inmost)
        for place in range(len(loops) - 1, -1, -1):
            clause, tests = loops[place]
            left, right = clause.child_by_field_name("left"), clause.child_by_field_name("right")
            if left is None or right is None:
                return Opaque(range_of(node), BROKEN)
            here = depth + place
            span = range_of(node) if place == 0 else (clause.start_byte, node.end_byte)
            comp = element = Comp(
                span,
                kind,
                element,
                self.target(left, here),
                self.expr(right, here),
                self._chain("and", tests, here, tests[-1].end_byte) if tests else None,
                place > 0,
            )
        return comp or Opaque(range_of(node), BROKEN)

    def _string(self, node: Node, depth: int) -> Expr:
        pieces: list[Expr] = []
        plain = self._pieces(node, depth, pieces)
        if plain:
            return pieces[0]
        return Join(range_of(node), tuple(pieces))

    def _strings(self, node: Node, depth: int) -> Expr:
        pieces: list[Expr] = []
        plain = True
        for part in node.children:
            if part.type == "string":
                plain = self._pieces(part, depth, pieces) and plain
            elif part.type == "ERROR":
                return Opaque(range_of(node), BROKEN)
        if plain:
            return Str(range_of(node), "".join(piece.text for piece in pieces if isinstance(piece, Str)))
        return Join(range_of(node), tuple(pieces))

    def _pieces(self, node: Node, depth: int, pieces: list[Expr]) -> bool:
        """Add what one literal consists of; whether that is one plain text."""
        parts = node.children
        data = self.file.data
        if not parts or parts[0].type != "string_start":
            pieces.append(Opaque(range_of(node), BROKEN))
            return False
        begin = parts[0].end_byte
        prefix = data[parts[0].start_byte : begin].decode("utf-8", "replace").rstrip("'\"").lower()
        template = "f" in prefix or "t" in prefix
        closed = parts[-1].type == "string_end"
        end = parts[-1].start_byte if closed else node.end_byte
        holes = [part for part in parts if part.type == "interpolation"] if template else []
        if not holes:
            pieces.append(Str(range_of(node), decode(data[begin:end], prefix, template)))
            return True
        for hole in holes:
            inside = parts_of(hole)
            if hole.start_byte > begin:
                pieces.append(Str((begin, hole.start_byte), decode(data[begin : hole.start_byte], prefix, template)))
            begin = hole.end_byte
            if len(inside) < 2 or not inside[1].is_named:
                pieces.append(Opaque(range_of(hole), BROKEN))
                continue
            if len(inside) > 2 and inside[2].type == "=":
                # `{x=}` shows its own source text in front of the value.
                shown = hole.start_byte + 1, inside[2].end_byte
                pieces.append(Str(shown, decode(data[shown[0] : shown[1]], "r", False)))
            pieces.append(self.expr(inside[1], depth))
        if end > begin:
            pieces.append(Str((begin, end), decode(data[begin:end], prefix, template)))
        return False

    def _yield(self, node: Node, depth: int) -> Expr:
        return Opaque(range_of(node), "what is sent to a generator")


_SEQUENCES = frozenset(("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list", "expression_list"))

Lower: TypeAlias = Callable[[Expressions, "Node", int], Expr]

_LOWER: dict[str, Lower] = {
    "identifier": Expressions._name,
    "string": Expressions._string,
    "concatenated_string": Expressions._strings,
    "integer": Expressions._number,
    "float": Expressions._number,
    "true": Expressions._true,
    "false": Expressions._false,
    "none": Expressions._none,
    "ellipsis": Expressions._ellipsis,
    "attribute": Expressions._attribute,
    "subscript": Expressions._subscript,
    "call": Expressions._call,
    "parenthesized_expression": Expressions._inner,
    "await": Expressions._inner,
    "binary_operator": Expressions._binary,
    "boolean_operator": Expressions._boolean,
    "not_operator": Expressions._not,
    "unary_operator": Expressions._unary,
    "comparison_operator": Expressions._comparison,
    "conditional_expression": Expressions._conditional,
    "named_expression": Expressions._named,
    "lambda": Expressions._lambda,
    "list": Expressions._sequence,
    "tuple": Expressions._sequence,
    "set": Expressions._sequence,
    "expression_list": Expressions._sequence,
    "pattern_list": Expressions._sequence,
    "dictionary": Expressions._dictionary,
    "list_comprehension": Expressions._comprehension,
    "set_comprehension": Expressions._comprehension,
    "dictionary_comprehension": Expressions._comprehension,
    "generator_expression": Expressions._comprehension,
    "yield": Expressions._yield,
}
