"""The small form that code of every language is lowered to before values are followed.

A frontend lowers ONE function body (or one module body) at a time, when somebody asks for it: analysis starts
from the few places that launch something and walks backwards, so most of a tree is never lowered. The form keeps
what can move a text from where it is written to where a container gets it, and drops the rest as `Opaque`.

Invariants that a frontend keeps:
- No recursion on the depth of input: past `MAX_DEPTH` nested expressions or blocks it answers `Opaque`. Chains of
  one operator (`a + b + c ...`) are lowered to ONE flat `Join`/`Fallback` chain, iteratively.
- `span` is a pair of byte offsets in the file of the `Unit`. Every expression has one, also a piece of a template
  literal (the literal piece without quotes; a hole with the braces' inside).
- String text is the value at run time: escapes decoded, quotes gone, here-documents dedented as the language does.
- `await x`, parentheses, casts, `x!`, `x as T`, `&x`, `*x`, `new` and type conversions `string(x)`, `[]string(x)` vanish:
  the inner expression stands for them (a `new T(a)` is a Call with `new=True`).
- `switch`/`match`/`case` become nested `If` with `Compare`; `try` becomes its body followed by `If(Opaque)` per handler and
  then the finally block; `with x as y` becomes an Assign and the body; `defer f()` and `go f()` become `Do`.
- Names are as the code writes them. Imports are resolved by the evaluator through `Unit.imports`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

Range: TypeAlias = tuple[int, int]
"""Byte offsets: start inclusive, end exclusive."""

MAX_DEPTH = 120
"""Nested expressions and blocks that are followed. Code that people write stays below 30."""


class Str(msgspec.Struct, frozen=True, gc=False):
    """A string literal's run-time text."""

    span: Range
    text: str


class Num(msgspec.Struct, frozen=True, gc=False):
    """A number, as written without digit separators."""

    span: Range
    text: str


class Bool(msgspec.Struct, frozen=True, gc=False):
    span: Range
    value: bool


class Nil(msgspec.Struct, frozen=True, gc=False):
    """None, nil, null, undefined."""

    span: Range


class Name(msgspec.Struct, frozen=True, gc=False):
    """A bare identifier. `this` and `self` are Names too. Shell: a variable; positional parameters are named "1", "2", "@"."""

    span: Range
    id: str


class Attr(msgspec.Struct, frozen=True):
    """`base.name`; optional chaining counts as plain. A Go qualified identifier `pkg.Name` is an Attr as well."""

    span: Range
    base: Expr
    name: str
    name_span: Range


class Index(msgspec.Struct, frozen=True):
    """`base[key]`."""

    span: Range
    base: Expr
    key: Expr


class Slice(msgspec.Struct, frozen=True):
    """`base[low:high]`."""

    span: Range
    base: Expr
    low: Expr | None
    high: Expr | None


class Arg(msgspec.Struct, frozen=True):
    """One argument of a call. `name`: keyword. `spread`: `*x`, `x...`, `...x` ("*") or `**x` ("**").

    `split`: shell only, an unquoted expansion: its value is split into words at white space."""

    value: Expr
    name: str | None = None
    spread: Literal["", "*", "**"] = ""
    split: bool = False


class Call(msgspec.Struct, frozen=True):
    """A call. A shell command is a Call whose callee is `Name("$docker")`: a dollar and the command word where it is
    literal, `Opaque` where not; the words after it are positional Args (where the callee is Opaque, the command word itself is the
    first of them: `${DOCKER:-docker} run x` has three). A tagged template (`$`docker run``) is a Call of the tag with one Join.

    `env`: shell only, assignments in front of the command (`X=1 docker run`). `piped`: shell only, text given on stdin (here-document,
    here-string, or the `echo`/`printf`/`cat` Call in front of the pipe).

    Shell expansions are Calls of names that no command can have; X is the expanded Name, patterns are globs:
    `$(`(command Call | `$pipe` Call | Function): the standard output without its last line ends; `$pipe`(Call, Call, ...);
    `$require`(X, message) `${X:?m}`; `$strip`(X, Str "#"|"##"|"%"|"%%", pattern); `$replace`, `$replace_all`, `$replace_prefix`,
    `$replace_suffix` (X, pattern, text); `$upper`, `$lower`, `$upper_first`, `$lower_first`, `$length`, `$quote`, `$join` (X: "${a[*]}")."""

    span: Range
    callee: Expr
    args: tuple[Arg, ...]
    new: bool = False
    env: tuple[Pair, ...] = ()
    piped: Expr | None = None


class Join(msgspec.Struct, frozen=True):
    """Text concatenation: `+` chains, f-strings, template literals, shell words. With numbers or lists, `+` is also a Join;
    the evaluator decides by what it finds."""

    span: Range
    parts: tuple[Expr, ...]


class Format(msgspec.Struct, frozen=True):
    """Python `template % args` (args a ListOf or one expression)."""

    span: Range
    template: Expr
    args: Expr


class ListItem(msgspec.Struct, frozen=True):
    """`spread`: `*x`, `...x`; `split` as for Arg."""

    value: Expr
    spread: bool = False
    split: bool = False


class ListOf(msgspec.Struct, frozen=True):
    """List, tuple, set, array, Go slice literal, shell array. `type` is the element type's text where the language writes one."""

    span: Range
    items: tuple[ListItem, ...]
    type: str = ""


class Pair(msgspec.Struct, frozen=True):
    """`key: value`; key None: `value` is spread in (`**x`, `...x`). `span` covers both."""

    span: Range
    key: Expr | None
    value: Expr


class DictOf(msgspec.Struct, frozen=True):
    """Dict, JS object literal (method members are Function values), Go map literal."""

    span: Range
    pairs: tuple[Pair, ...]
    type: str = ""


class Record(msgspec.Struct, frozen=True):
    """Go struct literal `pkg.T{F: v}`; positional fields have keys "0", "1". `type` as written, without & and []."""

    span: Range
    type: str
    pairs: tuple[Pair, ...]


class Cond(msgspec.Struct, frozen=True):
    """`test ? then : other`, `then if test else other`."""

    span: Range
    test: Expr
    then: Expr
    other: Expr


class Fallback(msgspec.Struct, frozen=True):
    """`first || second`, `first or second` ("falsy"), `first ?? second`, shell `${X-d}` ("null"). Shell `${X:-d}` is "falsy".
    A chain of three is nested to the right. `assigns`: shell `${X:=d}`."""

    span: Range
    first: Expr
    second: Expr
    when: Literal["falsy", "null"] = "falsy"


class And(msgspec.Struct, frozen=True):
    """`left && right`: the value of `right` where left is truthy, else left."""

    span: Range
    left: Expr
    right: Expr


class Compare(msgspec.Struct, frozen=True):
    """`==` `!=` `in` `not in` `=~`/match ("matches", right is a pattern; shell glob patterns use "glob") and `<`-like ("order")."""

    span: Range
    op: Literal["==", "!=", "in", "not in", "matches", "glob", "order"]
    left: Expr
    right: Expr


class Not(msgspec.Struct, frozen=True):
    span: Range
    operand: Expr


class Comp(msgspec.Struct, frozen=True):
    """Comprehension with one generator (`[element for target in iterable if test]`); nested generators nest: the element of
    the outer one is a Comp with `flat=True`. kind "dict": element is a Pair."""

    span: Range
    kind: Literal["list", "dict"]
    element: Expr | Pair
    target: Target
    iterable: Expr
    test: Expr | None = None
    flat: bool = False


class Function(msgspec.Struct, frozen=True, eq=False):
    """A function literal, arrow function, lambda or nested def."""

    span: Range
    decl: FunctionDecl


class Opaque(msgspec.Struct, frozen=True, gc=False):
    """Something that this form does not model; `why` is shown to people."""

    span: Range
    why: str


Expr: TypeAlias = (
    Str | Num | Bool | Nil | Name | Attr | Index | Slice | Call | Join | Format | ListOf | DictOf | Record | Cond | Fallback
    | And | Compare | Not | Comp | Function | Opaque
)

Target: TypeAlias = Name | Attr | Index | ListOf | DictOf | Opaque
"""What is assigned to. ListOf: unpacking by position (Go `a, b := f()`); DictOf: JS destructuring, key Str, value the target
or `Fallback(target, default)`."""


class Assign(msgspec.Struct, eq=False):
    """`target = value`. op "+=" also for `.=`, shell `+=`; "?=": only where the target is unset (make `?=`, `||=`, `??=`, shell `: ${X:=d}`).

    Go's multiple `a, b = x, y` is two Assigns. A declaration without value has `Nil` as value. `exported`: shell `export`.
    """

    span: Range
    target: Target
    value: Expr
    op: Literal["=", "+=", "?="] = "="
    exported: bool = False
    declares: bool = False
    block: Block | None = None
    index: int = 0


class Do(msgspec.Struct, eq=False):
    """An expression for its effect."""

    span: Range
    value: Expr
    block: Block | None = None
    index: int = 0


class Return(msgspec.Struct, eq=False):
    """`values` is one expression, or a ListOf for several results (Go `return a, err`: `several=True`)."""

    span: Range
    value: Expr | None
    several: bool = False
    block: Block | None = None
    index: int = 0


class Stop(msgspec.Struct, eq=False):
    """Control does not go on: raise, throw, panic, os.Exit, log.Fatal, `exit`. "loop": break and continue."""

    span: Range
    kind: Literal["function", "loop"] = "function"
    block: Block | None = None
    index: int = 0


class If(msgspec.Struct, eq=False):
    span: Range
    test: Expr
    then: Block
    other: Block
    block: Block | None = None
    index: int = 0


class Loop(msgspec.Struct, eq=False):
    """`for target in iterable` (Go `for i, v := range x` has `target=ListOf(i, v)` and `indexed=True`: the pair is index/key and value;
    so has JS `for (k in o)` with a single target). `while` and `for(;;)` have no target and no iterable."""

    span: Range
    target: Target | None
    iterable: Expr | None
    body: Block
    indexed: bool = False
    block: Block | None = None
    index: int = 0


Stmt: TypeAlias = Assign | Do | Return | Stop | If | Loop


class Block(msgspec.Struct, eq=False):
    """Statements in order. `owner` is the If or Loop that holds it, None for a body. Made by `block`, which sets the links."""

    stmts: tuple[Stmt, ...]
    owner: If | Loop | None = None
    role: Literal["body", "then", "other", "loop"] = "body"


def block(stmts: list[Stmt]) -> Block:
    """Make a body block and link every statement below to its block and place, without recursion."""
    body = Block(tuple(stmts))
    waiting = [body]
    while waiting:
        here = waiting.pop()
        for index, stmt in enumerate(here.stmts):
            stmt.block, stmt.index = here, index
            if isinstance(stmt, If):
                stmt.then.owner, stmt.then.role = stmt, "then"
                stmt.other.owner, stmt.other.role = stmt, "other"
                waiting += (stmt.then, stmt.other)
            elif isinstance(stmt, Loop):
                stmt.body.owner, stmt.body.role = stmt, "loop"
                waiting.append(stmt.body)
    return body


class Param(msgspec.Struct, frozen=True):
    """One parameter. `rest`: `*args`, `...args`, Go `args ...T` ("*"), `**kw` ("**"). `pattern`: JS destructuring of this parameter
    (its `name` is then synthetic, "{0}"). `type`: text of the annotation. `env`: names of env vars that a framework fills it from
    (click `envvar=`, typer), `default` is what applies else."""

    name: str
    span: Range
    default: Expr | None = None
    type: str = ""
    rest: Literal["", "*", "**"] = ""
    pattern: DictOf | None = None
    env: tuple[str, ...] = ()


class FunctionDecl(msgspec.Struct, eq=False):
    """A function, method, closure, or (name "") the module's own body. The body is lowered when first asked for.

    `owner`: class or receiver type ("" for a free function); `receiver`: the name by which the body calls it (self, this, s).
    `params` leave the receiver out. `outer`: the function that it is nested in (closures see its names). `decorators`: their dotted
    names, without arguments.
    """

    name: str
    span: Range
    name_span: Range
    params: tuple[Param, ...]
    lower: Callable[[], Block]
    unit: Unit
    owner: str = ""
    receiver: str = ""
    outer: FunctionDecl | None = None
    decorators: tuple[str, ...] = ()
    result: str = ""
    lowered: Block | None = None

    @property
    def body(self) -> Block:
        """The lowered body."""
        if self.lowered is None:
            self.lowered = self.lower()
        return self.lowered


class Import(msgspec.Struct, frozen=True, gc=False):
    """What a local name stands for: `module` as written ("os/exec", ".config", "../x.js", "@/lib/x"), `member` of it, or None
    for the module itself. Go: the name is the alias or the last path element (version suffix skipped)."""

    module: str
    member: str | None = None


class Field(msgspec.Struct, frozen=True):
    """A field of a class or struct. `tag`: Go struct tag without backquotes. `default`: class attribute's value, dataclass default
    (`field(default=x)` and pydantic `Field(x)` are left as the Call)."""

    name: str
    span: Range
    type: str = ""
    default: Expr | None = None
    tag: str = ""


class ClassDecl(msgspec.Struct, eq=False):
    """A class, struct or interface (TypeScript enum members are fields). `elsewhere`: a Go type of which a file has methods, while another file
    of the package declares it."""

    name: str
    span: Range
    bases: tuple[str, ...]
    fields: dict[str, Field]
    methods: dict[str, FunctionDecl]
    decorators: tuple[str, ...] = ()
    elsewhere: bool = False


class Shape(msgspec.Struct, frozen=True):
    """What a TypeScript interface or object type says of its values: the types of its fields as written, and the interfaces that it extends."""

    fields: dict[str, str]
    bases: tuple[str, ...] = ()


class Unit(msgspec.Struct, eq=False):
    """One file as its frontend sees it. Top-level declarations are there at once, bodies on demand.

    Made by `Frontend.parse`. Functions nested in functions, and function literals in top-level expressions, are not listed
    here: they appear as `Function` expressions when the body around them is lowered.
    """

    path: str
    language: str
    module: FunctionDecl | None = None
    """The file's own top level as a function without parameters (Go: its var and const declarations as Assigns in order; iota
    constants are Opaque). Never None once `parse` has returned."""
    package: str = ""
    """Go: the package clause. Others: ""."""
    imports: dict[str, Import] = {}
    """Local name -> what it stands for. Imports inside functions count too, where the frontend sees them cheaply."""
    star_imports: tuple[str, ...] = ()
    """Modules whose names are all visible: `from x import *`, Go `import . "x"`, shell `source x` (literal path)."""
    functions: dict[str, FunctionDecl] = {}
    """Free functions by name. Methods are under their class; a Go method is under `classes[receiver type].methods`."""
    classes: dict[str, ClassDecl] = {}
    shapes: dict[str, Shape] = {}
    """TypeScript: interfaces and object types by name."""
    exports: dict[str, str] = {}
    """JS: exported name -> local name ("default" included; `export {a as b}`, `module.exports = {a}`)."""
    re_exports: tuple[tuple[str, str, str], ...] = ()
    """JS: (exported name or "*", module, member or "*")."""
    error_at: int | None = None
    """Byte offset of the first place that the grammar did not understand, None where all was."""
    comments: Callable[[int], bool] | None = None
    """Whether the byte at an offset lies in a comment (for suppressions); None: not known, decide by the text of the line."""
