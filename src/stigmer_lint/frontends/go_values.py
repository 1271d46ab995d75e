"""Go expressions to the intermediate form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from stigmer_lint.flow import ir
from stigmer_lint.frontends.go_file import GoFile, Lower, code, first, function, raw, span, unquoted

if TYPE_CHECKING:
    from tree_sitter import Node

SCALARS: Final = frozenset((
    "any", "bool", "byte", "complex64", "complex128", "error", "float32", "float64", "int", "int8", "int16", "int32", "int64", "rune",
    "string", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
))  # fmt: skip
_COMPARISONS: Final[dict[str, Literal["==", "!=", "order"]]] = {
    "==": "==", "!=": "!=", "<": "order", "<=": "order", ">": "order", ">=": "order",
}  # fmt: skip
_LISTS: Final = frozenset(("slice_type", "array_type", "implicit_length_array_type"))
_UNNAMED: Final = _LISTS | {"channel_type", "function_type", "interface_type", "map_type", "pointer_type", "struct_type"}
_TYPES: Final = _UNNAMED | {"generic_type", "parenthesized_type", "qualified_type", "type_elem", "type_identifier"}
_TYPE_ARGUMENTS: Final = _TYPES | {"identifier", "selector_expression"}
_WRAPPERS: Final = frozenset(("parenthesized_expression", "unary_expression", "type_assertion_expression", "type_conversion_expression"))

MAX_CHAIN: Final = ir.MAX_DEPTH // 2
"""Operands of one `||` or `&&` chain, and arms of one if or switch, that are nested; what follows is Opaque."""

class Values:
    """Lowers the expressions of one function body. `lower` is what lowers the bodies of function literals in it."""

    __slots__ = ("data", "decl", "declared", "file", "local_types", "lower", "type_fields", "type_names")

    def __init__(self, file: GoFile, decl: ir.FunctionDecl, lower: Lower) -> None:
        self.file = file
        self.data = file.data
        self.decl = decl
        self.lower = lower
        self.declared: set[str] = set()
        """Variables that the body has declared so far."""
        self.local_types: dict[str, Node] = {}
        # Element types of a literal are asked for once an element, and a hostile one is long.
        self.type_names: dict[int, str] = {}
        self.type_fields: dict[int, list[str]] = {}

    def expr(self, node: Node, depth: int) -> ir.Expr:
        """Any expression; `depth` is how many expressions and blocks are around it."""
        kind = node.type
        while kind in _WRAPPERS:
            inner = self._unwrapped(node, kind)
            if inner is None:
                break
            node = inner
            kind = node.type
        if depth > ir.MAX_DEPTH:
            return ir.Opaque(span(node), "nested too deeply")
        handler = _EXPRESSIONS.get(kind)
        if handler is not None:
            return handler(self, node, depth)
        if kind in _TYPES:
            return ir.Name(span(node), self.file.text(node))
        return ir.Opaque(span(node), "syntax that is not understood" if kind == "ERROR" else kind.replace("_", " "))

    def _unwrapped(self, node: Node, kind: str) -> Node | None:
        """What stands for an expression that vanishes; None for one that does not."""
        if kind == "parenthesized_expression":
            return first(node)
        if kind == "unary_expression":
            operator = node.child_by_field_name("operator")
            return node.child_by_field_name("operand") if operator is not None and operator.type in ("&", "*", "+") else None
        if kind == "type_conversion_expression":
            type_node = node.child_by_field_name("type")
            if type_node is not None and type_node.type == "generic_type":
                return None
        return node.child_by_field_name("operand")

    def _identifier(self, node: Node, depth: int) -> ir.Expr:
        start, end = node.start_byte, node.end_byte
        if start == end:
            return ir.Opaque((start, end), "syntax that is not understood")
        return ir.Name((start, end), self.data[start:end].decode("utf-8", "replace"))

    def _string(self, node: Node, depth: int) -> ir.Expr:
        start, end = node.start_byte, node.end_byte
        return ir.Str((start, end), unquoted(self.data[start + 1 : end - 1]))

    def _raw_string(self, node: Node, depth: int) -> ir.Expr:
        start, end = node.start_byte, node.end_byte
        return ir.Str((start, end), raw(self.data[start + 1 : end - 1]))

    def _number(self, node: Node, depth: int) -> ir.Expr:
        return ir.Num(span(node), self.file.text(node).replace("_", ""))

    def _true(self, node: Node, depth: int) -> ir.Expr:
        return ir.Bool(span(node), True)

    def _false(self, node: Node, depth: int) -> ir.Expr:
        return ir.Bool(span(node), False)

    def _nil(self, node: Node, depth: int) -> ir.Expr:
        return ir.Nil(span(node))

    def _selector(self, node: Node, depth: int) -> ir.Expr:
        operand, name = node.child_by_field_name("operand"), node.child_by_field_name("field")
        if operand is None or name is None:
            return ir.Opaque(span(node), "syntax that is not understood")
        return ir.Attr(span(node), self.expr(operand, depth + 1), self.file.text(name), span(name))

    def _qualified_type(self, node: Node, depth: int) -> ir.Expr:
        package, name = node.child_by_field_name("package"), node.child_by_field_name("name")
        if package is None or name is None:
            return ir.Opaque(span(node), "syntax that is not understood")
        return ir.Attr(span(node), self._identifier(package, depth), self.file.text(name), span(name))

    def _instantiation(self, node: Node, depth: int) -> ir.Expr:
        """`F[T]`: F."""
        inner = node.child_by_field_name("type")
        return self.expr(inner, depth) if inner is not None else ir.Opaque(span(node), "syntax that is not understood")

    def _index(self, node: Node, depth: int) -> ir.Expr:
        operand, key = node.child_by_field_name("operand"), node.child_by_field_name("index")
        if operand is None or key is None:
            return ir.Opaque(span(node), "syntax that is not understood")
        return ir.Index(span(node), self.expr(operand, depth + 1), self.expr(key, depth + 1))

    def _slice(self, node: Node, depth: int) -> ir.Expr:
        operand = node.child_by_field_name("operand")
        if operand is None:
            return ir.Opaque(span(node), "syntax that is not understood")
        low, high = node.child_by_field_name("start"), node.child_by_field_name("end")
        return ir.Slice(
            span(node),
            self.expr(operand, depth + 1),
            self.expr(low, depth + 1) if low is not None else None,
            self.expr(high, depth + 1) if high is not None else None,
        )

    def _unary(self, node: Node, depth: int) -> ir.Expr:
        operator, operand = node.child_by_field_name("operator"), node.child_by_field_name("operand")
        if operator is not None and operand is not None:
            if operator.type == "!":
                return ir.Not(span(node), self.expr(operand, depth + 1))
            if operator.type == "-" and operand.type in ("int_literal", "float_literal"):
                return ir.Num(span(node), "-" + self.file.text(operand).replace("_", ""))
            if operator.type == "<-":
                return ir.Opaque(span(node), "received from a channel")
        return ir.Opaque(span(node), "arithmetic")

    def _operands(self, node: Node, operator: str) -> list[Node]:
        """What one operator joins, in order, through parentheses, without recursion."""
        operands: list[Node] = []
        waiting = [node]
        while waiting:
            here = waiting.pop()
            bare: Node | None = here
            while bare is not None and bare.type == "parenthesized_expression":
                bare = first(bare)
            if bare is not None and bare.type == "binary_expression":
                sign = bare.child_by_field_name("operator")
                if sign is not None and sign.type == operator:
                    left, right = bare.child_by_field_name("left"), bare.child_by_field_name("right")
                    waiting += [side for side in (right, left) if side is not None]
                    continue
            operands.append(bare or here)
        return operands

    def _binary(self, node: Node, depth: int) -> ir.Expr:
        sign = node.child_by_field_name("operator")
        operator = sign.type if sign is not None else ""
        if operator == "+":
            return ir.Join(span(node), tuple([self.expr(part, depth + 1) for part in self._operands(node, "+")]))
        if operator == "||" or operator == "&&":
            return self.chain(operator, self._operands(node, operator), node.end_byte, depth)
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        comparison = _COMPARISONS.get(operator)
        if comparison is not None and left is not None and right is not None:
            return ir.Compare(span(node), comparison, self.expr(left, depth + 1), self.expr(right, depth + 1))
        return ir.Opaque(span(node), "arithmetic")

    def chain(self, operator: str, operands: list[Node], end: int, depth: int) -> ir.Expr:
        """`a || b || c` nested to the right: Fallback(a, Fallback(b, c)); `&&` likewise with And."""
        room = max(1, min(MAX_CHAIN, ir.MAX_DEPTH - depth))
        values = [self.expr(operand, depth + 1 + place) for place, operand in enumerate(operands[:room])]
        if len(operands) > room:
            values.append(ir.Opaque((operands[room].start_byte, end), "too many alternatives"))
        chained = values.pop()
        while values:
            value = values.pop()
            both = (value.span[0], chained.span[1])
            chained = ir.Fallback(both, value, chained) if operator == "||" else ir.And(both, value, chained)
        return chained

    def args(self, listed: Node, depth: int) -> list[ir.Arg]:
        args: list[ir.Arg] = []
        for child in listed.named_children:
            kind = child.type
            if kind == "comment":
                continue
            if kind == "variadic_argument":
                inner = first(child)
                args.append(ir.Arg(self.expr(inner if inner is not None else child, depth), spread="*"))
            else:
                args.append(ir.Arg(self.expr(child, depth)))
        return args

    def _call(self, node: Node, depth: int) -> ir.Expr:
        called, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if called is None or listed is None:
            return ir.Opaque(span(node), "syntax that is not understood")
        if called.type == "index_expression":
            # `f[T](x)` and `handlers[kind](x)` look alike; only what can be a type is taken for one.
            key, operand = called.child_by_field_name("index"), called.child_by_field_name("operand")
            if key is not None and operand is not None and key.type in _TYPE_ARGUMENTS:
                called = operand
        callee = self.expr(called, depth + 1)
        if isinstance(callee, ir.Name):
            if callee.id == "new":
                made = self._new(listed, depth)
                if made is not None:
                    return made
            elif self._is_type(callee.id):
                inner = code(listed)
                if len(inner) == 1 and inner[0].type != "variadic_argument":
                    return self.expr(inner[0], depth + 1)
        return ir.Call(span(node), callee, tuple(self.args(listed, depth + 1)))

    def _is_type(self, name: str) -> bool:
        return name in SCALARS or name in self.file.types or name in self.local_types

    def _new(self, listed: Node, depth: int) -> ir.Expr | None:
        """`new(T)`: the zero record T, nil for a scalar. `new(value)`, which is Go 1.26: the value.

        A lone name may be either; it is a type unless this body declares a variable so named.
        """
        inner = code(listed)
        if len(inner) != 1:
            return None
        made = inner[0]
        value = self.expr(made, depth + 1)
        match value:
            case ir.Name():
                if value.id in self.declared or any(param.name == value.id for param in self.decl.params):
                    return value
            case ir.Attr() if made.type in _TYPES or (isinstance(value.base, ir.Name) and value.base.id in self.file.unit.imports):
                pass
            case _:
                return value
        if made.type in _UNNAMED or (name := self.file.type_name(made)) in SCALARS:
            return ir.Nil(value.span)
        return ir.Record(value.span, name, ())

    def _conversion(self, node: Node, depth: int) -> ir.Expr:
        """Only `F[T](x)` comes here, which is a call of F as far as syntax can tell."""
        type_node, operand = node.child_by_field_name("type"), node.child_by_field_name("operand")
        inner = type_node.child_by_field_name("type") if type_node is not None else None
        if inner is None or operand is None:
            return ir.Opaque(span(node), "syntax that is not understood")
        if inner.type == "type_identifier" and self._is_type(self.file.text(inner)):
            return self.expr(operand, depth + 1)
        return ir.Call(span(node), self.expr(inner, depth + 1), (ir.Arg(self.expr(operand, depth + 1)),))

    def _function(self, node: Node, depth: int) -> ir.Expr:
        return ir.Function(span(node), function(self.file, node, self.lower, outer=self.decl, depth=depth + 1))

    # Composite literals

    def _composite(self, node: Node, depth: int) -> ir.Expr:
        type_node, body = node.child_by_field_name("type"), node.child_by_field_name("body")
        if type_node is None or body is None:
            return ir.Opaque(span(node), "syntax that is not understood")
        return self._literal(span(node), body, self._bare(type_node), depth)

    def _bare(self, type_node: Node | None) -> Node | None:
        """A type without `*`, parentheses and type arguments."""
        while type_node is not None and type_node.type in ("pointer_type", "parenthesized_type", "generic_type"):
            type_node = type_node.child_by_field_name("type") or first(type_node)
        return type_node

    def _underlying(self, type_node: Node | None) -> Node | None:
        """What a type named in this file is declared as; the type itself where the name is not of this file."""
        for _ in range(8):
            if type_node is None or type_node.type != "type_identifier":
                break
            name = self.file.text(type_node)
            declared = self.local_types.get(name) or self.file.types.get(name)
            if declared is None:
                break
            type_node = self._bare(declared)
        return type_node

    def _written(self, type_node: Node | None) -> str:
        if type_node is None:
            return ""
        name = self.type_names.get(type_node.id)
        if name is None:
            name = self.type_names[type_node.id] = "struct" if type_node.type == "struct_type" else self.file.text(type_node)
        return name

    def _literal(self, at: ir.Range, body: Node, type_node: Node | None, depth: int) -> ir.Expr:
        """`{...}` of a type that `_bare` gave, None where it cannot be told."""
        if depth > ir.MAX_DEPTH:
            return ir.Opaque(at, "nested too deeply")
        under = self._underlying(type_node)
        kind = under.type if under is not None else ""
        elements = [child for child in body.named_children if child.type in ("literal_element", "keyed_element")]
        if under is not None and kind in _LISTS:
            return self._list(at, elements, under.child_by_field_name("element"), depth)
        if under is not None and kind == "map_type":
            keys, values = self._bare(under.child_by_field_name("key")), self._bare(under.child_by_field_name("value"))
            return ir.DictOf(at, self._pairs(elements, keys, values, depth), self._written(type_node))
        if kind != "struct_type" and self._is_map(elements):
            return ir.DictOf(at, self._pairs(elements, None, None, depth), self._written(type_node))
        if type_node is None and elements and elements[0].type == "literal_element":
            return self._list(at, elements, None, depth)
        return self._record(at, elements, type_node, under, depth)

    def _is_map(self, elements: list[Node]) -> bool:
        """Whether a key shows that a type declared elsewhere is a map: a struct's keys are bare field names."""
        for element in elements:
            if element.type != "keyed_element":
                return False
            key = element.child_by_field_name("key")
            inner = first(key) if key is not None else None
            if inner is not None and inner.type != "identifier":
                return True
        return False

    def _element(self, element: Node | None, type_node: Node | None, depth: int, at: ir.Range) -> ir.Expr:
        """The value of a literal_element, whose own type may be elided."""
        inner = first(element) if element is not None else None
        if inner is None:
            return ir.Opaque(at, "syntax that is not understood")
        if inner.type == "literal_value":
            return self._literal(span(inner), inner, type_node, depth + 1)
        return self.expr(inner, depth + 1)

    def _list(self, at: ir.Range, elements: list[Node], element_type: Node | None, depth: int) -> ir.Expr:
        type_text = self._written(element_type).lstrip("*")
        bare = self._bare(element_type)
        if elements and all(element.type == "keyed_element" for element in elements):
            return ir.DictOf(at, self._pairs(elements, None, bare, depth), type_text)
        items: list[ir.ListItem] = []
        for element in elements:
            inner: Node | None = element if element.type == "literal_element" else element.child_by_field_name("value")
            items.append(ir.ListItem(self._element(inner, bare, depth, span(element))))
        return ir.ListOf(at, tuple(items), type_text)

    def _pairs(self, elements: list[Node], keys: Node | None, values: Node | None, depth: int) -> tuple[ir.Pair, ...]:
        pairs: list[ir.Pair] = []
        for element in elements:
            place = span(element)
            if element.type == "keyed_element":
                key = self._element(element.child_by_field_name("key"), keys, depth, place)
                pairs.append(ir.Pair(place, key, self._element(element.child_by_field_name("value"), values, depth, place)))
            else:
                pairs.append(ir.Pair(place, ir.Opaque(place, "key is not written"), self._element(element, values, depth, place)))
        return tuple(pairs)

    def _record(self, at: ir.Range, elements: list[Node], type_node: Node | None, under: Node | None, depth: int) -> ir.Expr:
        names = self._field_names(type_node, under) if elements and elements[0].type == "literal_element" else []
        pairs: list[ir.Pair] = []
        for index, element in enumerate(elements):
            place = span(element)
            if element.type == "keyed_element":
                name = element.child_by_field_name("key")
                key = ir.Str(span(name), self.file.text(name)) if name is not None else ir.Str((place[0], place[0]), "")
                value: Node | None = element.child_by_field_name("value")
            else:
                # Nothing is written for the key, so its span is empty.
                key = ir.Str((place[0], place[0]), names[index] if index < len(names) else str(index))
                value = element
            pairs.append(ir.Pair(place, key, self._element(value, None, depth, place)))
        return ir.Record(at, self._written(type_node), tuple(pairs))

    def _field_names(self, type_node: Node | None, under: Node | None) -> list[str]:
        """Field names for positional values of a struct type that no ClassDecl tells of: one without a name, or of this body."""
        if type_node is None or under is None or under.type != "struct_type":
            return []
        if type_node.type == "type_identifier" and self.file.text(type_node) not in self.local_types:
            return []
        names = self.type_fields.get(under.id)
        if names is None:
            names = self.type_fields[under.id] = [field.name for field in self.file.fields(under)[0]]
        return names


_EXPRESSIONS: Final[dict[str, Callable[[Values, Node, int], ir.Expr]]] = {
    "identifier": Values._identifier,
    "blank_identifier": Values._identifier,
    "package_identifier": Values._identifier,
    "type_identifier": Values._identifier,
    "field_identifier": Values._identifier,
    "qualified_type": Values._qualified_type,
    "generic_type": Values._instantiation,
    "type_instantiation_expression": Values._instantiation,
    "interpreted_string_literal": Values._string,
    "raw_string_literal": Values._raw_string,
    "rune_literal": Values._string,
    "int_literal": Values._number,
    "float_literal": Values._number,
    "imaginary_literal": Values._number,
    "true": Values._true,
    "false": Values._false,
    "nil": Values._nil,
    "selector_expression": Values._selector,
    "index_expression": Values._index,
    "slice_expression": Values._slice,
    "unary_expression": Values._unary,
    "binary_expression": Values._binary,
    "call_expression": Values._call,
    "type_conversion_expression": Values._conversion,
    "composite_literal": Values._composite,
    "func_literal": Values._function,
}
