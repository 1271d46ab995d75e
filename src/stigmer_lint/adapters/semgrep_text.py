"""Expressions of languages that have no reader here, from their text: literals, what is joined and interpolated; the rest is a hole.

Texts are read byte for byte (as Latin-1), so that every place is a byte offset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Item, Known, Unknown, Value, join

Range = tuple[int, int]

_OPEN: Final = "([{"
_CLOSE: Final = ")]}"
_MAX_WORDS: Final = 2000
_MAX_REACH: Final = 100_000
"""Bytes of one expression that are looked at."""
_MAX_WORK: Final = 3_000_000
"""Characters of texts that are looked at in one file, again where one is looked at again; after that texts are holes."""
_MAX_NESTING: Final = 4
"""Formats and brackets inside each other that are followed."""
_NAME: Final = re.compile(r"[&*]?\$?[A-Za-z_][\w]*(?:(?:\.|::|->)[A-Za-z_]\w*)*")
_TRAILING: Final = re.compile(r"\s*\.\s*(?:to_string|into|to_owned|as_str|toString|freeze|strip|trim|to_s|clone|trimIndent)\s*(?:\(\s*\))?\s*\Z")
_FORMAT: Final = re.compile(r"(?:format!|String\.format|sprintf|string\.Format)\s*\(")
_ENVIRONMENT: Final = re.compile(
    r"(?:System\.getenv|ENV\.fetch|(?:std::)?env::var|getenv|Environment\.GetEnvironmentVariable)\(\s*[\"'](\w+)[\"']\s*\)(?:\.\w+\(\s*\))?|ENV\[[\"'](\w+)[\"']\]"
)
_FORMAT_HOLE: Final = re.compile(r"\{\{|\}\}|%%|\{[^{}]*\}|%[-+0-9.]*[a-zA-Z]")
_LIST: Final = re.compile(r"(?:List\.of|Arrays\.asList|(?:mutable)?[lL]istOf|arrayOf)\s*\(|new\s+String\s*\[\s*\]\s*\{|&?\[|vec!\s*\[|\{")
_GROWING: Final = re.compile(
    r"(new\s+(?:java\.util\.)?(?:ArrayList|LinkedList|List)\s*<[^(){}\n]*>\s*\()(?!\s*\)\s*\{)|new\s+List\s*<[^(){}\n]*>\s*(?:\(\s*\)\s*)?\{|mutableListOf(?:<\w+>)?\s*\("
)
"""Lists that get more items; the first form is given a list, the others items."""
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_CHARACTER: Final = re.compile(r"'(?:\\.[^']{0,8}|[^'\\])'")


class Texts:
    """The expressions of one file. `names`: what is assigned to a name, as ranges of expressions."""

    def __init__(self, path: str, data: bytes, language: str, names: Mapping[str, frozenset[Range]] | None = None) -> None:
        self.path = path
        self.text = data.decode("latin-1")
        self.language = language
        self._names = names or {}
        self._nesting = 0
        self._work = 0
        self._quotes = "\"'`" if language in ("ruby", "php") else '"'

    def list_from(self, start: int, deep: bool = True) -> tuple[list[Item], int]:
        """The items of a list whose first begins at `start`, up to the bracket that closes it; and where the last one ends. `deep`: a list that is
        spread in it is looked up."""
        items: list[Item] = []
        end = start
        at = start
        while len(items) < _MAX_WORDS:
            stop = self._item_end(at)
            first, last = self._trimmed(at, stop)
            if first < last:
                spread = self.text.startswith(("*", "..."), first) and self.language in ("ruby", "php", "kotlin", "csharp")
                known = self.words_of(first + len(self.text[first:last]) - len(self.text[first:last].lstrip("*.")), last, False) if spread and deep else None
                if known is not None:
                    items.extend(known)
                else:
                    value = Unknown("a list that is not followed", "other", None, self.span(first, last)) if spread else self.value(first, last)
                    items.append(Item(value, rest=spread))
                end = last
            if stop >= len(self.text) or self.text[stop] != ",":
                break
            at = stop + 1
        return items, end

    def value(self, start: int, end: int, deep: bool = True) -> Value:
        """The value of the expression in a range. `deep`: names are looked up."""
        start, end = self._trimmed(start, end)
        while start < end and self.text[start] == "&":
            start += 1
        while True:
            shorter = _TRAILING.search(self.text, start, end)
            if shorter is None or shorter.start() <= start:
                break
            end = shorter.start()
        pieces = self._split(start, end)
        if len(pieces) > 1:
            return join(tuple(self.value(first, last, deep) for first, last in pieces), self.span(start, end))
        return self._single(start, end, deep)

    def command_line(self, start: int, end: int) -> Value:
        """As `value`, for a text between backticks, of which Semgrep gives the inside."""
        inside = start > 0 and self.text[start - 1] == "`"
        return self.value(start - 1, end + 1) if inside else self.value(start, end)

    def words_of(self, start: int, end: int, deep: bool = True) -> list[Item] | None:
        """The items of a list that is assigned to the name in a range, None where that is none. `deep` as in `list_from`."""
        name = self.text[start:end].strip()
        ranges = self._names.get(name, frozenset())
        if len(ranges) != 1:
            return None
        ((first, last),) = ranges
        growing = _GROWING.match(self.text, first, last)
        if growing is not None and last <= start:
            return self._grown(name, growing.end(), growing[1] is not None, last, start)
        opened = _LIST.match(self.text, first, last)
        return self.list_from(opened.end(), deep)[0] if opened is not None else None

    def _grown(self, name: str, inside: int, of_list: bool, last: int, until: int) -> list[Item]:
        """The items of a list that begins with what stands `inside` its constructor (a list itself, or its items) and gets more by calls on its name."""
        opened = _LIST.match(self.text, inside) if of_list else None
        first, end = self._trimmed(inside, self._item_end(inside))
        if opened is not None or not of_list:
            items = self.list_from(opened.end() if opened is not None else inside, False)[0]
        else:
            items = [] if first == end else [self._rest(first, end)]
        until = min(until, last + _MAX_REACH)
        self._work += until - last
        if self._work > _MAX_WORK:
            return [*items, self._rest(last, last)]
        margin = self._margin(last)
        for added in re.finditer(rf"(?<![\w.]){re.escape(name)}\s*\.\s*(?:add|Add)(All|Range)?\s*\(", self.text[last:until]):
            at = last + added.end()
            maybe = self._margin(last + added.start()) > margin
            given, several = _LIST.match(self.text, at), added[1] is not None
            first, end = self._trimmed(at, self._item_end(at))
            if several and given is not None:
                items.extend(msgspec.structs.replace(item, maybe=maybe) for item in self.list_from(given.end(), False)[0])
            else:
                items.append(self._rest(first, end) if several else Item(self.value(first, end), maybe))
        return items

    def _rest(self, start: int, end: int) -> Item:
        return Item(Unknown("a list that is not followed", "other", None, self.span(start, end)), rest=True)

    def _margin(self, at: int) -> int:
        line = self.text.rfind("\n", max(0, at - _MAX_REACH), at) + 1
        return len(self.text[line:at]) - len(self.text[line:at].lstrip())

    def span(self, start: int, end: int) -> Span:
        """A place in the file."""
        return Span(self.path, start, end)

    def _single(self, start: int, end: int, deep: bool) -> Value:
        text = self.text
        string = self._string(start, deep)
        # Semgrep ends an interpolated text of C# before its last quote.
        if string is not None and (string[0] == end or (string[0] == end + 1 and text[end] in self._quotes)):
            return string[1][0] if len(string[1]) == 1 else join(string[1], self.span(start, end))
        read = _ENVIRONMENT.fullmatch(text, start, end)
        if read is not None:
            return Unknown(f"the variable {read[1] or read[2]}", "env", read[1] or read[2], self.span(start, end))
        call = _FORMAT.match(text, start, end)
        bracketed = text.startswith("(", start) and self._item_end(start + 1) == end - 1
        if ((call is not None and text[end - 1] == ")") or bracketed) and self._nesting < _MAX_NESTING:
            self._nesting += 1
            found = self._formatted(call.end(), start, end, deep) if call is not None else self.value(start + 1, end - 1, deep)
            self._nesting -= 1
            return found
        if re.fullmatch(r"-?[0-9]+", text[start:end]):
            return Known(text[start:end], self.span(start, end), kind="num")
        name = _NAME.fullmatch(text, start, end)
        if name is not None:
            word = name[0].lstrip("&*")
            assigned = self._names.get(re.split(r"\.|::|->", word)[-1], frozenset()) if deep else frozenset()
            if len(assigned) == 1:
                ((first, last),) = assigned
                return self.value(first, last, False)
            return Unknown(f"{word} is not followed", "other", word, self.span(start, end))
        return Unknown("an expression that is not followed", "other", None, self.span(start, end))

    def _formatted(self, first: int, start: int, end: int, deep: bool) -> Value:
        items, _ = self.list_from(first)
        stop = self._item_end(first)
        begin, last = self._trimmed(first, stop)
        string = self._string(begin, deep)
        if string is None or string[0] != last:
            return Unknown("a format that is not followed", "other", None, self.span(start, end))
        given = iter(items[1:])
        parts: list[Value] = []
        for piece in string[1]:
            if not isinstance(piece, Known):
                parts.append(piece)
                continue
            at = 0
            base = piece.span.start if piece.span is not None and piece.span.end - piece.span.start == len(piece.text.encode()) else None
            for hole in _FORMAT_HOLE.finditer(piece.text):
                parts.append(self._part(piece, at, hole.start(), base))
                at = hole.end()
                if hole[0] in ("{{", "}}", "%%"):
                    parts.append(Known(hole[0][0], piece.span))
                    continue
                named = re.fullmatch(r"\{([A-Za-z_]\w*)(?::[^}]*)?\}", hole[0])
                if named is not None:
                    ranges = self._names.get(named[1], frozenset()) if deep else frozenset()
                    parts.append(self.value(*next(iter(ranges)), False) if len(ranges) == 1 else Unknown(f"{named[1]} is not followed", "other", named[1], piece.span))
                    continue
                item = next(given, None)
                parts.append(item.value if item is not None else Unknown("what a format is given", "other", None, piece.span))
            parts.append(self._part(piece, at, len(piece.text), base))
        return join(tuple(part for part in parts if part != Known("")), self.span(start, end))

    def _part(self, piece: Known, start: int, end: int, base: int | None) -> Value:
        text = piece.text[start:end]
        if not text:
            return Known("")
        if base is None:
            return msgspec.structs.replace(piece, text=text)
        first = base + len(piece.text[:start].encode())
        return Known(text, self.span(first, first + len(text.encode())))

    def _trimmed(self, start: int, end: int) -> Range:
        text = self.text
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        return start, end

    def _skip(self, at: int) -> int:
        """The place behind a text or comment that begins at `at`, else `at`."""
        text = self.text
        if text.startswith("//", at) and self.language != "ruby":
            end = text.find("\n", at)
            return len(text) if end < 0 else end
        if text.startswith("/*", at):
            end = text.find("*/", at + 2)
            return len(text) if end < 0 else end + 2
        if text[at] == "#" and self.language in ("ruby", "php"):
            end = text.find("\n", at)
            return len(text) if end < 0 else end
        if text[at] == "'" and "'" not in self._quotes:
            character = _CHARACTER.match(text, at)
            return character.end() if character is not None else at + 1
        # A prefix of a text is a letter of a word otherwise.
        if text[at] in "\"'`$@rb" and (text[at] in self._quotes or not (at and (text[at - 1].isalnum() or text[at - 1] == "_"))):
            string = self._string(at, False)
            if string is not None:
                return string[0]
        return at

    def _item_end(self, at: int) -> int:
        """Where the item that begins at `at` ends: at a comma, at a bracket that it did not open, or at the end of the statement."""
        text = self.text
        depth = 0
        last = ","
        reach = min(len(text), at + _MAX_REACH)
        while at < reach:
            char = text[at]
            if depth == 0 and (char in ",;" or (char == "\n" and self.language == "ruby" and last not in ",([{\\+.")):
                return at
            skipped = self._skip(at)
            if skipped > at:
                if text[at] != "#" and not text.startswith(("//", "/*"), at):
                    last = "x"
                at = skipped
                continue
            if char in _OPEN:
                depth += 1
            elif char in _CLOSE:
                if depth == 0:
                    return at
                depth -= 1
            if not char.isspace():
                last = char
            at += 1
        return at

    def _split(self, start: int, end: int) -> list[Range]:
        """The operands of joining, one where nothing is joined."""
        text = self.text
        joint = "." if self.language == "php" else "+"
        found: list[Range] = []
        depth = 0
        at = begin = start
        while at < end:
            skipped = self._skip(at)
            if skipped > at:
                at = skipped
                continue
            char = text[at]
            depth += (char in _OPEN) - (char in _CLOSE)
            if char == joint and depth == 0:
                found.append((begin, at))
                begin = at + 1
            at += 1
        found.append((begin, end))
        return found if all(first < last for first, last in (self._trimmed(*one) for one in found)) else [(start, end)]

    def _string(self, start: int, deep: bool) -> tuple[int, tuple[Value, ...]] | None:
        """The text literal that begins at `start`: where it ends, and its pieces. None where there is none."""
        before = self._work
        found = self._literal(start, deep) if before < _MAX_WORK else None
        self._work += (found[0] - start if found is not None else min(len(self.text) - start, _MAX_REACH)) if self._work == before else 0
        return found

    def _literal(self, start: int, deep: bool) -> tuple[int, tuple[Value, ...]] | None:
        text = self.text
        language = self.language
        at = start
        while at < len(text) and at - start < 3 and text[at] in "$@rb":
            at += 1
        prefix = text[start:at]
        if prefix and not ((language == "csharp" and set(prefix) <= set("$@")) or (language == "rust" and set(prefix) <= set("rb"))):
            return None
        hashes = 0
        if language == "rust" and "r" in prefix:
            while text.startswith("#", at):
                hashes += 1
                at += 1
        if at >= len(text) or text[at] not in self._quotes:
            return None
        quote = text[at]
        raw = "@" in prefix or "r" in prefix or (quote == "'" and language in ("ruby", "php"))
        closer = quote + "#" * hashes
        if text.startswith(quote * 3, at) and language in ("java", "kotlin", "csharp"):
            closer = quote * 3
            raw = language != "java"
        at += len(closer) - hashes
        hole = self._hole(prefix, quote)
        pieces: list[Value] = []
        begin = at
        decoded: list[str] = []

        def flush(until: int) -> None:
            if decoded:
                pieces.append(Known("".join(decoded).encode("latin-1", "replace").decode("utf-8", "replace"), self.span(begin, until)))
            decoded.clear()

        reach = min(len(text), at + _MAX_REACH)
        while at < reach:
            if text.startswith(closer, at):
                flush(at)
                if not pieces:
                    pieces.append(Known("", self.span(at, at)))
                return at + len(closer), tuple(pieces)
            char = text[at]
            if char == "\\" and not raw and at + 1 < len(text):
                decoded.append(_ESCAPES.get(text[at + 1], text[at + 1]))
                at += 2
                continue
            found = hole.match(text, at) if hole is not None else None
            if found is not None:
                stop = found.end()
                if found[0][-1] == "{":
                    stop = self._closed(found.end())
                    self._work += stop - at
                    if text[stop - 1] != "}":
                        return None
                    inner = (found.end(), stop - 1)
                else:
                    inner = (found.start() + len(found[1] or ""), stop)
                flush(at)
                pieces.append(self._hole_value(*inner, deep))
                at = begin = stop
                continue
            decoded.append(char)
            at += 1
        return None

    def _hole_value(self, start: int, end: int, deep: bool) -> Value:
        word = self.text[start:end].split(":")[0].strip().lstrip("&*")
        ranges = self._names.get(word, frozenset()) if deep else frozenset()
        if len(ranges) == 1:
            return self.value(*next(iter(ranges)), False)
        read = _ENVIRONMENT.fullmatch(self.text, start, end)
        if read is not None:
            return Unknown(f"the variable {read[1] or read[2]}", "env", read[1] or read[2], self.span(start, end))
        named = word if _NAME.fullmatch(word) else None
        return Unknown(f"{named} is not followed" if named else "an expression that is not followed", "other", named, self.span(start, end))

    def _hole(self, prefix: str, quote: str) -> re.Pattern[str] | None:
        if self.language == "kotlin":
            return re.compile(r"(\$)(?:\{|[A-Za-z_]\w*)")
        if self.language == "csharp":
            return re.compile(r"()(?<!\{)\{(?!\{)") if "$" in prefix else None
        if self.language == "ruby":
            return re.compile(r"()#\{") if quote != "'" else None
        if self.language == "php":
            return re.compile(r"()(?:\{(?=\$)|\$\{|\$[A-Za-z_]\w*(?:->\w+)?)") if quote != "'" else None
        return None

    def _closed(self, at: int) -> int:
        """The place behind the brace that closes one before `at`."""
        depth = 1
        reach = min(len(self.text), at + _MAX_REACH)
        while at < reach:
            char = self.text[at]
            if char == '"':
                closing = self.text.find('"', at + 1, reach)
                at = closing if closing >= 0 else at
            if char in "{}":
                depth += 1 if char == "{" else -1
                if depth == 0:
                    return at + 1
            at += 1
        return at
