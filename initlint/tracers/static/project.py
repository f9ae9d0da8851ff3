"""The static tracer's view of a project: parsed files, modules by name, and the graph of each file."""

from __future__ import annotations

import ast
import gc
import os
from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from initlint.facts.initializer_names import CALLS_FILL
from initlint.graph.model import FileGraph, ModelGraph, ProjectSearch
from initlint.project.file_memory import FileMemory
from initlint.project.filesystem import DirectoryListings, RealPaths, by_real_path
from initlint.project.lru import SizedLRU
from initlint.project.queries import FileSystemQueries
from initlint.project.reading import read_source
from initlint.project.source import SourceError, SourceFile
from initlint.project.tracking import RecordedDependencies, TrackedQueries
from initlint.project.user_tables import UserTables
from initlint.tracers.references.module_body import ModuleBody
from initlint.tracers.references.parsed_dependencies import Definition
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.static.deprecated_names import deprecated_uses, uses_through_imports
from initlint.tracers.static.entry_points import bases, trace
from initlint.tracers.static.library.attributes import call_object_method, inherited_method, object_attribute
from initlint.tracers.static.library.container_methods import call_constant_method, call_dict_method, call_list_method
from initlint.tracers.static.library.external_calls import call_dispatched, call_external, call_unknown
from initlint.tracers.static.library.init_calls import call_configured_function
from initlint.tracers.static.library.instantiate import construct
from initlint.tracers.static.library.modules import call_instance
from initlint.tracers.static.library.tensor_methods import call_tensor_method
from initlint.tracers.static.machine.interpreter import Handlers, Interpreter
from initlint.tracers.static.prefilter import imported_modules, is_main_module
from initlint.tracers.static.syntax.assignment import set_field, set_registered, set_tensor_attribute, set_tensor_item
from initlint.tracers.static.syntax.binding import bind
from initlint.tracers.static.syntax.expressions import EVALUATE
from initlint.tracers.static.syntax.imports import is_imported_after
from initlint.tracers.static.syntax.statements import EXECUTE
from initlint.tracers.static.syntax.subscripts import tensor_item
from initlint.tracers.static.tensors.dataflow import unknown_result
from initlint.tracers.static.tensors.unknown_effects import may_write
from initlint.tracers.static.timer import Timer
from initlint.tracers.static.unreached import UnreachedFinder
from initlint.tracers.static.unreached_inits import unreached_inits, unread_attributes
from initlint.tracers.static.values.classes import ModuleRef
from initlint.tracers.static.values.environment import GlobalEnvironment, ModuleScope
from initlint.tracers.static.values.values import UNBOUND, Value

HANDLERS = Handlers(
    evaluate=EVALUATE,
    execute=EXECUTE,
    bind=bind,
    call_unknown=call_unknown,
    may_write=may_write,
    unknown_result=unknown_result,
    call_external=call_external,
    call_instance=call_instance,
    construct=construct,
    object_attribute=object_attribute,
    set_field=set_field,
    set_registered=set_registered,
    object_method=call_object_method,
    inherited_method=inherited_method,
    tensor_method=call_tensor_method,
    list_method=call_list_method,
    dict_method=call_dict_method,
    constant_method=call_constant_method,
    set_tensor_attribute=set_tensor_attribute,
    tensor_item=tensor_item,
    set_tensor_item=set_tensor_item,
    configured_function=call_configured_function,
    call_dispatched=call_dispatched,
)


_MAX_RECENT_SOURCE = 384 * 1024
"""Bytes of source whose trees stay in memory. A tree takes some fifty times as much, and is soon parsed again."""
_MAX_FREQUENT_SOURCE = 2048 * 1024
"""The same, for files that most others of a large package import: its base classes and helpers."""
_NEVER_READ = frozenset({"torch", "torchgen", "functorch", "numpy", "typing", "builtins"})
"""Packages that are known by their names, and not read even if the environment is inside the project."""


class Project:
    """The project around the linted files. Reads files, never imports or runs them.

    `files` are shown by those names, by real path; any other by its real path. `contents` replaces the bytes of files,
    by path. `roots` are folders that absolute imports may start from, besides those that the project's layout gives.
    `additions` are the user's tables of other packages. `searches`: the fields of a `FileGraph` for which the whole
    project is searched; the others stay empty. `records`: record dependencies. `has_disk`: whether files on disk exist
    besides `contents`. `memory`: of earlier runs. `on_entry_point` is called before each entry point. `stopwatch`: the
    time spent since `start_recording`.
    """

    def __init__(
        self,
        files: Mapping[str, Path] = MappingProxyType({}),
        contents: Mapping[str, bytes] = MappingProxyType({}),
        roots: Iterable[Path] = (),
        additions: UserTables | None = None,
        searches: Container[ProjectSearch] = (),
        records: bool = False,
        has_disk: bool = True,
        memory: FileMemory | None = None,
        on_entry_point: Callable[[], None] | None = None,
    ) -> None:
        in_memory = by_real_path(contents)
        listings = DirectoryListings(in_memory, has_disk)
        self._queries = FileSystemQueries(in_memory, map(str, roots), listings=listings, memory=memory)
        self._tracked = TrackedQueries(self._queries, records)
        self._additions = additions or UserTables()
        self._paths = RealPaths()
        self._files = files
        self._bodies: SizedLRU[str, ModuleBody] = SizedLRU(_MAX_RECENT_SOURCE, _MAX_FREQUENT_SOURCE)
        self._scopes: dict[str, ModuleScope] = {}
        self._broken: dict[str, SourceError] = {}
        self.stopwatch = Timer()
        self._index = ProjectIndex(self._tracked)
        self._searches = searches
        self._on_entry_point = on_entry_point
        self._interpreter = self._new_interpreter()

    def _new_interpreter(self) -> Interpreter:
        interpreter = Interpreter(HANDLERS, self, self._additions)
        interpreter.on_entry_point = self._on_entry_point
        return interpreter

    def start_recording(self) -> None:
        """Forget the dependencies of the file before, and the time that it took."""
        self._tracked.start()
        self.stopwatch = Timer()

    def recorded_dependencies(self) -> RecordedDependencies:
        """Those since `start_recording`; none unless `records` is true."""
        return self._tracked.take()

    def load(self, path: Path) -> SourceFile:
        """The parsed file. Raises `SourceError`."""
        try:
            return self._body(self._paths.of(path), path).source
        finally:
            self.record_dependency(path)

    def record_dependency(self, path: Path) -> None:
        """Record that the result depends on all bytes of a file."""
        self._tracked.record_content(self._paths.of(path))

    def _body(self, real: str, path: Path) -> ModuleBody:
        if real in self._broken:
            raise self._broken[real]
        if real in self._bodies:
            return self._bodies[real]
        shown, memory = self._files.get(real, path), self._queries.memory
        known = memory and memory.tree(real, (shown, self._queries.digest(real)))
        body: ModuleBody = known or self._read(real, shown)
        self._bodies.put(real, body, len(body.source.data))
        if memory is not None and known is None:
            memory.keep_tree(real, (shown, self._queries.digest(real)), body, len(body.source.data))
        return body

    def _read(self, real: str, shown: Path) -> ModuleBody:
        try:
            with self.stopwatch.on("parse"):
                return ModuleBody(read_source(shown, lambda: self._queries.read(real)))
        except SourceError as error:
            self._broken[real] = error
            raise

    def is_script(self, source: SourceFile) -> bool:
        """Whether a file is run by itself and imports modules of the project: it may build their models.

        Not tests, which build models for other reasons than to train them.
        """
        if source.holds_tests:
            return False
        real = self._paths.of(source.path)
        root, name = self._tracked.module_name(real)
        if "." in name and not is_main_module(source.code):
            return False
        return any(self._tracked.module_file(root, module) is not None for module in imported_modules(source.code))

    def content(self, path: Path) -> bytes:
        """The bytes of a file; empty if it cannot be read."""
        return self._queries.content(self._paths.of(path))

    def graph(self, source: SourceFile) -> FileGraph:
        """The models of one file, and its findings in the rest of the project."""
        # The globals of a module must not carry over to the next file. Scopes form reference cycles: collect them
        # here, before they reach the oldest generation and are kept with everything they refer to.
        if self._scopes:
            self._scopes.clear()
            del self._interpreter
            gc.collect(1)
            self._interpreter = self._new_interpreter()
        interpreter = self._interpreter
        models: list[ModelGraph] = []
        try:
            scope = self._scope(Path(source.path), ModuleBody(source), lambda _: None)
            interpreter.visits.enabled = "unapplied" in self._searches and CALLS_FILL.search(source.code) is not None
            with self.stopwatch.on("interpret"):
                models.extend(trace(interpreter, scope))
                unread = tuple(unread_attributes(interpreter, scope))
                unreached = tuple(unreached_inits(interpreter, scope))
            references = deprecated_uses(source)
            with interpreter.entry_point():
                references += tuple(uses_through_imports(scope, references))
            reached = UnreachedFinder(scope, self._index, self._additions, unreached, unread)
            models = list(reached.with_loads(models))
            return FileGraph(
                source,
                tuple(reached.with_unused(models) if "unused" in self._searches else models),
                references,
                bases(scope),
                tuple(reached.unapplied(models)) if "unapplied" in self._searches else (),
                tuple(reached.unwritten(models)) if "unwritten" in self._searches else (),
            )
        except RecursionError:
            # Generated code. The models that were traced before are kept.
            return FileGraph(source, tuple(models), ())

    # Modules ---------------------------------------------------------------------------------------------------

    def _scope(self, path: Path, body: ModuleBody, on_lookup: Callable[[str], None]) -> ModuleScope:
        real = self._paths.of(path)
        root, name = self._tracked.module_name(real)
        is_package = os.path.basename(real) == "__init__.py"
        package = name if is_package else name.rpartition(".")[0] or self._tracked.namespace(root)

        def submodule(inner: str) -> Value:
            return self.import_module(f"{name}.{inner}", scope) if is_package else UNBOUND

        def run(node: ast.stmt, env: GlobalEnvironment) -> None:
            self._interpreter.run_top_level(node, env)

        def imported_after(inner: str, row: int) -> bool:
            return is_imported_after(self, scope, inner, row)

        scope = ModuleScope(name, package, Path(root), body, run, submodule, imported_after, on_lookup)
        self._scopes[real] = scope
        return scope

    def import_module(self, dotted: str, importer: ModuleScope) -> Value:
        """The module of the project that `dotted` means in `importer`; `UNBOUND` if it means none."""
        if dotted.partition(".")[0] in _NEVER_READ:
            return UNBOUND
        path = self._tracked.module_file(str(importer.root), dotted)
        if path is None:
            return UNBOUND
        real = self._paths.of(path)
        if real in self._scopes:
            return ModuleRef(self._scopes[real])  # also if its tree is no longer in memory
        try:
            body = self._body(real, Path(path))
        except SourceError:
            self.record_dependency(Path(path))
            return UNBOUND

        def record_definition(name: str) -> None:
            if self._tracked.records:
                self._tracked.record(Definition(real, name, body.digest(name)))

        record_definition("")
        self._tracked.record_digest(real)
        return ModuleRef(self._scope(Path(path), body, record_definition))

    def may_define(self, dotted: str, name: str, importer: ModuleScope) -> bool:
        """Whether the module that `dotted` means in `importer` may bind `name`: its text contains the name, or an
        `import *`. True for packages, which also have submodules, and for modules outside of the project.
        """
        path = self._tracked.module_file(str(importer.root), dotted)
        if path is None or os.path.basename(path) == "__init__.py" or not name.isascii():
            return True
        return self._tracked.may_define(self._paths.of(path), name)
