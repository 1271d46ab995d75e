"""The fault matrix: every fault is made on a real engine, and must be told by its right cause and fix.

Faults that need nothing of the container but a variable share one container; the others get their own.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stigmer_lint.model.span import SourceFile
from stigmer_lint.policy.load import parse_policy
from stigmer_lint.policy.types import NO_POLICY, LoadedPolicy
from stigmer_lint.report.layout import Layout
from stigmer_lint.verifier.present import Format, present
from stigmer_lint.verifier.types import Check
from stigmer_lint.verifier.verify import Request, Verification, verify
from stigmer_rules import RULES

from .conftest import ROWS, Lab, docker

NOTHING = 1
"""A port on which nothing listens."""


def run(*names: str, policy: LoadedPolicy = NO_POLICY) -> Verification:
    return verify(Request(names=names, engine=None), policy, RULES)


def checks(result: Verification, subject: str) -> list[Check]:
    return [check for one in result.examined for check in one.checks if subject in check.names or subject == check.kind]


def expect(result: Verification, subject: str, fault: str, key: str, fix: str) -> Check:
    """The check of a variable (or kind of check) with this cause and a fix that says so; adds the row to the table."""
    found = checks(result, subject)
    best = next((one for one in found if one.cause is not None and one.cause.key == key), found[0] if found else None)
    told = best.cause.key if best is not None and best.cause is not None else best.outcome if best is not None else "no check"
    ROWS.append((fault, key, told, best.cause.fix if best is not None and best.cause else "; ".join(best.notes) if best else "", (best.seconds if best else None) or 0.0))
    assert best is not None, f"no check of {subject}"
    assert told == key, best
    if best.cause is not None:
        assert fix in best.cause.fix, best.cause.fix
        assert best.outcome == "fail"
    return best


def policy_of(text: str) -> LoadedPolicy:
    def none(name: str) -> SourceFile:
        raise AssertionError(name)

    return parse_policy(SourceFile("stigmer-lint.yaml", text.encode()), none)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A server's certificate with its key, for the name `peer`: signed by itself, and one that has expired."""
    folder = tmp_path_factory.mktemp("certificates")
    found = {}
    names = folder / "names"
    names.write_text("subjectAltName=DNS:peer,DNS:late\n")
    for name, days in (("own", "2"), ("expired", "-1")):
        key, request, cert, both = (folder / f"{name}.{ending}" for ending in ("key", "csr", "crt", "pem"))
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        subprocess.run(["openssl", "req", "-new", *curve, "-keyout", str(key), "-out", str(request), "-subj", "/CN=peer"], capture_output=True, check=True)
        sign = ["openssl", "x509", "-req", "-in", str(request), "-signkey", str(key), "-days", days, "-extfile", str(names), "-out", str(cert)]
        if subprocess.run(sign, capture_output=True, check=False).returncode != 0:
            # Newer versions make no certificate that has expired already.
            continue
        both.write_text(key.read_text() + cert.read_text())
        both.chmod(0o644)
        found[name] = both
        found[f"{name}.crt"] = cert
    return found


class Peers:
    """The other ends: containers and servers of the host that many rows dial."""

    def __init__(self, lab: Lab, certificates: dict[str, Path]) -> None:
        self.lab = lab
        folder = certificates["own"].parent
        self.far_net = lab.network()
        self.peer = lab.name("peer")
        self.published, self.loopback_published, self.to_nothing, self.to_loopback = lab.free_ports(4)
        self.all = lab.host("http")
        self.loopback = lab.host("http", "127.0.0.1")
        self.dropped = lab.host("http")
        self.reset = lab.host("http")
        self.prohibited = lab.host("http")
        lab.run(
            "--network", lab.net, "--network-alias", "peer", "-v", f"{folder}:/certs:ro", "-p", f"{self.published}:8080", "-p", f"127.0.0.1:{self.loopback_published}:8080",
            "-p", f"{self.to_nothing}:8079", "-p", f"{self.to_loopback}:9000", name=self.peer,
            command=(
                "http:8080", "http:8401:0.0.0.0:401", "http:8404:0.0.0.0:404", "http:8500:0.0.0.0:500", "http:9000:127.0.0.1", "redis:6379", "postgres:5432", "mysql:3306",
                "hang:9100", "https:8443:0.0.0.0:/certs/own.pem", "grpc:7001:0.0.0.0:serving", "grpc:7002:0.0.0.0:not-serving", "grpc:7003:0.0.0.0:unimplemented",
                "http:3128:0.0.0.0:proxy",
            ),
        )  # fmt: skip
        self.far = lab.run("--network", self.far_net, command=("http:8080",), ready=False)
        self.stopped = lab.run("--network", lab.net, name=lab.name("stopped"), ready=False)
        self.paused = lab.run("--network", lab.net, command=("redis:6379",), name=lab.name("paused"))
        self.flapping = lab.run("--network", lab.net, "--restart", "always", name=lab.name("flapping"), image=lab.images["python"], command=("sh", "-c", "exit 3"))
        self.created = lab.name("created")
        docker("create", "--name", self.created, "--label", lab.mark, "--network", lab.net, lab.images["python"], "/no/such/program")
        docker("start", self.created, check=False)
        self.fat = lab.run("--network", lab.net, "--memory", "32m", "--memory-swap", "32m", command=("eat",), name=lab.name("fat"), ready=False)
        self.plain = lab.run(command=("http:8080",), name=lab.name("plain"), ready=False)
        docker("kill", self.stopped)
        docker("pause", self.paused)


@pytest.fixture(scope="module")
def peers(lab: Lab, certificates: dict[str, Path]) -> Iterator[Peers]:
    found = Peers(lab, certificates)
    try:
        yield found
    finally:
        docker("unpause", found.paused, check=False)


def address_of(name: str) -> str:
    return docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name)


def rows_of_client(peers: Peers) -> dict[str, tuple[str, str, str, str]]:
    """Variable -> value, fault, cause, part of the fix; all of one container on the user-defined network of the peers."""
    gateway = "host.docker.internal"
    return {
        "LOOPBACK_URL": (f"http://localhost:{peers.all}", "loopback in a bridge container", "loopback-in-bridge", f"dial {gateway}:{peers.all}"),
        "LOOPBACK_SIBLING_URL": ("redis://127.0.0.1:6379/0", "loopback, and a sibling serves the port", "loopback-in-bridge", f"dial {peers.peer}:6379"),
        "WILDCARD_URL": (f"http://0.0.0.0:{NOTHING}", "0.0.0.0 dialled", "loopback-in-bridge", "start the service"),
        "MISSPELT_URL": (f"http://docker.host.internal:{peers.all}", "misspelt host alias", "misspelt-alias", "host.docker.internal"),
        "HOST_LOOPBACK_URL": (f"http://{gateway}:{peers.loopback}", "host service bound to 127.0.0.1", "host-service-on-loopback", "0.0.0.0"),
        "HOST_NOTHING_URL": (f"http://{gateway}:{NOTHING}", "service not started", "nothing-listens", "start the service"),
        "DROPPED_URL": (f"http://{gateway}:{peers.dropped}", "firewall drop", "firewall-drop", "open port"),
        "RESET_URL": (f"http://{gateway}:{peers.reset}", "firewall reject with tcp-reset", "firewall-reject", "open port"),
        "PROHIBITED_URL": (f"http://{gateway}:{peers.prohibited}", "firewall reject with icmp-admin-prohibited", "firewall-reject", "open port"),
        "PUBLISHED_INSIDE_URL": (f"http://peer:{peers.published}", "published port instead of the container's", "published-port-inside", f"dial {peers.peer}:8080"),
        "WRONG_PORT_URL": ("http://peer:8081", "wrong port", "wrong-port", "correct the port"),
        "SERVER_LOOPBACK_URL": ("http://peer:9000", "server in the other container bound to loopback", "server-on-loopback", "0.0.0.0:9000"),
        "PUBLISHED_LOOPBACK_URL": (f"http://{gateway}:{peers.loopback_published}", "published on the host's 127.0.0.1", "published-on-loopback", f"dial {peers.peer}:8080"),
        "PUBLISHED_NOTHING_URL": (f"http://{gateway}:{peers.to_nothing}", "published, and nothing listens inside", "published-to-nothing", "published port"),
        "PUBLISHED_BOUND_URL": (f"http://{gateway}:{peers.to_loopback}", "published, and the server inside is bound to loopback", "server-on-loopback", "0.0.0.0:9000"),
        "STOPPED_URL": (f"http://{peers.stopped}:8080", "target exited", "exited", "docker logs"),
        "FLAPPING_URL": (f"http://{peers.flapping}:8080", "target restarting", "restarting", "docker logs"),
        "CREATED_URL": (f"http://{peers.created}:8080", "target never started", "never-started", "command"),
        "FAT_URL": (f"http://{peers.fat}:8080", "target killed for memory", "out-of-memory", "memory limit"),
        "PAUSED_URL": (f"redis://{peers.paused}:6379", "target paused", "paused", "docker unpause"),
        "FAR_URL": (f"http://{peers.far}:8080", "different networks, by name", "different-networks", "docker network connect"),
        "FAR_IP_URL": (f"http://{address_of(peers.far)}:8080", "different networks, by address", "different-networks", "docker network connect"),
        "UNKNOWN_URL": ("http://peeer:8080", "name that nothing has", "unknown-name", "did you mean peer"),
        "UNOWNED_URL": (f"http://{unowned(peers)}:8080", "address that nobody owns", "no-such-address", "dial its name"),
        "TLS_TO_PLAIN_URL": ("https://peer:8080/", "TLS to a plain port", "tls-to-plain", "http://"),
        "PLAIN_TO_TLS_URL": ("http://peer:8443/", "plain text to a TLS port", "plain-to-tls", "https://peer:8443"),
        "AUTHORITY_URL": ("https://peer:8443/", "unknown certificate authority", "unknown-authority", "SSL_CERT_FILE"),
        "HTTP_500_URL": ("http://peer:8500/", "HTTP 500", "http-error", "log"),
        "REDIS_AS_HTTP_URL": ("http://peer:6379/", "HTTP to a Redis port", "wrong-protocol", "another service"),
        "HTTP_AS_REDIS_URL": ("redis://peer:8080/", "Redis to an HTTP port", "wrong-protocol", "another service"),
        "HTTP_AS_GRPC_URL": ("grpc://peer:8080", "gRPC to an HTTP/1 port", "wrong-protocol", "another service"),
        "HUNG_URL": ("http://peer:9100/", "hung server", "hung", "the service"),
        "NOT_SERVING_URL": ("grpc://peer:7002", "gRPC health says NOT_SERVING", "not-serving", "log"),
        "EMPTY_REDIS_URL": ("", "variable set and empty", "env-empty", "give it a value"),
        "QUOTED_URL": ('"http://peer:8080/"', "value with its quotes", "env-quoted", "quotes"),
        "UNFILLED_REDIS_URL": ("redis://${REDIS_NAME}:6379", "variable that nobody filled in", "env-unresolved", "launcher"),
    }  # fmt: skip


GOOD = {
    "GOOD_HTTP_URL": "http://peer:8080/", "GOOD_REDIS_URL": "redis://peer:6379/0", "GOOD_DATABASE_URL": "postgres://app:hunter2secret@peer:5432/app",
    "GOOD_MYSQL_URL": "mysql://peer:3306/app", "GOOD_GRPC_URL": "grpc://peer:7001", "NO_HEALTH_GRPC_URL": "grpc://peer:7003", "GOOD_404_URL": "http://peer:8404/v1",
}  # fmt: skip


def unowned(peers: Peers) -> str:
    """An address of the peers' network that nobody has."""
    return address_of(peers.peer).rsplit(".", 1)[0] + ".250"


@pytest.fixture(scope="module")
def shared(lab: Lab, peers: Peers) -> tuple[Verification, dict[str, tuple[str, str, str, str]]]:
    rows = rows_of_client(peers)
    options: list[str] = []
    for name, value in {**{name: row[0] for name, row in rows.items()}, **GOOD}.items():
        options += ["-e", f"{name}={value}"]
    lab.firewall("INPUT", "-p", "tcp", "--dport", str(peers.dropped), "-i", "br-+", "-j", "DROP")
    lab.firewall("INPUT", "-p", "tcp", "--dport", str(peers.reset), "-i", "br-+", "-j", "REJECT", "--reject-with", "tcp-reset")
    lab.firewall("INPUT", "-p", "tcp", "--dport", str(peers.prohibited), "-i", "br-+", "-j", "REJECT", "--reject-with", "icmp-admin-prohibited")
    client = lab.run("--network", lab.net, "--add-host", "host.docker.internal:host-gateway", *options, name=lab.name("client"))
    try:
        return run(client), rows
    finally:
        lab.lift()


NAMES = (
    "LOOPBACK_URL", "LOOPBACK_SIBLING_URL", "WILDCARD_URL", "MISSPELT_URL", "HOST_LOOPBACK_URL", "HOST_NOTHING_URL", "DROPPED_URL", "RESET_URL", "PROHIBITED_URL",
    "PUBLISHED_INSIDE_URL", "WRONG_PORT_URL", "SERVER_LOOPBACK_URL", "PUBLISHED_LOOPBACK_URL", "PUBLISHED_NOTHING_URL", "PUBLISHED_BOUND_URL", "STOPPED_URL", "FLAPPING_URL",
    "CREATED_URL", "FAT_URL", "PAUSED_URL", "FAR_URL", "FAR_IP_URL", "UNKNOWN_URL", "UNOWNED_URL", "TLS_TO_PLAIN_URL", "PLAIN_TO_TLS_URL", "AUTHORITY_URL", "HTTP_500_URL",
    "REDIS_AS_HTTP_URL", "HTTP_AS_REDIS_URL", "HTTP_AS_GRPC_URL", "HUNG_URL", "NOT_SERVING_URL", "EMPTY_REDIS_URL", "QUOTED_URL", "UNFILLED_REDIS_URL",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_of_one_address_is_told_by_its_cause_and_fix(name: str, shared: tuple[Verification, dict[str, tuple[str, str, str, str]]]) -> None:
    result, rows = shared
    _, fault, key, fix = rows[name]
    expect(result, name, fault, key, fix)


def test_every_row_of_the_shared_container_is_looked_at(shared: tuple[Verification, dict[str, tuple[str, str, str, str]]]) -> None:
    assert set(shared[1]) == set(NAMES)


@pytest.mark.parametrize("name", GOOD)
def test_what_works_passes(name: str, shared: tuple[Verification, dict[str, tuple[str, str, str, str]]]) -> None:
    found = [check for check in checks(shared[0], name) if check.kind == "address"]
    assert [check.outcome for check in found] == ["pass"], found


def test_grpc_without_health_is_reached_and_says_that_more_cannot_be_told(shared: tuple[Verification, dict[str, tuple[str, str, str, str]]]) -> None:
    check = checks(shared[0], "NO_HEALTH_GRPC_URL")[0]
    ROWS.append(("gRPC without health service", "pass with a remark", "pass with a remark" if check.notes and check.outcome == "pass" else check.outcome, check.notes[0] if check.notes else "", check.seconds or 0))
    assert check.outcome == "pass"
    assert "no health service" in check.notes[0]


def test_no_secret_is_shown(shared: tuple[Verification, dict[str, tuple[str, str, str, str]]]) -> None:
    forms: tuple[Format, ...] = ("text", "json", "junit", "sarif")
    for form in forms:
        assert "hunter2secret" not in present(shared[0], form, Layout(verbose=True))


def test_alias_without_gateway(lab: Lab) -> None:
    result = run(lab.run("-e", "OLLAMA_HOST=http://host.docker.internal:11434", ready=False))
    expect(result, "OLLAMA_HOST", "alias without gateway", "alias-without-gateway", "--add-host host.docker.internal:host-gateway")


def test_alias_mapped_to_loopback(lab: Lab) -> None:
    result = run(lab.run("--add-host", "host.docker.internal:127.0.0.1", "-e", "OLLAMA_HOST=http://host.docker.internal:11434", ready=False))
    expect(result, "OLLAMA_HOST", "alias mapped to loopback", "alias-maps-to-loopback", "host-gateway")


def test_default_bridge_has_no_names(lab: Lab, peers: Peers) -> None:
    result = run(lab.run("-e", f"PLAIN_URL=http://{peers.plain}:8080", ready=False))
    expect(result, "PLAIN_URL", "default bridge without DNS", "default-bridge-without-dns", "docker network create")


def test_internal_network(lab: Lab) -> None:
    name = lab.run("--network", lab.network("--internal"), "-e", "OUTSIDE_URL=http://192.0.2.77:8080", "-e", "OUTSIDE_NAME_URL=http://service.example.test:8080", ready=False)
    result = run(name)
    expect(result, "OUTSIDE_URL", "internal network, address outside", "internal-network", "second network")
    expect(result, "OUTSIDE_NAME_URL", "internal network, name outside", "internal-network", "second network")


def test_no_network_at_all(lab: Lab) -> None:
    result = run(lab.run("--network", "none", "-e", "PEER_URL=http://peer:8080", "-e", "PEER_IP_URL=http://172.17.0.1:8080", ready=False))
    expect(result, "PEER_URL", "--network none, name", "no-network", "give it a network")
    expect(result, "PEER_IP_URL", "--network none, address", "no-network", "give it a network")


def test_attached_to_nothing(lab: Lab) -> None:
    name = lab.run("--network", lab.net, "-e", "PEER_IP_URL=http://172.17.0.1:8080", ready=False)
    docker("network", "disconnect", lab.net, name)
    expect(run(name), "PEER_IP_URL", "detached from its network", "not-attached", "docker network connect")


def test_entrypoint_overrides_the_variable(lab: Lab) -> None:
    name = lab.name("override")
    lab.run(
        "-e", "OLLAMA_HOST=http://peer:11434", name=name, image=lab.images["python"],
        command=("sh", "-c", "export OLLAMA_HOST=http://localhost:11434; exec python3 -S /srv.py sleep"),
    )  # fmt: skip
    time.sleep(0.5)
    result = run(name)
    expect(result, "OLLAMA_HOST", "entrypoint overrides the variable", "env-overridden", "entrypoint")
    address = next(check for check in checks(result, "OLLAMA_HOST") if check.kind == "address")
    assert address.value == "http://localhost:11434"


def test_a_proxy_answers_for_the_service(lab: Lab, peers: Peers) -> None:
    name = lab.run("--network", lab.net, "-e", "http_proxy=http://peer:3128", "-e", "API_BASE_URL=http://peer:8080/", ready=False)
    expect(run(name), "API_BASE_URL", "HTTP proxy hijacks the address", "proxy-answers", "NO_PROXY")


def test_a_dead_proxy(lab: Lab, peers: Peers) -> None:
    name = lab.run("--network", lab.net, "-e", "http_proxy=http://me:proxypassword@127.0.0.1:3128", "-e", "API_BASE_URL=http://peer:8080/", ready=False)
    result = run(name)
    expect(result, "API_BASE_URL", "HTTP proxy copied from the host", "proxy-unreachable", "NO_PROXY")
    assert "proxypassword" not in present(result, "text", Layout())


def test_localhost_is_tried_as_ipv6_first(lab: Lab) -> None:
    name = lab.run("--sysctl", "net.ipv6.conf.all.disable_ipv6=0", "-e", "OWN_REDIS_URL=redis://localhost:6379", command=("redis:6379",))
    found = next(check for check in checks(run(name), "OWN_REDIS_URL") if check.kind == "address")
    told = "ipv6-first" if any(note.startswith("ipv6-first") for note in found.notes) else found.outcome
    ROWS.append(("localhost tried as ::1 first", "ipv6-first", told, found.notes[0] if found.notes else "", found.seconds or 0))
    assert told == "ipv6-first"
    assert "127.0.0.1" in found.notes[0]


def test_the_name_is_not_in_the_certificate(lab: Lab, peers: Peers, certificates: dict[str, Path]) -> None:
    name = lab.run(
        "--network", lab.net, "-v", f"{certificates['own.crt']}:/ca.crt:ro", "-e", "SSL_CERT_FILE=/ca.crt", "-e", f"PEER_URL=https://{peers.peer}:8443/",
        "-e", "GOOD_URL=https://peer:8443/", ready=False,
    )  # fmt: skip
    result = run(name)
    expect(result, "PEER_URL", "certificate for another name", "wrong-certificate-name", "names")
    assert [check.outcome for check in checks(result, "GOOD_URL")] == ["pass"], "the container's own authority is trusted"


def test_a_proxy_refuses_the_tunnel(lab: Lab, peers: Peers, certificates: dict[str, Path]) -> None:
    name = lab.run(
        "--network", lab.net, "-v", f"{certificates['own.crt']}:/ca.crt:ro", "-e", "SSL_CERT_FILE=/ca.crt", "-e", "https_proxy=http://peer:3128",
        "-e", "API_BASE_URL=https://peer:8443/", ready=False,
    )  # fmt: skip
    expect(run(name), "API_BASE_URL", "HTTP proxy refuses the tunnel for TLS", "proxy-answers", "NO_PROXY")


POLICY = """
version: 1
services:
  models:
    address: "localhost:11434"
    env: [APP_MODELS_URL, OLLAMA_HOST]
    url: "http://{address}"
    health: {http: /%s, status: 200%s}
    because: both names are read
containers:
  app:
    match: {name: "%s"}
    uses: [models]
    env:
      required: [MODE]
"""


def with_policy(lab: Lab, *options: str, path: str = "", json: str = "") -> Verification:
    name = lab.name("policy")
    lab.run("--network", lab.net, *options, name=name, ready=False)
    return run(name, policy=policy_of(POLICY % (path, json, name)))


def test_a_required_variable_is_missing(lab: Lab) -> None:
    result = with_policy(lab)
    expect(result, "MODE", "variable missing", "env-missing", "set MODE")
    assert next(one for one in checks(result, "OLLAMA_HOST") if one.outcome == "fail").because == "both names are read"


def test_a_variable_has_the_wrong_name(lab: Lab, peers: Peers) -> None:
    result = with_policy(lab, "-e", "MODE=x", "-e", "OLAMA_HOST=http://peer:8080", "-e", "APP_MODELS_URL=http://peer:8080")
    expect(result, "OLLAMA_HOST", "variable under a wrong name", "env-wrong-name", "instead of OLAMA_HOST")


def test_the_names_of_one_service_differ(lab: Lab, peers: Peers) -> None:
    result = with_policy(lab, "-e", "MODE=x", "-e", "OLLAMA_HOST=http://peer:8080", "-e", "APP_MODELS_URL=http://peer:8404")
    expect(result, "OLLAMA_HOST", "names of one service with different values", "env-group-differs", "same address")


def both(value: str) -> tuple[str, ...]:
    return ("-e", "MODE=x", "-e", f"OLLAMA_HOST={value}", "-e", f"APP_MODELS_URL={value}")


@pytest.mark.parametrize(("port", "key"), [(8401, "http-unauthorised"), (8404, "http-not-found"), (8500, "http-error")])
def test_the_policy_s_status_is_asked_for(lab: Lab, peers: Peers, port: int, key: str) -> None:
    expect(with_policy(lab, *both(f"http://peer:{port}")), "OLLAMA_HOST", f"HTTP {port - 8000} where the policy wants 200", key, "")


def test_the_configured_model_is_not_there(lab: Lab, peers: Peers) -> None:
    wanted = ', json: {"models[].name": "{env.APP_MODEL}"}'
    result = with_policy(lab, *both("http://peer:8080"), "-e", "APP_MODEL=large:7", json=wanted)
    expect(result, "OLLAMA_HOST", "the service has not what the policy asks for", "json-differs", "large:7")
    assert with_policy(lab, *both("http://peer:8080"), "-e", "APP_MODEL=tiny:1", json=wanted).count("fail") == 0


@pytest.mark.parametrize(("state", "key"), [("stopped", "exited"), ("paused", "paused"), ("flapping", "restarting"), ("created", "never-started"), ("fat", "out-of-memory")])
def test_a_container_that_does_not_run_is_told_by_its_state(peers: Peers, state: str, key: str) -> None:
    name = getattr(peers, state)
    result = run(name)
    found = checks(result, "state")[0]
    assert found.cause is not None
    assert found.cause.key == key


def test_an_expired_certificate(lab: Lab, certificates: dict[str, Path]) -> None:
    if "expired" not in certificates:
        pytest.skip("this openssl makes no certificate with given dates")
    folder = certificates["own"].parent
    name = lab.name("expired")
    lab.run("--network", lab.net, "--network-alias", "late", "-v", f"{folder}:/certs:ro", name=name, command=("https:8443:0.0.0.0:/certs/expired.pem",))
    client = lab.run("--network", lab.net, "-v", f"{certificates['expired.crt']}:/ca.crt:ro", "-e", "SSL_CERT_FILE=/ca.crt", "-e", "PEER_URL=https://late:8443", ready=False)
    expect(run(client), "PEER_URL", "expired certificate", "certificate-expired", "renew")


