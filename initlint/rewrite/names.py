"""Resolves the names of a file to full dotted names."""

from __future__ import annotations

import functools

import libcst as cst

from initlint._records import dataclass
from initlint.facts.initializer_formulas import DEPRECATED, INITIALIZERS
from initlint.project.source import SourceFile
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.scopes import Binding, FileScopes, Scope, dotted_name

MODULE = "torch.nn.init"
_DEPTH = 8
_EXPORTED = frozenset({f"{MODULE}.calculate_gain", *INITIALIZERS, *DEPRECATED})


@dataclass(frozen=True, eq=False)
class NameResolver:
    """Answers are certain or None. A name with two meanings has no certain one."""

    scopes: FileScopes

    @classmethod
    @functools.lru_cache(maxsize=4)
    def of(cls, source: SourceFile) -> NameResolver:
        return cls(FileScopes.of(source))

    def scope(self, node: cst.CSTNode) -> Scope:
        """The scope of a name, an attribute, a call or an imported name."""
        try:
            return self.scopes.of_node[id(node)]
        except KeyError:
            raise CannotRewrite from None

    def resolve(self, node: cst.BaseExpression, depth: int = 0) -> str | None:
        """The full dotted name of `node`: `torch.nn.init.zeros_` for `init.zeros_`."""
        if isinstance(node, cst.Attribute):
            left = self.resolve(node.value, depth)
            return None if left is None else f"{left}.{node.attr.value}"
        if isinstance(node, cst.Name) and id(node) in self.scopes.of_node:
            return self.meaning(node.value, self.scopes.of_node[id(node)], depth)
        return None

    def meaning(self, name: str, scope: Scope, depth: int = 0) -> str | None:
        """The full dotted name of `name` in `scope`."""
        holder = scope.holder(name)
        if holder is None:
            return self._star_import(name)
        meanings = {self._meaning_of(binding, depth) for binding in holder.bindings[name]}
        return meanings.pop() if len(meanings) == 1 else None

    def _meaning_of(self, binding: Binding, depth: int) -> str | None:
        if binding.value is not None and depth < _DEPTH:
            return self.resolve(binding.value, depth + 1)
        return binding.dotted

    def _star_import(self, name: str) -> str | None:
        """The full dotted name of an unbound name that the last `import *` is known to import."""
        last = self.scopes.stars[-1] if self.scopes.stars else None
        dotted = f"{last}.{name}"
        return dotted if dotted == MODULE or dotted in _EXPORTED else None

    def imported(self, name: str, scope: Scope) -> tuple[cst.ImportFrom, cst.ImportAlias]:
        """The one `from` import that gives `name` its value in `scope`."""
        holder = scope.holder(name)
        bindings = holder.bindings[name] if holder is not None else []
        if len(bindings) != 1 or bindings[0].alias is None or not isinstance(bindings[0].statement, cst.ImportFrom):
            raise CannotRewrite
        return bindings[0].statement, bindings[0].alias

    def uses(self, name: str, holder: Scope) -> list[cst.Name]:
        """The nodes that read the value that `holder` binds to `name`."""
        nodes = self.scopes.uses.get(name, ())
        return [node for node in nodes if self.scopes.of_node[id(node)].holder(name) is holder]

    def visible(self, dotted: str, scope: Scope) -> str | None:
        """A name without dots that resolves to `dotted` in `scope`."""
        for candidate in scope.visible():
            for name in candidate.bindings:
                if scope.holder(name) is candidate and self.meaning(name, scope) == dotted:
                    return name
        name = dotted.rpartition(".")[2]
        return name if scope.holder(name) is None and self._star_import(name) == dotted else None

    def is_free(self, name: str) -> bool:
        """Whether nothing in the file binds or reads `name`."""
        return name not in self.scopes.uses and not any(name in scope.bindings for scope in self.scopes.all)

    def mentioned(self, name: str) -> bool:
        """Whether a string of the file is this name, as in `__all__`."""
        return any(string.raw_value == name for string in self.scopes.strings)


def module_prefix(callee: cst.BaseExpression, names: NameResolver) -> str | None:
    """`nn.init` for the callee `nn.init.zeros_` of torch; None for any other callee."""
    if isinstance(callee, cst.Attribute) and names.resolve(callee.value) == MODULE:
        return dotted_name(callee.value)
    return None
