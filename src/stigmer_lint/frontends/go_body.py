"""Go statements to the intermediate form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from stigmer_lint.flow import ir
from stigmer_lint.frontends.go_file import GoFile, code, first, span
from stigmer_lint.frontends.go_values import MAX_CHAIN, SCALARS, Values

if TYPE_CHECKING:
    from tree_sitter import Node

_TRANSPARENT: Final = frozenset(("block", "statement_list", "labeled_statement", "var_spec_list"))
_SILENT: Final = frozenset((
    "comment", "dec_statement", "empty_statement", "fallthrough_statement", "inc_statement", "label_name",
))  # fmt: skip
_FATAL: Final = frozenset(("Fatal", "Fatalf", "Fatalln", "Fatalw", "Panic", "Panicf", "Panicln", "Panicw", "FailNow"))
"""Methods that end the program or the goroutine, by the names that log, testing, logrus, zap, zerolog and klog give them."""
_ENDS: Final = frozenset((
    ("os", "Exit"), ("log", "Exit"), ("klog", "Exit"), ("klog", "Exitf"), ("glog", "Exit"), ("glog", "Exitf"), ("syscall", "Exit"),
    ("runtime", "Goexit"), ("t", "Skip"), ("t", "Skipf"), ("t", "SkipNow"), ("b", "Skip"), ("b", "Skipf"), ("b", "SkipNow"),
))  # fmt: skip


class _Arm(msgspec.Struct, gc=False):
    """One way of an if chain, a switch or a select: what runs before its test, the test, and what it does."""

    before: list[ir.Stmt]
    test: ir.Expr
    span: ir.Range
    body: list[ir.Stmt]


def _stops(value: ir.Expr) -> bool:
    """Whether control does not come back from a call: also `log.Fatal().Err(err).Msg("x")`."""
    if isinstance(value, ir.Call) and isinstance(value.callee, ir.Name):
        return value.callee.id == "panic"
    while isinstance(value, ir.Call) and isinstance(value.callee, ir.Attr):
        method = value.callee
        if method.name in _FATAL or (isinstance(method.base, ir.Name) and (method.base.id, method.name) in _ENDS):
            return True
        value = method.base
    return False


class Body(Values):
    """Lowers one body: of a function, a method, a function literal, or the file's own top level."""

    __slots__ = ("in_switch", "results")

    def __init__(self, file: GoFile, decl: ir.FunctionDecl) -> None:
        super().__init__(file, decl, function_body)
        self.in_switch = False
        self.results: list[Node] = []
        """Named results, which a bare return gives back."""

    def statements(self, nodes: Iterable[Node], depth: int) -> list[ir.Stmt]:
        """Statements in order; plain blocks are opened where they stand."""
        out: list[ir.Stmt] = []
        waiting: list[Iterator[Node]] = [iter(nodes)]
        while waiting:
            for node in waiting[-1]:
                kind = node.type
                handler = _STATEMENTS.get(kind)
                if handler is not None:
                    if depth > ir.MAX_DEPTH:
                        out.append(ir.Do(span(node), ir.Opaque(span(node), "nested too deeply")))
                    else:
                        handler(self, node, out, depth)
                elif kind in _TRANSPARENT:
                    waiting.append(iter(node.named_children))
                    break
                elif kind == "ERROR":
                    out.append(ir.Do(span(node), ir.Opaque(span(node), "syntax that is not understood")))
                    # What the parser did make of a broken place is still worth reading.
                    waiting.append(iter([child for child in node.named_children if child.type in _STATEMENTS or child.type in _TRANSPARENT]))
                    break
                elif kind not in _SILENT:
                    out.append(ir.Do(span(node), ir.Opaque(span(node), kind.replace("_", " "))))
            else:
                waiting.pop()
        return out

    def inner(self, node: Node | None, depth: int, in_switch: bool | None = None) -> list[ir.Stmt]:
        """The statements of a block inside this one."""
        if node is None:
            return []
        before = self.in_switch
        if in_switch is not None:
            self.in_switch = in_switch
        stmts = self.statements((node,), depth)
        self.in_switch = before
        return stmts

    # Assignment

    def target(self, node: Node, depth: int, declares: bool = False) -> ir.Target:
        value = self.expr(node, depth)
        if declares and isinstance(value, ir.Name):
            self.declared.add(value.id)
        return value if isinstance(value, ir.Name | ir.Attr | ir.Index | ir.Opaque) else ir.Opaque(value.span, "assigned to")

    def assign(self, at: ir.Range, targets: list[Node], values: list[Node], out: list[ir.Stmt], depth: int, declares: bool) -> None:
        """`a, b = x, y` one by one, `a, b = f()` by unpacking; an assignment to `_` is its value alone."""
        if len(targets) == len(values):
            given: set[str] = set()
            for target_node, value_node in zip(targets, values, strict=True):
                value = self.expr(value_node, depth)
                if isinstance(value, ir.Name) and value.id in given:
                    # All values are taken before the first target changes (go.dev/ref/spec#Assignment_statements).
                    value = ir.Opaque(value.span, "exchanged with another variable")
                target = self.target(target_node, depth, declares)
                if isinstance(target, ir.Name):
                    if target.id == "_":
                        out.append(ir.Do(at, value))
                        continue
                    if len(targets) > 1:
                        given.add(target.id)
                if isinstance(value, ir.Function) and not value.decl.name and isinstance(target, ir.Name):
                    # `run := func(args ...string) error {...}`: it is called by that name.
                    value.decl.name = target.id
                out.append(ir.Assign(at, target, value, declares=declares))
        elif len(values) == 1 and targets:
            names = tuple([ir.ListItem(self.target(target, depth, declares)) for target in targets])
            both = ir.ListOf((targets[0].start_byte, targets[-1].end_byte), names)
            out.append(ir.Assign(at, both, self.expr(values[0], depth), declares=declares))
        else:
            out.append(ir.Do(at, ir.Opaque(at, "syntax that is not understood")))

    def _short_var(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None:
            self.assign(span(node), code(left), code(right), out, depth, declares=True)

    def _assignment(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        left, right, sign = node.child_by_field_name("left"), node.child_by_field_name("right"), node.child_by_field_name("operator")
        if left is None or right is None or sign is None:
            return
        targets, values = code(left), code(right)
        if sign.type == "=":
            self.assign(span(node), targets, values, out, depth, declares=False)
        elif len(targets) == 1 and len(values) == 1:
            target = self.target(targets[0], depth)
            if sign.type == "+=":
                out.append(ir.Assign(span(node), target, self.expr(values[0], depth), op="+="))
            else:
                out.append(ir.Assign(span(node), target, ir.Opaque(span(values[0]), "arithmetic")))

    def _declaration(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        """A var or const declaration, in parentheses or not."""
        constant = node.type == "const_declaration"
        for spec in node.named_children:
            for each in spec.named_children if spec.type == "var_spec_list" else (spec,):
                if each.type in ("var_spec", "const_spec"):
                    self._spec(each, out, depth, constant)

    def _spec(self, spec: Node, out: list[ir.Stmt], depth: int, constant: bool) -> None:
        names = [name for name in spec.children_by_field_name("name") if name.is_named]
        values = spec.child_by_field_name("value")
        if values is not None:
            self.assign(span(spec), names, code(values), out, depth, declares=True)
            return
        for name in names:
            target = self.target(name, depth, declares=True)
            if not (isinstance(target, ir.Name) and target.id == "_"):
                value: ir.Expr = ir.Opaque(span(name), "constant that repeats the one above") if constant else self._zero(spec, name)
                out.append(ir.Assign(span(spec), target, value, declares=True))

    def _zero(self, spec: Node, name: Node) -> ir.Expr:
        """The zero value that `var name T` gives: a struct without fields set for a named type, else nil."""
        declared = spec.child_by_field_name("type")
        if declared is not None and declared.type in ("type_identifier", "qualified_type"):
            text = self.file.type_name(declared)
            if text not in SCALARS:
                return ir.Record(span(name), text, ())
        return ir.Nil(span(name))

    def _types(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        for spec in node.named_children:
            name, declared = spec.child_by_field_name("name"), spec.child_by_field_name("type")
            if name is not None and declared is not None:
                self.local_types[self.file.text(name)] = declared

    # Effects and ends

    def _expression(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        inner = first(node)
        if inner is None:
            return
        value = self.expr(self._sender(inner), depth)
        out.append(ir.Do(span(node), value))
        if _stops(value):
            out.append(ir.Stop(span(node)))

    def _sender(self, node: Node) -> Node:
        """`f()` of `<-f()`, whose value nobody takes."""
        if node.type == "unary_expression":
            sign, operand = node.child_by_field_name("operator"), node.child_by_field_name("operand")
            if sign is not None and operand is not None and sign.type == "<-":
                return operand
        return node

    def _later(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        """go and defer."""
        inner = first(node)
        if inner is not None:
            out.append(ir.Do(span(node), self.expr(inner, depth)))

    def _send(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        value = node.child_by_field_name("value")
        if value is not None:
            out.append(ir.Do(span(node), self.expr(value, depth)))

    def _return(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        listed = first(node)
        at = span(node)
        values: list[ir.Expr] = []
        if listed is not None:
            values = [self.expr(value, depth) for value in (code(listed) if listed.type == "expression_list" else (listed,))]
            at_values = span(listed)
        else:
            values = [ir.Name(at, self.file.text(name)) for name in self.results]
            at_values = at
        if len(values) > 1:
            out.append(ir.Return(at, ir.ListOf(at_values, tuple([ir.ListItem(value) for value in values])), several=True))
        else:
            out.append(ir.Return(at, values[0] if values else None))

    def _break(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        # A bare break in a switch or select leaves that alone: what follows it is reached again.
        if not self.in_switch or first(node) is not None:
            out.append(ir.Stop(span(node), "loop"))

    def _continue(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        out.append(ir.Stop(span(node), "loop"))

    def _goto(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        out.append(ir.Do(span(node), ir.Opaque(span(node), "goto")))

    # Branches

    def _room(self, depth: int) -> int:
        return max(1, min(MAX_CHAIN, (ir.MAX_DEPTH - depth) // 2))

    def _nest(self, arms: list[_Arm], default: list[ir.Stmt], out: list[ir.Stmt], room: int) -> None:
        """Arms as Ifs, each in the other block of the one before; past `room` side by side, as things that may happen."""
        other = default
        if len(arms) > room:
            other = []
            for arm in arms[room:]:
                maybe = ir.If(arm.span, ir.Opaque(arm.test.span, "too many alternatives"), ir.Block(tuple(arm.body)), ir.Block(()))
                other += [*arm.before, maybe]
            if default:
                at = (default[0].span[0], default[-1].span[1])
                other.append(ir.If(at, ir.Opaque(at, "too many alternatives"), ir.Block(tuple(default)), ir.Block(())))
        for arm in reversed(arms[:room]):
            other = [*arm.before, ir.If(arm.span, arm.test, ir.Block(tuple(arm.body)), ir.Block(tuple(other)))]
        out += other

    def _if(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        arms: list[_Arm] = []
        room = self._room(depth)
        default: list[ir.Stmt] = []
        while True:
            level = depth + min(len(arms), room)
            before: list[ir.Stmt] = []
            initializer, test = node.child_by_field_name("initializer"), node.child_by_field_name("condition")
            if initializer is not None:
                before = self.statements((initializer,), level)
            value = self.expr(test, level) if test is not None else ir.Opaque(span(node), "syntax that is not understood")
            arms.append(_Arm(before, value, span(node), self.inner(node.child_by_field_name("consequence"), level + 1)))
            following = node.child_by_field_name("alternative")
            if following is None or following.type != "if_statement":
                default = self.inner(following, level + 1)
                break
            node = following
        self._nest(arms, default, out, room)

    def _case_body(self, case: Node, depth: int) -> list[ir.Stmt]:
        return [stmt for part in case.named_children if part.type == "statement_list" for stmt in self.inner(part, depth, in_switch=True)]

    def _switch(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        """An expression, tagless or type switch: default last; what falls through is not followed into the next case."""
        initializer, value = node.child_by_field_name("initializer"), node.child_by_field_name("value")
        if initializer is not None:
            out += self.statements((initializer,), depth)
        of_types = node.type == "type_switch_statement"
        subject = self.expr(value, depth + 1) if value is not None else None
        if of_types and subject is not None:
            alias = node.child_by_field_name("alias")
            name = first(alias) if alias is not None else None
            at = (name.start_byte, subject.span[1]) if name is not None else subject.span
            # The variable that a type switch declares is its operand under another type.
            out.append(ir.Assign(at, self.target(name, depth, declares=True), subject, declares=True) if name is not None else ir.Do(at, subject))
        arms: list[_Arm] = []
        default: list[ir.Stmt] = []
        room = self._room(depth)
        for case in node.named_children:
            level = depth + 1 + min(len(arms), room)
            if case.type == "default_case":
                default = self._case_body(case, level)
            elif case.type == "type_case":
                arms.append(_Arm([], ir.Opaque(span(case), "type of a value"), span(case), self._case_body(case, level)))
            elif case.type == "expression_case":
                arms.append(_Arm([], self._case_test(case, subject, level), span(case), self._case_body(case, level)))
        self._nest(arms, default, out, room)

    def _case_test(self, case: Node, subject: ir.Expr | None, depth: int) -> ir.Expr:
        listed = case.child_by_field_name("value")
        values = code(listed) if listed is not None else []
        if not values or listed is None:
            return ir.Opaque(span(case), "syntax that is not understood")
        if subject is None or (isinstance(subject, ir.Bool) and subject.value):
            return self.chain("||", values, listed.end_byte, depth)
        if len(values) == 1:
            return ir.Compare(span(listed), "==", subject, self.expr(values[0], depth + 1))
        items = tuple([ir.ListItem(self.expr(value, depth + 1)) for value in values])
        return ir.Compare(span(listed), "in", subject, ir.ListOf(span(listed), items))

    def _select(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        arms: list[_Arm] = []
        default: list[ir.Stmt] = []
        room = self._room(depth)
        for case in node.named_children:
            level = depth + 1 + min(len(arms), room)
            if case.type == "default_case":
                default = self._case_body(case, level)
            elif case.type == "communication_case":
                told = case.child_by_field_name("communication")
                body = self.statements((told,), level) if told is not None else []
                body += self._case_body(case, level)
                arms.append(_Arm([], ir.Opaque(span(told) if told is not None else span(case), "whichever channel is ready"), span(case), body))
        self._nest(arms, default, out, room)

    def _receive(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if right is None:
            return
        if left is None:
            out.append(ir.Do(span(node), self.expr(self._sender(right), depth)))
        else:
            self.assign(span(node), code(left), [right], out, depth, declares=True)

    # Loops

    def _for(self, node: Node, out: list[ir.Stmt], depth: int) -> None:
        body_node = node.child_by_field_name("body")
        head = first(node)
        if head is None or (body_node is not None and head.start_byte == body_node.start_byte):
            out.append(ir.Loop(span(node), None, None, ir.Block(tuple(self.inner(body_node, depth + 1, in_switch=False)))))
            return
        if head.type == "range_clause":
            left, right = head.child_by_field_name("left"), head.child_by_field_name("right")
            iterable = self.expr(right, depth + 1) if right is not None else None
            names = code(left) if left is not None else []
            target: ir.Target | None = None
            if left is not None and len(names) > 1:
                target = ir.ListOf(span(left), tuple([ir.ListItem(self.target(name, depth + 1, declares=True)) for name in names]))
            elif names:
                target = self.target(names[0], depth + 1, declares=True)
            stmts = self.inner(body_node, depth + 1, in_switch=False)
            out.append(ir.Loop(span(node), target, iterable, ir.Block(tuple(stmts)), indexed=True))
            return
        test: Node | None = head
        update: Node | None = None
        if head.type == "for_clause":
            initializer, test, update = (head.child_by_field_name(name) for name in ("initializer", "condition", "update"))
            if initializer is not None:
                out += self.statements((initializer,), depth)
        stmts = []
        if test is not None and b"(" in self.data[test.start_byte : test.end_byte]:
            # The test may be the call itself: `for exec.Command("docker", ...).Run() != nil {`.
            stmts.append(ir.Do(span(test), self.expr(test, depth + 1)))
        stmts += self.inner(body_node, depth + 1, in_switch=False)
        if update is not None:
            stmts += self.statements((update,), depth + 1)
        out.append(ir.Loop(span(node), None, None, ir.Block(tuple(stmts))))


def function_body(file: GoFile, decl: ir.FunctionDecl, node: Node, depth: int) -> ir.Block:
    """The body of a func, method or function literal; empty where it is written elsewhere (assembly, interface)."""
    body = Body(file, decl)
    stmts: list[ir.Stmt] = []
    result = node.child_by_field_name("result")
    if result is not None and result.type == "parameter_list":
        body.results = [name for each in result.named_children for name in each.children_by_field_name("name") if name.is_named]
        for name in body.results:
            stmts.append(ir.Assign(span(name), ir.Name(span(name), file.text(name)), ir.Nil(span(name)), declares=True))
    stmts += body.inner(node.child_by_field_name("body"), depth)
    return ir.block(stmts)


def module_body(file: GoFile, decl: ir.FunctionDecl, declarations: list[Node]) -> ir.Block:
    """A file's var and const declarations in order."""
    return ir.block(Body(file, decl).statements(declarations, 0))


_STATEMENTS: Final[dict[str, Callable[[Body, Node, list[ir.Stmt], int], None]]] = {
    "short_var_declaration": Body._short_var,
    "assignment_statement": Body._assignment,
    "var_declaration": Body._declaration,
    "const_declaration": Body._declaration,
    "type_declaration": Body._types,
    "expression_statement": Body._expression,
    "go_statement": Body._later,
    "defer_statement": Body._later,
    "send_statement": Body._send,
    "receive_statement": Body._receive,
    "return_statement": Body._return,
    "break_statement": Body._break,
    "continue_statement": Body._continue,
    "goto_statement": Body._goto,
    "if_statement": Body._if,
    "expression_switch_statement": Body._switch,
    "type_switch_statement": Body._switch,
    "select_statement": Body._select,
    "for_statement": Body._for,
}
