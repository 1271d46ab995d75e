"""Secrets out of everything that is shown: messages, values, and the lines of source that a report quotes."""

from __future__ import annotations

import re

from stigmer_lint.model.launch import Launch
from stigmer_lint.model.value import Known

_NAMES = re.compile(r"(?i)(?:^|_)(?:api_?key|key|token|secret|password|passwd|pwd|credentials?)$")

_PAIR = re.compile(r"""(?<![A-Za-z0-9_])([A-Za-z_][A-Za-z0-9_]{1,100})["']?[ \t]*[=:][ \t]*["']?([^\s"',}\]]+)""")
_WORD = re.compile(r"""[^\s"'`,]{6,}""")
_TOO_MANY = 200
"""Secrets of one launch that are searched for by their text; with more, the source is not quoted at all."""


def mask(name: str | None, text: str) -> str:
    """The text as it may be shown."""
    if name and _NAMES.search(name):
        return "***"
    return re.sub(r"(?<=://)([^/@\s:]*):[^/@\s]+@", r"\1:***@", text)


class Secrets:
    """What must not be shown of one launch: texts that are known to be secret, and whatever looks like one."""

    __slots__ = ("_texts", "too_many")

    def __init__(self, texts: dict[str, str], too_many: bool = False) -> None:
        self._texts = texts
        self.too_many = too_many

    @classmethod
    def of_launch(cls, launch: Launch | None) -> Secrets:
        """The secrets that a launch hands to its container."""
        texts: dict[str, str] = {}
        for facts in launch.facts.values() if launch is not None else ():
            for setting in facts.env:
                if isinstance(setting.value, Known) and len(setting.value.text) >= 3:
                    shown = mask(setting.name, setting.value.text)
                    if shown != setting.value.text:
                        texts[setting.value.text] = shown
        return cls({}, True) if len(texts) > _TOO_MANY else cls(texts)

    def and_value(self, name: str | None, value: str | None) -> Secrets:
        """These and the value of one variable, if that is secret."""
        if value is None or len(value) < 3 or value in self._texts:
            return self
        shown = mask(name, value)
        return self if shown == value else Secrets({**self._texts, value: shown}, self.too_many)

    def hide(self, text: str) -> str:
        """The text without secrets."""
        replaced = self.replacements(text)
        if not replaced:
            return text
        out: list[str] = []
        at = 0
        for start, end, new in replaced:
            out += (text[at:start], new)
            at = end
        return "".join(out) + text[at:]

    def hide_value(self, name: str | None, value: str) -> str:
        """A variable's value as it may be shown."""
        shown = mask(name, value)
        return shown if shown != value else self.hide(value)

    def replacements(self, text: str) -> list[tuple[int, int, str]]:
        """What has to be replaced: (start, end, new text), in order, not overlapping."""
        found: list[tuple[int, int, str]] = []
        for secret, shown in self._texts.items():
            at = text.find(secret)
            while at >= 0:
                found.append((at, at + len(secret), shown))
                at = text.find(secret, at + len(secret))
        for match in _PAIR.finditer(text):
            shown = mask(match[1], match[2])
            if shown != match[2]:
                found.append((match.start(2), match.end(2), shown))
        for match in _WORD.finditer(text):
            shown = mask(None, match[0])
            if shown != match[0]:
                found.append((match.start(), match.end(), shown))
        found.sort(key=lambda one: (one[0], -one[1]))
        kept: list[tuple[int, int, str]] = []
        for one in found:
            if not kept or one[0] >= kept[-1][1]:
                kept.append(one)
            elif one[1] > kept[-1][1]:
                # Two that overlap without one holding the other: hide everything that either covers.
                kept[-1] = (kept[-1][0], one[1], "***")
        return kept
