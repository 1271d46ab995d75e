"""What JavaScript source text means at run time: escapes of string and template literals."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-3][0-7]{0,2}|[4-7][0-7]?)|(\r\n|[\s\S]))")
_SINGLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "\n": "", "\r": "", "\r\n": "", "\u2028": "", "\u2029": ""}
_SURROGATE = re.compile("[\ud800-\udfff]")


def _character(match: re.Match[str]) -> str:
    brace, four, two, octal, other = match.groups()
    if other is not None:
        return _SINGLE.get(other, other)
    if octal is not None:
        return chr(int(octal, 8))
    code = int(brace or four or two, 16)
    return chr(code) if code < 0x110000 else "\ufffd"


def unescaped(raw: str) -> str:
    """The run-time text of a literal's source without its quotes. Surrogate pairs become one character; a lone surrogate,
    which no output could encode, becomes U+FFFD."""
    if "\\" not in raw:
        return raw
    text = _ESCAPE.sub(_character, raw)
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def literal(data: bytes, start: int, end: int) -> str:
    """Run-time text of the bytes between a string's quotes."""
    return unescaped(data[start:end].decode("utf-8", "replace"))


def template_piece(data: bytes, start: int, end: int) -> str:
    """Run-time text of a template literal's piece, in which a CRLF of the file is one line feed."""
    raw = data[start:end].decode("utf-8", "replace")
    if "\r" in raw:
        raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    return unescaped(raw)
