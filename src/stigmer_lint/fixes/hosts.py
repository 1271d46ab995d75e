"""Another host, another port, another name in place of the one that is written. The characters are the same in every language."""

from __future__ import annotations

from stigmer_lint.fixes.places import Site, sites
from stigmer_lint.fixes.types import Answer, CannotFix, Written
from stigmer_lint.model.span import SourceFile, Span
from stigmer_lint.report.types import Edit
from stigmer_lint.rule import Rename, ReplaceHost

MAX_TEXT = 4000
"""Bytes of a text that is searched for what to replace. A variable that is put together over a whole file is all of its lines."""
_LONG = "the text that holds it is too long to say which place is meant"


def replace_host(remedy: ReplaceHost, source: SourceFile, span: Span, port_source: SourceFile | None) -> Answer:
    """Write another host or port inside `span`, where the value is. `port_source`: the file of `remedy.port_at`."""
    if span.end - span.start > MAX_TEXT:
        return CannotFix(_LONG)
    edits: list[Edit] = []
    if remedy.of != remedy.host or remedy.port_at is None:
        found = _meant(list(sites(source, span, remedy.of)), remedy, source)
        if not found:
            return CannotFix(f"{remedy.of} is not written there")
        if remedy.of != remedy.host:
            edits += [Edit(site.host, remedy.host) for site in found]
        if remedy.port is not None and remedy.port_at is None:
            ports = [site.port for site in found if site.port is not None]
            if len(ports) != len(found):
                return CannotFix("the port is not written beside the host")
            edits += [Edit(port, remedy.port) for port in ports if source.text(port) != remedy.port]
    if remedy.port is not None and remedy.port_at is not None:
        if port_source is None or not _is_port(port_source.text(remedy.port_at)):
            return CannotFix("the port is not written as a number")
        edits.append(Edit(remedy.port_at, remedy.port))
    if not edits:
        return CannotFix("it is written so already")
    said = remedy.host if remedy.of != remedy.host else ""
    if remedy.port is not None:
        said = f"{said}:{remedy.port}" if said else f"port {remedy.port}"
    was = remedy.of if remedy.of != remedy.host else f"port {remedy.of_port}" if remedy.of_port else "the published port"
    return Written(tuple(sorted(edits, key=lambda edit: edit.span)), f"write {said} in place of {was}")


def written_out(source: SourceFile, span: Span, name: Span | None, remedy: ReplaceHost) -> Answer | None:
    """The host as a text in place of a name that stands for another: the name at `span`, or the value of the pair whose key is at `name`. None where
    that is no name, or the language is not known."""
    from stigmer_lint.fixes import syntax

    root = syntax.root_of(source) if syntax.language_of(source.path) is not None else None
    if root is None:
        return None
    node = syntax.at(root, span)
    if (node is None or node.type not in _NAMES) and name is not None and name.path == source.path:
        key = syntax.at(root, name)
        while key is not None and key.type not in ("pair", "keyed_element"):
            key = key.parent if key.parent is not None and key.parent.start_byte == key.start_byte else None
        node = key.named_children[-1] if key is not None else None
        while node is not None and node.type == "literal_element" and node.named_children:
            node = node.named_children[0]
    if node is None or node.type not in _NAMES:
        return None
    quote = "'" if syntax.language_of(source.path) != "go" and source.data.count(b"'") > source.data.count(b'"') else '"'
    place = syntax.span_of(source, node)
    return Written((Edit(place, f"{quote}{remedy.host}{quote}"),), f"write {remedy.host} in place of {source.text(place)}", sure=False)


_NAMES = ("identifier", "selector_expression", "member_expression", "attribute")


def _is_port(text: str) -> bool:
    bare = text.strip("'\"")
    return bare.isdigit() or (bare.startswith("$") and bare.count("$") == 1)


def _meant(found: list[Site], remedy: ReplaceHost, source: SourceFile) -> list[Site]:
    """Of the places with the host those with the port that is meant, where that is known."""
    if remedy.of_port is None:
        return found if len(found) == 1 else [site for site in found if site.port is None]
    beside = [site for site in found if site.port is not None and source.text(site.port) == remedy.of_port]
    if beside:
        return beside
    # The port comes out of a variable: it can be only the one that is beside the only host.
    return found if len(found) == 1 and (found[0].port is not None or remedy.port is None) else []


def rename(remedy: Rename, source: SourceFile, span: Span) -> Answer:
    """Write `new` where `old` stands as a whole word inside `span`."""
    if span.end - span.start > MAX_TEXT:
        return CannotFix(_LONG)
    found = [site.host for site in sites(source, span, remedy.old)]
    if not found:
        return CannotFix(f"{remedy.old} is not written there")
    return Written(tuple(Edit(one, remedy.new) for one in found), f"write {remedy.new} in place of {remedy.old}")
