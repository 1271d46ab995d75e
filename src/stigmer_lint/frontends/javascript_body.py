"""Bodies of JavaScript and TypeScript: statements and expressions of a syntax tree lowered to the intermediate form.

One `Body` lowers one function (or the module's top level). An assignment inside an expression has no place in the form: it becomes
a statement of its own in front (`pending`), under an `If` where only one branch of an operator runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from stigmer_lint.flow.ir import (
    MAX_DEPTH,
    And,
    Arg,
    Assign,
    Attr,
    Block,
    Bool,
    Call,
    ClassDecl,
    Compare,
    Cond,
    DictOf,
    Do,
    Expr,
    Fallback,
    Field,
    Function,
    FunctionDecl,
    If,
    Import,
    Index,
    Join,
    ListItem,
    ListOf,
    Loop,
    Name,
    Nil,
    Not,
    Num,
    Opaque,
    Pair,
    Param,
    Range,
    Return,
    Stmt,
    Stop,
    Str,
    Target,
    Unit,
    block,
)
from stigmer_lint.frontends.javascript_text import literal, template_piece

if TYPE_CHECKING:
    from tree_sitter import Node

CHAIN = 24
"""Links of an `else if`, `case` or `||` chain that nest. Later branches stand side by side, so that a table of a thousand cases is not a
thousand blocks deep; later operands are Opaque."""

MAX_NESTED_FUNCTIONS = 40

FUNCTION_DECLARATIONS = frozenset({"function_declaration", "generator_function_declaration"})
FUNCTION_VALUES = frozenset({"arrow_function", "function_expression", "generator_function", "function"})
CLASS_DECLARATIONS = frozenset({"class_declaration", "abstract_class_declaration"})
COMMENTS = frozenset({"comment", "html_comment"})
_WRAPPERS = frozenset({
    "parenthesized_expression", "await_expression", "as_expression", "satisfies_expression", "non_null_expression", "type_assertion",
    "instantiation_expression", "yield_expression",
})
_JUMPS = frozenset({"break_statement", "return_statement", "throw_statement", "continue_statement"})
_CONVERSIONS = frozenset({"String", "Number", "Boolean", "BigInt"})
_EXITS = frozenset({b"process.exit", b"process.abort", b"Deno.exit"})
_LOGIC = frozenset({"&&", "||", "??"})
_COMPARE: dict[str, Literal["==", "!=", "in", "order"]] = {
    "==": "==", "===": "==", "!=": "!=", "!==": "!=", "in": "in", "<": "order", ">": "order", "<=": "order", ">=": "order",
}
_DEEP = "nested too deeply"
_SPACE = re.compile(r"\s+")
_TYPE_LENGTH = 300
"""Bytes of a type annotation that are kept: a longer one spells out an object and names nothing."""

Arm = tuple[Range, Expr, list[Stmt], Block, bool]
"""One branch of a chain: span, test, what is evaluated before the test, body, and whether the next branch runs after it as well."""


def unwrap(node: Node) -> Node:
    """The expression inside parentheses, `await`, casts and the like."""
    while node.type in _WRAPPERS:
        inner = [child for child in node.named_children if child.type not in COMMENTS]
        if not inner:
            return node
        node = inner[-1] if node.type == "type_assertion" else inner[0]
    return node


def solid(node: Node) -> list[Node]:
    """Named children that are not comments."""
    return [child for child in node.named_children if child.type not in COMMENTS]


def required(data: bytes, node: Node) -> Import | None:
    """What `require("m")`, `import("m")`, `require("m").member` stand for; None for any other expression."""
    member: str | None = None
    node = unwrap(node)
    if node.type == "member_expression":
        inner = node.child_by_field_name("object")
        name = node.child_by_field_name("property")
        if inner is None or name is None:
            return None
        node = unwrap(inner)
        member = data[name.start_byte : name.end_byte].decode("utf-8", "replace")
    if node.type != "call_expression":
        return None
    callee = node.child_by_field_name("function")
    arguments = node.child_by_field_name("arguments")
    if callee is None or arguments is None or arguments.type != "arguments":
        return None
    values = solid(arguments)
    if not values:
        return None
    name_bytes = data[callee.start_byte : callee.end_byte]
    if name_bytes in (b"__importDefault", b"__importStar") and member is None:
        return required(data, values[0]) if unwrap(values[0]).type == "call_expression" and b"__import" not in data[
            values[0].start_byte : values[0].start_byte + 8
        ] else None
    if name_bytes not in (b"require", b"import") or len(values) > 2:
        return None
    module = plain_string(data, values[0])
    return Import(module, member) if module else None


def plain_string(data: bytes, node: Node) -> str | None:
    """The text of a string literal or of a template without holes; None for anything else."""
    if node.type == "string":
        return literal(data, node.start_byte + 1, node.end_byte - 1)
    if node.type == "template_string" and not any(child.type == "template_substitution" for child in node.named_children):
        return template_piece(data, node.start_byte + 1, node.end_byte - 1)
    return None


class Context:
    """What the bodies of one file share."""

    __slots__ = ("commonjs", "data", "hoisted", "taken", "unit")

    def __init__(self, data: bytes, unit: Unit) -> None:
        self.data = data
        self.unit = unit
        self.commonjs = False
        """The file assigns to `exports` or `module.exports`: these are then variables of the unit ("exports.x", "default")."""
        self.taken: set[int] = set()
        """Ids of nodes that the unit already lists as functions, classes or imports."""
        self.hoisted: dict[int, str] = {}
        """Ids of function literals that the unit lists under a name."""


class Body:
    """Lowers one function body, once."""

    __slots__ = ("context", "data", "decl", "nesting", "pending", "switch")

    def __init__(self, context: Context, decl: FunctionDecl | None, nesting: int) -> None:
        self.context = context
        self.data = context.data
        self.decl = decl
        """The function whose body this is, None at the module's top level."""
        self.nesting = nesting
        self.pending: list[Stmt] = []
        self.switch = False
        """An unlabelled `break` here leaves a switch."""

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    # ---------------------------------------------------------------- functions and classes

    def function(
        self, node: Node, depth: int, name: str = "", name_node: Node | None = None, owner: str = "", decorators: tuple[str, ...] = (),
    ) -> FunctionDecl:
        """The declaration of a function, method or function literal."""
        params, prelude, fields = self._params(node, depth)
        body = node.child_by_field_name("body")
        result = node.child_by_field_name("return_type")
        start = node.start_byte

        def lower() -> Block:
            return Body(self.context, decl, self.nesting + 1)._function_body(body, prelude, fields)

        decl = FunctionDecl(
            name=name, span=node.byte_range, name_span=name_node.byte_range if name_node is not None else (start, start), params=params,
            lower=lower, unit=self.context.unit, owner=owner, receiver="this" if owner else "", outer=self.decl, decorators=decorators,
            result=self._type(result),
        )
        return decl

    def _function_body(self, body: Node | None, prelude: list[tuple[str, Node]], fields: list[Node]) -> Block:
        out: list[Stmt] = []
        for synthetic, pattern in prelude:
            out.append(Assign(pattern.byte_range, self.target(pattern, 1), Name(pattern.byte_range, synthetic), declares=True))
        for name in fields:
            span, id_ = name.byte_range, self.text(name)
            out.append(Assign(span, Attr(span, Name(span, "this"), id_, span), Name(span, id_)))
        if body is None:
            return block(out)
        if body.type == "statement_block":
            out += self.statements(body.named_children, 1)
        else:
            value = self.expr(body, 1)
            self._flush(out)
            out.append(Return(body.byte_range, value))
        return block(out)

    def _params(self, node: Node, depth: int) -> tuple[tuple[Param, ...], list[tuple[str, Node]], list[Node]]:
        """Parameters; array patterns among them with the synthetic name that the body unpacks; names that a constructor stores in fields."""
        single = node.child_by_field_name("parameter")
        if single is not None:
            return (Param(self.text(single), single.byte_range),), [], []
        listed = node.child_by_field_name("parameters")
        if listed is None:
            return (), [], []
        params: list[Param] = []
        prelude: list[tuple[str, Node]] = []
        fields: list[Node] = []
        for child in listed.named_children:
            kind = child.type
            if kind in COMMENTS:
                continue
            span = child.byte_range
            pattern: Node | None = child
            default: Node | None = None
            typed: Node | None = None
            if kind in ("required_parameter", "optional_parameter"):
                pattern = child.child_by_field_name("pattern")
                default = child.child_by_field_name("value")
                typed = child.child_by_field_name("type")
                if pattern is not None and pattern.type == "identifier" and stored(child):
                    fields.append(pattern)
            if pattern is not None and pattern.type == "assignment_pattern":
                default = pattern.child_by_field_name("right")
                pattern = pattern.child_by_field_name("left")
            rest: Literal["", "*"] = ""
            if pattern is not None and pattern.type == "rest_pattern":
                rest = "*"
                pattern = next(iter(solid(pattern)), None)
            if pattern is None or pattern.type == "this":
                continue
            value: Expr | None = None
            if default is not None:
                held, self.pending = self.pending, []
                value = self.expr(default, depth + 1)
                self.pending = held
            type_ = self._type(typed)
            kind = pattern.type
            if kind == "identifier":
                params.append(Param(self.text(pattern), span, value, type_, rest))
                continue
            synthetic = f"{{{len(params)}}}"
            unpacked = self.target(pattern, depth + 1) if kind == "object_pattern" else None
            if kind == "array_pattern":
                prelude.append((synthetic, pattern))
            params.append(Param(synthetic, span, value, type_, rest, unpacked if isinstance(unpacked, DictOf) else None))
        return tuple(params), prelude, fields

    def _type(self, node: Node | None) -> str:
        if node is None:
            return ""
        start = node.start_byte
        text = self.data[start : min(node.end_byte, start + _TYPE_LENGTH)].decode("utf-8", "replace")
        return _SPACE.sub(" ", text.removeprefix(":").strip())

    def literal_function(self, node: Node, depth: int, name: str = "", name_node: Node | None = None) -> Expr:
        """A function literal as a value."""
        listed = self.context.hoisted.get(node.id)
        if listed is not None:
            return Name(node.byte_range, listed)
        if self.nesting >= MAX_NESTED_FUNCTIONS:
            return Opaque(node.byte_range, _DEEP)
        if not name:
            own = node.child_by_field_name("name")
            if own is not None:
                name, name_node = self.text(own), own
        return Function(node.byte_range, self.function(node, depth, name, name_node))

    def class_decl(self, node: Node, name: str, depth: int) -> ClassDecl:
        """A class with its fields and methods; a getter counts as a method with the decorator `property`."""
        decl = ClassDecl(name, node.byte_range, self._bases(node), {}, {}, self._decorators(node))
        body = node.child_by_field_name("body")
        marks: list[str] = []
        for member in body.named_children if body is not None else ():
            kind = member.type
            if kind == "decorator":
                marks.append(self._decorator(member))
                continue
            if kind == "method_definition":
                self._method(decl, member, tuple(marks), depth)
            elif kind in ("public_field_definition", "field_definition"):
                self._field(decl, member, tuple(marks), depth)
            elif kind == "class_static_block":
                decl.methods[f"static {member.start_byte}"] = self.function(member, depth, "static", None, name)
            if kind not in COMMENTS:
                marks = []
        return decl

    def _method(self, decl: ClassDecl, member: Node, marks: tuple[str, ...], depth: int) -> None:
        name_node = member.child_by_field_name("name")
        name = self._key_text(name_node)
        if name_node is None or name is None:
            return
        kinds = {child.type for child in member.children[:6]}
        if "get" in kinds:
            marks = (*marks, "property")
        key = f"set {name}" if "set" in kinds else name
        method = self.function(member, depth, name, name_node, decl.name, marks)
        decl.methods[key] = method
        if name == "constructor":
            listed = member.child_by_field_name("parameters")
            for child in listed.named_children if listed is not None else ():
                pattern = child.child_by_field_name("pattern") if child.type.endswith("_parameter") else None
                if pattern is not None and pattern.type == "identifier" and stored(child):
                    field = self.text(pattern)
                    decl.fields.setdefault(field, Field(field, pattern.byte_range, self._type(child.child_by_field_name("type"))))

    def _field(self, decl: ClassDecl, member: Node, marks: tuple[str, ...], depth: int) -> None:
        name_node = member.child_by_field_name("name") or member.child_by_field_name("property")
        name = self._key_text(name_node)
        if name_node is None or name is None:
            return
        value = member.child_by_field_name("value")
        if value is not None:
            inner = unwrap(value)
            if inner.type in FUNCTION_VALUES:
                decl.methods[name] = self.function(inner, depth, name, name_node, decl.name, marks)
                return
        default = self.expr(value, depth + 1) if value is not None else None
        self.pending.clear()
        decl.fields[name] = Field(name, name_node.byte_range, self._type(member.child_by_field_name("type")), default)

    def _bases(self, node: Node) -> tuple[str, ...]:
        heritage = next((child for child in node.named_children if child.type == "class_heritage"), None)
        if heritage is None:
            return ()
        bases: list[str] = []
        for clause in solid(heritage):
            listed = solid(clause) if clause.type in ("extends_clause", "implements_clause") else [clause]
            for base in listed:
                if base.type == "type_arguments":
                    continue
                base = unwrap(base)
                if base.type == "generic_type":
                    base = base.child_by_field_name("name") or base
                bases.append(self.text(base)[:_TYPE_LENGTH])
        return tuple(bases)

    def _decorators(self, node: Node) -> tuple[str, ...]:
        return tuple(self._decorator(child) for child in node.children_by_field_name("decorator"))

    def _decorator(self, node: Node) -> str:
        inner = next(iter(solid(node)), node)
        if inner.type == "call_expression":
            inner = inner.child_by_field_name("function") or inner
        return self.text(inner)[:_TYPE_LENGTH]

    def _key_text(self, node: Node | None) -> str | None:
        if node is None or node.type == "computed_property_name":
            return None
        return plain_string(self.data, node) if node.type == "string" else self.text(node)

    def class_value(self, node: Node, depth: int, name: str = "") -> Expr:
        """A class used as a value: its methods and static fields by name, so that what they do is seen."""
        if self.nesting >= MAX_NESTED_FUNCTIONS:
            return Opaque(node.byte_range, _DEEP)
        name_node = node.child_by_field_name("name")
        held, self.pending = self.pending, []
        decl = self.class_decl(node, self.text(name_node) if name_node is not None else name or "class", depth)
        self.pending = held
        pairs = [Pair(field.span, Str(field.span, field.name), field.default) for field in decl.fields.values() if field.default is not None]
        pairs += [
            Pair(method.span, Str(method.name_span, key), Function(method.span, method)) for key, method in decl.methods.items()
        ]
        return DictOf(node.byte_range, tuple(pairs))

    # ---------------------------------------------------------------- statements

    def _flush(self, out: list[Stmt]) -> None:
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
                out.append(Do(first.byte_range, Opaque(first.byte_range, _DEEP)))
            return out
        nodes = list(nodes)
        taken = self.context.taken
        for node in nodes:
            if node.type in FUNCTION_DECLARATIONS and node.id not in taken:
                name = node.child_by_field_name("name")
                if name is not None:
                    target = Name(name.byte_range, self.text(name))
                    out.append(Assign(node.byte_range, target, self.literal_function(node, depth), declares=True))
        for node in nodes:
            handler = _STATEMENTS.get(node.type)
            if handler is not None:
                handler(self, node, depth, out)
        return out

    def _nested(self, node: Node | None, depth: int) -> Block:
        """A statement as a block of its own."""
        if node is None:
            return Block(())
        return Block(tuple(self.statements(node.named_children if node.type == "statement_block" else (node,), depth + 1)))

    def _block_statement(self, node: Node, depth: int, out: list[Stmt]) -> None:
        out += self.statements(node.named_children, depth + 1)

    def _expression_statement(self, node: Node, depth: int, out: list[Stmt]) -> None:
        for child in node.named_children:
            if child.type in COMMENTS:
                continue
            if child.type == "internal_module":
                self._inside(child, depth, out)
            elif child.id not in self.context.taken:
                self._effect(child, depth, out)
            return

    def _effect(self, node: Node, depth: int, out: list[Stmt]) -> None:
        """An expression for its effect: conditions among operators become statements, as they guard what follows."""
        node = unwrap(node)
        kind = node.type
        if depth > MAX_DEPTH:
            out.append(Do(node.byte_range, Opaque(node.byte_range, _DEEP)))
        elif kind == "call_expression" and self._exits(node):
            out.append(Stop(node.byte_range))
        elif kind == "sequence_expression":
            for part in self._sequence(node):
                self._effect(part, depth + 1, out)
        elif kind == "ternary_expression":
            test, then, other = (node.child_by_field_name(name) for name in ("condition", "consequence", "alternative"))
            if test is None or then is None or other is None:
                return
            condition = self.expr(test, depth + 1)
            self._flush(out)
            out.append(If(node.byte_range, condition, self._effect_block(then, depth), self._effect_block(other, depth)))
        elif kind == "binary_expression" and (operator := node.child_by_field_name("operator")) is not None and operator.type in _LOGIC:
            operands = self._operands(node, operator.type)
            condition = self._logic((operands[0].start_byte, operands[-2].end_byte), operands[:-1], operator.type, depth)
            self._flush(out)
            if operator.type != "&&":
                condition = Not(condition.span, condition)
            out.append(If(node.byte_range, condition, self._effect_block(operands[-1], depth), Block(())))
        elif kind == "unary_expression" and (operator := node.child_by_field_name("operator")) is not None and operator.type != "delete":
            argument = node.child_by_field_name("argument")
            if argument is not None:
                self._effect(argument, depth + 1, out)
        else:
            value = self.expr(node, depth)
            self._flush(out)
            # What an assignment leaves as its value is nothing that the statement does.
            if not (isinstance(value, Str | Num | Bool | Nil) or kind in _ASSIGNING):
                out.append(Do(node.byte_range, value))

    def _effect_block(self, node: Node, depth: int) -> Block:
        out: list[Stmt] = []
        self._effect(node, depth + 1, out)
        return Block(tuple(out))

    def _exits(self, node: Node) -> bool:
        callee = node.child_by_field_name("function")
        return callee is not None and self.data[callee.start_byte : min(callee.end_byte, callee.start_byte + 16)] in _EXITS

    def _declaration(self, node: Node, depth: int, out: list[Stmt]) -> None:
        taken = self.context.taken
        for declarator in node.named_children:
            if declarator.type != "variable_declarator" or declarator.id in taken:
                continue
            name = declarator.child_by_field_name("name")
            if name is None:
                continue
            value = declarator.child_by_field_name("value")
            if value is not None and self._imported(name, value):
                continue
            target = self.target(name, depth)
            if value is None:
                lowered: Expr = Nil(declarator.byte_range)
            else:
                lowered = self._named(value, depth + 1, target, name)
            self._flush(out)
            out.append(Assign(declarator.byte_range, target, lowered, declares=True))

    def _named(self, value: Node, depth: int, target: Target, name_node: Node) -> Expr:
        """A value that takes the name of what it is assigned to where it is a function or a class."""
        inner = unwrap(value)
        if inner.type in FUNCTION_VALUES or inner.type == "class":
            name = target.id if isinstance(target, Name) else target.name if isinstance(target, Attr) else ""
            if inner.type == "class":
                return self.class_value(inner, depth, name)
            return self.literal_function(inner, depth, name, name_node if name else None)
        return self.expr(inner, depth)

    def _imported(self, name: Node, value: Node) -> bool:
        """Whether a declaration inside a function is one of the unit's imports, which need no statement."""
        found = required(self.data, value)
        if found is None:
            return False
        imports = self.context.unit.imports
        bound = bindings(self.data, name, found)
        return bound is not None and all(imports.get(local) == imported for local, imported in bound)

    def _assignment(self, node: Node, depth: int, out: list[Stmt]) -> Expr:
        """Append the assignments of `a = b = value`, innermost first; the answer is what the expression stands for."""
        targets: list[tuple[Node, Node]] = []
        while node.type == "assignment_expression":
            left = node.child_by_field_name("left")
            right = node.child_by_field_name("right")
            if left is None or right is None:
                return Opaque(node.byte_range, "syntax error")
            targets.append((node, left))
            node = unwrap(right)
        result: Expr | None = None
        for assignment, left in reversed(targets):
            target = self.target(left, depth)
            if result is None:
                result = self._named(node, depth + 1, target, left)
                if self.pending and out is not self.pending:
                    self._flush(out)
            # `exports.x = x` of a variable that is exported as itself says nothing.
            if not (isinstance(target, Name) and isinstance(result, Name) and target.id == result.id):
                out.append(Assign(assignment.byte_range, target, result))
            if isinstance(target, Name | Attr | Index):
                result = target
        return result if result is not None else Opaque(node.byte_range, "syntax error")

    def _augmented(self, node: Node, depth: int, out: list[Stmt]) -> Expr:
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return Opaque(node.byte_range, "syntax error")
        target = self.target(left, depth)
        value: Expr
        if operator.type in ("+=", "||=", "??="):
            value = self._named(right, depth + 1, target, left)
            if self.pending and out is not self.pending:
                self._flush(out)
            out.append(Assign(node.byte_range, target, value, "+=" if operator.type == "+=" else "?="))
        elif operator.type == "&&=":
            value = self._named(right, depth + 1, target, left)
            if self.pending and out is not self.pending:
                self._flush(out)
            out.append(If(node.byte_range, target, Block((Assign(node.byte_range, target, value),)), Block(())))
        else:
            out.append(Assign(node.byte_range, target, Opaque(node.byte_range, "arithmetic")))
        return target

    def _return(self, node: Node, depth: int, out: list[Stmt]) -> None:
        values = solid(node)
        if not values:
            out.append(Return(node.byte_range, None))
            return
        inner = unwrap(values[0])
        if inner.type == "call_expression" and self._exits(inner):
            out.append(Stop(node.byte_range))
            return
        value = self.expr(inner, depth)
        self._flush(out)
        out.append(Return(node.byte_range, value))

    def _stop(self, node: Node, depth: int, out: list[Stmt]) -> None:
        out.append(Stop(node.byte_range))

    def _jump(self, node: Node, depth: int, out: list[Stmt]) -> None:
        if self.switch and node.type == "break_statement" and node.child_by_field_name("label") is None:
            return
        out.append(Stop(node.byte_range, "loop"))

    def _if(self, node: Node, depth: int, out: list[Stmt]) -> None:
        arms: list[Arm] = []
        last = Block(())
        here: Node | None = node
        while here is not None:
            inside = depth + min(len(arms), CHAIN)
            test = here.child_by_field_name("condition")
            condition: Expr = self.expr(test, inside + 1) if test is not None else Opaque(here.byte_range, "syntax error")
            before, self.pending = self.pending, []
            then = self._nested(here.child_by_field_name("consequence"), inside)
            arms.append((here.byte_range, condition, before, then, False))
            otherwise = here.child_by_field_name("alternative")
            here = None
            if otherwise is not None:
                inner = next(iter(solid(otherwise)), None)
                if inner is not None and inner.type == "if_statement":
                    here = inner
                else:
                    last = self._nested(inner, inside)
        out += _chain(arms, list(last.stmts))

    def _switch(self, node: Node, depth: int, out: list[Stmt]) -> None:
        value = node.child_by_field_name("value")
        body = node.child_by_field_name("body")
        if value is None or body is None:
            return
        subject = self.expr(value, depth + 1)
        self._flush(out)
        cases = [child for child in body.named_children if child.type in ("switch_case", "switch_default")]
        held, self.switch = self.switch, True
        arms: list[Arm] = []
        default: list[Stmt] = []
        tests: list[Expr] = []
        is_default = False
        for case in cases:
            inside = depth + min(len(arms), CHAIN)
            label = case.child_by_field_name("value") if case.type == "switch_case" else None
            if label is not None:
                wanted = self.expr(label, inside + 1)
                on_true = isinstance(subject, Bool) and subject.value
                tests.append(wanted if on_true else Compare((label.start_byte, label.end_byte), "==", subject, wanted))
            else:
                is_default = True
            nodes = [child for child in solid(case) if label is None or child.id != label.id]
            if not nodes:
                continue
            before, self.pending = self.pending, []
            stmts = self._case(nodes, inside + 1)
            falls = not _leaves(nodes)
            if is_default:
                default += before + stmts
            else:
                arms.append((case.byte_range, _any(tests), before, Block(tuple(stmts)), falls))
            is_default = False
            if not falls:
                tests = []
        self.switch = held
        out += _chain(arms, default)

    def _case(self, nodes: list[Node], depth: int) -> list[Stmt]:
        """A case's statements without the final break. `if (x) { ...; break } rest` has the rest as its other branch."""
        if len(nodes) == 1 and nodes[0].type == "statement_block":
            nodes = solid(nodes[0])
        if nodes and _plain_break(nodes[-1]):
            nodes = nodes[:-1]
        for at, node in enumerate(nodes):
            if node.type != "if_statement" or node.child_by_field_name("alternative") is not None:
                continue
            then = node.child_by_field_name("consequence")
            test = node.child_by_field_name("condition")
            inner = solid(then) if then is not None and then.type == "statement_block" else [then] if then is not None else []
            if test is None or not inner or not _plain_break(inner[-1]) or depth > MAX_DEPTH:
                continue
            out = self.statements(nodes[:at], depth)
            condition = self.expr(test, depth + 1)
            self._flush(out)
            taken = Block(tuple(self.statements(inner[:-1], depth + 1)))
            out.append(If(node.byte_range, condition, taken, Block(tuple(self._case(nodes[at + 1 :], depth + 1)))))
            return out
        return self.statements(nodes, depth)

    def _loop_body(self, node: Node | None, depth: int, before: list[Stmt], after: Node | None = None) -> Block:
        held, self.switch = self.switch, False
        body = self._nested(node, depth)
        self.switch = held
        end: list[Stmt] = []
        if after is not None:
            self._effect(after, depth + 1, end)
        return Block((*before, *body.stmts, *end)) if before or end else body

    def _for_in(self, node: Node, depth: int, out: list[Stmt]) -> None:
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None:
            return
        iterable = self.expr(right, depth + 1)
        self._flush(out)
        target = self.target(left, depth)
        self._flush(out)
        body = self._loop_body(node.child_by_field_name("body"), depth, [])
        out.append(Loop(node.byte_range, target, iterable, body, operator is not None and operator.type == "in"))

    def _for(self, node: Node, depth: int, out: list[Stmt]) -> None:
        start = node.child_by_field_name("initializer")
        if start is not None:
            if start.type in ("lexical_declaration", "variable_declaration"):
                self._declaration(start, depth, out)
            elif start.type == "expression_statement":
                self._expression_statement(start, depth, out)
            elif start.type != "empty_statement":
                self._effect(start, depth, out)
        condition = next((child for child in node.children_by_field_name("condition") if child.is_named), None)
        if condition is not None and condition.type in ("expression_statement", "empty_statement"):
            condition = next(iter(solid(condition)), None)
        before = self._condition(condition, depth)
        after = node.child_by_field_name("increment")
        out.append(Loop(node.byte_range, None, None, self._loop_body(node.child_by_field_name("body"), depth, before, after)))

    def _while(self, node: Node, depth: int, out: list[Stmt]) -> None:
        before = self._condition(node.child_by_field_name("condition"), depth)
        out.append(Loop(node.byte_range, None, None, self._loop_body(node.child_by_field_name("body"), depth, before)))

    def _condition(self, node: Node | None, depth: int) -> list[Stmt]:
        """What a loop's condition does: the form has no place for the test itself."""
        if node is None:
            return []
        value = self.expr(node, depth + 1)
        before, self.pending = self.pending, []
        if isinstance(value, Call | And | Not | Fallback | Compare):
            before.append(Do(value.span, value))
        return before

    def _try(self, node: Node, depth: int, out: list[Stmt]) -> None:
        body = node.child_by_field_name("body")
        if body is not None:
            out += self.statements(body.named_children, depth + 1)
        handler = node.child_by_field_name("handler")
        if handler is not None:
            caught: list[Stmt] = []
            parameter = handler.child_by_field_name("parameter")
            if parameter is not None:
                span = parameter.byte_range
                caught.append(Assign(span, self.target(parameter, depth), Opaque(span, "an exception"), declares=True))
            inner = self._nested(handler.child_by_field_name("body"), depth)
            then = Block((*caught, *inner.stmts))
            out.append(If(handler.byte_range, Opaque(handler.byte_range, "whether an exception is thrown"), then, Block(())))
        final = node.child_by_field_name("finalizer")
        body = final.child_by_field_name("body") if final is not None else None
        if body is not None:
            out += self.statements(body.named_children, depth + 1)

    def _labeled(self, node: Node, depth: int, out: list[Stmt]) -> None:
        inner: Node | None = node
        while inner is not None and inner.type == "labeled_statement":
            inner = inner.child_by_field_name("body")
        if inner is not None:
            out += self.statements((inner,), depth + 1)

    def _with(self, node: Node, depth: int, out: list[Stmt]) -> None:
        out += self._nested(node.child_by_field_name("body"), depth).stmts

    def _class(self, node: Node, depth: int, out: list[Stmt]) -> None:
        name = node.child_by_field_name("name")
        if name is not None and node.id not in self.context.taken:
            out.append(Assign(node.byte_range, Name(name.byte_range, self.text(name)), self.class_value(node, depth), declares=True))

    def _export(self, node: Node, depth: int, out: list[Stmt]) -> None:
        declaration = node.child_by_field_name("declaration")
        if declaration is not None:
            out += self.statements((declaration,), depth)
            return
        if node.child_by_field_name("source") is not None:
            return
        value = node.child_by_field_name("value")
        if value is None and any(child.type == "=" for child in node.children):
            value = next(iter(solid(node)), None)
        if value is None or value.id in self.context.taken:
            return
        lowered = self.expr(value, depth + 1)
        self._flush(out)
        out.append(Assign(node.byte_range, Name((value.start_byte, value.start_byte), "default"), lowered, declares=True))

    def _inside(self, node: Node, depth: int, out: list[Stmt]) -> None:
        """A namespace's body, or what is left of a stretch that the grammar did not understand."""
        body = node.child_by_field_name("body") if node.type != "ERROR" else node
        if body is not None and node.id not in self.context.taken:
            out += self.statements(body.named_children, depth + 1)

    # ---------------------------------------------------------------- targets

    def target(self, node: Node, depth: int) -> Target:
        """What an assignment, declaration or parameter binds."""
        if depth > MAX_DEPTH:
            return Opaque(node.byte_range, _DEEP)
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
            for child in _elements(node):
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
                    yield Pair(span, self._key(key, depth), self._with_default(value, depth))
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
        return Fallback(node.byte_range, self.target(left, depth), self._apart(right, depth + 1), "null")

    def _apart(self, node: Node, depth: int) -> Expr:
        """An expression that runs at another time: assignments inside it do not belong to the statement here."""
        held, self.pending = self.pending, []
        value = self.expr(node, depth)
        self.pending = held
        return value

    # ---------------------------------------------------------------- expressions

    def expr(self, node: Node, depth: int) -> Expr:
        """The expression; Opaque for what the form does not model."""
        kind = node.type
        if kind in _WRAPPERS:
            node = unwrap(node)
            kind = node.type
        if depth > MAX_DEPTH:
            return Opaque(node.byte_range, _DEEP)
        handler = _EXPRESSIONS.get(kind)
        if handler is None:
            return Opaque(node.byte_range, _WHY.get(kind) or ("syntax error" if kind == "ERROR" else kind.replace("_", " ")))
        return handler(self, node, depth + 1)

    def _identifier(self, node: Node, depth: int) -> Expr:
        span = node.byte_range
        if span[0] == span[1]:
            return Opaque(span, "syntax error")
        return Name(span, self.data[span[0] : span[1]].decode("utf-8", "replace"))

    def _string(self, node: Node, depth: int) -> Expr:
        span = node.byte_range
        return Str(span, literal(self.data, span[0] + 1, max(span[0] + 1, span[1] - 1)))

    def _template(self, node: Node, depth: int) -> Expr:
        parts = self._template_parts(node, depth)
        if len(parts) == 1 and isinstance(parts[0], Str) and parts[0].span[0] == node.start_byte + 1:
            return Str(node.byte_range, parts[0].text)
        return Join(node.byte_range, parts) if parts else Str(node.byte_range, "")

    def _template_parts(self, node: Node, depth: int) -> tuple[Expr, ...]:
        parts: list[Expr] = []
        data = self.data
        at = node.start_byte + 1
        end = max(at, node.end_byte - 1)
        for child in node.named_children:
            if child.type != "template_substitution":
                continue
            start, stop = child.byte_range
            if start > at:
                parts.append(Str((at, start), template_piece(data, at, start)))
            inner = next(iter(solid(child)), None)
            parts.append(self.expr(inner, depth) if inner is not None else Opaque((start, stop), "syntax error"))
            at = stop
        if end > at:
            parts.append(Str((at, end), template_piece(data, at, end)))
        return tuple(parts)

    def _number(self, node: Node, depth: int) -> Expr:
        text = self.text(node).replace("_", "")
        return Num(node.byte_range, text[:-1] if text.endswith("n") else text)

    def _true(self, node: Node, depth: int) -> Expr:
        return Bool(node.byte_range, True)

    def _false(self, node: Node, depth: int) -> Expr:
        return Bool(node.byte_range, False)

    def _nil(self, node: Node, depth: int) -> Expr:
        return Nil(node.byte_range)

    def _regex(self, node: Node, depth: int) -> Expr:
        span = node.byte_range
        pattern = node.child_by_field_name("pattern")
        flags = node.child_by_field_name("flags")
        nothing = (span[1], span[1])
        args = (
            Arg(Str(pattern.byte_range, self.text(pattern)) if pattern is not None else Str(nothing, "")),
            Arg(Str(flags.byte_range, self.text(flags)) if flags is not None else Str(nothing, "")),
        )
        return Call(span, Name(span, "$regex"), args)

    def _meta(self, node: Node, depth: int) -> Expr:
        start, end = node.byte_range
        if self.data[start:end].startswith(b"import"):
            return Attr((start, end), Name((start, start + 6), "import"), "meta", (end - 4, end))
        return Opaque((start, end), "new.target")

    def _member(self, node: Node, depth: int) -> Expr:
        named = node.named_children
        inner, name = named[0], named[-1]
        if len(named) != 2:
            inner, name = node.child_by_field_name("object") or inner, node.child_by_field_name("property") or name
        base = self.expr(inner, depth)
        text = self.data[name.start_byte : name.end_byte].decode("utf-8", "replace")
        if self.context.commonjs and type(base) is Name:
            if base.id == "module" and text == "exports":
                return Name(node.byte_range, "default")
            if base.id in ("exports", "default"):
                return Name(node.byte_range, self.context.unit.exports.get(text, f"exports.{text}"))
        return Attr(node.byte_range, base, text, name.byte_range)

    def _subscript(self, node: Node, depth: int) -> Expr:
        inner = node.child_by_field_name("object")
        key = node.child_by_field_name("index")
        if inner is None or key is None:
            return Opaque(node.byte_range, "syntax error")
        return Index(node.byte_range, self.expr(inner, depth), self.expr(key, depth))

    def _call(self, node: Node, depth: int) -> Expr:
        callee = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if callee is None:
            return Opaque(node.byte_range, "syntax error")
        lowered = self.expr(callee, depth)
        if arguments is None:
            return Call(node.byte_range, lowered, ())
        if arguments.type == "template_string":
            parts = self._template_parts(arguments, depth)
            return Call(node.byte_range, lowered, (Arg(Join(arguments.byte_range, parts)),))
        args = self._arguments(arguments, depth)
        if type(lowered) is Name and lowered.id in _CONVERSIONS and len(args) == 1 and not args[0].spread:
            return args[0].value
        return Call(node.byte_range, lowered, args)

    def _new(self, node: Node, depth: int) -> Expr:
        callee = node.child_by_field_name("constructor")
        arguments = node.child_by_field_name("arguments")
        if callee is None:
            return Opaque(node.byte_range, "syntax error")
        lowered = self.expr(callee, depth)
        return Call(node.byte_range, lowered, self._arguments(arguments, depth) if arguments is not None else (), new=True)

    def _arguments(self, node: Node, depth: int) -> tuple[Arg, ...]:
        args: list[Arg] = []
        for child in node.named_children:
            kind = child.type
            if kind == "spread_element":
                inner = solid(child)
                if inner:
                    args.append(Arg(self.expr(inner[0], depth), None, "*"))
            elif kind not in COMMENTS:
                args.append(Arg(self.expr(child, depth)))
        return tuple(args)

    def _array(self, node: Node, depth: int) -> Expr:
        items: list[ListItem] = []
        for child in _elements(node):
            if isinstance(child, tuple):
                items.append(ListItem(Nil(child)))
            elif child.type == "spread_element":
                inner = solid(child)
                if inner:
                    items.append(ListItem(self.expr(inner[0], depth), spread=True))
            else:
                items.append(ListItem(self.expr(child, depth)))
        return ListOf(node.byte_range, tuple(items))

    def _object(self, node: Node, depth: int) -> Expr:
        pairs: list[Pair] = []
        for child in node.named_children:
            kind = child.type
            span = child.byte_range
            if kind == "pair":
                key = child.child_by_field_name("key")
                value = child.child_by_field_name("value")
                if key is None or value is None:
                    continue
                lowered = self._key(key, depth)
                inner = unwrap(value)
                if inner.type in FUNCTION_VALUES:
                    name = lowered.text if isinstance(lowered, Str) else ""
                    pairs.append(Pair(span, lowered, self.literal_function(inner, depth, name, key)))
                else:
                    pairs.append(Pair(span, lowered, self.expr(inner, depth)))
            elif kind == "shorthand_property_identifier":
                text = self.text(child)
                pairs.append(Pair(span, Str(span, text), Name(span, text)))
            elif kind == "spread_element":
                spread = solid(child)
                if spread:
                    pairs.append(Pair(span, None, self.expr(spread[0], depth)))
            elif kind == "method_definition":
                key = child.child_by_field_name("name")
                kinds = {token.type for token in child.children[:3]}
                if key is None or "set" in kinds:
                    continue
                lowered = self._key(key, depth)
                method = self.literal_function(child, depth, lowered.text if isinstance(lowered, Str) else "", key)
                # Reading a getter runs it.
                pairs.append(Pair(span, lowered, Call(span, method, ()) if "get" in kinds else method))
        return DictOf(node.byte_range, tuple(pairs))

    def _key(self, node: Node, depth: int) -> Expr:
        if node.type == "computed_property_name":
            inner = solid(node)
            return self.expr(inner[0], depth) if inner else Opaque(node.byte_range, "syntax error")
        if node.type == "string":
            return self._string(node, depth)
        return Str(node.byte_range, self.text(node))

    def _function_value(self, node: Node, depth: int) -> Expr:
        return self.literal_function(node, depth)

    def _class_expression(self, node: Node, depth: int) -> Expr:
        return self.class_value(node, depth)

    def _operands(self, node: Node, operator: str) -> list[Node]:
        """Operands of a chain of one operator that associates to the left, in source order."""
        found: list[Node] = []
        while True:
            kids = node.children
            if len(kids) == 3:
                left, here, right = kids
            else:
                fields = [node.child_by_field_name(name) for name in ("left", "operator", "right")]
                if fields[0] is None or fields[1] is None or fields[2] is None:
                    break
                left, here, right = fields[0], fields[1], fields[2]
            if here.type != operator:
                break
            found.append(right)
            node = left
            if node.type != "binary_expression":
                break
        found.append(node)
        found.reverse()
        return found

    def _binary(self, node: Node, depth: int) -> Expr:
        sign = node.child_by_field_name("operator")
        if sign is None:
            return Opaque(node.byte_range, "syntax error")
        operator = sign.type
        if operator == "+":
            return Join(node.byte_range, tuple(self.expr(operand, depth) for operand in self._operands(node, "+")))
        if operator in _LOGIC:
            return self._logic(node.byte_range, self._operands(node, operator), operator, depth)
        relation = _COMPARE.get(operator)
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        if relation is None or left is None or right is None:
            return Opaque(node.byte_range, "a type test" if operator == "instanceof" else "arithmetic")
        return Compare(node.byte_range, relation, self.expr(left, depth), self.expr(right, depth))

    def _logic(self, span: Range, operands: list[Node], operator: str, depth: int) -> Expr:
        lowered: list[Expr] = []
        for operand in operands[:CHAIN]:
            if not lowered:
                lowered.append(self.expr(operand, depth + 1))
                continue
            guard = lowered[-1] if operator == "&&" else Not(lowered[-1].span, lowered[-1])
            lowered.append(self._guarded(operand, depth + 1, guard))
        if len(operands) > CHAIN:
            lowered.append(Opaque((operands[CHAIN].start_byte, operands[-1].end_byte), "a long chain of operators"))
        result = lowered.pop()
        end = span[1]
        while lowered:
            first = lowered.pop()
            here = (first.span[0], end) if lowered else span
            if operator == "&&":
                result = And(here, first, result)
            else:
                result = Fallback(here, first, result, "falsy" if operator == "||" else "null")
        return result

    def _guarded(self, node: Node, depth: int, guard: Expr) -> Expr:
        """An operand that is evaluated under a condition: so are the assignments in it."""
        mark = len(self.pending)
        value = self.expr(node, depth)
        if len(self.pending) > mark:
            inner = tuple(self.pending[mark:])
            del self.pending[mark:]
            self.pending.append(If(node.byte_range, guard, Block(inner), Block(())))
        return value

    def _ternary(self, node: Node, depth: int) -> Expr:
        test = node.child_by_field_name("condition")
        then = node.child_by_field_name("consequence")
        other = node.child_by_field_name("alternative")
        if test is None or then is None or other is None:
            return Opaque(node.byte_range, "syntax error")
        condition = self.expr(test, depth)
        chosen = self._guarded(then, depth, condition)
        return Cond(node.byte_range, condition, chosen, self._guarded(other, depth, Not(condition.span, condition)))

    def _unary(self, node: Node, depth: int) -> Expr:
        sign = node.child_by_field_name("operator")
        argument = node.child_by_field_name("argument")
        span = node.byte_range
        if sign is None or argument is None:
            return Opaque(span, "syntax error")
        operator = sign.type
        if operator == "void":
            value = self.expr(argument, depth)
            if isinstance(value, Call):
                self.pending.append(Do(span, value))
            return Nil(span)
        inner = self.expr(argument, depth)
        if operator == "!":
            return Not(span, inner)
        if operator == "+":
            return inner
        if operator == "typeof":
            return Call(span, Name(sign.byte_range, "typeof"), (Arg(inner),))
        if operator == "delete":
            # A property that is gone and one that is undefined read the same.
            if isinstance(inner, Attr | Index):
                self.pending.append(Assign(span, inner, Nil(span)))
            return Bool(span, True)
        if operator == "-" and isinstance(inner, Num):
            return Num(span, f"-{inner.text}")
        return Opaque(span, "arithmetic")

    def _update(self, node: Node, depth: int) -> Expr:
        argument = node.child_by_field_name("argument")
        span = node.byte_range
        if argument is not None:
            target = self.target(argument, depth)
            if not isinstance(target, Opaque):
                self.pending.append(Assign(span, target, Opaque(span, "arithmetic")))
        return Opaque(span, "arithmetic")

    def _assignment_value(self, node: Node, depth: int) -> Expr:
        return self._assignment(node, depth, self.pending)

    def _augmented_value(self, node: Node, depth: int) -> Expr:
        return self._augmented(node, depth, self.pending)

    def _sequence(self, node: Node) -> list[Node]:
        """The parts of `a, b, c` in order, however the grammar nests them."""
        found: list[Node] = []
        waiting = [node]
        while waiting:
            here = waiting.pop()
            if here.type == "sequence_expression":
                waiting.extend(reversed(solid(here)))
            else:
                found.append(here)
        return found

    def _sequence_value(self, node: Node, depth: int) -> Expr:
        parts = self._sequence(node)
        if not parts:
            return Opaque(node.byte_range, "syntax error")
        for part in parts[:-1]:
            value = self.expr(part, depth)
            if isinstance(value, Call):
                self.pending.append(Do(value.span, value))
        return self.expr(parts[-1], depth)


def bindings(data: bytes, name: Node, found: Import) -> list[tuple[str, Import]] | None:
    """Local names that a declaration with an imported module as its value binds; None where a part of it is no plain name."""

    def text(node: Node) -> str:
        return data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    if name.type == "identifier":
        return [(text(name), found)]
    if name.type != "object_pattern":
        return None
    bound: list[tuple[str, Import]] = []
    prefix = f"{found.member}." if found.member else ""
    for child in solid(name):
        if child.type == "shorthand_property_identifier_pattern":
            bound.append((text(child), Import(found.module, prefix + text(child))))
            continue
        key = child.child_by_field_name("key") if child.type == "pair_pattern" else None
        value = child.child_by_field_name("value") if child.type == "pair_pattern" else None
        if key is None or value is None or value.type != "identifier" or key.type not in ("property_identifier", "string"):
            return None
        bound.append((text(value), Import(found.module, prefix + (plain_string(data, key) or text(key)))))
    return bound


def stored(parameter: Node) -> bool:
    """Whether a constructor's parameter is a field as well (`private x`, `readonly x`)."""
    for child in parameter.children:
        if child.type in ("accessibility_modifier", "readonly", "override_modifier"):
            return True
        if child.type in ("identifier", "object_pattern", "array_pattern"):
            return False
    return False


def _elements(node: Node) -> Iterable[Node | Range]:
    """Elements of an array or array pattern; a range stands for a hole."""
    empty = True
    for child in node.children:
        kind = child.type
        if kind == ",":
            if empty:
                yield child.byte_range
            empty = True
        elif child.is_named and kind not in COMMENTS:
            empty = False
            yield child


def _plain_break(node: Node) -> bool:
    return node.type == "break_statement" and node.child_by_field_name("label") is None


def _leaves(nodes: list[Node]) -> bool:
    """Whether a case ends in a jump, so that the next one does not run."""
    last = nodes[-1]
    while last.type == "statement_block":
        inner = solid(last)
        if not inner:
            return False
        last = inner[-1]
    return last.type in _JUMPS


def _any(tests: list[Expr]) -> Expr:
    """One test that holds where any of several does."""
    if not tests:
        return Bool((0, 0), True)
    span = (tests[0].span[0], tests[-1].span[1])
    if len(tests) > CHAIN:
        tests = [*tests[:CHAIN], Opaque(span, "one of many cases")]
    result = tests[-1]
    for test in reversed(tests[:-1]):
        result = Fallback((test.span[0], span[1]), test, result)
    return result


def _chain(arms: list[Arm], last: list[Stmt]) -> list[Stmt]:
    """The statements of an `else if` or `case` chain; `last` runs where no test holds."""
    rest = last
    if len(arms) > CHAIN:
        rest = []
        for span, test, before, then, _ in arms[CHAIN:]:
            rest += before
            rest.append(If(span, test, then, Block(())))
        if last:
            span = last[0].span
            rest.append(If(span, Opaque(span, "whether no other case holds"), Block(tuple(last)), Block(())))
        arms = arms[:CHAIN]
    for span, test, before, then, falls in reversed(arms):
        if falls:
            rest = [*before, If(span, test, then, Block(())), *rest]
        else:
            rest = [*before, If(span, test, then, Block(tuple(rest)))]
    return rest


_ASSIGNING = frozenset({"assignment_expression", "augmented_assignment_expression", "update_expression"})

_STATEMENTS: dict[str, Callable[[Body, Node, int, list[Stmt]], None]] = {
    "lexical_declaration": Body._declaration,
    "variable_declaration": Body._declaration,
    "expression_statement": Body._expression_statement,
    "return_statement": Body._return,
    "throw_statement": Body._stop,
    "break_statement": Body._jump,
    "continue_statement": Body._jump,
    "if_statement": Body._if,
    "switch_statement": Body._switch,
    "for_in_statement": Body._for_in,
    "for_statement": Body._for,
    "while_statement": Body._while,
    "do_statement": Body._while,
    "try_statement": Body._try,
    "labeled_statement": Body._labeled,
    "with_statement": Body._with,
    "statement_block": Body._block_statement,
    "class_declaration": Body._class,
    "abstract_class_declaration": Body._class,
    "export_statement": Body._export,
    "internal_module": Body._inside,
    "module": Body._inside,
    "ERROR": Body._inside,
}

_EXPRESSIONS: dict[str, Callable[[Body, Node, int], Expr]] = {
    "identifier": Body._identifier,
    "this": Body._identifier,
    "super": Body._identifier,
    "import": Body._identifier,
    "property_identifier": Body._identifier,
    "shorthand_property_identifier": Body._identifier,
    "string": Body._string,
    "template_string": Body._template,
    "number": Body._number,
    "true": Body._true,
    "false": Body._false,
    "null": Body._nil,
    "undefined": Body._nil,
    "yield_expression": Body._nil,
    "regex": Body._regex,
    "meta_property": Body._meta,
    "member_expression": Body._member,
    "subscript_expression": Body._subscript,
    "call_expression": Body._call,
    "new_expression": Body._new,
    "array": Body._array,
    "object": Body._object,
    "arrow_function": Body._function_value,
    "function_expression": Body._function_value,
    "generator_function": Body._function_value,
    "function": Body._function_value,
    "class": Body._class_expression,
    "binary_expression": Body._binary,
    "ternary_expression": Body._ternary,
    "unary_expression": Body._unary,
    "update_expression": Body._update,
    "assignment_expression": Body._assignment_value,
    "augmented_assignment_expression": Body._augmented_value,
    "sequence_expression": Body._sequence_value,
}

_WHY = {"jsx_element": "JSX", "jsx_self_closing_element": "JSX", "jsx_fragment": "JSX"}
