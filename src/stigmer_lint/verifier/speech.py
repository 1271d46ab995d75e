"""From the bytes that came back to why they are not what was wanted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stigmer_lint.knowledge.secrets import mask
from stigmer_lint.verifier.causes import cause
from stigmer_lint.verifier.diagnose import Scene, of_state
from stigmer_lint.verifier.types import Cause, Target

_UNTRUSTED_NAME = ("hostname mismatch", "ip address mismatch", "doesn't match", "not valid for")
_PLAIN_ERRORS = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE", "PACKET_LENGTH_TOO_LONG")


def of_speech(scene: Scene, target: Target, record: dict[str, Any], env: Mapping[str, str]) -> tuple[Cause | None, tuple[str, ...]]:
    """(cause or None for an answer that will do, remarks) of a probe whose TCP connection was accepted."""
    tls = record.get("tls")
    speak = record.get("speak") or {}
    other = record.get("other") or {}
    if tls is not None and not tls["ok"] and tls["error"] == "untrusted":
        return _untrusted(target, str(tls["untrusted"])), ()
    if tls is not None and not tls["ok"]:
        return _no_tls(scene, target, record, str(tls["error"])), ()
    if speak.get("ok"):
        return _answered(target, speak, env)
    if other.get("kind") == "tls" and (other.get("tls") or {}).get("ok"):
        written = f"{_tls_scheme(target)}{target.shown}"
        return cause("plain-to-tls", f"{target.shown} speaks TLS, and is dialled without", f"write {written}" if _tls_scheme(target) else "switch TLS on in the client"), ()
    error = str(speak.get("error"))
    if (record.get("as_http") or {}).get("ok"):
        error = "not-" + target.protocol
    if error in ("eof", "reset"):
        return _hung_up(scene, target, record, error), ()
    if error == "timeout":
        return _silent(scene, target, record), ()
    spoken = _spoken(record)
    if not target.sure:
        return None, (f"the port answers, and does not speak {target.protocol}{f' but {spoken}' if spoken else ''}; that it should was only guessed",)
    return cause("wrong-protocol", f"{target.shown} does not speak {_shown(target.protocol)}{f' but {spoken}' if spoken else ''}", "correct the port or the scheme: another service answers there"), ()


def _shown(protocol: str) -> str:
    return {"http": "HTTP", "grpc": "gRPC", "redis": "Redis", "postgres": "PostgreSQL", "mysql": "MySQL", "amqp": "AMQP"}.get(protocol, protocol)


def _tls_scheme(target: Target) -> str:
    return {"http": "https://", "redis": "rediss://", "amqp": "amqps://", "grpc": "grpcs://"}.get(target.protocol, "")


def _spoken(record: dict[str, Any]) -> str | None:
    """What the bytes of the other side belong to."""
    if (record.get("as_http") or {}).get("ok"):
        return "HTTP/1"
    try:
        first = bytes.fromhex((record.get("speak") or {}).get("first") or "")
    except ValueError:
        return None
    if first.startswith(b"HTTP/"):
        return "HTTP/1"
    if first.startswith(b"SSH-"):
        return "SSH"
    if first.startswith((b"-ERR", b"+PONG", b"-NOAUTH")):
        return "Redis"
    if first[:1] == b"\x15" and first[1:2] == b"\x03":
        return "TLS"
    if len(first) > 4 and first[3] == 4 and first[:3] < b"\x00\x01\x00":
        return "HTTP/2"
    if len(first) > 5 and first[3] == 0 and first[4] == 10:
        return "MySQL"
    if first.startswith(b"220 "):
        return "SMTP or FTP"
    if first.startswith(b"AMQP"):
        return "AMQP"
    if first.startswith(b"INFO {"):
        return "NATS"
    return f"something that begins with {first[:16].decode('latin-1')!r}" if first else None


def _answered(target: Target, speak: dict[str, Any], env: Mapping[str, str]) -> tuple[Cause | None, tuple[str, ...]]:
    if target.protocol == "grpc":
        return _grpc(target, speak)
    if target.protocol != "http" or "status" not in speak:
        return None, ()
    status = int(speak["status"])
    where = f"GET {target.path}"
    asked = target.service is not None and target.sure and (target.status is not None or target.json or target.path != "/")
    fits = status == target.status if target.status is not None else 200 <= status < 400
    if (asked and not fits) or status >= 500:
        return _status(target, where, status), ()
    if asked and target.json:
        return _json(target, where, str(speak.get("body", "")), env), ()
    if fits:
        return None, ()
    return None, (f"{where} was answered with {status}: the network is fine; whether this path, key or method is, only the client's own request shows",)


def _status(target: Target, where: str, status: int) -> Cause:
    text = f"{target.shown} is reached, and answers {where} with {status}"
    if status == 404:
        return cause("http-not-found", text + ": the network is fine, the path is not", "correct the path (a missing or doubled /v1?), or the health path of the policy")
    if status in (401, 407):
        return cause("http-unauthorised", text + ": the network is fine, the key is missing or wrong", "give the container the right key or token")
    if status == 403:
        return cause("http-forbidden", text + ": the network is fine, the server refuses this caller (its Host or Origin check, or a key)", "allow the name that is dialled in the server's settings; Ollama: let it listen on 0.0.0.0, OLLAMA_ORIGINS for browsers")
    if status >= 500:
        return cause("http-error", text + ": the network is fine, the service is not", "look at the service's own log")
    wanted = target.status if target.status is not None else "200 to 399"
    return cause("http-unexpected", f"{text}, {wanted} is wanted", "correct the health path or status of the policy, or the service")


def _json(target: Target, where: str, body: str, env: Mapping[str, str]) -> Cause | None:
    try:
        document = json.loads(body)
    except ValueError:
        return cause("json-differs", f"{where} of {target.shown} does not answer with JSON", "correct the health path of the policy")
    for path, raw in target.json.items():
        wanted = filled(raw, env)
        if wanted is None:
            return cause("json-differs", f"{raw} cannot be told: the container does not have the variable", "set the variable")
        found = values_at(document, path)
        if not any(_same(path, one, wanted) for one in found):
            has = ", ".join(sorted({str(one) for one in found})[:8]) or "nothing"
            hint = f"; pull or install {wanted}" if "[]" in path else ""
            return cause("json-differs", f"{where} of {target.shown} has no {wanted} at {path} (it has {has})", f"make the service provide it{hint}, or correct the variable")
    return None


def _same(path: str, found: object, wanted: str) -> bool:
    text = "true" if found is True else "false" if found is False else str(found)
    # Ollama lists `name:latest` for what is asked for as `name`.
    return text == wanted or (path.endswith("name") and text == f"{wanted}:latest")


def filled(text: str, env: Mapping[str, str]) -> str | None:
    """`{env.NAME}` replaced by the container's variable; None where it has none."""
    out, rest = "", text
    while "{env." in rest:
        # What a variable holds is not filled in again: it may name itself.
        head, _, tail = rest.partition("{env.")
        name, brace, rest = tail.partition("}")
        if not brace or name not in env:
            return None
        out += head + env[name]
    return out + rest


def values_at(document: object, path: str) -> list[object]:
    """Everything at a dotted path; `name[]` stands for any element of the list `name`."""
    found = [document]
    for part in path.split("."):
        key = part.removesuffix("[]")
        following: list[object] = []
        for one in found:
            inner = one.get(key) if isinstance(one, dict) and key else one if not key else None
            if part.endswith("[]"):
                following.extend(inner if isinstance(inner, list) else [])
            elif inner is not None:
                following.append(inner)
        found = following
    return found


def _grpc(target: Target, speak: dict[str, Any]) -> tuple[Cause | None, tuple[str, ...]]:
    health, status = speak.get("health"), speak.get("grpc_status")
    name = target.grpc_service or "the server"
    if health == "NOT_SERVING":
        return cause("not-serving", f"{target.shown} speaks gRPC, and says that {name} does not serve (NOT_SERVING)", "look at the service's own log"), ()
    if status == 5 or health == "SERVICE_UNKNOWN":
        return cause("grpc-unknown-service", f"{target.shown} speaks gRPC, and knows no service {name} to check", "correct the name in the policy's health, or ask for \"\""), ()
    if health == "SERVING":
        return None, ()
    if status == 12 or speak.get("http_status") in (404, 415):
        return None, ("the port speaks gRPC and has no health service, so it is reached, and more cannot be told",)
    if status in (16, 7):
        return None, ("the port speaks gRPC and wants credentials for its health check",)
    return None, ("the port speaks HTTP/2; no health was told",)


def _untrusted(target: Target, why: str) -> Cause:
    low = why.lower()
    if any(words in low for words in _UNTRUSTED_NAME):
        return cause("wrong-certificate-name", f"the certificate of {target.shown} is not for {target.host}: {why}", f"dial a name that the certificate has, or make one with {target.host} among its names")
    if "expired" in low or "not yet valid" in low:
        return cause("certificate-expired", f"the certificate of {target.shown} is not valid now: {why}", "renew it, or set the clock")
    return cause("unknown-authority", f"the container does not trust the certificate of {target.shown}: {why}", "put the authority's certificate into the image or mount it, and tell the client (SSL_CERT_FILE, REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS)")


def _no_tls(scene: Scene, target: Target, record: dict[str, Any], error: str) -> Cause:
    plain = (record.get("other") or {}).get("speak") or {}
    if plain.get("ok") or error in _PLAIN_ERRORS:
        return cause("tls-to-plain", f"{target.shown} does not speak TLS ({error}){', plain ' + _shown(target.protocol) + ' is answered' if plain.get('ok') else ''}", "write http:// instead of https://, or the port that has TLS")
    if error in ("eof", "reset"):
        return _hung_up(scene, target, record, error)
    if error == "timeout":
        return _silent(scene, target, record)
    return cause("tls-failed", f"no TLS connection to {target.shown}: {error}", "compare the TLS versions and ciphers of both ends")


def _peer(scene: Scene, record: dict[str, Any]) -> str:
    return str(next((one["address"] for one in record["connects"] if one["ok"]), ""))


def _hung_up(scene: Scene, target: Target, record: dict[str, Any], error: str) -> Cause:
    """Accepted and closed: behind a published port docker-proxy accepts for whoever may not be there."""
    address = _peer(scene, record)
    port = target.port
    published = scene.room.by_published(port) if port is not None and scene.room.by_address(address) is None else None
    if published is not None:
        other, binding = published
        down = of_state(other)
        if down is not None:
            return down
        listeners = scene.listeners_of(other)
        found = tuple(one for one in listeners or () if one.port == binding.container_port)
        if listeners is not None and found and all(one.is_loopback for one in found):
            return cause(
                "server-on-loopback", f"the host accepts port {port} for {other.name}, whose server listens on {found[0].address}:{binding.container_port} only",
                f"let it listen on 0.0.0.0:{binding.container_port} inside {other.name}",
            )  # fmt: skip
        if listeners is not None and not found:
            ports = sorted({one.port for one in listeners})
            return cause(
                "published-to-nothing", f"the host accepts port {port} for {other.name}, where nothing listens on {binding.container_port}"
                + (f" (it listens on {', '.join(map(str, ports[:6]))})" if ports else ""),
                f"publish the port that the server listens on: -p {port}:{ports[0]}" if len(ports) == 1 else f"start the server in {other.name}, or correct the published port",
            )  # fmt: skip
    how = "ends the connection" if error == "eof" else "resets the connection"
    return cause("closed-at-once", f"{target.shown} accepts and {how} without an answer", "check that the port is the service's own, with or without TLS as it wants, and look at its log")


def _silent(scene: Scene, target: Target, record: dict[str, Any]) -> Cause:
    address = _peer(scene, record)
    other = scene.room.by_address(address)
    if other is None and target.port is not None:
        published = scene.room.by_published(target.port)
        other = published[0] if published is not None else None
    if other is not None:
        down = of_state(other)
        if down is not None:
            return down
    who = other.name if other is not None and other.id != scene.owner.id else target.shown
    return cause("hung", f"{who} accepts connections and does not answer: the process hangs or is overloaded", "look at the service: its log, its processor time, its number of connections")


def of_proxy(target: Target, record: dict[str, Any], direct_ok: bool) -> Cause | None:
    """Whether the way through the HTTP proxy, which clients take because of the environment, ends elsewhere."""
    proxied = record.get("proxied")
    if not proxied or not direct_ok:
        return None
    proxy = mask("", target.proxy or "")
    speak = proxied.get("speak") or {}
    fix = f"add {target.host} to both NO_PROXY and no_proxy"
    if not speak.get("ok"):
        attempts = proxied.get("connects") or []
        why = attempts[0]["error"] if attempts and not attempts[0]["ok"] else speak.get("error") or proxied["resolve"]["error"]
        return cause("proxy-unreachable", f"{target.shown} is reached directly, but clients use the proxy {proxy}, which is not reached ({why})", f"{fix}, or correct the proxy: its address was made for the host")
    direct = record.get("speak") or {}
    status, own = int(speak.get("status", 0)), int(direct.get("status", 0))
    if target.tls:
        # The answer to CONNECT: 200 is a tunnel.
        refused = status >= 300
        text = f"connections to {target.shown} go through the proxy {proxy}, which refuses them with {status}; directly the service answers"
        return cause("proxy-answers", text, fix) if refused else None
    if status != own and status in (400, 403, 404, 407, 500, 501, 502, 503, 504):
        return cause("proxy-answers", f"requests to {target.shown} go to the proxy {proxy}, which answers {status}; directly it is {own}", fix)
    return None


__all__ = ["filled", "of_proxy", "of_speech", "values_at"]
