"""Python statements, lowered: one body of a function, a lambda or a module at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from stigmer_lint.flow.ir import (
    MAX_DEPTH,
    And,
    Arg,
    Assign,
    Attr,
    Block,
    Call,
    Compare,
    Do,
    Expr,
    Function,
    FunctionDecl,
    If,
    Index,
    Join,
    ListItem,
    ListOf,
    Loop,
    Name,
    Opaque,
    Range,
    Return,
    Slice,
    Stmt,
    Stop,
    block,
)
from stigmer_lint.frontends.python_expr import BROKEN, TOO_DEEP, Expressions, PythonFile, children_of, parts_of, range_of
from stigmer_lint.frontends.python_modules import register_imports

if TYPE_CHECKING:
    from tree_sitter import Node

CHAIN_END = MAX_DEPTH - 40
"""Where a chain of `elif` or `case` stops nesting, so that its branches still have room for their own content."""

_NO_EFFECT = frozenset((
    "string", "concatenated_string", "integer", "float", "true", "false", "none", "ellipsis", "identifier", "attribute", "lambda",
))
_ENDINGS = frozenset((("sys", "exit"), ("os", "_exit"), ("os", "abort"), ("", "exit"), ("", "quit")))

Test: TypeAlias = Callable[[list[Stmt]], Expr | None]
"""Lowers a branch's test: fills the list with what the branch binds first; None where the branch is always taken."""


def lower_body(file: PythonFile, decl: FunctionDecl, node: Node) -> Block:
    """The body of a function (`function_definition`), of a `lambda`, or of the file (`module`)."""
    lowering = Statements(file, decl)
    out: list[Stmt] = []
    lowering.out = out
    if node.type == "module":
        lowering.statements(node, 0, out)
        return block(out)
    body = node.child_by_field_name("body")
    if body is None:
        return block(out)
    if node.type == "lambda":
        value = lowering.expr(body, 0)
        out.append(Return(range_of(body), value))
    else:
        lowering.statements(body, 0, out)
        if lowering.yields and not any(one.rpartition(".")[2] in _ONE_ROUND for one in decl.decorators):
            # What goes through a generator gets a list of all that it yields.
            start, end = range_of(body)
            here, name = (start, start), Name((end, end), YIELDED)
            out = [Assign(here, Name(here, YIELDED), ListOf(here, ())), *out, Return((end, end), name)]
    return block(out)


YIELDED = "yielded by the function"
"""No name of Python's: the list of what a generator yields."""
_ONE_ROUND = frozenset({"contextmanager", "asynccontextmanager", "fixture"})
"""Decorators of generators that yield once, to whoever enters them."""


class Statements(Expressions):
    """Lowers the statements of one body."""

    __slots__ = ()

    def statements(self, holder: Node | None, depth: int, out: list[Stmt]) -> None:
        """Lower the statements in a block, which lie `depth` blocks below the body, onto the end of `out`."""
        if holder is None:
            return
        outer = self.out
        self.out = out
        if depth > MAX_DEPTH:
            out.append(Do(range_of(holder), Opaque(range_of(holder), TOO_DEEP)))
        else:
            for node in children_of(holder):
                lower = _LOWER.get(node.type)
                if lower is not None:
                    lower(self, node, depth, out)
                    self.out = out
        self.out = outer

    def suite(self, node: Node | None, depth: int, first: Sequence[Stmt] = ()) -> Block:
        """The block at `node`, after the statements of `first`."""
        inside = list(first)
        self.statements(node, depth, inside)
        return Block(tuple(inside))

    def _expression(self, node: Node, depth: int, out: list[Stmt]) -> None:
        for part in node.children:
            kind = part.type
            if kind == "assignment":
                self._assignment(part, depth, out)
            elif kind == "augmented_assignment":
                self._augmented(part, depth, out)
            elif kind == "ERROR":
                self.statements(part, depth + 1, out)
            elif part.is_named and not part.is_extra and kind not in _NO_EFFECT:
                self._effect(part, depth, out)

    def _effect(self, node: Node, depth: int, out: list[Stmt]) -> None:
        if node.type == "yield":
            inner = [part for part in parts_of(node)[1:] if part.is_named]
            if len(inner) != 1:
                return
            self.yields = True
            span = range_of(node)
            method = "extend" if any(part.type == "from" for part in node.children) else "append"
            out.append(Do(span, Call(span, Attr(span, Name(span, YIELDED), method, span), (Arg(self.expr(inner[0], depth)),))))
            return
        span = range_of(node)
        out.append(Do(span, self.expr(node, depth)))
        if node.type == "call" and self._ends(node):
            out.append(Stop(span))

    def _ends(self, call: Node) -> bool:
        callee = call.children[0]
        if callee.type == "identifier":
            return ("", self.file.text(callee)) in _ENDINGS
        if callee.type != "attribute" or callee.child_count != 3 or callee.children[0].type != "identifier":
            return False
        return (self.file.text(callee.children[0]), self.file.text(callee.children[2])) in _ENDINGS

    def _assignment(self, node: Node, depth: int, out: list[Stmt]) -> None:
        span = range_of(node)
        targets = []
        right: Node | None = node
        while right is not None and right.type == "assignment":
            left = right.child_by_field_name("left")
            if left is not None:
                targets.append(left)
            right = right.child_by_field_name("right")
        if right is None:
            return
        if right.type == "augmented_assignment":
            self._augmented(right, depth, out)
            return
        value = self.expr(right, depth)
        for left in targets:
            part = self.expr(left, depth) if left.type == "subscript" else None
            if isinstance(part, Slice) and isinstance(part.base, Name | Attr | Index):
                out.append(Assign(span, part.base, _spliced(part, value)))
            else:
                out.append(Assign(span, self.target(left, depth), value))

    def _augmented(self, node: Node, depth: int, out: list[Stmt]) -> None:
        parts = parts_of(node)
        if len(parts) != 3:
            return
        target = self.target(parts[0], depth)
        value = self.expr(parts[2], depth)
        if parts[1].type in ("+=", "|="):
            out.append(Assign(range_of(node), target, value, "+="))
        else:
            out.append(Assign(range_of(node), target, Opaque(range_of(node), f"the operator {parts[1].type}")))

    def _return(self, node: Node, depth: int, out: list[Stmt]) -> None:
        values = [part for part in parts_of(node)[1:] if part.is_named]
        out.append(Return(range_of(node), self.expr(values[0], depth) if values else Name(range_of(node), YIELDED) if self.yields else None))

    def _raise(self, node: Node, depth: int, out: list[Stmt]) -> None:
        parts = parts_of(node)
        # `raise SystemExit(run(...))` does something; a plain message does not.
        if len(parts) > 1 and self.file.data.count(b"(", parts[1].start_byte, parts[1].end_byte) > 1:
            value = self.expr(parts[1], depth)
            if isinstance(value, Call) and any(isinstance(arg.value, Call) for arg in value.args):
                out.append(Do(value.span, value))
        out.append(Stop(range_of(node)))

    def _leave(self, node: Node, depth: int, out: list[Stmt]) -> None:
        out.append(Stop(range_of(node), "loop"))

    def _assert(self, node: Node, depth: int, out: list[Stmt]) -> None:
        parts = parts_of(node)
        # Only for what its test calls and reads; a failed assertion is not a path that anybody follows.
        if len(parts) > 1 and parts[1].type not in _NO_EFFECT:
            self._effect(parts[1], depth, out)

    def _print(self, node: Node, depth: int, out: list[Stmt]) -> None:
        for part in node.children_by_field_name("argument"):
            if part.type not in _NO_EFFECT:
                out.append(Do(range_of(part), self.expr(part, depth)))

    def _import(self, node: Node, depth: int, out: list[Stmt]) -> None:
        register_imports(self.file, node, override=False)

    def _define(self, node: Node, depth: int, out: list[Stmt]) -> None:
        if self.scope is None:
            return  # The file's own functions are in the Unit.
        if node.type == "decorated_definition":
            definition = node.child_by_field_name("definition")
            if definition is None or definition.type != "function_definition":
                return
        decl = self.file.declare(self.file, node, self.scope, 0)
        out.append(Assign(decl.span, Name(decl.name_span, decl.name), Function(decl.span, decl)))

    def _if(self, node: Node, depth: int, out: list[Stmt]) -> None:
        self._branches(self._clauses(node, depth), depth, out)

    def _clauses(self, node: Node, depth: int) -> Iterator[tuple[Range, Test, Node | None]]:
        parts = parts_of(node)
        body = next((part for part in parts if part.type == "block"), None)
        yield range_of(node), self._test(parts, depth), body
        for part in parts:
            if part.type == "elif_clause":
                inside = parts_of(part)
                body = next((one for one in inside if one.type == "block"), None)
                yield (part.start_byte, node.end_byte), self._test(inside, depth), body
            elif part.type == "else_clause":
                yield range_of(part), _always, part.child_by_field_name("body")

    def _test(self, parts: Sequence[Node], depth: int) -> Test:
        node = next((part for part in parts if part.is_named and part.type not in ("block", "ERROR")), None)
        if node is None:
            span = range_of(parts[0])
            return lambda first: Opaque(span, BROKEN)
        return lambda first: self.expr(node, depth + 1)

    def _branches(self, clauses: Iterable[tuple[Range, Test, Node | None]], depth: int, out: list[Stmt]) -> None:
        """Nest branches, each into the other side of the one before. Past `CHAIN_END` they stand in a row, each taken or not."""
        made: list[tuple[If, list[Stmt]]] = []
        here = out
        level = depth
        for span, test, body in clauses:
            first: list[Stmt] = []
            if made and level >= CHAIN_END:
                here.append(If(span, Opaque(span, "a branch of a long chain"), self.suite(body, level + 1), Block(())))
                continue
            self.out = here
            condition = test(first)
            if condition is None:
                here += first
                self.statements(body, level if made else level + 1, here)
                break
            other: list[Stmt] = []
            branch = If(span, condition, self.suite(body, level + 1, first), Block(()))
            here.append(branch)
            made.append((branch, other))
            here = other
            level += 1
        for branch, other in reversed(made):
            branch.other.stmts = tuple(other)

    def _for(self, node: Node, depth: int, out: list[Stmt]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        iterable = self.expr(right, depth) if right is not None else None
        target = self.target(left, depth) if left is not None else None
        out.append(Loop(range_of(node), target, iterable, self.suite(node.child_by_field_name("body"), depth + 1)))
        self._after_loop(node, depth, out)

    def _while(self, node: Node, depth: int, out: list[Stmt]) -> None:
        test = node.child_by_field_name("condition")
        first: list[Stmt] = []
        if test is not None and test.type not in _NO_EFFECT:
            # What the test calls and reads is called and read.
            self.out = first
            value = self.expr(test, depth + 1)
            self.out = out
            out += [Assign(stmt.span, stmt.target, stmt.value) for stmt in first if isinstance(stmt, Assign)]
            first.append(Do(range_of(test), value))
        out.append(Loop(range_of(node), None, None, self.suite(node.child_by_field_name("body"), depth + 1, first)))
        self._after_loop(node, depth, out)

    def _after_loop(self, node: Node, depth: int, out: list[Stmt]) -> None:
        after = node.child_by_field_name("alternative")
        if after is not None:
            body = self.suite(after.child_by_field_name("body"), depth + 1)
            out.append(If(range_of(after), Opaque(range_of(after), "whether the loop ran to its end"), body, Block(())))

    def _try(self, node: Node, depth: int, out: list[Stmt]) -> None:
        for part in parts_of(node):
            kind = part.type
            if kind == "block":
                self.statements(part, depth + 1, out)
            elif kind in ("else_clause", "finally_clause"):
                body = next((one for one in part.children if one.type == "block"), None)
                self.statements(body, depth + 1, out)
            elif kind in ("except_clause", "except_group_clause"):
                self._handler(part, depth, out)

    def _handler(self, node: Node, depth: int, out: list[Stmt]) -> None:
        span = range_of(node)
        why = Opaque(span, "whether an exception is raised")
        first: list[Stmt] = []
        body = None
        values = []
        for part in parts_of(node):
            if part.type == "block":
                body = part
            elif part.is_named:
                values.append(part)
        bound = values[1] if len(values) == 2 else None
        if len(values) == 1 and values[0].type == "as_pattern":
            bound = values[0].child_by_field_name("alias")
        if bound is not None:
            first.append(Assign(range_of(bound), self.target(bound, depth), Opaque(range_of(bound), "an exception")))
        out.append(If(span, why, self.suite(body, depth + 1, first), Block(())))

    def _with(self, node: Node, depth: int, out: list[Stmt]) -> None:
        for clause in parts_of(node):
            if clause.type == "with_clause":
                for item in clause.children:
                    if item.type == "with_item":
                        self._enter(item.children[0], depth, out)
        body = node.child_by_field_name("body")
        self.statements(body, depth + 1, out)

    def _enter(self, node: Node, depth: int, out: list[Stmt]) -> None:
        while node.type == "parenthesized_expression":
            inner = [part for part in parts_of(node) if part.is_named]
            if len(inner) != 1:
                break
            node = inner[0]
        parts = parts_of(node)
        if node.type == "as_pattern" and len(parts) == 3:
            value = self.expr(parts[0], depth)
            out.append(Assign(range_of(node), self.target(parts[2], depth), value))
        elif node.type not in _NO_EFFECT:
            self._effect(node, depth, out)

    def _match(self, node: Node, depth: int, out: list[Stmt]) -> None:
        subjects = node.children_by_field_name("subject")
        if not subjects:
            return
        span = subjects[0].start_byte, subjects[-1].end_byte
        subject: Expr
        if len(subjects) == 1:
            subject = self.expr(subjects[0], depth)
        else:
            subject = ListOf(span, tuple(ListItem(self.expr(one, depth)) for one in subjects))
        if not isinstance(subject, Name | Attr | Opaque):
            # Evaluated once, tested often: a name that no code can write stands for it.
            held = Name(span, f"match {span[0]}")
            out.append(Assign(span, held, subject))
            subject = held
        self._branches(self._cases(node, subject, depth), depth, out)

    def _cases(self, node: Node, subject: Expr, depth: int) -> Iterator[tuple[Range, Test, Node | None]]:
        body = node.child_by_field_name("body")
        for case in body.children if body is not None else ():
            if case.type == "case_clause":
                yield range_of(case), self._case_test(case, subject, depth), case.child_by_field_name("consequence")

    def _case_test(self, case: Node, subject: Expr, depth: int) -> Test:
        def test(first: list[Stmt]) -> Expr | None:
            patterns = [part for part in parts_of(case) if part.type == "case_pattern"]
            guard = case.child_by_field_name("guard")
            found: Expr | None
            if len(patterns) == 1:
                found = self._pattern(patterns[0], subject, depth, first)
            else:
                found = Opaque(range_of(case), "a pattern that is not followed")
                for pattern in patterns:
                    self._captures(pattern, first)
            if guard is None:
                return found
            condition = self.expr(guard.children[-1], depth + 1)
            return condition if found is None else And((found.span[0], guard.end_byte), found, condition)

        return test

    def _pattern(self, node: Node, subject: Expr, depth: int, first: list[Stmt]) -> Expr | None:
        """A pattern's test; None where it matches everything."""
        span = range_of(node)
        inner = parts_of(node)
        while len(inner) == 1 and inner[0].type in ("case_pattern", "tuple_pattern"):
            only = parts_of(inner[0])
            if inner[0].type == "tuple_pattern":
                only = [part for part in only if part.type not in ("(", ")")]
            if len(only) != 1:
                break
            inner = only
        pattern = inner[0] if len(inner) == 1 else node
        kind = pattern.type
        if kind == "_":
            return None
        if kind == "dotted_name" and pattern.child_count == 1:
            bound = Name(range_of(pattern), self.file.text(pattern))
            first.append(Assign(range_of(pattern), bound, subject))
            return None
        value = self._pattern_value(pattern, depth)
        if value is not None:
            return Compare(span, "==", subject, value)
        if kind == "union_pattern":
            values = [self._pattern_value(part, depth) for part in parts_of(pattern) if part.type != "|"]
            known = [ListItem(one) for one in values if one is not None]
            if len(known) == len(values):
                return Compare(span, "in", subject, ListOf(range_of(pattern), tuple(known)))
        self._captures(pattern, first)
        return Opaque(span, "a pattern that is not followed")

    def _pattern_value(self, node: Node, depth: int) -> Expr | None:
        kind = node.type
        if kind in ("string", "concatenated_string", "integer", "float", "true", "false", "none"):
            return self.expr(node, depth)
        if kind == "case_pattern":
            parts = parts_of(node)
            return self._pattern_value(parts[0], depth) if len(parts) == 1 and parts[0].type != "case_pattern" else None
        if kind == "dotted_name" and node.child_count > 1:
            names = [part for part in node.children if part.type == "identifier"]
            if len(names) > MAX_DEPTH:
                return None
            value: Expr = Name(range_of(names[0]), self.file.text(names[0]))
            for name in names[1:]:
                value = Attr((node.start_byte, name.end_byte), value, self.file.text(name), range_of(name))
            return value
        return None

    def _captures(self, node: Node, first: list[Stmt]) -> None:
        waiting = [node]
        while waiting:
            here = waiting.pop()
            bound = None
            if here.type == "dotted_name":
                bound = here if here.child_count == 1 else None
            elif here.type in ("splat_pattern", "as_pattern"):
                bound = here.children[-1]
                waiting += here.children[:-1]
            elif here.type == "class_pattern":
                waiting += here.children[1:]
            else:
                waiting += here.children
            if bound is not None and bound.end_byte > bound.start_byte:
                span = range_of(bound)
                first.append(Assign(span, Name(span, self.file.text(bound)), Opaque(span, "a part of a matched value")))

    def _broken(self, node: Node, depth: int, out: list[Stmt]) -> None:
        """Statements that survived around a syntax error."""
        self.statements(node, depth + 1, out)


def _spliced(part: Slice, value: Expr) -> Expr:
    """What `base` holds after `base[low:high] = value`."""
    parts = [value]
    if part.low is not None:
        parts.insert(0, Slice(part.span, part.base, None, part.low))
    if part.high is not None:
        parts.append(Slice(part.span, part.base, part.high, None))
    elif part.low is None:
        return value
    return Join(part.span, tuple(parts))


def _always(first: list[Stmt]) -> Expr | None:
    return None


_LOWER: dict[str, Callable[[Statements, Node, int, list[Stmt]], None]] = {
    "expression_statement": Statements._expression,
    "return_statement": Statements._return,
    "raise_statement": Statements._raise,
    "break_statement": Statements._leave,
    "continue_statement": Statements._leave,
    "assert_statement": Statements._assert,
    "print_statement": Statements._print,
    "import_statement": Statements._import,
    "import_from_statement": Statements._import,
    "function_definition": Statements._define,
    "decorated_definition": Statements._define,
    "if_statement": Statements._if,
    "for_statement": Statements._for,
    "while_statement": Statements._while,
    "try_statement": Statements._try,
    "with_statement": Statements._with,
    "match_statement": Statements._match,
    "ERROR": Statements._broken,
}
