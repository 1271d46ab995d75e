"""A line of a script that replaces spellings of loopback with sed, made to replace all of them and only whole names."""

from __future__ import annotations

import itertools
import re

from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit

_STEP = rb"s([/|#,@])(?:localhost|127\\?\.0\\?\.0\\?\.1|0\\?\.0\\?\.0\\?\.0)\1([\w.-]+)\1g?"
_ONE = re.compile(_STEP)
_CHAIN = re.compile(rb"(?<![\w-])sed\s[^$`()\r\n]*")
_GLUE = re.compile(rb"(?:\s|;|['\"]|-e(?=\s)|\|\s*sed(?=\s))*\Z")
_WHOLE = r"(^|[^[:alnum:]_.-])(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])([^[:alnum:]_.-]|$)"


def extend_sed(source: SourceFile, place: Span) -> Answer:
    """The calls of sed inside `place` as one with an extended expression, which POSIX has had since 2024 and GNU, BSD and BusyBox long before."""
    chain = _CHAIN.search(source.data, place.start, place.end)
    steps = list(_ONE.finditer(source.data, chain.start(), chain.end())) if chain is not None else []
    if chain is None or not steps:
        return CannotFix("its replacements are not written in a form that is known")
    aliases = {step[2] for step in steps}
    start, end = chain.start(), steps[-1].end()
    between = [source.data[start + len(b"sed") : steps[0].start()], *(source.data[one.end() : two.start()] for one, two in itertools.pairwise(steps))]
    quote = source.data[end : end + 1]
    if len(aliases) != 1 or quote not in (b"'", b'"') or not all(_GLUE.match(text) for text in between):
        return CannotFix("it does more than replace loopback by one name")
    written = f"sed -E 's#{_WHOLE}#\\1{aliases.pop().decode()}\\3#g'"
    return Written((Edit(Span(source.path, start, end + 1), written),), "replace every spelling of loopback, and only whole names", sure=False)
