"""Rewriting an init call to another function, or to other arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import libcst as cst

from initlint.diagnostics import Edit
from initlint.project.source import SourceFile, SourceLocation
from initlint.rewrite.arguments import Argument, parameters, plan, read, render
from initlint.rewrite.comma_list import CommaList
from initlint.rewrite.cst import call_at
from initlint.rewrite.edits import Change
from initlint.rewrite.errors import CannotRewrite, none_if_cannot
from initlint.rewrite.imports import ImportSpelling, is_public, local_name
from initlint.rewrite.method_calls import change_method
from initlint.rewrite.names import MODULE, NameResolver, module_prefix
from initlint.rewrite.requests import Value
from initlint.rewrite.text import SourceText


@dataclass(frozen=True, slots=True)
class _InitCall:
    """A call of a function of torch.nn.init. `imported`: the statement and name of a plain callee."""

    source: SourceFile
    node: cst.Call
    function: str
    token: cst.Name
    speller: ImportSpelling
    imported: tuple[cst.ImportFrom, cst.ImportAlias] | None

    @property
    def unused(self) -> cst.ImportAlias | None:
        """The imported name, if this call is all that it is there for."""
        if self.imported is None or is_public(self.source, self.imported[1]):
            return None
        names, alias = NameResolver.of(self.source), self.imported[1]
        return alias if names.uses(local_name(alias), names.scope(alias)) == [self.token] else None

    def arguments(self) -> list[Argument]:
        return read(self.source, self.node.args, [name for name, _ in parameters(self.function)])

    def rendered(self, values: Mapping[str, Value]) -> dict[str, str]:
        return {name: render(self.source, self.node, value, self.speller) for name, value in values.items()}

    def rewritten(self, old: list[Argument], texts: list[str | None], added: list[str]) -> Iterator[Change]:
        """The changes to the argument list."""
        text = SourceText.of(self.source)
        items = tuple(argument.range for argument in old)
        yield from CommaList(text, items, text.range(self.node)[1] - 1).changes(texts, added)


@none_if_cannot
def replace_call(site: SourceLocation, function: str, arguments: Mapping[str, Value] | None = None) -> tuple[Edit, ...]:
    """Edits that make the init call at `site` one of `function` (`kaiming_normal_`) of torch.nn.init, None if in doubt.

    The tensor, `mode` and `generator` stay, as does what equals the new function's default; `arguments` are given
    besides, in their order; the rest goes. A method call (`w.data.zero_()`) becomes a function call.
    """
    wanted = arguments or {}
    call = call_at(site)
    found = _init_call(site.source, call)
    if found is None:
        return _edits(site.source, change_method(site.source, call, function, wanted))
    old = found.arguments()
    texts, added = plan(old, parameters(function), found.rendered(wanted))
    changes = list(found.rewritten(old, texts, added))
    unused = None
    if function != found.function:
        spelled = found.speller.spell(function)
        token = spelled if found.token is call.func else function
        changes.append(Change(*SourceText.of(site.source).range(found.token), token))
        unused = found.unused
    changes += found.speller.changes(unused)
    return _edits(site.source, changes)


@none_if_cannot
def replace_method_call(site: SourceLocation) -> tuple[Edit, ...]:
    """Edits that make `self.fc.weight.normal_(0, 0.02)` a call of the function of torch.nn.init that does the same."""
    return _edits(site.source, change_method(site.source, call_at(site)))


@none_if_cannot
def replace_argument(site: SourceLocation, name: str, value: Value) -> tuple[Edit, ...]:
    """Edits that give the argument `name` of the call at `site` another value, or add it; all else stays."""
    found = _known_call(site)
    old = found.arguments()
    everything = frozenset(argument.name for argument in old)
    texts, added = plan(old, parameters(found.function), found.rendered({name: value}), everything)
    return _edits(site.source, [*found.rewritten(old, texts, added), *found.speller.changes()])


@none_if_cannot
def move_argument(site: SourceLocation, name: str, target: str) -> tuple[Edit, ...]:
    """Edits that hand what the call gives to the parameter `name` to `target`, by keyword: `mode='fan_out'`."""
    found = _known_call(site)
    old = found.arguments()
    accepted = [parameter for parameter, _ in parameters(found.function)]
    moved = next((argument for argument in old if argument.name == name), None)
    if moved is None or target not in accepted or any(argument.name == target for argument in old):
        raise CannotRewrite
    texts: list[str | None] = []
    for argument in old:
        if argument is moved:
            texts.append(f"{target}={argument.value}")
        elif len(texts) > old.index(moved) and argument.sign is None:
            texts.append(f"{argument.name}={argument.value}")
        else:
            texts.append(SourceText.of(site.source).text[slice(*argument.range)])
    return _edits(site.source, found.rewritten(old, texts, []))


def _known_call(site: SourceLocation) -> _InitCall:
    found = _init_call(site.source, call_at(site))
    if found is None:
        raise CannotRewrite
    return found


def _init_call(source: SourceFile, call: cst.Call) -> _InitCall | None:
    """What is called, if it is a function of torch.nn.init under a name that the file's imports account for."""
    names = NameResolver.of(source)
    dotted = names.resolve(call.func)
    if dotted is None or not dotted.startswith(f"{MODULE}."):
        return None
    function = dotted.rpartition(".")[2]
    scope = names.scope(call)
    if isinstance(call.func, cst.Attribute):
        written = module_prefix(call.func, names)
        return _InitCall(source, call, function, call.func.attr, ImportSpelling(source, scope, written), None)
    if not isinstance(call.func, cst.Name):
        return None
    if scope.holder(call.func.value) is None:  # from torch.nn.init import *
        return _InitCall(source, call, function, call.func, ImportSpelling(source, scope), None)
    imported = names.imported(call.func.value, scope)
    return _InitCall(source, call, function, call.func, ImportSpelling(source, scope, anchor=imported[0]), imported)


def _edits(source: SourceFile, changes: Iterator[Change] | list[Change]) -> tuple[Edit, ...]:
    text = SourceText.of(source)
    return tuple(text.edit(change) for change in sorted(changes))
