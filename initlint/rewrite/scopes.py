"""The scopes of a file and the names that each binds, from one pass without libcst's metadata."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import field

import libcst as cst

from initlint._records import dataclass
from initlint.project.source import SourceFile
from initlint.rewrite.cst import CstFile


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding of a name. One by an import has the full `dotted` name and the nodes of the import.

    `value` is the right side of `name = value` if it is a dotted name. All fields of other bindings are None.
    """

    dotted: str | None = None
    statement: cst.Import | cst.ImportFrom | None = None
    alias: cst.ImportAlias | None = None
    value: cst.BaseExpression | None = None


OTHER = Binding()


@dataclass(slots=True, eq=False)
class Scope:
    """The names that a scope binds, complete once `FileScopes.of` has returned. Inner scopes do not see a class's."""

    parent: Scope | None
    is_class: bool = False
    is_comprehension: bool = False
    bindings: dict[str, list[Binding]] = field(default_factory=dict)

    def bind(self, name: str, binding: Binding) -> None:
        self.bindings.setdefault(name, []).append(binding)

    def visible(self) -> Iterator[Scope]:
        """This scope and those around it that names are looked up in, the innermost first."""
        yield self
        scope = self.parent
        while scope is not None:
            if not scope.is_class:
                yield scope
            scope = scope.parent

    def holder(self, name: str) -> Scope | None:
        """The scope that binds `name` as seen from here."""
        return next((scope for scope in self.visible() if name in scope.bindings), None)


def dotted_name(node: cst.BaseExpression) -> str | None:
    """`a.b.c` as it is written, None for any other expression."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        left = dotted_name(node.value)
        return None if left is None else f"{left}.{node.attr.value}"
    return None


_SKIPPED = ("whitespace", "comma", "semicolon", "lpar", "rpar", "lbracket", "rbracket", "header", "footer", "lines")


@functools.cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(n for n in kind.__dataclass_fields__ if not any(part in n for part in _SKIPPED))


def _children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for name in _fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from (item for item in value if isinstance(item, cst.CSTNode))


class ScopeWalk:
    """Visits each node once, with the scope that it is evaluated in."""

    def __init__(self) -> None:
        self.module = Scope(None)
        self.all = [self.module]
        self.of_node: dict[int, Scope] = {}
        self.uses: dict[str, list[cst.Name]] = {}
        self.stars: list[str] = []
        self.strings: list[cst.SimpleString] = []
        self.attributes: list[cst.Attribute] = []
        self.imports: list[cst.ImportFrom] = []
        self.called: set[int] = set()
        self.keys: dict[int, str] = {}
        self.lines: dict[int, cst.SimpleStatementLine] = {}
        self.statements: set[int] = set()
        self._typing_only = False

    def _inner(self, parent: Scope, *, is_class: bool = False, is_comprehension: bool = False) -> Scope:
        scope = Scope(parent, is_class, is_comprehension)
        self.all.append(scope)
        return scope

    def visit(self, node: cst.CSTNode, scope: Scope) -> None:
        method = getattr(self, f"_{type(node).__name__}", None)
        if method is not None:
            method(node, scope)
        else:
            self._each(_children(node), scope)

    def _each(self, nodes: Iterator[cst.CSTNode], scope: Scope) -> None:
        for node in nodes:
            self.visit(node, scope)

    def _target(self, node: cst.CSTNode, scope: Scope, binding: Binding = OTHER) -> None:
        """Bind the names of an assignment target."""
        if isinstance(node, cst.Name):
            scope.bind(node.value, binding)
        elif isinstance(node, (cst.Tuple, cst.List)):
            for element in node.elements:
                self._target(element.value, scope)
        else:
            self.visit(node, scope)

    # Expressions

    def _Name(self, node: cst.Name, scope: Scope) -> None:
        self.of_node[id(node)] = scope
        self.uses.setdefault(node.value, []).append(node)

    def _Attribute(self, node: cst.Attribute, scope: Scope) -> None:
        self.of_node[id(node)] = scope
        self.attributes.append(node)
        self.visit(node.value, scope)

    def _Call(self, node: cst.Call, scope: Scope) -> None:
        self.of_node[id(node)] = scope
        self.called.add(id(node.func))
        self._each(_children(node), scope)

    def _Arg(self, node: cst.Arg, scope: Scope) -> None:
        self.visit(node.value, scope)

    def _DictElement(self, node: cst.DictElement, scope: Scope) -> None:
        if isinstance(node.key, cst.SimpleString):
            self.keys[id(node.value)] = node.key.raw_value
        self._each(_children(node), scope)

    def _SimpleString(self, node: cst.SimpleString, scope: Scope) -> None:
        self.strings.append(node)

    def _NamedExpr(self, node: cst.NamedExpr, scope: Scope) -> None:
        holder = scope
        while holder.is_comprehension and holder.parent is not None:
            holder = holder.parent
        self._target(node.target, holder)
        self.visit(node.value, scope)

    def _Lambda(self, node: cst.Lambda, scope: Scope) -> None:
        self._function(node.params, node.body, scope)

    def _comprehension(self, node: cst.BaseComp, scope: Scope) -> None:
        self._each(_children(node), self._inner(scope, is_comprehension=True))

    _ListComp = _SetComp = _DictComp = _GeneratorExp = _comprehension

    def _CompFor(self, node: cst.CompFor, scope: Scope) -> None:
        self._target(node.target, scope)
        self._each((c for c in _children(node) if c is not node.target), scope)

    # Statements

    def _FunctionDef(self, node: cst.FunctionDef, scope: Scope) -> None:
        scope.bind(node.name.value, OTHER)
        self._each(iter(node.decorators), scope)
        if node.returns is not None:
            self.visit(node.returns, scope)
        self._function(node.params, node.body, scope)

    def _function(self, parameters: cst.Parameters, body: cst.CSTNode, scope: Scope) -> None:
        inner = self._inner(scope)
        star = parameters.star_arg
        named = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
        named += [p for p in (star, parameters.star_kwarg) if isinstance(p, cst.Param)]
        for parameter in named:
            inner.bind(parameter.name.value, OTHER)
            for part in (parameter.annotation, parameter.default):
                if part is not None:
                    self.visit(part, scope)
        self.visit(body, inner)

    def _ClassDef(self, node: cst.ClassDef, scope: Scope) -> None:
        scope.bind(node.name.value, OTHER)
        self._each(iter((*node.decorators, *node.bases, *node.keywords)), scope)
        self.visit(node.body, self._inner(scope, is_class=True))

    def _SimpleStatementLine(self, node: cst.SimpleStatementLine, scope: Scope) -> None:
        first = node.body[0]
        if len(node.body) == 1 and isinstance(first, cst.Expr) and isinstance(first.value, cst.Call):
            self.lines[id(first.value)] = node
        self._each(iter(node.body), scope)

    def _Expr(self, node: cst.Expr, scope: Scope) -> None:
        self.statements.add(id(node.value))
        self.visit(node.value, scope)

    def _If(self, node: cst.If, scope: Scope) -> None:
        test = dotted_name(node.test) or ""
        self.visit(node.test, scope)
        outer, self._typing_only = self._typing_only, self._typing_only or test.endswith("TYPE_CHECKING")
        self.visit(node.body, scope)
        self._typing_only = outer
        if node.orelse is not None:
            self.visit(node.orelse, scope)

    def _Assign(self, node: cst.Assign, scope: Scope) -> None:
        self.visit(node.value, scope)
        single = len(node.targets) == 1 and dotted_name(node.value) is not None
        for target in node.targets:
            self._target(target.target, scope, Binding(value=node.value) if single else OTHER)

    def _AnnAssign(self, node: cst.AnnAssign, scope: Scope) -> None:
        self._target(node.target, scope)
        self._each((c for c in _children(node) if c is not node.target), scope)

    def _AugAssign(self, node: cst.AugAssign, scope: Scope) -> None:
        self._target(node.target, scope)
        if isinstance(node.target, cst.Name):
            self.visit(node.target, scope)  # it is read as well
        self.visit(node.value, scope)

    def _For(self, node: cst.For, scope: Scope) -> None:
        self._target(node.target, scope)
        self._each((c for c in _children(node) if c is not node.target), scope)

    def _AsName(self, node: cst.AsName, scope: Scope) -> None:
        self._target(node.name, scope)

    def _Del(self, node: cst.Del, scope: Scope) -> None:
        self._target(node.target, scope)

    def _NameItem(self, node: cst.NameItem, scope: Scope) -> None:
        """`global x` and `nonlocal x`: the name may be bound from here."""
        scope.bind(node.name.value, OTHER)
        self.module.bind(node.name.value, OTHER)

    def _TypeAlias(self, node: cst.TypeAlias, scope: Scope) -> None:
        self._target(node.name, scope)
        self.visit(node.value, scope)

    def _capture(self, node: cst.MatchAs | cst.MatchStar, scope: Scope) -> None:
        if node.name is not None:
            scope.bind(node.name.value, OTHER)
        self._each((c for c in _children(node) if c is not node.name), scope)

    _MatchAs = _MatchStar = _capture

    def _Import(self, node: cst.Import, scope: Scope) -> None:
        for alias in node.names:
            self.of_node[id(alias)] = scope
            dotted = alias.evaluated_name
            name = alias.evaluated_alias
            if name is None:
                name = dotted = dotted.partition(".")[0]
            scope.bind(name, OTHER if self._typing_only else Binding(dotted, node, alias))

    def _ImportFrom(self, node: cst.ImportFrom, scope: Scope) -> None:
        self.imports.append(node)
        module = dotted_name(node.module) if node.module is not None and not node.relative else None
        if isinstance(node.names, cst.ImportStar):
            self.stars.append(module or "")
            return
        for alias in node.names:
            self.of_node[id(alias)] = scope
            is_certain = module is not None and not self._typing_only
            binding = Binding(f"{module}.{alias.evaluated_name}", node, alias) if is_certain else OTHER
            scope.bind(alias.evaluated_alias or alias.evaluated_name, binding)


@dataclass(frozen=True, eq=False)
class FileScopes:
    """All scopes of a file. `of_node`: by the id of each `Name`, `Attribute`, `Call` and `ImportAlias`."""

    all: tuple[Scope, ...]
    of_node: dict[int, Scope]
    uses: dict[str, list[cst.Name]]
    """The nodes that read a name, by name."""
    stars: tuple[str, ...]
    """The modules of `from m import *`, in order."""
    strings: tuple[cst.SimpleString, ...]
    attributes: tuple[cst.Attribute, ...]
    """In the order of the text, the outer before the inner."""
    imports: tuple[cst.ImportFrom, ...]
    called: frozenset[int]
    """The ids of callees: `f` in `f(x)`."""
    keys: dict[int, str]
    """The string keys of dictionaries, by the id of the value."""
    lines: dict[int, cst.SimpleStatementLine]
    """The lines that consist of one call, by the id of the call."""
    statements: frozenset[int]
    """The ids of the expressions that are statements: their values are not used."""

    @classmethod
    @functools.lru_cache(maxsize=4)
    def of(cls, source: SourceFile) -> FileScopes:
        walk = ScopeWalk()
        walk.visit(CstFile.of(source).module, walk.module)
        return cls(
            all=tuple(walk.all),
            of_node=walk.of_node,
            uses=walk.uses,
            stars=tuple(walk.stars),
            strings=tuple(walk.strings),
            attributes=tuple(walk.attributes),
            imports=tuple(walk.imports),
            called=frozenset(walk.called),
            keys=walk.keys,
            lines=walk.lines,
            statements=frozenset(walk.statements),
        )
