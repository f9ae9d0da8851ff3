"""Rewrites an init call to another function or to other arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst

from initlint._records import dataclass
from initlint.diagnostics import Edit, Span
from initlint.project.source import SourceFile
from initlint.rewrite.arguments import Argument, parameters, plan_arguments, read_arguments, render
from initlint.rewrite.comma_list import CommaList
from initlint.rewrite.cst import CstFile
from initlint.rewrite.edits import Change
from initlint.rewrite.errors import CannotRewrite
from initlint.rewrite.imports import ImportSpelling, is_public, local_name
from initlint.rewrite.method_calls import change_method
from initlint.rewrite.names import MODULE, NameResolver, module_prefix
from initlint.rewrite.requests import MoveArgument, ReplaceArgument, ReplaceCall, ReplaceMethodCall, Value
from initlint.rewrite.source_text import SourceText


@dataclass(frozen=True, slots=True)
class _InitCall:
    """A call of a function of torch.nn.init. `imported`: the import, and its name, of a callee without a prefix."""

    source: SourceFile
    node: cst.Call
    function: str
    token: cst.Name
    speller: ImportSpelling
    imported: tuple[cst.ImportFrom, cst.ImportAlias] | None

    @property
    def unused(self) -> cst.ImportAlias | None:
        """The imported name, if nothing but this call uses it."""
        if self.imported is None or is_public(self.source, self.imported[1]):
            return None
        names, alias = NameResolver.of(self.source), self.imported[1]
        return alias if names.uses(local_name(alias), names.scope(alias)) == [self.token] else None

    def arguments(self) -> list[Argument]:
        return read_arguments(self.source, self.node.args, [name for name, _ in parameters(self.function)])

    def rendered(self, values: Mapping[str, Value]) -> dict[str, str]:
        return {name: render(self.source, self.node, value, self.speller) for name, value in values.items()}

    def changes(self, old: list[Argument], texts: list[str | None], added: list[str]) -> Iterator[Change]:
        """The changes to the argument list."""
        text = SourceText.of(self.source)
        items = tuple(argument.range for argument in old)
        yield from CommaList(text, items, text.range(self.node)[1] - 1).changes(texts, added)


def replace_call(source: SourceFile, request: ReplaceCall) -> tuple[Edit, ...]:
    call = CstFile.of(source).call(request.place)
    init_call = _init_call(source, call)
    if init_call is None:
        return _edits(source, change_method(source, call, request.function, request.arguments))
    old = init_call.arguments()
    texts, added = plan_arguments(old, parameters(request.function), init_call.rendered(request.arguments))
    changes = list(init_call.changes(old, texts, added))
    unused = None
    if request.function != init_call.function:
        spelled = init_call.speller.spell(request.function)
        token = spelled if init_call.token is call.func else request.function
        changes.append(Change(*SourceText.of(source).range(init_call.token), token))
        unused = init_call.unused
    changes += init_call.speller.changes(unused)
    return _edits(source, changes)


def replace_method_call(source: SourceFile, request: ReplaceMethodCall) -> tuple[Edit, ...]:
    return _edits(source, change_method(source, CstFile.of(source).call(request.place)))


def replace_argument(source: SourceFile, request: ReplaceArgument) -> tuple[Edit, ...]:
    init_call = _certain_init_call(source, request.place)
    old = init_call.arguments()
    all_names = frozenset(argument.name for argument in old)
    rendered = init_call.rendered({request.name: request.value})
    texts, added = plan_arguments(old, parameters(init_call.function), rendered, all_names)
    return _edits(source, [*init_call.changes(old, texts, added), *init_call.speller.changes()])


def move_argument(source: SourceFile, request: MoveArgument) -> tuple[Edit, ...]:
    init_call = _certain_init_call(source, request.place)
    old = init_call.arguments()
    accepted = [parameter for parameter, _ in parameters(init_call.function)]
    moved = next((argument for argument in old if argument.name == request.name), None)
    if moved is None or request.target not in accepted or any(argument.name == request.target for argument in old):
        raise CannotRewrite
    texts: list[str | None] = []
    for argument in old:
        if argument is moved:
            texts.append(f"{request.target}={argument.value}")
        elif len(texts) > old.index(moved) and argument.equals is None:
            texts.append(f"{argument.name}={argument.value}")
        else:
            texts.append(SourceText.of(source).text[slice(*argument.range)])
    return _edits(source, init_call.changes(old, texts, []))


def _certain_init_call(source: SourceFile, place: Span) -> _InitCall:
    init_call = _init_call(source, CstFile.of(source).call(place))
    if init_call is None:
        raise CannotRewrite
    return init_call


def _init_call(source: SourceFile, call: cst.Call) -> _InitCall | None:
    """The call of a function of torch.nn.init; None for any other callee, also where it is not certain what it is."""
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
