"""Finds the files of a project that may run what other files define, by their imports and the names in them.

A helper may harm the models of other files, and a script may build a model with other arguments than the defaults: who
lints the helper, or the model, needs these files as well. Nothing is parsed, for a project has many files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from initlint.facts.initializer_names import CALLS_FILL

_IMPORT = re.compile(rb'^[ \t]*"?(?:from\b[^\n(]*\([^)]*\)|(?:from|import)\b[^\n]*)', re.MULTILINE)
_WORD = re.compile(rb"[A-Za-z_]\w*")
_RELATIVE = re.compile(rb"from[ \t]*\.+[ \t]*import\b")
_STATEMENT = re.compile(
    rb"^(?:@|(?:(?:async[ \t]+)?def|class)[ \t]+(?P<defined>\w+)"
    rb"|(?P<assigned>[A-Za-z_]\w*)[ \t]*(?:\[[^\n\]]*\][ \t]*)?(?::[^\n=]+)?[+|]?=(?!=)"
    rb"|(?:if|for|while|with|try|else|elif|except|finally)\b|[A-Za-z_][\w.]*[.(])",
    re.MULTILINE,
)
"""The start of a statement at the top level. Other lines without indentation end a bracket, or are in a string."""
_MAY_HAVE_FINDINGS = re.compile(
    CALLS_FILL.pattern.encode()
    + rb"|[a-z\d]_\(|init(?!__)\w*\(|reset\w*\(|Parameter\("
    + rb"|(?<![\w.])[a-z_]\w*(?:\.\w+)*\.apply\(|[)\]]\.apply\("  # not of a class, as that of a torch.autograd.Function
    + rb"|(?:Linear|Conv\d?d?|ConvTranspose\dd|Norm\d?d?|Embedding\w*|RNN|LSTM|GRU|Attention|Transformer\w*)[(),]"
)


MAX_USERS = 30
"""Files to trace for one that is linted. A helper that a whole framework uses has hundreds."""


def may_have_findings(text: bytes) -> bool:
    """Whether a text may initialize weights or make layers."""
    return _MAY_HAVE_FINDINGS.search(text) is not None


class _Statement(NamedTuple):
    """A statement at the top level of a file, with its decorators. `name`: what it defines or assigns; may be empty."""

    name: bytes
    text: bytes


class _Import(NamedTuple):
    text: bytes
    words: frozenset[bytes]


@dataclass(frozen=True, eq=False)
class _Module:
    """The text of a file, in the parts that the search needs."""

    path: str
    data: bytes

    @cached_property
    def name(self) -> bytes:
        """The last part of the module's dotted name."""
        folder, file = os.path.split(self.path)
        stem = os.path.splitext(file)[0]
        return os.fsencode(os.path.basename(folder) if stem == "__init__" else stem)

    @cached_property
    def imports(self) -> tuple[_Import, ...]:
        return tuple(_Import(text, frozenset(_WORD.findall(text))) for text in _IMPORT.findall(self.data))

    @cached_property
    def statements(self) -> tuple[_Statement, ...]:
        """Those of the top level, without imports."""
        return tuple(self._statements())

    def _statements(self) -> Iterator[_Statement]:
        text = _IMPORT.sub(b"", self.data)
        starts = list(_STATEMENT.finditer(text))
        first: int | None = None
        for at, start in enumerate(starts, 1):
            end = starts[at].start() if at < len(starts) else len(text)
            first = start.start() if first is None else first
            if start.group() != b"@":
                yield _Statement(start["defined"] or start["assigned"] or b"", text[first:end])
                first = None

    def names_of(self, name: bytes, home: bytes) -> Iterator[bytes]:
        """What this file calls `name` of the module `home`: by an import of the name, of the module, or of all."""
        if name not in self.data and not any(home in one.words for one in self.imports):
            return
        for text, words in self.imports:
            if home in words or (name in words and _RELATIVE.search(text)):
                if name in words:
                    yield from _bound(name, text)
                elif b"*" in text:
                    yield name
                else:
                    yield from (own + b"." + name for own in _bound(home, text))


def _bound(name: bytes, text: bytes) -> list[bytes]:
    """The names under which an import statement binds `name`."""
    return re.findall(rb"\b" + name + rb"[ \t]+as[ \t]+(\w+)", text) or [name]


class FileUsers:
    """The files of a project, by path, with `read` for their bytes."""

    def __init__(self, files: Iterable[str], read: Callable[[str], bytes]) -> None:
        self._modules = {path: _Module(path, read(path)) for path in files}
        self._importers: dict[bytes, list[_Module]] = {}
        for module in self._modules.values():
            for word in frozenset().union(*(words for _, words in module.imports)):
                self._importers.setdefault(word, []).append(module)

    def of(self, files: Iterable[str]) -> set[str]:
        """`files`, and those that may run code of theirs that initializes weights or makes layers.

        Of a file with more than `MAX_USERS` of these, the nearest: that use it directly, that use those, and so on, as
        far as there are not more. So each file has the same users, whatever is asked beside it.
        """
        paths = set(files)
        return paths.union(*(_Search(self._modules[path], self._importers).users() for path in paths))


class _Search:
    """The search for the users of one file, level by level."""

    def __init__(self, start: _Module, importers: Mapping[bytes, Sequence[_Module]]) -> None:
        self._start = start
        self._importers = importers
        self._users: set[str] = set()
        self._pending: list[tuple[_Module, bytes]] = []
        self._seen: set[tuple[str, bytes]] = set()

    def users(self) -> set[str]:
        """Those of the last level with which there are not too many."""
        for statement in self._start.statements:
            if may_have_findings(statement.text):
                self._add(self._start, statement.name)
        nearer: set[str] = set()
        while self._pending:
            nearer = set(self._users)
            level, self._pending = self._pending, []
            for home, name in level:
                self._follow(home, name)
                if len(self._users) > MAX_USERS:
                    return nearer
        return self._users

    def _add(self, module: _Module, name: bytes) -> None:
        """`name`, which `module` defines or imports, leads to the code."""
        if name and (module.path, name) not in self._seen:
            self._seen.add((module.path, name))
            self._pending.append((module, name))

    def _follow(self, home: _Module, name: bytes) -> None:
        self._mentioned(home, [name])
        for module in {*self._importers.get(name, ()), *self._importers.get(home.name, ())} - {home}:
            names = list(dict.fromkeys(module.names_of(name, home.name)))
            for own in names:
                if b"." not in own:
                    self._add(module, own)
            if names:
                self._mentioned(module, names)
            if len(self._users) > MAX_USERS:
                return

    def _mentioned(self, module: _Module, names: list[bytes]) -> None:
        """Add the statements of `module` that mention one of `names`, and the names that they define.

        Lists of names, as `__all__`, run nothing.
        """
        words = [name.replace(b".", rb"\.") for name in names]
        pattern = re.compile(b"|".join(word + rb"(?!\w)(?<!\w" + word.replace(rb"\.", b".") + b")" for word in words))
        for statement in module.statements:
            is_list_of_names = statement.name.startswith(b"__")
            if statement.name not in names and not is_list_of_names and pattern.search(statement.text):
                self._users.add(module.path)
                self._add(module, statement.name)
