"""YAML nodes: places, sharing, merge keys, and what is refused."""

from __future__ import annotations

import time

import pytest

from stigmer_lint.errors import UnreadableError
from stigmer_lint.frontends.yaml_nodes import Mapping, Scalar, Text, load, merged, plain_value
from stigmer_lint.model.span import SourceFile


def read(text: str | bytes) -> tuple[SourceFile, Mapping]:
    source = SourceFile("a.yml", text.encode() if isinstance(text, str) else text)
    root = load(source)[0].root
    assert isinstance(root, Mapping)
    return source, root


def scalar(root: Mapping, name: str) -> Scalar:
    node = root.get(name)
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_spans_are_bytes_of_the_file(mark: bytes, line_end: str) -> None:
    text = line_end.join(["é: '日本'", 'q: "a" # c', "p: &x plain 日 # c", "r: *x", "f: {k: [1, 2]}", "t: !reset null", ""])
    source, root = read(mark + text.encode())
    shown = [(source.text(key.span), source.text(value.span)) for key, value in root.pairs]
    assert shown == [("é", "'日本'"), ("q", '"a"'), ("p", "plain 日"), ("r", "plain 日"), ("f", "{k: [1, 2]}"), ("t", "null")]
    assert scalar(root, "t").tag == "!reset"


def test_a_block_collection_ends_with_its_last_entry() -> None:
    source, root = read("a:\n  - x\n  - y\n\n# comment\nb: 1\n")
    node = root.get("a")
    assert node is not None
    assert source.text(node.span) == "- x\n  - y"


@pytest.mark.parametrize(
    ("text", "part", "shown"),
    [
        ("plain http://h", "http", "http"),
        ("'it''s x'", "'s", "''s"),
        ('"a\\tb\\u00e9 c"', "é", "\\u00e9"),
        ('"a\\\n   b日"', "b日", "b日"),
        ("first\n   second", "second", "second"),
        ("|\n    one\n    two\n", "two", "two"),
        (">-\n    one\n    two\n", "two", "two"),
    ],
)
def test_a_part_of_a_scalar_has_its_own_place(text: str, part: str, shown: str) -> None:
    source, root = read(f"k: {text}\n")
    node = scalar(root, "k")
    at = node.text.index(part)
    assert source.text(Text(node, source).span(at, at + len(part))) == shown


def test_aliases_share_the_node() -> None:
    _, root = read("a: &a {x: 1}\nb: *a\nc: [*a, *a]\n")
    assert root.get("a") is root.get("b")
    assert plain_value(root) == {"a": {"x": 1}, "b": {"x": 1}, "c": [{"x": 1}, {"x": 1}]}


def test_merge_keys_give_way_to_own_keys_and_earlier_maps_win() -> None:
    _, root = read("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: {<<: [*a, *b], x: 9, k: 1, k: 2}\nd: {z: 0, <<: {<<: *b, q: 1}}\n")
    assert plain_value(root.get("c")) == {"x": 9, "k": 2, "y": 2, "z": 4}
    assert plain_value(root.get("d")) == {"z": 0, "q": 1, "y": 3}
    node = root.get("c")
    assert isinstance(node, Mapping)
    assert {field.key.text for field in merged(node) if field.merged} == {"y", "z"}


def test_scalars_are_read_by_the_core_schema() -> None:
    _, root = read("a: true\nb: 'true'\nc: 12\nd: 1.5\ne: ~\nf: yes\ng:\nh: 010\n")
    assert plain_value(root) == {"a": True, "b": "true", "c": 12, "d": 1.5, "e": None, "f": "yes", "g": None, "h": "010"}


def test_every_document_of_a_stream_is_read() -> None:
    documents = load(SourceFile("a.yml", b"a: 1\n---\n---\nb: 2\n"))
    assert [plain_value(document.root) for document in documents] == [{"a": 1}, None, {"b": 2}]


def bomb() -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "why", "offset"),
    [
        (bomb(), "alias bomb", None),
        ("x: 1\na: &a [*a]", "recursion", 12),
        ("[" * 100_000, "nested", None),  # where depends on whose limit speaks first, libyaml's or ours
        ("{a: " * 100_000, "nested", 1024),
        ("- " * 50_000, "nested", 512),
        ("".join(" " * i + "a:\n" for i in range(2000)), "nested", None),
        ("a: *b", "names no anchor", 3),
        (b"\xff\xfea\0:\0", "UTF-16", 0),
        (b"a: \0", "NUL", 3),
        (b"a: \xff", "not UTF-8", 3),
        ("a:\n\tb: 1", "not YAML", 3),
        ('a: "x', "not YAML", 5),
        ("a: \x01", "not YAML", 3),
    ],
    ids=["bomb", "recursion", "lists", "maps", "dashes", "indents", "alias", "utf16", "nul", "latin", "tab", "quote", "control"],
)
def test_what_is_refused_is_refused_at_once_with_its_place(text: str | bytes, why: str, offset: int | None) -> None:
    start = time.process_time()
    with pytest.raises(UnreadableError, match=why) as caught:
        load(SourceFile("a.yml", text.encode() if isinstance(text, str) else text))
    assert time.process_time() - start < 2
    assert offset is None or caught.value.offset == offset


def test_many_entries_are_read_in_linear_time() -> None:
    start = time.process_time()
    _, root = read("".join(f"K{i}: é{i}\n" for i in range(30_000)))
    assert len(merged(root)) == 30_000
    assert time.process_time() - start < 3
