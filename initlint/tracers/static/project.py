"""Who does what: the tables that the interpreter runs by."""

from __future__ import annotations

import ast
import gc
import os
from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from initlint.graph.model import FileGraph, ModelGraph, ProjectSearch
from initlint.project.dependencies import FileSystemQueries, Question, RealPaths, real_paths
from initlint.project.lru import SizedLRU
from initlint.project.source import SourceError, SourceFile
from initlint.project.user_tables import UserTables
from initlint.tracers.references.module_body import ModuleBody
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.static.deprecated_names import deprecated_uses
from initlint.tracers.static.entry_points import bases, trace
from initlint.tracers.static.library.attributes import attribute, call_method
from initlint.tracers.static.library.external_calls import call_external, call_unknown
from initlint.tracers.static.library.init_calls import call_configured_function
from initlint.tracers.static.library.instantiate import construct
from initlint.tracers.static.library.modules import call_instance
from initlint.tracers.static.machine.interpreter import Handlers, Interpreter
from initlint.tracers.static.syntax.binding import bind
from initlint.tracers.static.syntax.expressions import EVALUATE
from initlint.tracers.static.syntax.statements import EXECUTE
from initlint.tracers.static.timer import Timer
from initlint.tracers.static.unreached import UnreachedFinder
from initlint.tracers.static.values.environment import GlobalEnvironment, ModuleScope
from initlint.tracers.static.values.objects import ModuleRef
from initlint.tracers.static.values.values import UNBOUND, Value

HANDLERS = Handlers(
    evaluate=EVALUATE,
    execute=EXECUTE,
    attribute=attribute,
    call_external=call_external,
    call_method=call_method,
    call_instance=call_instance,
    construct=construct,
    bind=bind,
    call_unknown=call_unknown,
    configured_function=call_configured_function,
)


_KEPT = 384 * 1024
"""Bytes of source whose trees are kept; a tree takes some fifty times as much memory, and is soon made again."""
_KEPT_AGAIN = 2048 * 1024
"""The same, for what most files of a large package import: its base classes and helpers."""
_NEVER = frozenset({"torch", "torchgen", "functorch", "numpy", "typing", "builtins"})
"""Packages that are known by their names, never read, also where the environment is inside the project."""


class Project:
    """The project around the linted files. Reads files, never imports or runs them.

    `files` are shown by those names, by real path; any other by its real path. `contents` stands in for what the disk
    holds, by path. `roots` are folders that absolute imports may start from,
    beside those that the layout of the project tells. `additions` is what the user knows of other packages.
    `operations`: fill `ModelGraph.operations`. `searches`: the fields of a `FileGraph` for which the whole project is
    searched; the others stay empty. `asked`: what was asked of the disk since `begin`;
    `stopwatch`: what time was spent on since then.
    """

    def __init__(
        self,
        files: Mapping[str, Path] = MappingProxyType({}),
        contents: Mapping[str, bytes] = MappingProxyType({}),
        roots: Iterable[Path] = (),
        additions: UserTables | None = None,
        operations: bool = False,
        searches: Container[ProjectSearch] = (),
    ) -> None:
        self._disk = FileSystemQueries(real_paths(contents), map(str, roots))
        self._additions = additions or UserTables()
        self._paths = RealPaths()
        self._files = files
        self._tops: SizedLRU[str, ModuleBody] = SizedLRU(_KEPT, _KEPT_AGAIN)
        self._scopes: dict[str, ModuleScope] = {}
        self._broken: dict[str, SourceError] = {}
        self._found: dict[tuple[Path, str], Path | None] = {}
        self._roots: dict[str, tuple[Path, str]] = {}
        self.asked: set[Question] = set()
        self.stopwatch = Timer()
        self._surroundings = ProjectIndex(self._disk, self._note)
        self._operations = operations
        self._searches = searches
        self._interpreter = Interpreter(HANDLERS, self, self._additions)

    def start_recording(self) -> None:
        """Forget what was asked on behalf of other files, and what time they took."""
        self.asked = set()
        self.stopwatch = Timer()

    def _note(self, question: Question) -> None:
        self.asked.add(question)

    def load(self, path: Path) -> SourceFile:
        """The parsed file. Raises `SourceError`."""
        try:
            return self._loaded(self._paths.of(path), path).source
        finally:
            self.record_dependency(path)

    def record_dependency(self, path: Path) -> None:
        """Let what is found rest on all that a file holds."""
        real = self._paths.of(path)
        self._note(("read", real, self._disk.digest(real)))

    def _loaded(self, real: str, path: Path) -> ModuleBody:
        if real in self._broken:
            raise self._broken[real]
        if real in self._tops:
            return self._tops[real]
        try:
            with self.stopwatch.on("parse"):
                source = SourceFile.read(self._files.get(real, path), lambda: self._disk.read(real))
        except SourceError as error:
            self._broken[real] = error
            raise
        top = ModuleBody(source)
        self._tops.put(real, top, len(source.data))
        return top

    def content(self, path: Path) -> bytes:
        """What a file holds; empty if it cannot be read."""
        return self._disk.content(self._paths.of(path))

    def graph(self, source: SourceFile) -> FileGraph:
        """All that can be told about one file."""
        # What one file's entry points do to the globals of a module must not be seen by the next file, and what
        # they loaded must not stay in memory: scopes and what they hold refer to each other, and what once outlives a
        # collection stays almost for ever, with all that it comes to refer to. Now nothing lives but trees.
        if self._scopes:
            self._scopes.clear()
            del self._interpreter
            gc.collect(1)
            self._interpreter = Interpreter(HANDLERS, self, self._additions)
        interpreter = self._interpreter
        interpreter.keeps_operations = self._operations
        models: list[ModelGraph] = []
        try:
            scope = self._scope(Path(source.path), ModuleBody(source), lambda _: None)
            with self.stopwatch.on("interpret"):
                models.extend(trace(interpreter, scope))
            reached = UnreachedFinder(scope, self._surroundings, self._additions)
            return FileGraph(
                source,
                tuple(models),
                deprecated_uses(source),
                bases(scope),
                tuple(reached.unapplied()) if "unapplied" in self._searches else (),
                tuple(reached.unwritten(models)) if "unwritten" in self._searches else (),
            )
        except RecursionError:
            # Code that no person wrote: what was understood before stands.
            return FileGraph(source, tuple(models), ())

    # Modules ---------------------------------------------------------------------------------------------------

    def _scope(self, path: Path, top: ModuleBody, note: Callable[[str], None]) -> ModuleScope:
        real = self._paths.of(path)
        root, name = self._name(real)
        is_package = os.path.basename(real) == "__init__.py"
        package = name if is_package else name.rpartition(".")[0] or self._namespace(root)

        def submodule(inner: str) -> Value:
            return self.import_module(f"{name}.{inner}", scope) if is_package else UNBOUND

        def run(node: ast.stmt, env: GlobalEnvironment) -> None:
            self._interpreter.run_top_level(node, env)

        scope = ModuleScope(name, package, root, top, run, submodule, note)
        self._scopes[real] = scope
        return scope

    def _name(self, real: str) -> tuple[Path, str]:
        """The folder that absolute imports of this file start from, and the file's dotted name below it."""
        if real not in self._roots:
            root, name = self._disk.name(real)
            self._roots[real] = (Path(root), name)
        folder = os.path.dirname(real)
        self._note(("package", folder, *self._disk.package(folder)))
        return self._roots[real]

    def _namespace(self, root: Path) -> str:
        """The dotted name of a folder without an `__init__.py`, for the relative imports in it."""
        name = self._disk.namespace(str(root))
        self._note(("namespace", str(root), name))
        return name

    def import_module(self, dotted: str, importer: ModuleScope) -> Value:
        """The module of the project that `dotted` means in `importer`; `UNBOUND` if it means none."""
        if dotted.partition(".")[0] in _NEVER:
            return UNBOUND
        path = self._find(importer.root, dotted)
        if path is None:
            return UNBOUND
        real = self._paths.of(path)
        if real in self._scopes:
            return ModuleRef(self._scopes[real])  # its tree may be kept no more elsewhere
        try:
            top = self._loaded(real, path)
        except SourceError:
            self.record_dependency(path)
            return UNBOUND

        def note(name: str) -> None:
            self._note(("bound", real, name, top.digest(name)))

        note("")
        self._note(("seen", real, self._disk.digest(real)))
        return ModuleRef(self._scope(path, top, note))

    def may_define(self, dotted: str, name: str, importer: ModuleScope) -> bool:
        """Whether the module that `dotted` means in `importer` may bind `name`: its text holds the name, or the star
        of a further import. A package also has its submodules; of what is no file of the project nothing is known.
        """
        path = self._find(importer.root, dotted)
        if path is None or path.name == "__init__.py" or not name.isascii():
            return True
        real = self._paths.of(path)
        found = self._disk.may_define(real, name)
        self._note(("defined", real, name, found))
        self._note(("seen", real, self._disk.digest(real)))
        return bool(found)

    def _find(self, root: Path, dotted: str) -> Path | None:
        key = (root, dotted)
        if key not in self._found:
            path = self._disk.module(str(root), dotted)
            self._found[key] = None if path is None else Path(path)
        self._note(("module", str(root), dotted, str(self._found[key] or "")))
        return self._found[key]
