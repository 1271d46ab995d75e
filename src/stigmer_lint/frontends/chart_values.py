"""The defaults of a Helm chart: what `.Values.a.b` is when nobody installs the chart with another value.

A chart is a folder with a Chart.yaml, or with templates/ and a values.yaml; its defaults are in values.yaml beside it (https://helm.sh/docs/chart_template_guide/values_files/).
Nothing is rendered: an action is read where it is one value with the functions that leave it as it is, or that give it a default.
"""

from __future__ import annotations

import re
from typing import Final

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.base import Tree
from stigmer_lint.frontends.yaml_nodes import Mapping, Node, Scalar, Text, fields, load
from stigmer_lint.model.span import SourceFile
from stigmer_lint.model.value import Known, Unknown, Value, choose

_PATH: Final = r"\.Values((?:\.[A-Za-z_]\w*)+)"
_LITERAL: Final = r'("[^"\\]*"|`[^`]*`|[\w.:/-]+)'
_SAME: Final = r"(?:quote|squote|toString|trim|int|int64|toYaml|tpl)"
_PLAIN: Final = re.compile(rf"^(?:{_SAME} +)?\(?{_PATH}\)?(?: +[.$])?(?: *\| *default +{_LITERAL})?(?: *\| *(?:{_SAME}|n?indent +\d+))*$")
_DEFAULTED: Final = re.compile(rf"^(?:{_SAME} +\(?)?default +{_LITERAL} +{_PATH}\)?(?: *\| *(?:{_SAME}|n?indent +\d+))*$")
MAX_ACTION: Final = 300
"""Longer actions are programs, and are not looked at."""


class ChartValues:
    """The values.yaml of one chart."""

    def __init__(self, source: SourceFile, root: Mapping) -> None:
        self.source = source
        self.root = root

    def of_action(self, action: str) -> Value | None:
        """What a template action gives by default: a choice between what an installation may say and the default. None where it is no
        plain value, or has no default."""
        if len(action) > MAX_ACTION:
            return None
        plain = _PLAIN.match(action)
        defaulted = None if plain is not None else _DEFAULTED.match(action)
        if plain is not None:
            path, literal = plain[1], plain[2]
        elif defaulted is not None:
            path, literal = defaulted[2], defaulted[1]
        else:
            return None
        found = self._at(path[1:].split("."))
        # Helm's `default` takes the place of what is empty.
        if (found is None or not found.text) and literal is not None:
            found = Known(literal.strip('"`'))
        if found is None:
            return None
        return choose((Unknown(f"the chart fills in {action}", "input", action), found), None, (), 1)

    def _at(self, path: list[str]) -> Known | None:
        node: Node | None = self.root
        for part in path:
            entry = fields(node).get(part) if isinstance(node, Mapping) else None
            node = entry.value if entry is not None else None
        if not isinstance(node, Scalar):
            return None
        if node.is_null:
            return Known("")
        return None if "{{" in node.text else Known(node.text, Text(node, self.source).span(0, len(node.text)))


def chart_values(tree: Tree, path: str) -> ChartValues | None:
    """The defaults of the chart that a template belongs to; None where it is of none, or its values cannot be read."""
    folder = path.rpartition("/")[0]
    while True:
        prefix = f"{folder}/" if folder else ""
        if tree.has(f"{prefix}Chart.yaml"):
            break
        if path.startswith(f"{prefix}templates/") and tree.has(f"{prefix}values.yaml"):
            # Its Chart.yaml is written when it is packed.
            break
        if not folder:
            return None
        folder = folder.rpartition("/")[0]
    source = tree.source(f"{prefix}values.yaml")
    if source is None:
        return None
    try:
        documents = load(source)
    except UnreadableError:
        return None
    root = documents[0].root if documents else None
    return ChartValues(source, root) if isinstance(root, Mapping) else None
