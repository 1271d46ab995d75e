"""The policy file's JSON Schema (draft 2020-12), made from the types that load it.

`python -m stigmer_lint.policy.schema` writes it to its place in the tree.
"""

from __future__ import annotations

import ast
import inspect as source_of
from typing import Any, Final

from msgspec import inspect

from stigmer_lint.policy import types
from stigmer_lint.policy.decode import choices

ID: Final = "urn:stigmer-lint:policy:1"


def build() -> dict[str, Any]:
    """The schema as plain data."""
    documented = _documentation()
    kinds: dict[str, inspect.StructType] = {}
    root = inspect.type_info(types.Policy)
    _collect(root, kinds)
    bodies = {name: _struct(kind, documented) for name, kind in kinds.items()}
    body = bodies.pop("Policy")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "stigmer-lint policy",
        **body,
        # What is required may come from the policy that this one extends.
        "if": {"not": {"required": ["extends"]}},
        "then": _requirements(root),
        "$defs": dict(sorted(bodies.items())),
    }


STORE_ID: Final = "https://json.schemastore.org/stigmer-lint.json"
"""Where SchemaStore would serve it: its schemas carry the address of the file that holds them (CONTRIBUTING.md of SchemaStore/schemastore)."""


def for_store() -> dict[str, Any]:
    """The schema in draft-07, the newest that SchemaStore recommends, as the editors that take from it know no newer one."""
    body = build()
    definitions = body.pop("$defs")
    moved = _moved({"definitions": definitions, **body})
    return {"$schema": "http://json-schema.org/draft-07/schema#", "$id": STORE_ID, **{key: value for key, value in moved.items() if not key.startswith("$")}}


def _moved(node: Any) -> Any:
    """References to `$defs` lead to `definitions`; what stands beside one is ignored by draft-07, so it is moved out of its reach."""
    if isinstance(node, list):
        return [_moved(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: value.replace("#/$defs/", "#/definitions/") if key == "$ref" else _moved(value) for key, value in node.items()}
    if "$ref" in found and len(found) > 1:
        found["allOf"] = [*found.get("allOf", []), {"$ref": found.pop("$ref")}]
    return found


def text() -> str:
    """The schema as JSON, as it is kept in the tree."""
    import json

    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


def _documentation() -> dict[str, tuple[str, dict[str, str]]]:
    """Class name -> its docstring, and attribute name -> the docstring below it."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for node in ast.parse(source_of.getsource(types)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        attributes: dict[str, str] = {}
        for here, below in zip(node.body, node.body[1:], strict=False):
            if isinstance(here, ast.AnnAssign) and isinstance(here.target, ast.Name) and isinstance(below, ast.Expr):
                if isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
                    attributes[here.target.id] = " ".join(below.value.value.split())
        found[node.name] = (" ".join((ast.get_docstring(node) or "").split()), attributes)
    return found


def _collect(kind: inspect.Type, found: dict[str, inspect.StructType]) -> None:
    if isinstance(kind, inspect.StructType):
        if kind.cls.__name__ not in found:
            found[kind.cls.__name__] = kind
            for field in kind.fields:
                _collect(field.type, found)
    elif isinstance(kind, inspect.DictType):
        _collect(kind.value_type, found)
    elif isinstance(kind, inspect.VarTupleType):
        _collect(kind.item_type, found)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            _collect(one, found)


def _struct(kind: inspect.StructType, documented: dict[str, tuple[str, dict[str, str]]]) -> dict[str, Any]:
    name = kind.cls.__name__
    description, attributes = documented[name]
    properties = {}
    for field in kind.fields:
        body = _type(field.type)
        body["description"] = attributes[field.name]
        if not field.required and isinstance(field.default, (str, int, bool)):
            body["default"] = field.default
        properties[field.encode_name] = body
    result: dict[str, Any] = {"type": "object", "description": description, "properties": properties, "additionalProperties": False}
    required = [field.encode_name for field in kind.fields if field.required]
    if required and name in _WHOLE:
        result["required"] = required
    return result


_WHOLE: Final = frozenset(("Policy", "LauncherCall", "LaunchIdiom", "ClientRule", "PathSetting", "RequiredEnv"))
"""The file itself and structs that are items of lists: what they require cannot come from an extended policy."""


def _type(kind: inspect.Type) -> dict[str, Any]:
    if isinstance(kind, inspect.StructType):
        return {"$ref": f"#/$defs/{kind.cls.__name__}"}
    if isinstance(kind, inspect.DictType):
        # Texts of a map are taken as they are written, so that `PORT: 8080` needs no quotes.
        values = {"type": ["string", "number", "boolean"]} if isinstance(kind.value_type, inspect.StrType) else _type(kind.value_type)
        body: dict[str, Any] = {"type": "object", "additionalProperties": values}
        if isinstance(kind.key_type, inspect.LiteralType):
            body["propertyNames"] = _type(kind.key_type)
        return body
    if isinstance(kind, inspect.VarTupleType):
        return {"type": "array", "items": _type(kind.item_type)}
    if isinstance(kind, inspect.UnionType):
        options = [_type(one) for one in kind.types]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if isinstance(kind, inspect.LiteralType):
        return {"enum": choices(kind)}
    if isinstance(kind, inspect.NoneType):
        return {"type": "null"}
    if isinstance(kind, inspect.BoolType):
        return {"type": "boolean"}
    return {"type": "integer" if isinstance(kind, inspect.IntType) else "string"}


def _requirements(kind: inspect.Type) -> dict[str, Any]:
    """What must be there below maps and structs, as a schema that says nothing else; {} where nothing must."""
    if isinstance(kind, inspect.DictType):
        values = _requirements(kind.value_type)
        return {"additionalProperties": values} if values else {}
    if isinstance(kind, inspect.UnionType):
        structs = [one for one in kind.types if isinstance(one, inspect.StructType)]
        inner = _requirements(structs[0]) if structs else {}
        return {"if": {"type": "object"}, "then": inner} if inner else {}
    if not isinstance(kind, inspect.StructType):
        return {}
    properties = {field.encode_name: body for field in kind.fields if (body := _requirements(field.type))}
    required = [field.encode_name for field in kind.fields if field.required]
    return {**({"required": required} if required else {}), **({"properties": properties} if properties else {})}


def main() -> None:
    """Write the schema beside the shipped policies."""
    from pathlib import Path

    import stigmer_policies

    Path(str(stigmer_policies.schema())).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
