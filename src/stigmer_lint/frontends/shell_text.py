"""The text that the shell parser reads, and where each of its characters is written.

A script does not always stand in its file character by character: line ends are CRLF, a recipe doubles its dollars, a string literal of
another language has escapes, a YAML block is indented, and pieces come from elsewhere. `ScriptText` is what the shell gets; a
map of runs leads back to the file.

One character of `text` is one byte of the script's UTF-8 (Latin-1 decoded, so that offsets are byte offsets and invalid UTF-8 passes), or,
from `HOLE` up, a hole: a place whose text is not known when the shell reads it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow.ir import Expr, Name, Range
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.model.value import Known, Template, Value

HOLE: Final = 0xF0000
"""First of the private code points that stand for holes; no byte of a script can be one."""

MAX_HOLES: Final = 0x10FFFF - HOLE

_HOLES: Final = re.compile("[\U000f0000-\U0010ffff]")
_GAP: Final = 200
"""Bytes between two literal pieces that are taken for the expression between them, or for indentation."""


class ScriptText:
    """A script's characters, its holes, and the way back to the file. `base`: index of the first character to read."""

    __slots__ = ("_file_ends", "_files", "_starts", "_whole", "base", "holes", "text")

    def __init__(self, text: str, whole: Range, base: int = 0) -> None:
        self.text = text
        self.base = base
        self.holes: list[Expr] = []
        self._whole = whole
        self._starts: list[int] | None = None
        self._files: list[int] = []
        self._file_ends: list[int] = []

    def range(self, start: int, end: int) -> Range:
        """The bytes of the file in which characters `start` to `end` are written; the whole script's where that cannot be told."""
        starts = self._starts
        if starts is None:
            return start, end
        first = bisect_right(starts, start) - 1
        low = self._place(first, start)
        if end <= start:
            return (low, low) if low >= 0 else self._whole
        last = bisect_right(starts, end - 1) - 1
        high = self._end(last, end)
        # Pieces from far apart (a definition that a recipe takes over) have no common place of their own.
        return (low, high) if 0 <= low <= high <= low + 4 * (end - start) + _GAP else self._whole

    def _place(self, run: int, at: int) -> int:
        """The byte at which a character starts, -1 where it is not known."""
        file = self._files[run]
        if file < 0 or at == self._starts_of(run):
            return file
        exact = self._file_ends[run] - file == self._length(run)
        return file + at - self._starts_of(run) if exact else file

    def _end(self, run: int, end: int) -> int:
        file = self._files[run]
        if file < 0:
            return -1
        exact = self._file_ends[run] - file == self._length(run)
        return file + end - self._starts_of(run) if exact else self._file_ends[run]

    def _starts_of(self, run: int) -> int:
        return self._starts[run] if self._starts is not None else 0

    def _length(self, run: int) -> int:
        starts = self._starts or [0]
        return (starts[run + 1] if run + 1 < len(starts) else len(self.text)) - starts[run]

    def copy(self, builder: ScriptBuilder, start: int, end: int) -> None:
        """Append characters `start` to `end` to another script, each with its own place."""
        starts = self._starts
        if starts is None:
            builder.add(self.text[start:end], start)
            return
        run = bisect_right(starts, start) - 1
        while start < end:
            stop = min(end, starts[run] + self._length(run))
            low, high = self.range(start, stop)
            exact = high - low == stop - start
            builder.add(self.text[start:stop], low if self._files[run] >= 0 else -1, None if exact else high)
            start = stop
            run += 1

    def expression(self, hole: str) -> Expr:
        """What stands for a hole."""
        return self.holes[min(ord(hole) - HOLE, len(self.holes) - 1)]

    def mapped(self, starts: list[int], files: list[int], file_ends: list[int]) -> None:
        """Set the runs: characters from `starts[i]` stand at bytes `files[i]` (-1: not known) to `file_ends[i]`."""
        self._starts, self._files, self._file_ends = starts, files, file_ends


class ScriptBuilder:
    """Puts a script together from pieces with places. `whole`: the range that stands for every piece without one."""

    __slots__ = ("_ends", "_files", "_length", "_parts", "_starts", "_whole", "holes")

    def __init__(self, whole: Range) -> None:
        self._whole = whole
        self._parts: list[str] = []
        self._length = 0
        self._starts: list[int] = []
        self._files: list[int] = []
        self._ends: list[int] = []
        self.holes: list[Expr] = []

    def add(self, text: str, file: int = -1, file_end: int | None = None) -> None:
        """Append characters (Latin-1 of UTF-8 bytes) that stand at byte `file`; -1: nowhere known. `file_end` where the file's spelling
        has another length than the text."""
        if not text:
            return
        end = file + len(text) if file_end is None else file_end
        same = self._starts and file >= 0 and self._ends[-1] == file and file_end is None and self._exact_tail()
        if same:
            self._ends[-1] = end
        else:
            self._starts.append(self._length)
            self._files.append(file)
            self._ends.append(end)
        self._parts.append(text)
        self._length += len(text)

    @property
    def reached(self) -> int:
        """The byte of the file up to which pieces have been found, -1 where there is none."""
        return max(self._ends[-3:], default=-1)

    def _exact_tail(self) -> bool:
        return self._files[-1] >= 0 and self._ends[-1] - self._files[-1] == self._length - self._starts[-1]

    def hole(self, expr: Expr, place: Range | None = None) -> None:
        """Append a hole for which `expr` stands."""
        if len(self.holes) < MAX_HOLES:
            self.holes.append(expr)
        char = chr(HOLE + len(self.holes) - 1)
        if place is None:
            self.add(char)
        else:
            self.add(char, place[0], place[1])

    def _place_holes(self) -> None:
        """A hole between two pieces of one literal stands where they leave a gap: `%s`, `${x}`, `" + x + "`."""
        for run in range(1, len(self._files) - 1):
            low, high = self._ends[run - 1], self._files[run + 1]
            if self._files[run] < 0 <= self._files[run - 1] and self._starts[run + 1] - self._starts[run] == 1 and low < high <= low + _GAP:
                self._files[run], self._ends[run] = low, high

    def finish(self) -> ScriptText:
        """The script."""
        self._place_holes()
        script = ScriptText("".join(self._parts), self._whole)
        script.holes = self.holes
        if not self._starts:
            self._starts, self._files, self._ends = [0], [self._whole[0]], [self._whole[0]]
        script.mapped(self._starts, self._files, self._ends)
        return script


def file_text(source: SourceFile) -> ScriptText:
    """A whole file as a script. Raises UnreadableError for NUL bytes and UTF-16."""
    data = source.data
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UnreadableError(source.path, "the file is UTF-16, not UTF-8", 0)
    nul = data.find(b"\0")
    if nul >= 0:
        raise UnreadableError(source.path, "the file holds NUL bytes, so it is no text", nul)
    base = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    text = data.decode("latin-1")
    if "\r" not in text:
        return ScriptText(text, (0, len(text)), base)
    builder = ScriptBuilder((0, len(text)))
    add_lines(builder, text[base:], base)
    return builder.finish()


def add_lines(builder: ScriptBuilder, text: str, file: int) -> None:
    """Append text that stands at byte `file`, each CRLF as one line end: the shell of a checkout with LF never sees the CR."""
    at = 0
    for piece in text.split("\r\n"):
        if at:
            builder.add("\n", file + at - 2, file + at)
        builder.add(piece, file + at)
        at += len(piece) + 2


def latin(text: str) -> str:
    """A run-time text as the characters of a ScriptText."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("latin-1")


def value_text(
    value: Value, span: Span, sources: Callable[[str], SourceFile | None] | None = None, first: int = 0
) -> tuple[ScriptText, dict[str, Value]]:
    """A script given as a value: known pieces are its text, every other piece is a hole, a Name "{0}", "{1}" ... in the result's bindings,
    counted from `first`.

    `span` is the whole value's; pieces that are written in other files, or whose places cannot be told, get it. With `sources`
    literals are matched with the file's bytes through escapes and indentation; without, only where the lengths tell.
    """
    whole = (span.start, span.end)
    builder = ScriptBuilder(whole)
    bindings: dict[str, Value] = {}
    source = sources(span.path) if sources is not None else None
    for part in value.parts if isinstance(value, Template) else (value,):
        place = part.span if part.span is not None and part.span.path == span.path else None
        if isinstance(part, Known):
            if place is not None and place.start < builder.reached < place.end:
                # The pieces of one format string come with the whole string's place.
                place = Span(place.path, builder.reached, place.end)
            _add_known(builder, latin(part.text), place, source)
            continue
        name = f"{{{first + len(bindings)}}}"
        bindings[name] = part
        at = (place.start, place.end) if place is not None else None
        builder.hole(Name(at or whole, name), at)
    script = builder.finish()
    for match in _HOLES.finditer(script.text):
        index = ord(match[0]) - HOLE
        script.holes[index] = Name(script.range(*match.span()), f"{{{first + index}}}")
    return script, bindings


_QUOTES: Final = {0: 0, 2: 1, 6: 3}
"""How much longer a literal is than its text -> length of its opening quote."""


def _add_known(builder: ScriptBuilder, text: str, place: Span | None, source: SourceFile | None) -> None:
    if place is None:
        for index, piece in enumerate(text.split("\r\n")):
            builder.add("\n" + piece if index else piece)
        return
    if source is not None:
        align(builder, text, source.data.decode("latin-1"), place.start, place.end)
        return
    quote = _QUOTES.get(place.end - place.start - len(text))
    if quote is None:
        builder.add(text.replace("\r\n", "\n"), place.start, place.end)
    else:
        add_lines(builder, text, place.start + quote)


_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}
_DIGITS: Final = {"x": 2, "u": 4, "U": 8}
_LINE_END: Final = re.compile(r"\r?\n|\\{1,2}(?:r\\)?n")
_JUNK: Final = 256
"""Bytes that may stand between two characters of one text: indentation, `" +` and a line end, a closing and an opening quote."""


def align(builder: ScriptBuilder, text: str, data: str, start: int, end: int) -> None:
    """Append `text`, which a literal at bytes `start` to `end` of the file stands for. Linear: every line is sought once, near the last."""
    at = data.find(text, start, end)
    if at >= 0:
        add_lines(builder, text, at)
        return
    place = start
    for index, line in enumerate(text.split("\n")):
        line = line.removesuffix("\r")
        if index:
            # A backslash before the line end is half of `\\\\` where the literal has escapes.
            ending = _LINE_END.match(data, place, end)
            builder.add("\n", place, ending.end() if ending else place)
            place = ending.end() if ending else place
        if not line:
            continue
        at = data.find(line, place, min(end, place + len(line) + _JUNK))
        if at >= 0:
            if at > place and data[at - 1] == "\\" and line[0] in "\"'\\":
                builder.add(line[0], at - 1, at + 1)
                builder.add(line[1:], at + 1)
            else:
                builder.add(line, at)
            place = at + len(line)
            continue
        reached = _align_line(builder, line, data, place, end)
        if reached is None:
            builder.add(line)
        else:
            place = reached


def _align_line(builder: ScriptBuilder, line: str, data: str, place: int, end: int) -> int | None:
    """Append one line whose spelling in the file differs; where it ends, None (and nothing appended) where they do not meet."""
    pieces: list[tuple[str, int, int]] = []
    size = len(line)
    at = 0
    while at < size:
        stop = min(end, place + _JUNK)
        while place < stop:
            length, text = _written(data, place, end, line, at)
            if line.startswith(text, at):
                break
            if not (data[place] in _BETWEEN or (data[place] in "frbuFRBU" and data[place + 1 : place + 2] in ('"', "'"))):
                return None
            place += 1
        else:
            return None
        pieces.append((text, place, place + length))
        at += len(text)
        place += length
    for text, low, high in pieces:
        builder.add(text, low, None if high - low == len(text) else high)
    return place


_BETWEEN: Final = frozenset(" \t\r\n\"'`+,()\\|>-")


def _written(data: str, place: int, end: int, line: str, at: int) -> tuple[int, str]:
    """The length of one written character, and what it stands for in the common string syntaxes; of two readings, the one that `line` has."""
    char = data[place]
    following = data[place + 1 : place + 2] if place + 1 < end else ""
    if char == "\\" and following:
        if line.startswith(char, at) and following != char and line.startswith(following, at + 1):
            return 1, char
        if following in _ESCAPES:
            return 2, _ESCAPES[following]
        digits = _DIGITS.get(following)
        if digits is not None:
            try:
                return 2 + digits, latin(chr(int(data[place + 2 : place + 2 + digits], 16)))
            except (ValueError, OverflowError):
                return 1, char
        return (2, following) if not following.isalnum() and following not in "\r\n" else (1, char)
    if char in "%{}'" and following == char and not line.startswith(char, at + 1):
        # Format strings and YAML's single quotes double the character that they give a meaning to.
        return 2, char
    return 1, char
