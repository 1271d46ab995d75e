"""What to probe: the addresses in a container's environment and the services of its policy entry."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping

import msgspec

from stigmer_lint.addresses import Address, addresses
from stigmer_lint.knowledge.names import tokens
from stigmer_lint.knowledge.roles import RoleVerdict, role_of
from stigmer_lint.knowledge.secrets import is_secret
from stigmer_lint.policy.types import Container as PolicyContainer
from stigmer_lint.policy.types import Policy, Service
from stigmer_lint.verifier.types import Target

SCHEMES: Mapping[str, tuple[str, bool, int | None]] = {
    "http": ("http", False, 80), "https": ("http", True, 443), "ws": ("http", False, 80), "wss": ("http", True, 443), "h2c": ("grpc", False, 80),
    "grpc": ("grpc", False, None), "grpcs": ("grpc", True, 443), "redis": ("redis", False, 6379), "rediss": ("redis", True, 6379),
    "valkey": ("redis", False, 6379), "valkeys": ("redis", True, 6379), "postgres": ("postgres", False, 5432), "postgresql": ("postgres", False, 5432),
    "mysql": ("mysql", False, 3306), "mariadb": ("mysql", False, 3306), "amqp": ("amqp", False, 5672), "amqps": ("amqp", True, 5671),
    "mongodb": ("tcp", False, 27017), "nats": ("tcp", False, 4222), "kafka": ("tcp", False, 9092), "bolt": ("tcp", False, 7687), "neo4j": ("tcp", False, 7687),
    "ldap": ("tcp", False, 389), "ldaps": ("tcp", True, 636), "mqtt": ("tcp", False, 1883), "smtp": ("tcp", False, 25), "clickhouse": ("tcp", False, 9000),
    "tcp": ("tcp", False, None), "tls": ("tcp", True, None), "pulsar": ("tcp", False, 6650), "sqlserver": ("tcp", False, 1433), "memcached": ("tcp", False, 11211),
}
"""Scheme -> protocol to speak, with TLS or not, the port where none is written."""
_WORDS: Mapping[str, str] = {
    "redis": "redis", "valkey": "redis", "keydb": "redis", "postgres": "postgres", "postgresql": "postgres", "pg": "postgres", "mysql": "mysql", "mariadb": "mysql",
    "rabbitmq": "amqp", "amqp": "amqp", "grpc": "grpc", "temporal": "grpc", "ollama": "http", "elasticsearch": "http", "opensearch": "http", "prometheus": "http",
    "loki": "http", "vllm": "http", "litellm": "http", "searxng": "http",
}  # fmt: skip
"""Words of a variable's name or of a product that say what is spoken."""
_PORTS: Mapping[int, str] = {6379: "redis", 5432: "postgres", 3306: "mysql", 5672: "amqp", 7233: "grpc", 11434: "http", 9200: "http", 80: "http", 443: "http"}
_ADDRESS_WORDS = frozenset({"HOST", "ADDR", "ADDRESS", "URL", "URI", "ENDPOINT", "SERVER", "SERVERS", "BROKER", "BROKERS", "TARGET", "UPSTREAM", "DSN", "HOSTS"})
_PROXY_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def targets(env: Iterable[tuple[str, str]], image: str, policy: Policy, entry: PolicyContainer | None) -> tuple[Target, ...]:
    """The addresses that a container with this environment dials, each once, in the order of the variables.

    A variable of a policy's service is asked as the policy says; any other as its scheme, its name and its port suggest.
    """
    pairs = tuple(env)
    known = dict(pairs)
    found: list[Target] = []
    for name, value in pairs:
        said = policy.service_for(name, entry)
        if said is not None and (entry is None or said[0] in entry.uses or not entry.uses):
            found.extend(of_service(name, value, *said))
            continue
        role = role_of(name, value, image, dict(policy.env_roles))
        if role.role not in ("dial", "unknown"):
            continue
        found.extend(_of_variable(name, value, role, known))
    return _merged(_with_proxy(_without_secret_path(one, entry), known) for one in found)


def _without_secret_path(target: Target, entry: PolicyContainer | None) -> Target:
    """A secret address is asked for its root: its path may be the secret, and would stand in logs and messages."""
    name = target.names[0]
    hidden = is_secret(name, target.value) or (entry is not None and any(fnmatch.fnmatchcase(name, one) for one in entry.env.secret))
    return msgspec.structs.replace(target, path="/") if hidden and target.service is None else target


def unquoted(value: str) -> str:
    """A value without quotes that an env file has kept around it."""
    text = value.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def of_service(name: str, value: str, key: str, service: Service) -> Iterable[Target]:
    """How to ask a service of the policy at the address that the variable `name` has as its value: as its `health` says."""
    default = addresses(service.address)
    for address in addresses(unquoted(value))[:4]:
        if address.kind == "unknown":
            continue
        protocol, tls, port = _said(address)
        health = service.health
        path, status, grpc_service, wanted = "/", None, "", dict[str, str]()
        sure = protocol is not None
        if health is not None:
            sure = True
            tls = tls or health.tls
            path, status, wanted = health.http or "/", health.status, dict(health.json)
            protocol = (
                "http" if health.http is not None else "grpc" if health.grpc is not None else "redis" if health.redis
                else "postgres" if health.postgres else "tcp"
            )  # fmt: skip
            grpc_service = health.grpc or ""
        if address.port is not None:
            port = int(address.port)
        elif port is None and default and default[0].port is not None:
            port = int(default[0].port)
        yield Target(
            names=(name,), value=value, host=address.host, port=port, protocol=protocol or "tcp", tls=tls, path=path, sure=sure, service=key,
            grpc_service=grpc_service, status=status, json=wanted, because=service.because,
        )  # fmt: skip


def _said(address: Address) -> tuple[str | None, bool, int | None]:
    scheme = (address.scheme or "").partition("+")[0]
    protocol, tls, port = SCHEMES.get(scheme, (None, False, None))
    return protocol, tls, port


def _of_variable(name: str, value: str, role: RoleVerdict, known: Mapping[str, str]) -> Iterable[Target]:
    if role.role == "unknown" and "://" not in value and not _looks_like_address(name, value):
        return
    for address in addresses(unquoted(value))[:6]:
        if address.kind == "unknown" or (role.role == "unknown" and address.kind == "name" and address.scheme is None and address.port is None):
            continue
        said, tls, port = _said(address)
        if address.port is not None:
            port = int(address.port)
        elif port is None:
            port = _sibling_port(name, known) or (int(role.default_port) if role.default_port and role.default_port.isdigit() else None)
        words = {word.lower() for word in tokens(name)} | {word.strip(",()").lower() for word in (role.product or "").split()}
        by_word = next((_WORDS[word] for word in sorted(words) if word in _WORDS), None)
        # OTLP's exporter variables carry an http:// URL for gRPC as well (port 4317).
        protocol = "grpc" if said == "http" and port == 4317 else said or by_word or (_PORTS.get(port) if port else None) or "tcp"
        yield Target(
            names=(name,), value=value, host=address.host, port=port, protocol=protocol, tls=tls, path=_path(unquoted(value), address),
            sure=said is not None and said != "tcp" and port != 4317, certain=role.role == "dial",
        )  # fmt: skip


def _looks_like_address(name: str, value: str) -> bool:
    """Whether a value without a scheme is one. `model:7` and `python:3` are not, unless the name speaks of an address."""
    found = addresses(value)
    if len(found) != 1 or " " in value:
        return False
    return found[0].kind in ("loopback", "host-alias", "gateway-ip") or (found[0].port is not None and bool(_ADDRESS_WORDS & set(tokens(name))))


def _sibling_port(name: str, known: Mapping[str, str]) -> int | None:
    """`DB_HOST` has its port in `DB_PORT`, `PGHOST` in `PGPORT`."""
    for ending in ("HOST", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "ENDPOINT", "URL"):
        if name.upper().endswith(ending):
            stem = name[: -len(ending)]
            for sibling in (f"{stem}PORT", f"{stem}port"):
                port = unquoted(known.get(sibling, ""))
                if port.isdigit() and 0 < int(port) < 65536:
                    return int(port)
    return None


def _path(value: str, address: Address) -> str:
    """The path of a URL, without its query: a query may hold credentials, and changes nothing about who answers."""
    if address.scheme not in ("http", "https"):
        return "/"
    rest = value[address.end :].lstrip("]")
    slash = rest.find("/")
    if slash < 0:
        return "/"
    path = rest[slash:]
    for stop in "?# \t,;\"'":
        path = path.partition(stop)[0]
    return path or "/"


def _with_proxy(target: Target, known: Mapping[str, str]) -> Target:
    """The target with the proxy that an HTTP client would use for it, if any."""
    if target.protocol != "http" or any(name.upper() in _PROXY_NAMES for name in target.names):
        return target
    wanted = ("https_proxy", "HTTPS_PROXY") if target.tls else ("http_proxy", "HTTP_PROXY")
    proxy = next((known[name] for name in (*wanted, "all_proxy", "ALL_PROXY") if known.get(name)), None)
    if proxy is None or not proxy.startswith(("http://", "https://")) or _bypassed(target.host, target.port, known):
        return target
    return msgspec.structs.replace(target, proxy=proxy)


def _bypassed(host: str, port: int | None, known: Mapping[str, str]) -> bool:
    """Whether NO_PROXY covers a host, as requests and curl read it: names with their subdomains, addresses, `*`."""
    import ipaddress

    listed = ",".join(known[name] for name in ("no_proxy", "NO_PROXY") if known.get(name))
    name = host.lower().rstrip(".")
    for entry in (word.strip().lower() for word in listed.replace(" ", ",").split(",")):
        if not entry:
            continue
        if entry == "*":
            return True
        body, colon, number = entry.rpartition(":")
        if colon and number.isdigit() and ":" not in body:
            if port != int(number):
                continue
            entry = body
        bare = entry.removeprefix("*").lstrip(".")
        if bare and (name == bare or name.endswith(f".{bare}")):
            return True
        if "/" in entry:
            try:
                if ipaddress.ip_address(name) in ipaddress.ip_network(entry, strict=False):
                    return True
            except ValueError:
                continue
    return False


def _merged(found: Iterable[Target]) -> tuple[Target, ...]:
    """Targets that ask the same question become one that names all their variables."""
    by_question: dict[tuple[object, ...], Target] = {}
    for one in found:
        key = (one.host.lower(), one.port, one.protocol, one.tls, one.path, one.service, one.value)
        earlier = by_question.get(key)
        if earlier is None:
            by_question[key] = one
        elif one.names[0] not in earlier.names:
            by_question[key] = msgspec.structs.replace(earlier, names=(*earlier.names, *one.names), certain=earlier.certain or one.certain)
    return tuple(by_question.values())


__all__ = ["SCHEMES", "of_service", "targets", "unquoted"]
