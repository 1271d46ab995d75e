"""Where an expression is evaluated: a function with what its parameters stand for."""

from __future__ import annotations

from collections.abc import Callable

from stigmer_lint.flow.ir import Expr, FunctionDecl, Loop, Stmt, Unit
from stigmer_lint.model.value import Step, Trail, Value


class Thunk:
    """A value that is computed when it is first asked for (an argument in the caller's frame)."""

    __slots__ = ("_compute", "_value", "running")

    def __init__(self, compute: Callable[[], tuple[Value, bool]]) -> None:
        self._compute = compute
        self._value: Value | None = None
        self.running = False
        """Whether it is being computed right now: then its value depends on itself."""

    def force(self) -> Value:
        """The value. One that was cut short by a bound (the second thing that `compute` tells) is not kept."""
        if self._value is not None:
            return self._value
        self.running = True
        try:
            value, whole = self._compute()
        finally:
            self.running = False
        if whole:
            self._value = value
        return value


class Frame:
    """One activation of a function, possibly symbolic.

    `bindings`: parameters whose argument is known; a parameter that is not in it is symbolic and is entered in `consulted` when read.
    `receiver`: what self/this/the Go receiver is. `outer`, `at`: the frame and statement around a closure. `follow`: how many levels
    of call sites a symbolic parameter may be followed to on demand. `depth`: calls entered to get here.

    A moment of an activation is a frame with a `base`: `now` are names whose value at the statement `moment` is given (a value that is
    being folded, a comprehension's variable); or, with `loop`, one iteration: `looped` its loop variables, `now` what accumulated
    names are when it begins. Everything else is looked up in the base, so that what was found there is not found again.
    """

    __slots__ = (
        "at", "base", "bindings", "consulted", "decl", "depth", "follow", "loop", "looped", "memo", "moment", "now", "outer", "receiver", "route",
        "truths",
    )

    def __init__(
        self,
        decl: FunctionDecl,
        bindings: dict[str, Value | Thunk] | None = None,
        *,
        receiver: Value | Thunk | None = None,
        outer: Frame | None = None,
        at: Stmt | None = None,
        depth: int = 0,
        follow: int = 0,
        route: Trail = (),
    ) -> None:
        self.decl = decl
        self.bindings = bindings if bindings is not None else {}
        self.receiver = receiver
        self.outer = outer
        self.at = at
        self.depth = depth
        self.follow = follow
        self.route = route
        self.base: Frame | None = None
        self.moment: Stmt | None = None
        self.loop: Loop | None = None
        self.now: dict[str, Value] = {}
        self.looped: dict[str, Value] = {}
        self.memo: dict[object, tuple[Value, bool]] = {}
        self.truths: dict[int, tuple[Expr, bool | None, bool]] = {}
        self.consulted: set[str] = set()

    @property
    def unit(self) -> Unit:
        """The file of the function."""
        return self.decl.unit

    def _child(self) -> Frame:
        child = Frame.__new__(Frame)
        child.decl, child.bindings, child.receiver = self.decl, self.bindings, self.receiver
        child.outer, child.at, child.depth, child.follow, child.route = self.outer, self.at, self.depth, self.follow, self.route
        child.consulted, child.base, child.loop, child.moment = self.consulted, self, None, None
        child.now, child.looped, child.memo, child.truths = {}, {}, {}, {}
        return child

    def moment_of(self, stmt: Stmt | None, now: dict[str, Value]) -> Frame:
        """The same activation while `stmt` is looked at, with the values that some names have there."""
        child = self._child()
        child.moment, child.now = stmt, now
        return child

    def iteration(self, loop: Loop, looped: dict[str, Value], now: dict[str, Value]) -> Frame:
        """The same activation in one round of a loop."""
        child = self._child()
        child.loop, child.looped, child.now = loop, looped, now
        return child

    def renewed(self) -> Frame:
        """A frame with the same bindings in which nothing has been found yet."""
        child = self._child()
        child.base, child.bindings = None, dict(self.bindings)
        return child

    def stepped(self, step: Step) -> None:
        """Add a step to the way from the engine's call to the place that names the launch."""
        self.route = (*self.route, step)


class Closure:
    """A function value: its declaration with the frame and statement it was made in."""

    __slots__ = ("at", "decl", "frame", "receiver")

    def __init__(self, decl: FunctionDecl, frame: Frame | None, at: Stmt | None, receiver: Value | None = None) -> None:
        self.decl = decl
        self.frame = frame
        self.at = at
        self.receiver = receiver
