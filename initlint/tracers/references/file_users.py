"""Finds the files of a project that may run what other files define, by their imports and the names in them.

A helper may harm the models of other files, and a script may build a model with other arguments than the defaults: who
lints the helper, or the model, needs these files as well. Nothing is parsed, for a project has many files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

from initlint._records import dataclass
from initlint.facts.initializer_names import CALLS_FILL

T = TypeVar("T")

_IMPORT = re.compile(rb'[ \t]*"?(?:from\b[^\n(]*\([^)]*\)|(?:from|import)\b[^\n]*)')
_WORD = re.compile(rb"[A-Za-z_]\w*")
_RELATIVE = re.compile(rb"from[ \t]*\.+[ \t]*import\b")
_STATEMENT = re.compile(
    rb"\n(?:@|(?:(?:async[ \t]+)?def|class)[ \t]+(?P<defined>\w+)"
    rb"|(?P<assigned>[A-Za-z_]\w*)[ \t]*(?:\[[^\n\]]*\][ \t]*)?(?::[^\n=]+)?[+|]?=(?!=)"
    rb"|(?:if|for|while|with|try|else|elif|except|finally)\b|[A-Za-z_][\w.]*[.(])"
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
    def _imports(self) -> tuple[bytes, ...]:
        return tuple(self.data[start:end] for start, end in self._places_of_imports)

    @cached_property
    def _places_of_imports(self) -> tuple[tuple[int, int], ...]:
        """The start and the end of each import. To search for the keyword is faster than to look at all lines."""
        places = []
        end = 0
        while (at := self.data.find(b"import", end)) >= 0:
            line = self.data.rfind(b"\n", end, at) + 1 or end
            statement = _IMPORT.match(self.data, line)
            end = max(at + len(b"import"), statement.end() if statement else 0)
            if statement:
                places.append((line, end))
        return tuple(places)

    @cached_property
    def statements(self) -> tuple[_Statement, ...]:
        """Those of the top level, without imports."""
        return tuple(self._statements())

    def _statements(self) -> Iterator[_Statement]:
        ends = [0, *(end for _, end in self._places_of_imports)]
        starts_of_imports = [*(start for start, _ in self._places_of_imports), len(self.data)]
        text = b"\n" + b"".join(self.data[end:start] for end, start in zip(ends, starts_of_imports, strict=True))
        starts = list(_STATEMENT.finditer(text))
        first: int | None = None
        for at, start in enumerate(starts, 1):
            end = starts[at].start() if at < len(starts) else len(text)
            first = start.start() if first is None else first
            if start.group() != b"\n@":
                yield _Statement(start["defined"] or start["assigned"] or b"", text[first:end])
                first = None

    @cached_property
    def _statements_by_word(self) -> Mapping[bytes, Sequence[_Statement]]:
        return _by_word((statement, frozenset(_WORD.findall(statement.text))) for statement in self.statements)

    def words_of_imports(self) -> Iterable[bytes]:
        """All words in imports. Most files are asked for no more."""
        return {*_WORD.findall(b"\n".join(self._imports))}

    @cached_property
    def _imports_by_word(self) -> Mapping[bytes, Sequence[bytes]]:
        return _by_word((text, frozenset(_WORD.findall(text))) for text in self._imports)

    def mentions(self, name: bytes) -> Iterator[_Statement]:
        """The statements that mention `name`, which may be dotted."""
        if name not in self.data:
            return
        first, dot, _ = name.partition(b".")
        for statement in self._statements_by_word.get(first, ()):
            if not dot or re.search(rb"\b" + re.escape(name) + rb"\b", statement.text):
                yield statement

    def names_of(self, name: bytes, home: bytes) -> Iterator[bytes]:
        """What this file calls `name` of the module `home`: by an import of the name, of the module, or of all."""
        with_name = self._imports_by_word.get(name, ())
        of_home = self._imports_by_word.get(home, ()) if with_name else ()
        for text in with_name:
            if text in of_home or _RELATIVE.search(text):
                yield from _bound(name, text)
        for text, prefix in self._ways_to(home):
            if text not in with_name:
                yield prefix + name

    def _ways_to(self, home: bytes) -> Sequence[tuple[bytes, bytes]]:
        """The imports that may make all of a module accessible, each with what stands before a name of it."""
        if home not in self._ways:
            self._ways[home] = [
                (text, prefix)
                for text in self._imports_by_word.get(home, ())
                for prefix in ([b""] if b"*" in text else [own + b"." for own in _bound(home, text)])
                if prefix in self.data
            ]
        return self._ways[home]

    @cached_property
    def _ways(self) -> dict[bytes, Sequence[tuple[bytes, bytes]]]:
        """Those that were asked for: a file has few, and each of many names is searched in it."""
        return {}


def _by_word(texts: Iterable[tuple[T, frozenset[bytes]]]) -> Mapping[bytes, Sequence[T]]:
    found: dict[bytes, list[T]] = {}
    for text, words in texts:
        for word in words:
            found.setdefault(word, []).append(text)
    return found


def _bound(name: bytes, text: bytes) -> list[bytes]:
    """The names under which an import statement binds `name`."""
    renamed = b" as" in text or b"\tas" in text
    return (renamed and re.findall(rb"\b" + name + rb"[ \t]+as[ \t]+(\w+)", text)) or [name]


class ImportIndex:
    """The files that import something, by the words in their imports.

    A process that asks again and again keeps it: `update` reads only files that are new or have another digest.
    """

    def __init__(self) -> None:
        self._importers: dict[bytes, set[str]] = {}
        self._words: dict[str, tuple[str, tuple[bytes, ...]]] = {}
        self._spelled: dict[bytes, bytes] = {}
        """One object for equal words, of which the imports of a project have many."""

    def update(self, digests: Mapping[str, str], words: Callable[[str], Iterable[bytes]]) -> None:
        """Make it right for the files with these digests. `words`: of the imports of a file."""
        for path, digest in digests.items():
            known, old = self._words.get(path, (None, ()))
            if known == digest:
                continue
            for word in old:
                self._importers[word].discard(path)
            new = tuple(self._spelled.setdefault(word, word) for word in words(path))
            for word in new:
                self._importers.setdefault(word, set()).add(path)
            self._words[path] = digest, new

    def of(self, *words: bytes) -> set[str]:
        """The files that import one of `words`."""
        return set().union(*(self._importers.get(word, ()) for word in words))


class FileUsers:
    """The files of a project, by path, with `read` for their bytes.

    `index`: that of earlier searches, and `digest` for those of the files; None if there were none.
    """

    def __init__(
        self,
        files: Iterable[str],
        read: Callable[[str], bytes],
        index: ImportIndex | None = None,
        digest: Callable[[str], str] = str,
    ) -> None:
        self._files = frozenset(files)
        self._read = read
        self._modules: dict[str, _Module] = {}
        self._index = index or ImportIndex()
        # Without an earlier index, most files are read and needed again soon.
        module = self.module if index is None else self._new_module
        self._index.update({path: digest(path) for path in self._files}, lambda path: module(path).words_of_imports())

    def module(self, path: str) -> _Module:
        if path not in self._modules:
            self._modules[path] = self._new_module(path)
        return self._modules[path]

    def _new_module(self, path: str) -> _Module:
        return _Module(path, self._read(path))

    def importing(self, *words: bytes) -> Iterator[_Module]:
        """The files that import one of `words`."""
        return map(self.module, self._index.of(*words) & self._files)

    def of(self, files: Iterable[str]) -> set[str]:
        """`files`, and those that may run code of theirs that initializes weights or makes layers.

        Of a file with more than `MAX_USERS` of these, the nearest: that use it directly, that use those, and so on, as
        far as there are not more. So each file has the same users, whatever is asked beside it.
        """
        paths = set(files)
        return paths.union(*(_Search(self.module(path), self).users() for path in paths))


class _Search:
    """The search for the users of one file, level by level."""

    def __init__(self, start: _Module, project: FileUsers) -> None:
        self._start = start
        self._project = project
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
        for module in {*self._project.importing(name, home.name)} - {home}:
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
        for statement in dict.fromkeys(mention for name in names for mention in module.mentions(name)):
            is_list_of_names = statement.name.startswith(b"__")
            if statement.name not in names and not is_list_of_names:
                self._users.add(module.path)
                self._add(module, statement.name)
