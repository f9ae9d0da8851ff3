"""The statements at the top level of a module, and the names that each of them binds."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cached_property

from initlint._records import dataclass
from initlint.project.filesystem import digest_of
from initlint.project.notebook import is_notebook
from initlint.project.source import SourceFile

IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DECLARATIONS = (*IMPORTS, *DEFINITIONS)


STAR = "*"
"""The name that `from module import *` binds here."""
IMPORT = "import"
"""The name that each import statement binds here, besides its own names."""
GRAD_MODE = "set_grad_enabled()"
"""The name that each call of `torch.set_grad_enabled` binds here."""


@dataclass(frozen=True, eq=False)
class ModuleBody:
    """The top level of one reading of a file."""

    source: SourceFile

    @property
    def statements(self) -> Sequence[ast.stmt]:
        return self.source.tree.body

    @cached_property
    def binding(self) -> Mapping[str, Sequence[int]]:
        """By name, the numbers of the statements that bind or change it."""
        pairs = [(statement, bound_names(statement)) for statement in self.statements]
        imported = {name for statement, names in pairs if isinstance(statement, IMPORTS) for name in names}
        found: dict[str, list[int]] = {}
        for at, (statement, names) in enumerate(pairs):
            # `nn.init.zeros_(w)` changes nothing of `nn`.
            for name in names - imported if isinstance(statement, ast.Expr) else names:
                found.setdefault(name, []).append(at)
        return found

    @property
    def imports(self) -> Iterator[ast.Import | ast.ImportFrom]:
        """The import statements that the top level runs, also those in its compound statements."""
        for at in self.binding.get(IMPORT, ()):
            yield from _imports(self.statements[at])

    @cached_property
    def star_rows(self) -> frozenset[int]:
        """The lines of the star imports that surely run: not those under `if TYPE_CHECKING:`."""
        statements = [self.statements[at] for at in self.binding.get(STAR, ())]
        running = [statement for statement in statements if not isinstance(statement, ast.If)]
        return frozenset(
            node.lineno for statement in running for node in _imports(statement) if node.names[0].name == STAR
        )

    @cached_property
    def disables_gradients(self) -> bool:
        """Whether it calls `torch.set_grad_enabled`, the last time with something else than True."""
        statements = [self.statements[at] for at in self.binding.get(GRAD_MODE, ())]
        calls = [s.value for s in statements if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)]
        values = [*calls[-1].args, *(keyword.value for keyword in calls[-1].keywords)] if calls else []
        return any(not isinstance(value, ast.Constant) or value.value is not True for value in values)

    def may_bind(self, name: str) -> bool:
        """Whether any code of the file, or around it, may bind a name that is no built-in one of Python 3."""
        return name in self._bound_anywhere or name in _INJECTED or name.startswith("_")

    @cached_property
    def _bound_anywhere(self) -> Container[str]:
        if is_notebook(self.source.path) or any(word in self.source.code for word in _BINDING_BY_TEXT):
            return _EVERYTHING
        return frozenset(name for node in ast.walk(self.source.tree) for name in _names_bound_by(node))

    def may_be_added_to_all(self, name: str) -> bool:
        """Whether a decorator of a definition may add its name to `__all__`."""
        statements = (self.statements[at] for at in self.binding.get(name, ()))
        return any(isinstance(statement, DEFINITIONS) and statement.decorator_list for statement in statements)

    @cached_property
    def redefined(self) -> frozenset[str]:
        """The names of more than one definition, as in a notebook that builds a second `Net`.

        Which one is meant depends on how far the top level has come.
        """
        times = Counter(statement.name for statement in self.statements if isinstance(statement, DEFINITIONS))
        return frozenset(name for name in times if times[name] > 1)

    def digest(self, name: str) -> str:
        """Of the text of all that gives `name` its value, wherever in the file it stands; empty if nothing does."""
        if name not in self._digests:
            texts = [self._text(self.statements[at]) for at in self.binding.get(name, ())]
            self._digests[name] = digest_of("\n".join(texts).encode(errors="surrogatepass")) if texts else ""
        return self._digests[name]

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {}

    def _text(self, statement: ast.stmt) -> str:
        decorators = getattr(statement, "decorator_list", ())
        first = min(node.lineno for node in (statement, *decorators))
        return "\n".join(self.source.lines[first - 1 : statement.end_lineno])


_BINDING_BY_TEXT = ("globals(", "exec(", "locals(", "vars(", "builtins", "sys.modules")
"""Text by which code may bind a name that is not written as one."""
_INJECTED = frozenset(
    "xrange unicode basestring long reduce raw_input unichr file cmp reload execfile "
    "get_ipython display profile".split()
)
"""Names of Python 2, and names that notebooks and profilers define."""


class _Everything:
    def __contains__(self, name: object) -> bool:
        return True


_EVERYTHING = _Everything()


def _names_bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, DEFINITIONS):
        yield node.name
    elif isinstance(node, IMPORTS):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names
    else:
        bound = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(bound, str):
            yield bound


def definitions(statement: ast.stmt, names: dict[str, None]) -> None:
    """Add the names of the functions and classes that a statement defines, also under a condition."""
    if isinstance(statement, DEFINITIONS):
        names[statement.name] = None
    elif isinstance(statement, (ast.If, ast.Try)):
        for inner in (*statement.body, *statement.orelse):
            definitions(inner, names)


def _imports(statement: ast.stmt) -> Iterator[ast.Import | ast.ImportFrom]:
    if isinstance(statement, IMPORTS):
        yield statement
    elif not isinstance(statement, DEFINITIONS):
        for block in _blocks(statement):
            for inner in block:
                yield from _imports(inner)


def bound_names(statement: ast.stmt) -> set[str]:
    """The global names that a top-level statement binds or changes."""
    names: set[str] = set()
    _collect([statement], names)
    return names


def _collect(statements: Sequence[ast.stmt], names: set[str]) -> None:
    for statement in statements:
        if isinstance(statement, DEFINITIONS):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                _collect_target(target, names)
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            _collect_target(statement.target, names)
        elif isinstance(statement, ast.Expr):
            # A registry that is filled by calls (`MODELS.update(...)`) is not complete before they have run.
            if isinstance(statement.value, ast.Call) and isinstance(statement.value.func, ast.Attribute):
                _collect_target(statement.value.func, names)
            if isinstance(statement.value, ast.Call) and _sets_grad_mode(statement.value):
                names.add(GRAD_MODE)
        elif isinstance(statement, ast.Import):
            names.add(IMPORT)
            names.update(alias.asname or alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            names.add(IMPORT)
            names.update(alias.asname or alias.name for alias in statement.names)
        else:
            _collect_compound(statement, names)


def _sets_grad_mode(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name in ("set_grad_enabled", "_set_grad_enabled")


def _blocks(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """The blocks of a compound statement."""
    for block in ("body", "orelse", "finalbody"):
        yield getattr(statement, block, ())
    for handler in getattr(statement, "handlers", ()):
        yield handler.body


def _collect_compound(statement: ast.stmt, names: set[str]) -> None:
    for block in _blocks(statement):
        _collect(block, names)
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        _collect_target(statement.target, names)


def _collect_target(target: ast.expr, names: set[str]) -> None:
    if isinstance(target, ast.Name):
        names.add(target.id)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            _collect_target(element, names)
    elif isinstance(target, (ast.Attribute, ast.Subscript, ast.Starred)):
        _collect_target(target.value, names)
    elif isinstance(target, ast.Call):
        _collect_target(target.func, names)
