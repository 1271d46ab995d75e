"""JavaScript and TypeScript: a file's top-level declarations at once, bodies on demand.

CommonJS exports are bound as ES modules' are. `module.exports` is the variable "default" and `exports.x` the variable "exports.x" of the
module's body (no identifier of the language can have these names); where `exports.x = y` names something that the file
declares, the export stands for that directly.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Literal

from stigmer_lint.errors import UnreadableError
from stigmer_lint.flow.ir import Assign, Attr, Block, ClassDecl, Expr, Field, FunctionDecl, Import, Name, Num, Range, Unit
from stigmer_lint.flow.ir import block as make_block
from stigmer_lint.frontends import treesitter
from stigmer_lint.frontends.decoded import text_with_nul
from stigmer_lint.frontends.javascript_body import Body
from stigmer_lint.frontends.javascript_functions import class_decl, function
from stigmer_lint.frontends.javascript_modules import locate
from stigmer_lint.frontends.javascript_nodes import (
    CLASS_DECLARATIONS,
    COMMENTS,
    FUNCTION_DECLARATIONS,
    FUNCTION_VALUES,
    Context,
    bindings,
    plain_string,
    required,
    solid,
    unwrap,
)
from stigmer_lint.frontends.javascript_shapes import SHAPES, shape
from stigmer_lint.model.span import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node

    from stigmer_lint.frontends.base import Tree

Language = Literal["javascript", "typescript", "tsx"]

_INNER_IMPORT = re.compile(rb"\b(?:const|let|var)\s+([\w$]+|\{[^{}]*\})\s*=\s*(?:await\s+)?(require|import)\s*\(\s*[\"'`]")
_MAX_INNER_IMPORTS = 200
"""Each is looked up in the tree, at a cost of the depth that it stands at."""

_ASSIGNS_EXPORTS = re.compile(rb"\bexports\s{0,8}(?:\.[\w$.]{1,120}\s{0,8})?=[^=]")
_CONTAINERS = frozenset({
    "if_statement", "else_clause", "try_statement", "catch_clause", "finally_clause", "statement_block", "labeled_statement", "ERROR",
})
_DECLARATIONS = frozenset({"lexical_declaration", "variable_declaration"})


class JavaScriptFrontend:
    """One of the three grammars: "javascript" (.js .mjs .cjs .jsx), "typescript" (.ts .mts .cts), "tsx" (.tsx)."""

    def __init__(self, language: str) -> None:
        if language not in ("javascript", "typescript", "tsx"):
            raise ValueError(f"no JavaScript grammar is named {language!r}")
        self.grammar = language
        self.language = "javascript" if language == "javascript" else "typescript"

    def parse(self, source: SourceFile) -> Unit:
        """The file's declarations; raises UnreadableError for NUL bytes and UTF-16, and for a file that
        the grammar cannot read in reasonable time."""
        data = source.data
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise UnreadableError(source.path, "it is UTF-16, not UTF-8")
        zero = data.find(b"\0")
        if zero >= 0 and not text_with_nul(data):
            raise UnreadableError(source.path, "it holds a NUL byte, so it is no source text", zero)
        tree = treesitter.parse(self.grammar, data, source.path)
        root = tree.root_node
        unit = Unit(path=source.path, language=self.language, imports={}, functions={}, classes={}, exports={})
        unit.error_at = treesitter.first_error(tree)
        unit.comments = partial(treesitter.in_comment, tree)
        _Declarations(data, unit).read(root)
        return unit

    def locate(self, tree: Tree, unit: Unit, module: str) -> tuple[str, ...]:
        """The file of the tree that `module` means in `unit`: by relative path, tsconfig paths, workspace package or `#import`."""
        return locate(tree, unit.path, module, typescript=unit.language == "typescript")


class _Declarations:
    """Fills a unit from the top level of a syntax tree."""

    def __init__(self, data: bytes, unit: Unit) -> None:
        self.data = data
        self.unit = unit
        self.context = Context(data, unit)
        self.body = Body(self.context, None, 0)
        self.re_exports: list[tuple[str, str, str]] = []
        self.bound: list[tuple[Range, Range, str, Name]] = []
        """Members of an exported object: the pair's span, the key's, the exported name, the object."""
        self.objects: dict[str, Node] = {}
        """Top-level variables that are object literals, for `module.exports = name`."""

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def read(self, root: Node) -> None:
        unit = self.unit
        # Decided first, as defaults of parameters and fields are lowered on the way.
        self.context.commonjs = b"exports" in self.data and _ASSIGNS_EXPORTS.search(self.data) is not None
        waiting = [root]
        while waiting:
            node = waiting.pop()
            for child in node.named_children:
                kind = child.type
                if kind in _CONTAINERS:
                    continue
                self._statement(child, kind)
            waiting.extend(child for child in reversed(node.named_children) if child.type in _CONTAINERS)
        unit.re_exports = tuple(self.re_exports)
        self._inner_imports(root)
        body = self.body

        def lower() -> Block:
            lowered = body.module_body(root)
            if not self.bound:
                return lowered
            extra = [
                Assign(span, Name(key, f"exports.{name}"), Attr(span, holder, name, key), declares=True)
                for span, key, name, holder in self.bound
            ]
            return make_block([*lowered.stmts, *extra])

        unit.module = FunctionDecl(name="", span=root.byte_range, name_span=(0, 0), params=(), lower=lower, unit=unit)

    # ---------------------------------------------------------------- statements

    def _statement(self, node: Node, kind: str) -> None:
        if kind == "import_statement":
            self._import(node)
        elif kind == "export_statement":
            self._export(node)
        elif kind in FUNCTION_DECLARATIONS:
            self._function(node)
        elif kind in CLASS_DECLARATIONS:
            self._class(node)
        elif kind in _DECLARATIONS:
            self._variables(node)
        elif kind == "expression_statement":
            self._expression(node)
        elif kind == "enum_declaration":
            self._enum(node)
        elif kind in SHAPES:
            self.unit.shapes.update(shape(self.data, node))
        elif kind in ("internal_module", "module"):
            self._namespace(node)

    def _function(self, node: Node, name: str = "") -> str:
        name_node = node.child_by_field_name("name")
        name = self.text(name_node) if name_node is not None else name
        if name:
            self._add_function(name, node, name_node)
            self.context.taken.add(node.id)
        return name

    def _add_function(self, name: str, node: Node, name_node: Node | None, called: str = "") -> None:
        self.unit.functions[name] = function(self.body, node, 1, called or name, name_node)
        self.context.hoisted[node.id] = name

    def _class(self, node: Node, name: str = "") -> str:
        name_node = node.child_by_field_name("name")
        name = self.text(name_node) if name_node is not None else name
        if name:
            self.unit.classes[name] = class_decl(self.body, node, name, 1)
            self.context.taken.add(node.id)
        return name

    def _variables(self, node: Node) -> None:
        for declarator in node.named_children:
            if declarator.type != "variable_declarator":
                continue
            name = declarator.child_by_field_name("name")
            value = declarator.child_by_field_name("value")
            if name is None or value is None:
                continue
            value = unwrap(value)
            kind = value.type
            if kind == "assignment_expression":
                # `const x = (exports.x = ...)` and `const x = (module.exports = ...)`.
                self._assigned(value)
            elif kind in FUNCTION_VALUES and name.type == "identifier":
                self._add_function(self.text(name), value, name)
                self.context.taken.add(declarator.id)
            elif kind == "class" and name.type == "identifier":
                self.unit.classes[self.text(name)] = class_decl(self.body, value, self.text(name), 1)
                self.context.taken.add(declarator.id)
            elif kind == "object" and name.type == "identifier":
                self.objects[self.text(name)] = value
            elif kind in ("call_expression", "member_expression"):
                found = required(self.data, value)
                bound = bindings(self.data, name, found) if found is not None else None
                if bound is not None:
                    self.unit.imports.update(bound)
                    self.context.taken.add(declarator.id)

    def _enum(self, node: Node) -> str:
        name_node = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name_node is None or body is None:
            return ""
        name = self.text(name_node)
        fields: dict[str, Field] = {}
        following: int | None = 0
        for member in solid(body):
            key = member.child_by_field_name("name") if member.type == "enum_assignment" else member
            value = member.child_by_field_name("value") if member.type == "enum_assignment" else None
            if key is None or key.type not in ("property_identifier", "string"):
                continue
            text = plain_string(self.data, key) or self.text(key)
            default: Expr | None
            if value is not None:
                default = self.body.expr(value, 1)
                self.body.pending.clear()
                following = int(default.text) + 1 if isinstance(default, Num) and default.text.isdigit() and len(default.text) < 10 else None
            else:
                default = Num(key.byte_range, str(following)) if following is not None else None
                following = following + 1 if following is not None else None
            fields[text] = Field(text, key.byte_range, default=default)
        self.unit.classes[name] = ClassDecl(name, node.byte_range, (), fields, {})
        return name

    def _namespace(self, node: Node) -> str:
        """A namespace is a class with static members; what stands in it is seen by its bare name as well."""
        name_node = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name_node is None or body is None or name_node.type != "identifier":
            return ""
        name = self.text(name_node)
        before = set(self.unit.functions)
        fields: dict[str, Field] = {}
        for child in body.named_children:
            declaration = child.child_by_field_name("declaration") if child.type == "export_statement" else child
            if declaration is None:
                continue
            if declaration.type in _DECLARATIONS:
                for declarator in declaration.named_children:
                    key = declarator.child_by_field_name("name")
                    value = declarator.child_by_field_name("value")
                    if key is not None and value is not None and unwrap(value).type not in FUNCTION_VALUES:
                        fields[self.text(key)] = Field(self.text(key), key.byte_range, default=self.body.expr(value, 1))
                        self.body.pending.clear()
            if declaration.type in FUNCTION_DECLARATIONS or declaration.type in _DECLARATIONS:
                self._statement(declaration, declaration.type)
        methods = {key: decl for key, decl in self.unit.functions.items() if key not in before}
        self.unit.classes.setdefault(name, ClassDecl(name, node.byte_range, (), fields, methods))
        return name

    def _import(self, node: Node) -> None:
        source = node.child_by_field_name("source")
        clause = next((child for child in node.named_children if child.type in ("import_clause", "import_require_clause")), None)
        if clause is None:
            return
        if clause.type == "import_require_clause":
            source = clause.child_by_field_name("source")
        module = plain_string(self.data, source) if source is not None else None
        if not module:
            return
        imports = self.unit.imports
        for child in clause.named_children:
            kind = child.type
            if kind == "identifier":
                imports[self.text(child)] = Import(module, None if clause.type == "import_require_clause" else "default")
            elif kind == "namespace_import":
                for name in solid(child):
                    imports[self.text(name)] = Import(module)
            elif kind == "named_imports":
                for specifier in child.named_children:
                    name_node = specifier.child_by_field_name("name")
                    if name_node is not None:
                        alias = specifier.child_by_field_name("alias") or name_node
                        imports[self.text(alias)] = Import(module, self._export_name(name_node))

    def _export_name(self, node: Node) -> str:
        return plain_string(self.data, node) or self.text(node)

    def _export(self, node: Node) -> None:
        exports = self.unit.exports
        source = node.child_by_field_name("source")
        module = plain_string(self.data, source) if source is not None else None
        declaration = node.child_by_field_name("declaration")
        tokens = {child.type for child in node.children}
        if declaration is not None:
            for name in self._declared(declaration, "default" if "default" in tokens else ""):
                exports["default" if "default" in tokens else name] = name
            return
        if module is not None and "*" in tokens:
            self.re_exports.append(("*", module, "*"))
            return
        for child in node.named_children:
            if child.type == "namespace_export" and module is not None:
                for star_name in solid(child):
                    self.re_exports.append((self._export_name(star_name), module, "*"))
            elif child.type == "export_clause":
                for specifier in child.named_children:
                    name_node = specifier.child_by_field_name("name")
                    if name_node is None:
                        continue
                    alias = specifier.child_by_field_name("alias") or name_node
                    if module is not None:
                        self.re_exports.append((self._export_name(alias), module, self._export_name(name_node)))
                    else:
                        exports[self._export_name(alias)] = self._export_name(name_node)
        if "default" in tokens or "=" in tokens:
            exported = node.child_by_field_name("value") or next(iter(solid(node)), None)
            if exported is not None:
                self._default(exported)

    def _declared(self, node: Node, anonymous: str) -> list[str]:
        """Read an exported declaration; its names."""
        kind = node.type
        if kind in FUNCTION_DECLARATIONS:
            names = [self._function(node, anonymous)]
        elif kind in CLASS_DECLARATIONS:
            names = [self._class(node, anonymous)]
        elif kind == "enum_declaration":
            names = [self._enum(node)]
        elif kind in SHAPES:
            self.unit.shapes.update(shape(self.data, node))
            names = []
        elif kind in ("internal_module", "module"):
            names = [self._namespace(node)]
        elif kind in _DECLARATIONS:
            self._variables(node)
            names = []
            waiting = [name for one in node.named_children if (name := one.child_by_field_name("name")) is not None]
            while waiting:
                name = waiting.pop()
                if name.type in ("identifier", "shorthand_property_identifier_pattern"):
                    names.append(self.text(name))
                elif name.type == "pair_pattern":
                    waiting += [value for value in (name.child_by_field_name("value"),) if value is not None]
                elif name.type in ("object_assignment_pattern", "assignment_pattern"):
                    waiting += [left for left in (name.child_by_field_name("left"),) if left is not None]
                else:
                    waiting += name.named_children
        else:
            names = []
        return [name for name in names if name]

    def _default(self, value: Node) -> None:
        """`export default value`, `export = value`."""
        exports = self.unit.exports
        inner = unwrap(value)
        kind = inner.type
        if kind == "identifier":
            exports["default"] = self.text(inner)
            self.context.taken.add(value.id)
            return
        exports["default"] = "default"
        if kind in FUNCTION_VALUES:
            exports["default"] = self._function(inner, "default")
            self.context.taken.add(value.id)
        elif kind == "class":
            exports["default"] = self._class(inner, "default")
            self.context.taken.add(value.id)

    def _expression(self, node: Node) -> None:
        inner = next((child for child in node.named_children if child.type not in COMMENTS), None)
        if inner is None:
            return
        kind = inner.type
        if kind in ("internal_module", "module"):
            self._namespace(inner)
        elif self.context.commonjs:
            if kind == "assignment_expression":
                self._assigned(inner)
            elif kind == "call_expression" and self.data.startswith((b"__exportStar(", b"tslib_1.__exportStar("), inner.start_byte):
                arguments = inner.child_by_field_name("arguments")
                values = solid(arguments) if arguments is not None else []
                found = required(self.data, values[0]) if values else None
                if found is not None and found.member is None:
                    self.re_exports.append(("*", found.module, "*"))

    def _exported_as(self, node: Node) -> str | None:
        """The name that a target exports: "" for `module.exports`, None for what is no export."""
        start = node.start_byte
        if node.type not in ("member_expression", "identifier") or not self.data.startswith((b"exports", b"module"), start):
            return None
        text = "".join(self.text(node).split())
        if text in ("module.exports", "exports"):
            return ""
        for prefix in ("module.exports.", "exports."):
            if text.startswith(prefix) and "." not in text[len(prefix) :]:
                return text[len(prefix) :]
        return None

    def _assigned(self, node: Node) -> None:
        """`module.exports = value`, `exports.x = value`, and chains of them."""
        names: list[str] = []
        statement = node
        while node.type == "assignment_expression":
            left = node.child_by_field_name("left")
            right = node.child_by_field_name("right")
            if left is None or right is None:
                return
            name = self._exported_as(left)
            if name is not None:
                names.append(name)
            node = unwrap(right)
        if not names:
            return
        for name in dict.fromkeys(names):
            if name == "":
                self._module_exports(node, statement)
            else:
                self._member_export(name, node, statement)

    def _module_exports(self, value: Node, statement: Node) -> None:
        exports = self.unit.exports
        kind = value.type
        if kind == "identifier":
            local = self.text(value)
            if local in ("exports", "undefined"):
                return
            exports["default"] = local
            self.context.taken.add(statement.id)
            held = self.objects.get(local)
            if held is not None:
                for pair in held.named_children:
                    key = pair.child_by_field_name("key") or pair.child_by_field_name("name") or pair
                    if key.type in ("property_identifier", "string", "shorthand_property_identifier"):
                        self._member_of(pair, key, Name(value.byte_range, local))
            return
        exports["default"] = "default"
        found = required(self.data, value)
        if found is not None:
            self.re_exports.append(("default", found.module, found.member or "*"))
            if found.member is None:
                self.re_exports.append(("*", found.module, "*"))
        elif kind in FUNCTION_VALUES:
            own = value.child_by_field_name("name")
            self._add_function("default", value, own, self.text(own) if own is not None else "")
            self.context.taken.add(statement.id)
            if own is not None:
                self.unit.functions.setdefault(self.text(own), self.unit.functions["default"])
        elif kind == "class":
            exports["default"] = self._class(value, "default")
            self.context.taken.add(statement.id)
        elif kind == "object":
            self._object_exports(value)

    def _object_exports(self, value: Node) -> None:
        exports = self.unit.exports
        holder = Name((value.start_byte, value.start_byte), "default")
        for pair in value.named_children:
            if pair.type == "spread_element":
                inner = solid(pair)
                found = required(self.data, inner[0]) if inner else None
                if found is not None and found.member is None:
                    self.re_exports.append(("*", found.module, "*"))
                continue
            if pair.type == "shorthand_property_identifier":
                exports[self.text(pair)] = self.text(pair)
                continue
            key = pair.child_by_field_name("key") or pair.child_by_field_name("name")
            if key is None or key.type not in ("property_identifier", "string"):
                continue
            name = self._export_name(key)
            content = pair.child_by_field_name("value") if pair.type == "pair" else pair
            if content is None:
                continue
            content = unwrap(content)
            if content.type == "identifier":
                exports[name] = self.text(content)
                continue
            found = required(self.data, content) if content.type in ("call_expression", "member_expression") else None
            if found is not None:
                self.re_exports.append((name, found.module, found.member or "*"))
                continue
            getter = content.type == "method_definition" and any(child.type in ("get", "set") for child in content.children[:3])
            if (content.type in FUNCTION_VALUES or content.type == "method_definition") and not getter:
                self._add_function(f"exports.{name}", content, key, name)
                exports[name] = f"exports.{name}"
            elif content.type == "class":
                exports[name] = self._class(content, f"exports.{name}")
            else:
                self._member_of(pair, key, holder)

    def _member_of(self, pair: Node, key: Node, holder: Name) -> None:
        name = self._export_name(key)
        if name not in self.unit.exports:
            self.unit.exports[name] = f"exports.{name}"
            self.bound.append((pair.byte_range, key.byte_range, name, holder))

    def _member_export(self, name: str, value: Node, statement: Node) -> None:
        exports = self.unit.exports
        kind = value.type
        if kind == "identifier" and self.text(value) != "undefined":
            exports[name] = self.text(value)
            return
        if kind == "unary_expression" and self.data.startswith(b"void", value.start_byte):
            # What compilers write first: exports.a = exports.b = void 0.
            self.context.taken.add(statement.id)
            return
        found = required(self.data, value)
        if found is not None:
            self.re_exports.append((name, found.module, found.member or "*"))
            return
        exports[name] = f"exports.{name}"
        if kind in FUNCTION_VALUES:
            self._add_function(f"exports.{name}", value, value.child_by_field_name("name"), name)
            self.context.taken.add(statement.id)
        elif kind == "class":
            exports[name] = self._class(value, f"exports.{name}")
            self.context.taken.add(statement.id)

    def _inner_imports(self, root: Node) -> None:
        """Imports inside functions: `const { a } = await import("m")`."""
        if b"require" not in self.data and b"import(" not in self.data:
            return
        imports = self.unit.imports
        for count, match in enumerate(_INNER_IMPORT.finditer(self.data)):
            if count >= _MAX_INNER_IMPORTS:
                return
            node = root.descendant_for_byte_range(match.start(1), match.end(2))
            if node is None or node.type != "variable_declarator" or node.id in self.context.taken:
                continue
            name = node.child_by_field_name("name")
            value = node.child_by_field_name("value")
            found = required(self.data, value) if value is not None else None
            bound = bindings(self.data, name, found) if name is not None and found is not None else None
            for local, imported in bound or ():
                if local not in self.unit.functions and local not in self.unit.classes:
                    imports.setdefault(local, imported)


