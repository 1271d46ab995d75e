"""Which host a text means, and where in the text it stands."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stigmer_lint.addresses import addresses, addresses_of, classify_address
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Known, Resolved, Template, Unknown

HOLE = Unknown("port", "parameter", "port")


@pytest.mark.parametrize(
    ("text", "kind", "host", "port", "scheme"),
    [
        ("http://localhost", "loopback", "localhost", None, "http"),
        ("http://localhost:11434", "loopback", "localhost", "11434", "http"),
        ("HTTP://LocalHost:1/x?y=localhost", "loopback", "LocalHost", "1", "http"),
        ("redis://:pw@127.0.0.1/0", "loopback", "127.0.0.1", None, "redis"),
        ("postgres://u:p@ss@127.0.0.1:5432/db?host=x", "loopback", "127.0.0.1", "5432", "postgres"),
        ("postgres://u:p/w@localhost:5432/db", "loopback", "localhost", "5432", "postgres"),
        ("jdbc:postgresql://localhost/x", "loopback", "localhost", None, "postgresql"),
        ("jdbc:oracle:thin:@localhost:1521:xe", "loopback", "localhost", "1521", "oracle"),
        ("jdbc:sqlserver://localhost:1433;databaseName=x", "loopback", "localhost", "1433", "sqlserver"),
        ("host=localhost port=5432 user=x", "loopback", "localhost", "5432", None),
        ("user=x host=localhost", "loopback", "localhost", None, None),
        ("Server=localhost;Port=5432;Database=x", "loopback", "localhost", "5432", None),
        ("Data Source=localhost,1433;User=x", "loopback", "localhost", None, None),
        ("root:pw@tcp(127.0.0.1:3306)/db?x=y", "loopback", "127.0.0.1", "3306", None),
        ("tcp(127.0.0.1:3306)/db", "loopback", "127.0.0.1", "3306", None),
        ("localhost", "loopback", "localhost", None, None),
        ("localhost:7233", "loopback", "localhost", "7233", None),
        ("localhost.", "loopback", "localhost.", None, None),
        ("[::1]:80", "loopback", "::1", "80", None),
        ("http://[::1]:80/", "loopback", "::1", "80", "http"),
        ("::1", "loopback", "::1", None, None),
        ("[0:0:0:0:0:0:0:1]", "loopback", "0:0:0:0:0:0:0:1", None, None),
        ("[::ffff:127.0.0.1]:1", "loopback", "::ffff:127.0.0.1", "1", None),
        ("127.1:80", "loopback", "127.1", "80", None),
        ("127.255.0.3", "loopback", "127.255.0.3", None, None),
        ("ip6-localhost", "loopback", "ip6-localhost", None, None),
        ("http://api.localhost:3000", "loopback", "api.localhost", "3000", "http"),
        ("0.0.0.0:9000", "wildcard", "0.0.0.0", "9000", None),
        ("http://[::]:1", "wildcard", "::", "1", "http"),
        ("http://host.docker.internal:1", "host-alias", "host.docker.internal", "1", "http"),
        ("Host.Docker.Internal", "host-alias", "Host.Docker.Internal", None, None),
        ("docker.for.mac.localhost", "host-alias", "docker.for.mac.localhost", None, None),
        ("172.17.0.1:11434", "gateway-ip", "172.17.0.1", "11434", None),
        ("http://docker.host.internal", "misspelt-alias", "docker.host.internal", None, "http"),
        ("host.docker.interal:80", "misspelt-alias", "host.docker.interal", "80", None),
        ("host.dokcer.internal", "misspelt-alias", "host.dokcer.internal", None, None),
        ("hostdocker.internal", "misspelt-alias", "hostdocker.internal", None, None),
        ("host.container.internal", "misspelt-alias", "host.container.internal", None, None),
        ("http://localhost.example.com", "name", "localhost.example.com", None, "http"),
        ("http://127.0.0.1.evil.tld", "name", "127.0.0.1.evil.tld", None, "http"),
        ("mylocalhost:80", "name", "mylocalhost", "80", None),
        ("http://db:5432", "name", "db", "5432", "http"),
        ("test.docker.internal", "name", "test.docker.internal", None, None),
        ("vm.docker.internal", "name", "vm.docker.internal", None, None),
        ("192.0.2.1:80", "ip", "192.0.2.1", "80", None),
    ],
)
def test_one_address(text: str, kind: str, host: str, port: str | None, scheme: str | None) -> None:
    found = classify_address(text)
    assert found is not None
    assert (found.kind, found.host, found.port, found.scheme) == (kind, host, port, scheme)
    assert text[found.start : found.end] == host


@pytest.mark.parametrize("text", ["", " ", "8080", ":8080", "/var/run/x.sock", "unix:///var/run/docker.sock", "sqlite:///x.db", "1.2.3", "file://localhost/x", "-", "*"])
def test_no_address(text: str) -> None:
    assert addresses(text) == ()


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("localhost:9092,kafka:9092", ["localhost", "kafka"]),
        ("http://a:1;http://localhost:2", ["a", "localhost"]),
        ("http://a:1,http://localhost:2/x", ["a", "localhost"]),
        ("mongodb://u:p@a:1,localhost:2/db?x=y", ["a", "localhost"]),
        ("PLAINTEXT://localhost:1,INTERNAL://kafka:2", ["localhost", "kafka"]),
        ("nats://u:p@a:1,nats://u:p@localhost:2", ["a", "localhost"]),
        ("etcd0=http://localhost:2380,etcd1=http://b:2380", ["localhost", "b"]),
        ("localhost:6379,password=x,abortConnect=false", ["localhost"]),
        ("a b localhost", ["a", "b", "localhost"]),
        ("postgresql:///db?host=localhost&port=1", ["localhost"]),
        ("host=a,localhost port=1", ["a", "localhost"]),
        ("http://db/?next=http://localhost:1/", ["db"]),
    ],
)
def test_every_member_of_a_list(text: str, hosts: list[str]) -> None:
    found = addresses(text)
    assert [one.host for one in found] == hosts
    assert all(text[one.start : one.end] == one.host for one in found)


def test_misspelt_alias_names_the_alias_it_stands_for() -> None:
    found = classify_address("http://docker.host.internal:1")
    assert found is not None
    assert found.alias == "host.docker.internal"


def test_holes_around_a_literal_host_leave_it_known() -> None:
    value = Template((Known("http://localhost:", Span("a", 10, 27)), HOLE))
    (found,) = addresses_of(value)
    assert (found.address.kind, found.address.port) == ("loopback", None)
    assert found.span == Span("a", 17, 26)


@pytest.mark.parametrize("parts", [(Known("http://"), HOLE, Known(":80")), (Known("localhost"), HOLE), (HOLE, Known("localhost:80")), (HOLE,)])
def test_a_hole_in_the_host_makes_it_unknown(parts: tuple[Known | Unknown, ...]) -> None:
    assert [found.address.kind for found in addresses_of(Template(parts))] == ["unknown"]


def test_a_hole_for_the_scheme_or_the_user_does_not_hide_the_host() -> None:
    for parts in ((HOLE, Known("://localhost:80")), (Known("redis://:"), HOLE, Known("@localhost:80"))):
        assert [found.address.kind for found in addresses_of(Template(parts))] == ["loopback"]


def test_every_alternative_counts_and_resolved_ones_do_not() -> None:
    value = Choice((Known("http://localhost:1"), Known("db:2"), Resolved("fix", Known("http://localhost:3"))))
    assert [found.address.kind for found in addresses_of(value)] == ["loopback", "name"]
    result = Resolved("fix", Known("localhost"), None, (), Known("host.docker.internal"))
    assert [found.address.kind for found in addresses_of(result)] == ["host-alias"]


def test_span_is_told_only_where_the_text_is_written_as_it_is() -> None:
    assert addresses_of(Known("localhost", Span("a", 5, 16)))[0].span == Span("a", 6, 15)
    assert addresses_of(Known("localhost", Span("a", 5, 30)))[0].span is None


@given(st.text(st.sampled_from("localhost127.0.1:/@?#[]=,; (){}\"'\ue000ab-"), max_size=60))
def test_any_text_gives_addresses_inside_it(text: str) -> None:
    for one in addresses(text):
        assert 0 <= one.start < one.end <= len(text)


@pytest.mark.parametrize("piece", ["http://", "a:", "://", "[::", "@", "=,", "tcp(", "localhost,", "?host=", "a.b."])
def test_hostile_repetition_is_linear(piece: str) -> None:
    started = time.perf_counter()
    addresses(piece * 200_000)
    assert time.perf_counter() - started < 0.5
