"""`extra_hosts` for a Compose service, in the form that the file has."""

from __future__ import annotations

from stigmer_lint.fixes import parsed
from stigmer_lint.fixes.places import line_end, newline_of, starts_line
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.frontends.yaml_nodes import Mapping, Node, Scalar, Sequence
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit

_QUOTES = {"single": "'", "double": '"', "plain": "", "literal": '"', "folded": '"'}


def add_gateway(source: SourceFile, place: Span, host: str) -> Answer:
    """Add `host`:host-gateway to the service whose key stands at `place`. Raises UnreadableError where the file is no YAML."""
    found = parsed.service_keys(source).get(place)
    if found is None:
        return CannotFix("the service is not found in its file")
    key, service = found
    if not isinstance(service, Mapping) or not service.pairs:
        return CannotFix("the service has no entries of its own")
    if service.span.start < key.span.end:
        return CannotFix("the service is an alias of another one")
    said = f'add extra_hosts: ["{host}:host-gateway"]'
    for name, value in reversed(service.pairs):
        if isinstance(name, Scalar) and name.text == "extra_hosts":
            if value.span.start < name.span.end:
                return CannotFix("its extra_hosts are an alias of another service's")
            edit = _extended(source, name, value, host)
            return Written((edit,), said) if edit is not None else CannotFix("its extra_hosts are not written as a list or a mapping")
    if any(_brings_hosts(value) for name, value in service.pairs if isinstance(name, Scalar) and name.text == "<<"):
        return CannotFix("its extra_hosts come from an anchor, which a list of its own would replace")
    if source.data[service.span.start : service.span.start + 1] == b"{":
        last = max(part.span.end for part in service.pairs[-1])
        return Written((Edit(Span(source.path, last, last), f', extra_hosts: ["{host}:host-gateway"]'),), said)
    first = service.pairs[0][0]
    if not starts_line(source, first.span.start):
        return CannotFix("the service is not written on lines of its own")
    return Written((_block(source, service, host),), said)


def pass_on(source: SourceFile, place: Span, entries: tuple[tuple[str, str | None], ...]) -> Answer:
    """Add variables to the `environment` of the service whose key stands at `place`: with a text, or, for None, by name alone, which hands on
    what the shell or `.env` has. Raises UnreadableError where the file is no YAML."""
    found = parsed.service_keys(source).get(place)
    if found is None:
        return CannotFix("the service is not found in its file")
    key, service = found
    if not isinstance(service, Mapping) or not service.pairs or service.span.start < key.span.end:
        return CannotFix("the service has no entries of its own")
    if any(value is not None and ('"' in value or "\\" in value or "\n" in value) for _, value in entries):
        return CannotFix("the value would have to be escaped")
    said = f"set {', '.join(name for name, _ in entries)}" if all(value is not None for _, value in entries) else f"hand on {', '.join(name for name, _ in entries)}"
    newline = newline_of(source)
    for name, node in reversed(service.pairs):
        if not isinstance(name, Scalar) or name.text != "environment":
            continue
        if node.span.start < name.span.end:
            return CannotFix("its environment is that of another service")
        flow = source.data[node.span.start : node.span.start + 1] in (b"[", b"{")
        if isinstance(node, Sequence) and node.items:
            if flow:
                return Written((_insert(source, node.items[-1].span.end, "".join(f", {_item(*entry)}" for entry in entries)),), said)
            pad = " " * _column(source, source.data.rfind(b"-", 0, node.items[0].span.start))
            at = line_end(source, node.items[-1].span.end - 1)
            return Written((_insert(source, at, "".join(f"{newline}{pad}- {_item(*entry)}" for entry in entries)),), said)
        if isinstance(node, Mapping) and node.pairs:
            last = max(_end(node.pairs[-1][1], node.pairs[-1][0].span.end), node.pairs[-1][0].span.end)
            if flow:
                return Written((_insert(source, last, "".join(f", {_entry(*entry)}{' null' if entry[1] is None else ''}" for entry in entries)),), said)
            pad = " " * _column(source, node.pairs[0][0].span.start)
            return Written((_insert(source, line_end(source, last - 1), "".join(f"{newline}{pad}{_entry(*entry)}" for entry in entries)),), said)
        return CannotFix("its environment is neither a list nor a mapping with entries")
    if any(isinstance(name, Scalar) and name.text == "<<" for name, _ in service.pairs):
        return CannotFix("its environment may come from an anchor, which one of its own would replace")
    if source.data[service.span.start : service.span.start + 1] == b"{" or not starts_line(source, service.pairs[0][0].span.start):
        return CannotFix("the service is not written on lines of its own")
    pad = " " * _column(source, service.pairs[0][0].span.start)
    deeper, _ = _list_style(source, service)
    lines = "".join(f"{newline}{pad}{' ' * deeper}- {_item(*entry)}" for entry in entries)
    return Written((_insert(source, _content_end(source, service), f"{newline}{pad}environment:{lines}"),), said)


def swap_ports(source: SourceFile, place: Span) -> Answer:
    """Exchange the two sides of a short port entry, `5432:${PORT:-5432}`."""
    text = source.text(place).strip("'\"")
    pieces = _split(text)
    if len(pieces) < 2 or not all(pieces):
        return CannotFix("the entry is not written as HOST:CONTAINER")
    *address, outer, inner = pieces
    bare, slash, protocol = inner.partition("/")
    written = ":".join((*address, bare, outer)) + slash + protocol
    start = place.start + source.text(place).find(text)
    return Written((Edit(Span(source.path, start, start + len(text.encode())), written),), f"write {written}")


def _split(text: str) -> list[str]:
    """The parts between colons that stand outside braces."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "{") - (char == "}")
        if char == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _insert(source: SourceFile, at: int, text: str) -> Edit:
    return Edit(Span(source.path, at, at), text)


def _item(name: str, value: str | None) -> str:
    return name if value is None else f'"{name}={value}"'


def _entry(name: str, value: str | None) -> str:
    return f"{name}:" if value is None else f'{name}: "{value}"'


def _brings_hosts(node: Node) -> bool:
    parts = node.items if isinstance(node, Sequence) else (node,)
    return any(isinstance(part, Mapping) and (part.get("extra_hosts") is not None or part.get("<<") is not None) for part in parts)


def _block(source: SourceFile, service: Mapping, host: str) -> Edit:
    """A key of its own behind the last one, with the indentation that the service's keys and the file's lists have."""
    newline = newline_of(source)
    column = _column(source, service.pairs[0][0].span.start)
    deeper, quote = _list_style(source, service)
    end = _content_end(source, service)
    pad = " " * column
    text = f"{newline}{pad}extra_hosts:{newline}{pad}{' ' * deeper}- {quote}{host}:host-gateway{quote}"
    return Edit(Span(source.path, end, end), text)


def _content_end(source: SourceFile, service: Mapping) -> int:
    """The end of the last line that belongs to a block mapping. What aliases bring in stands elsewhere."""
    last_key, last_value = service.pairs[-1]
    return line_end(source, max(last_key.span.end, _end(last_value, last_key.span.end)) - 1)


def _end(node: Node, after: int) -> int:
    """Where a value ends that is written behind `after`; `after` for one that is an alias of a node before it."""
    if node.span.start < after:
        return after
    return max(node.span.end, after)


def _list_style(source: SourceFile, service: Mapping) -> tuple[int, str]:
    """How much deeper than its key a list stands, and its quotes: as in this service, else as in the file's first that has one, else two and double."""
    return _style_in(source, service) or _first_style(source) or (2, '"')


def _style_in(source: SourceFile, service: Mapping) -> tuple[int, str] | None:
    for key, value in service.pairs:
        if not isinstance(value, Sequence) or not value.items or value.span.start < key.span.end:
            continue
        item = value.items[0]
        at = source.data.rfind(b"-", 0, item.span.start)
        if source.data[value.span.start : value.span.start + 1] == b"[" or at < key.span.end:
            continue
        deeper = _column(source, at) - _column(source, key.span.start)
        if 0 <= deeper <= 8:
            return deeper, _QUOTES[item.style] if isinstance(item, Scalar) and item.style in ("single", "double") else '"'
    return None


_first_style: parsed.OncePerFile[tuple[int, str] | None] = parsed.OncePerFile(
    lambda source: next((style for service in parsed.services(source) if (style := _style_in(source, service)) is not None), None)
)


def _column(source: SourceFile, offset: int) -> int:
    start, _ = source.line_span(source.line_of(offset))
    return offset - start


def _extended(source: SourceFile, key: Scalar, node: Node, host: str) -> Edit | None:
    """One more entry of the `extra_hosts` that are there."""
    newline = newline_of(source)
    flow = source.data[node.span.start : node.span.start + 1] in (b"[", b"{")
    if isinstance(node, Sequence) and node.items:
        last = node.items[-1]
        quote = _QUOTES[last.style] if isinstance(last, Scalar) else '"'
        if flow:
            quote = quote or '"'
            return Edit(Span(source.path, last.span.end, last.span.end), f", {quote}{host}:host-gateway{quote}")
        dash = source.data.rfind(b"-", 0, last.span.start)
        end = line_end(source, last.span.end - 1)
        return Edit(Span(source.path, end, end), f"{newline}{' ' * _column(source, dash)}- {quote}{host}:host-gateway{quote}")
    if isinstance(node, Mapping) and node.pairs:
        name, value = node.pairs[-1]
        if flow:
            return Edit(Span(source.path, value.span.end, value.span.end), f', "{host}": host-gateway')
        end = line_end(source, max(value.span.end, name.span.end) - 1)
        return Edit(Span(source.path, end, end), f"{newline}{' ' * _column(source, node.pairs[0][0].span.start)}{host}: host-gateway")
    if isinstance(node, Sequence) and flow:
        return Edit(Span(source.path, node.span.start + 1, node.span.start + 1), f'"{host}:host-gateway"')
    return None
