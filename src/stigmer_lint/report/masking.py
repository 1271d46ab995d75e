"""Secrets out of everything that is shown: messages, values, and the lines of source that a report quotes."""

from __future__ import annotations

import re

from stigmer_lint.knowledge.secrets import MASK, is_secret, mask
from stigmer_lint.model.launch import Launch
from stigmer_lint.model.value import Known, text_of

# A name and a value side by side, as code and configuration write them: `"NAME": "value"`, `NAME = value`, `("NAME", "value")`,
# `Name: "NAME", Value: "value"`. `NAME=value` is known to `mask`. The value is looked ahead to: it may itself be the name of the next.
_PAIR = re.compile(
    r"""(?<![A-Za-z0-9_])(?P<name>[A-Za-z_][A-Za-z0-9_]{1,100})(?=["'`]?[ \t]*[=:,][ \t]*(?:[Vv]alue["']?[ \t]*[:=][ \t]*)?"""
    r"""(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|`(?P<back>[^`]+)`|(?P<bare>[^\s"'`,;)}\]]+)))"""
)
_GROUPS = ("double", "single", "back", "bare")
_WORD = re.compile(r"[a-z]{3,12}")
_SHORT = 3
"""Shorter secrets are not looked for by their text: they would be found everywhere."""
_TOO_MANY = 200
"""Secrets of one launch that are looked for by their text; with more, its source is not quoted at all."""


class Secrets:
    """What must not be shown of one launch: texts that are known to be secret, and whatever looks like one."""

    __slots__ = ("_texts", "too_many")

    def __init__(self, texts: dict[str, str], too_many: bool = False) -> None:
        self._texts = dict(sorted(texts.items(), key=lambda item: -len(item[0])))
        self.too_many = too_many

    @classmethod
    def of_launch(cls, launch: Launch | None) -> Secrets:
        """The secrets that a launch hands to its container."""
        if launch is None:
            return cls({})
        texts: dict[str, str] = {}
        for facts in launch.facts.values():
            for setting in facts.env:
                # What the container is called as well is in every file that speaks of it.
                if isinstance(setting.value, Known) and len(setting.value.text) >= _SHORT and setting.value.text not in (launch.service, text_of(facts.name)):
                    shown = mask(setting.name, setting.value.text)
                    if shown != setting.value.text:
                        texts[setting.value.text] = shown
        return cls({}, True) if len(texts) > _TOO_MANY else cls(texts)

    def and_value(self, name: str | None, value: str | None) -> Secrets:
        """These and the value of one variable, if that is secret."""
        if value is None or len(value) < _SHORT or value in self._texts:
            return self
        shown = mask(name or "", value)
        return self if shown == value else Secrets({**self._texts, value: shown}, self.too_many)

    def hide(self, text: str) -> str:
        """Prose without secrets."""
        for secret, shown in self._texts.items():
            if secret in text:
                # A password that is a plain word is a part of paths and names as well, where it gives nothing away.
                text = re.sub(rf"(?<![\w/-])(?<!\w\.){secret}(?![\w/-]|\.\w)", shown.replace("\\", r"\\"), text) if _WORD.fullmatch(secret) else text.replace(secret, shown)
        return mask("", text)

    def hide_in_code(self, text: str) -> str:
        """A line of source without secrets, also without the value that stands beside the name of one."""
        for secret, shown in self._texts.items():
            if secret in text:
                text = text.replace(secret, shown)
        return mask("", _hide_pairs(text))

    def hide_value(self, name: str | None, value: str) -> str:
        """A variable's value as it may be shown."""
        shown = mask(name or "", value)
        return shown if shown != value else self.hide(value)


def _hide_pairs(text: str) -> str:
    out: list[str] = []
    at = 0
    for match in _PAIR.finditer(text):
        if is_secret(match["name"]):
            start, end = next(match.span(group) for group in _GROUPS if match[group] is not None)
            if start >= at:
                out += (text[at:start], MASK)
                at = end
    return "".join(out) + text[at:]
