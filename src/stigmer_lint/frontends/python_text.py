"""The text of Python files: what the grammar is given, and the run-time text of string literals."""

from __future__ import annotations

import re

_ESCAPE = r"\\(?P<escape>\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^{}]*\}|.)"
_PLAIN = re.compile(_ESCAPE, re.DOTALL)
_TEMPLATE = re.compile(_ESCAPE + r"|(?P<brace>\{\{|\}\})", re.DOTALL)
_SIMPLE = {
    "\n": "", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}


_LONE_RETURN = re.compile(rb"\r(?!\n)")
_COMMENT_LINES = re.compile(rb"(?:^[ \t\f]*#[^\n]*\n(?:[ \t\f\r]*\n)*+)++", re.MULTILINE)
_CONTINUATIONS = re.compile(rb"(?:\\\r?\n[ \t]*+)++")
_OPEN_CHARACTER_NAME = re.compile(rb"\\N\{(?![\w \-]{1,100}\})")

LONG = 64
"""Lines in a row that the grammar gets as one."""


MAX_INDENTATION = 300
"""Indentation levels that are read. CPython itself refuses more than 100 (MAXINDENT); the grammar's scanner has room for 511 at most and
has been seen to overrun its memory where there are more."""
_INDENTED_FAR = re.compile(rb"^[ \t\f]{40}", re.MULTILINE)
_INDENTATION = re.compile(rb"^([ \t\f]*)[^ \t\f\r\n#]", re.MULTILINE)


def over_indented(data: bytes) -> int | None:
    """Byte offset of the first line beyond MAX_INDENTATION levels, None where there is none."""
    # A tab counts for eight columns, so fewer characters than this cannot be so many levels.
    if _INDENTED_FAR.search(data) is None:
        return None
    levels = [0]
    for line in _INDENTATION.finditer(data):
        width = len(line[1].expandtabs())
        while levels[-1] > width:
            levels.pop()
        if levels[-1] < width:
            levels.append(width)
            if len(levels) > MAX_INDENTATION:
                return line.start()
    return None


def readable(data: bytes) -> bytes:
    """The file as the grammar is to see it: every byte at its place and every token the same, but lines end as the grammar expects, and
    what its scanner reads in quadratic time is written so that it does not. Texts are read from the file itself."""
    if b"\r" in data:
        # The language ends lines at a lone CR too, the grammar does not.
        data = _LONE_RETURN.sub(b"\n", data)
    if data.count(b"#") > LONG:
        # After every line of a block of comments the scanner looks for the line after the block: let it be one comment.
        data = _COMMENT_LINES.sub(_one_line, data)
    if data.count(b"\\\n") + data.count(b"\\\r\n") > LONG:
        data = _CONTINUATIONS.sub(_spaces, data)
    if data.count(b"\\N{") > LONG:
        # `\N{` that is never closed is looked for up to the end of the file, each time.
        data = _OPEN_CHARACTER_NAME.sub(b"\\\\n_", data)
    return data


def _one_line(match: re.Match[bytes]) -> bytes:
    lines = match[0]
    return lines[:-1].replace(b"\n", b" ").replace(b"\r", b" ") + b"\n" if lines.count(b"\n") > LONG else lines


def _spaces(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0]) if match[0].count(b"\n") > LONG else match[0]


def decode(data: bytes, prefix: str, template: bool) -> str:
    """The value of the bytes between the quotes of a literal (or of a literal piece of an f-string, `template`).

    `prefix` is the literal's, in lower case. Bytes that are not UTF-8 and code points that UTF-8 cannot carry become U+FFFD."""
    text = data.decode("utf-8", "replace")
    if "\r" in text:
        # The language reads every line end as LF, inside literals too.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "r" in prefix:
        return text.replace("{{", "{").replace("}}", "}") if template else text
    if template:
        return _TEMPLATE.sub(_unescaped, text) if "\\" in text or "{{" in text or "}}" in text else text
    if "\\" not in text:
        return text
    return _PLAIN.sub(_unescaped_bytes if "b" in prefix else _unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    escape = match["escape"]
    if escape is None:
        return match[0][0]
    simple = _SIMPLE.get(escape)
    if simple is not None:
        return simple
    kind = escape[0]
    if kind in "01234567":
        return chr(int(escape, 8))
    if len(escape) == 1:
        return match[0]
    if kind == "N":
        import unicodedata

        try:
            return unicodedata.lookup(escape[2:-1])
        except KeyError:
            return match[0]
    code = int(escape[1:], 16)
    return "\ufffd" if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF else chr(code)


def _unescaped_bytes(match: re.Match[str]) -> str:
    return match[0] if match["escape"][0] in "uUN" else _unescaped(match)
