"""Text of the checked tree made harmless before it is shown.

A file name may hold a newline and `::error::`, a source line may hold terminal escapes, a message may quote either. A CI runner
takes commands from a job's output, and a terminal from what is written to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# C0 and C1 controls, DEL, line and paragraph separators, every mark that changes the direction of text or has no width
# (Unicode 15.0, Cf with Bidi_Control or Default_Ignorable_Code_Point), byte order mark, surrogates of undecodable bytes.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# GitHub's and Azure's runners look for these anywhere in a line, TeamCity's at its beginning.
_HASH_COMMAND = re.compile(r"##(?=[\w-]*\[)")


def _shown(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if 0xDC80 <= code <= 0xDCFF:
        # A byte of a file name that is not UTF-8.
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def plain(text: str) -> str:
    """One line of visible characters; everything else is written as an escape of Python's."""
    text = _UNSAFE.sub(_shown, text)
    return _HASH_COMMAND.sub(r"#\\x23", text) if "##" in text else text


def joined(lines: Iterable[str]) -> str:
    """Lines of output as one text in which none begins a command: to GitHub's runner `::` does, blanks in front of it do not help."""
    safe = []
    for line in lines:
        if line.lstrip().startswith("::"):
            line = line.replace("::", "\\x3a:", 1)
        safe.append(_HASH_COMMAND.sub(r"#\\x23", line) if "##" in line else line)
    return "\n".join(safe) + "\n"


def dumped(document: object) -> str:
    """A document as JSON: ASCII, and with nothing in it that a runner takes for a command."""
    import msgspec

    # The standard library indents in Python code, which takes ten times as long.
    text = msgspec.json.format(msgspec.json.encode(document), indent=1).decode()
    return _HASH_COMMAND.sub(r"#\\u0023", _BEYOND_ASCII.sub(_unicode_escape, text)) + "\n"


_BEYOND_ASCII = re.compile("[^\x00-\x7e]")


def _unicode_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def encodable(text: str) -> str:
    """Text without surrogates, for formats that have escapes of their own for all else."""
    return re.sub("[\ud800-\udfff]", _shown, text)


def paragraph(text: str) -> str:
    """Prose of ours that quotes the tree: as `plain`, but its own line breaks become blanks."""
    return plain(" ".join(text.split()) if "\n" in text else text)
