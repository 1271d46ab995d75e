"""URL objects of every language as one record, so that `u.Host = x; u.String()` can be followed."""

from __future__ import annotations

from stigmer_lint.flow.containers import map_text, scalar
from stigmer_lint.model.span import Span
from stigmer_lint.model.value import Choice, Entry, Known, MapValue, ObjectValue, Template, Unknown, Value, choose, join

URL = ".url"
_NAMES = {
    "scheme": "scheme", "Scheme": "scheme", "protocol": "scheme", "hostname": "hostname", "Hostname": "hostname", "port": "port", "Port": "port",
    "host": "host", "Host": "host", "netloc": "host", "path": "path", "Path": "path", "pathname": "path", "href": "href",
}


def parse(text: str) -> dict[str, str] | None:
    """The parts of a URL, None where it has no scheme; never raises on what only looks like one."""
    scheme, separator, rest = text.partition("://")
    if not separator or not scheme.replace("+", "").replace("-", "").replace(".", "").isalnum():
        return None
    end = next((i for i, c in enumerate(rest) if c in "/?#"), len(rest))
    authority, path = rest[:end], rest[end:]
    user, at, host = authority.rpartition("@")
    if host.startswith("["):
        name, _, port = host.partition("]")
        name, port = name + "]", port.removeprefix(":")
    else:
        name, colon, port = host.rpartition(":")
        if not colon:
            name, port = host, ""
    return {"scheme": scheme, "user": user + at, "hostname": name, "port": port, "path": path}


def url_object(value: Value, span: Span | None) -> Value:
    """The URL object for a text: its parts known where the text is, else an object that remembers the text."""
    if isinstance(value, Choice):
        return choose(tuple(url_object(option, span) for option in value.options), span, value.trail, value.fallback)
    if isinstance(value, Known):
        parts = parse(value.text)
        if parts is None:
            host, colon, port = value.text.partition(":")
            parts = {"scheme": "", "user": "", "hostname": "", "port": "", "path": value.text}
            if colon and host:
                parts = {"scheme": host, "user": "", "hostname": "", "port": "", "path": port}
        entries = tuple(Entry(Known(key), Known(text, value.span, value.trail)) for key, text in parts.items())
        return ObjectValue(URL, MapValue((*entries, Entry(Known("text"), value))), span)
    return ObjectValue(URL, MapValue((Entry(Known("text"), scalar(value)),), "a URL that could not be told"), span)


def current(url: ObjectValue) -> dict[str, Value]:
    """The parts as they are after all assignments, in order."""
    parts: dict[str, Value] = {}
    changed = False
    for entry in url.fields.entries:
        if not isinstance(entry.key, Known):
            continue
        key = entry.key.text
        if key in ("scheme", "user", "hostname", "port", "path", "text") and not changed and key not in parts:
            parts[key] = entry.value
            continue
        name = _NAMES.get(key)
        if name is None:
            continue
        changed = True
        if name == "host":
            host = scalar(entry.value)
            if isinstance(host, Known) and ":" in host.text and not host.text.endswith("]"):
                parts["hostname"], parts["port"] = Known(host.text.rpartition(":")[0], host.span), Known(host.text.rpartition(":")[2])
            else:
                parts["hostname"], parts["port"] = host, Known("")
        elif name == "scheme":
            parts["scheme"] = map_text(entry.value, lambda t: t.removesuffix(":"))
        elif name == "href":
            return current(whole) if isinstance(whole := url_object(entry.value, None), ObjectValue) else parts
        else:
            parts[name] = scalar(entry.value)
    if changed:
        parts.pop("text", None)
    return parts


def text_of_url(url: ObjectValue) -> Value:
    """The URL written out."""
    parts = current(url)
    if "text" in parts:
        return parts["text"]
    if "hostname" not in parts:
        return Unknown("a URL that could not be told", "call")
    port = parts.get("port", Known(""))
    pieces: list[Value] = []
    scheme = parts.get("scheme", Unknown("the URL's scheme"))
    if not (isinstance(scheme, Known) and not scheme.text):
        pieces += [scheme, Known("://")]
    pieces += [parts.get("user", Known("")), parts["hostname"]]
    if not (isinstance(port, Known) and not port.text):
        pieces += [Known(":"), port]
    pieces.append(parts.get("path", Known("")))
    return join(tuple(scalar(p) for p in pieces), url.span)


def url_field(url: ObjectValue, name: str) -> Value | None:
    """A field of a URL object as any of the languages calls it."""
    parts = current(url)
    if name in ("href", "geturl", "toString", "String", "String()"):
        return text_of_url(url)
    wanted = _NAMES.get(name)
    if wanted is None:
        return None
    if wanted == "host":
        if "hostname" not in parts:
            return Unknown("the URL's host", "call")
        port = parts.get("port", Known(""))
        if isinstance(port, Known) and not port.text:
            return parts["hostname"]
        return join((parts["hostname"], Known(":"), port))
    found = parts.get(wanted)
    if found is None:
        return Unknown(f"the URL's {wanted}", "call")
    if name == "protocol":
        return map_text(found, lambda t: t + ":")
    if name in ("hostname", "Hostname") and isinstance(found, Known | Choice | Template):
        return map_text(found, lambda t: t if name == "hostname" else t.strip("[]"))
    return found
