"""Run-time text of Python string literals, from their source text."""

from __future__ import annotations

import re

_ESCAPE = r"\\(?P<escape>\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^{}]*\}|.)"
_PLAIN = re.compile(_ESCAPE, re.DOTALL)
_TEMPLATE = re.compile(_ESCAPE + r"|(?P<brace>\{\{|\}\})", re.DOTALL)
_SIMPLE = {
    "\n": "", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}


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
