"""Finds modules that start equal: one module several times in a container, deep copies, torch's stacks of copies."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from initlint._lazy import lazy_pattern
from initlint._records import dataclass
from initlint.facts.initializer_formulas import INITIALIZERS, constant_value
from initlint.facts.modules import MODULES
from initlint.graph.dataflow import ALWAYS, FlowNode
from initlint.graph.mistakes import IdenticalModules
from initlint.graph.model import Forward
from initlint.graph.symmetry import in_series, merge_symmetrically
from initlint.graph.words import UNDETERMINED
from initlint.project.source import Location, SourceLocation
from initlint.tracers.static.machine.interpreter import EntryPointLog, ModuleCopy, Seeding
from initlint.tracers.static.parameter_reads import only_reads
from initlint.tracers.static.values.module_tree import own_parameters
from initlint.tracers.static.values.objects import Instance
from initlint.tracers.static.values.tensors import Storage

_Parameters: TypeAlias = "Mapping[int, Mapping[str, Storage]]"

_CONTAINERS = ("torch.nn.Sequential", "torch.nn.ModuleList")
STACKS = {
    "torch.nn.TransformerEncoder": "TransformerEncoderLayer",
    "torch.nn.TransformerDecoder": "TransformerDecoderLayer",
}
"""The modules of torch that copy the layer of their first argument."""

SHARED = re.compile(r"shar|tied|tie_|tying|recurr|universal|siamese", re.IGNORECASE)
ASYMMETRIC = lazy_pattern(
    r"drop|rand|noise|bernoulli|sample|multinomial|flip|roll|transpose|permute|detach|no_grad|chunk|split|unbind|select"
    r"|narrow|rot90|gather|mask|where|sub$|^T$|^mT$",
    re.IGNORECASE,
)
"""Names in classes whose copies may differ from call to call, or get different parts of one input."""


def identical_modules(
    roots: Mapping[str, Instance], log: EntryPointLog, copies: Sequence[GroupOfCopies], forward: Forward
) -> Iterator[IdenticalModules]:
    """The modules below `roots` that certainly start equal. `copies`: those of the log, in groups."""
    has_stacks = any(instance.torch_name in STACKS for instance in log.instances)
    if forward is not Forward.RUN or not (log.copies or has_stacks or len(log.seedings) > 1):
        return
    tree = _Tree(roots)
    yield from _seeded(tree, log)
    yield from _repeated(tree, log)
    yield from _deep_copies(tree, log, copies)
    if has_stacks:
        yield from _stacks(tree, log)


class _Tree:
    """The modules below the roots, each with its paths and the container or class that holds it."""

    def __init__(self, roots: Mapping[str, Instance]) -> None:
        self.paths: dict[int, list[str]] = {}
        self.holders: dict[int, list[Instance]] = {}
        self.modules: dict[int, Instance] = {}
        self.certain: dict[int, bool] = {}
        stack = [(prefix, root) for prefix, root in roots.items()]
        for prefix, root in stack:
            self.modules[id(root)] = root
            self.paths[id(root)] = [prefix]
        while stack:
            path, module = stack.pop()
            for name, child, condition in module.conditional_children():
                below = f"{path}.{name}" if path else name
                self.holders.setdefault(id(child), []).append(module)
                self.paths.setdefault(id(child), []).append(below)
                self.certain[id(child)] = self.certain.get(id(child), True) and not condition
                if id(child) not in self.modules:
                    self.modules[id(child)] = child
                    stack.append((below, child))

    def around(self, members: list[Instance]) -> list[Instance]:
        """The members, their submodules, and the modules that hold them."""
        around = list(members)
        seen = set(map(id, around))
        for module in around:
            for holder in self.holders.get(id(module), ()):
                if id(holder) not in seen:
                    seen.add(id(holder))
                    around.append(holder)
        return [*around, *(inner for member in members for inner in _inside(member))]

    def is_walked(self, module: Instance) -> bool:
        """Whether code may have drawn the weights of the module again, by itself or through a module that holds it."""
        around = self.around([module])
        return any(one.walked for one in around) or not all(only_reads(each) for one in around for each in one.listings)

    def path(self, module: Instance) -> str:
        return self.paths[id(module)][0]


def _repeated(tree: _Tree, log: EntryPointLog) -> Iterator[IdenticalModules]:
    """Modules that `[layer] * n`, a comprehension or a loop puts into one container several times."""
    for copy in log.copies:
        module = copy.original
        holders = tree.holders.get(id(module), [])
        if copy.copy is not module or copy.times == 1 or len(holders) < 2 or not tree.certain[id(module)]:
            continue
        container = holders[0]
        if container.torch_name not in _CONTAINERS or any(holder is not container for holder in holders):
            continue  # it is also registered by itself: a shared layer
        path = tree.paths[id(container)][0]
        uses = [nodes for inner in _inside(module) if (nodes := log.nodes.get(id(inner)))]
        count = sum(len(parameters) for parameters in _parameters(module).values())
        constructed = is_constructed_in(copy.location)
        if not count or not uses or (len(uses[0]) < 2 and not container.open):
            continue
        if not constructed and not container.open and not in_series(uses[0][:1], uses[0][1:2]):
            continue
        text = f"{_text_at(copy.location)} {_text_at(module.location)} {_branch_around(copy.location)}"
        if SHARED.search(f"{path} {text} {_class_names(container, module)}"):
            continue
        yield IdenticalModules(
            "repeated",
            copy.location,
            module.class_name,
            (path,),
            None if container.open or copy.times is None else len(holders),
            count,
            constructed,
        )


def _text_at(location: Location | None) -> str:
    """The lines of a call, and the comment above them, which may say that sharing is meant."""
    if not isinstance(location, SourceLocation) or not isinstance(location.node, ast.expr):
        return ""
    lines = location.source.lines[max(location.node.lineno - 2, 0) : location.node.end_lineno]
    return "\n".join(lines if lines[0].lstrip().startswith("#") or location.node.lineno == 1 else lines[1:])


def _branch_around(location: SourceLocation) -> str:
    """The test of the innermost branch in its function, and the comments after the test and above the statement.

    Such as `if share_weights: layers.append(layers[0])`. Empty outside of branches.
    """
    rows, lines = _rows(location.source.tree), location.source.lines
    first, branch = rows.get(getattr(location.node, "lineno", 0), (0, None))
    if branch is None:
        return ""
    below = branch.body[0].lineno
    is_one_row = below == branch.test.end_lineno
    test = [ast.unparse(branch.test)] if is_one_row else lines[branch.lineno - 1 : below - 1]
    before = (lines[row - 1] for row in range(first - 1, 0, -1))
    above = itertools.takewhile(lambda line: line.lstrip().startswith("#"), before)
    return "\n".join([*test, *above])


@lru_cache(maxsize=8)
def _rows(tree: ast.Module) -> dict[int, tuple[int, ast.If | None]]:
    """For each row, the first row of its statement and the innermost branch around it in its function or class."""
    found: dict[int, tuple[int, ast.If | None]] = {}
    for node in ast.walk(tree):  # a statement comes after those around it
        if not isinstance(node, ast.stmt):
            continue
        _, branch = found.get(node.lineno, (0, None))
        found.update(dict.fromkeys(_range(node, node), (node.lineno, branch)))
        if isinstance(node, (ast.If, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inner = node if isinstance(node, ast.If) else None
            found.update(dict.fromkeys(_range(node.body[0], node.body[-1]), (node.lineno, inner)))
    return found


def _range(first: ast.stmt, last: ast.stmt) -> range:
    return range(first.lineno, (last.end_lineno or last.lineno) + 1)


def _class_names(*modules: Instance) -> str:
    owners = (owner for module in modules for owner, _ in module.assigned.values() if owner is not None)
    return " ".join([*(module.class_name for module in modules), *(owner.name for owner in owners)])


def is_constructed_in(location: SourceLocation) -> bool:
    node = location.node
    lists = (node.left, node.right) if isinstance(node, ast.BinOp) else ()
    return any(isinstance(one, ast.List) and all(isinstance(e, ast.Call) for e in one.elts) for one in lists)


def _deep_copies(tree: _Tree, log: EntryPointLog, copies: Sequence[GroupOfCopies]) -> Iterator[IdenticalModules]:
    """Groups of deep copies, with the original if it is in the model, that no later init draws again."""
    for group in copies:
        members = [module for module in group.members if id(module) in tree.modules]
        uses = [[node for inner in _inside(module) for node in log.nodes.get(id(inner), ())] for module in members]
        members, uses = [m for m, nodes in zip(members, uses, strict=True) if nodes], list(filter(None, uses))
        if len(members) < 2 or not all(tree.certain.get(id(module), False) for module in members):
            continue
        if not _start_equal(members):
            continue
        paths = tuple(map(tree.path, members))
        parameters = sum(map(len, _parameters(members[0]).values()))
        location, type = group.first.location, members[0].class_name
        if all(in_series(one, other) for one, other in itertools.pairwise(uses)):
            yield IdenticalModules("series", location, type, paths, len(members), parameters)
        elif _stay_equal(tree, members, log):
            yield IdenticalModules("parallel", location, type, paths, len(members), parameters)


def groups_of_copies(log: EntryPointLog) -> list[GroupOfCopies]:
    """The deep copies of each module, with the original."""
    groups: dict[int, GroupOfCopies] = {}
    for copy in log.copies:
        if copy.copy is not copy.original:
            group = groups.setdefault(id(copy.original), GroupOfCopies([copy.original], copy))
            group.members.append(copy.copy)
            groups[id(copy.copy)] = group
    return list({id(group): group for group in groups.values()}.values())


def redrawn_copies(roots: Mapping[str, Instance], copies: Sequence[GroupOfCopies]) -> Iterator[SourceLocation]:
    """Where the modules below `roots` are copied whose weights were drawn after that, under whatever condition."""
    tree = _Tree(roots if copies else {})
    for group in copies:
        parameters = [_parameters(module) for module in group.members if id(module) in tree.modules]
        pairs = [(first, other) for one in parameters[1:] for first, other in _common_storages(parameters[0], one)]
        if any(_is_random_matrix(first) and not _same_writes(first, other) for first, other in pairs):
            yield group.first.location


def _common_storages(one: _Parameters, other: _Parameters) -> Iterator[tuple[Storage, Storage]]:
    for position, tensors in one.items():
        inside = other.get(position, {})
        yield from ((tensor, inside[name]) for name, tensor in tensors.items() if name in inside)


def _seeded(tree: _Tree, log: EntryPointLog) -> Iterator[IdenticalModules]:
    """Modules in parallel whose constructors set one seed and then draw the same weights."""
    groups: dict[tuple[object, int], list[Seeding]] = {}
    for seeding in log.seedings:
        if id(seeding.module) in tree.modules:
            groups.setdefault((seeding.location.node, seeding.seed), []).append(seeding)
    for seedings in groups.values():
        members = list({id(seeding.module): seeding.module for seeding in seedings}.values())
        uses = [[node for inner in _inside(module) for node in log.nodes.get(id(inner), ())] for module in members]
        if len(members) < 2 or not all(uses) or not all(tree.certain.get(id(module), False) for module in members):
            continue
        if _drawn_alike(members) and _stay_equal(tree, members, log):
            count = sum(map(len, _parameters(members[0]).values()))
            paths, name = tuple(map(tree.path, members)), members[0].class_name
            yield IdenticalModules("parallel", seedings[0].location, name, paths, len(members), count)


_MAX_CALLS = 16
"""Further calls are those of a loop, by the same code."""


def _stay_equal(tree: _Tree, members: list[Instance], log: EntryPointLog) -> bool:
    """Whether in each call of the model the members get the same input and merge in one symmetric operation."""
    if any(map(_may_differ, tree.around(members))):
        return False
    calls = [_calls(module, log) for module in members]
    if len({len(each) for each in calls}) != 1:
        return False
    sources = [_Sources(module) for module in members]
    return all(merge_symmetrically(call, sources) for call in list(zip(*calls, strict=True))[:_MAX_CALLS])


def _calls(member: Instance, log: EntryPointLog) -> list[list[FlowNode]]:
    """The nodes of each call of the member; of all calls, if these are not alike."""
    nodes = [found for inner in _inside(member) if (found := log.nodes.get(id(inner)))]
    if len({len(each) for each in nodes}) != 1:
        return [[node for each in nodes for node in each]]
    return [list(call) for call in zip(*nodes, strict=True)]


class _Sources:
    """The source of the classes of a member, as a container of locations."""

    def __init__(self, member: Instance) -> None:
        classes = [inner.user_class for inner in _inside(member) if inner.user_class is not None]
        self._spans = [
            (part.scope.source, part.node.lineno, part.node.end_lineno or part.node.lineno)
            for cls in classes
            for part in cls.project_classes
        ]

    def __contains__(self, location: object) -> bool:
        if not isinstance(location, SourceLocation):
            return False
        row = getattr(location.node, "lineno", 0)
        return any(source is location.source and first <= row <= last for source, first, last in self._spans)


def _drawn_alike(members: list[Instance]) -> bool:
    """Whether the constructors draw the same numbers for tensors of the same known sizes, and nothing else does."""
    if any(inner.walked for module in members for inner in _inside(module)):
        return False
    draws = []
    for module in members:
        tensors = [(at, name, s) for at, inside in _parameters(module).items() for name, s in inside.items()]
        if any(s.frozen or s.shape is None or None in s.shape for _, _, s in tensors):
            return False
        draws.append(
            [
                (at, name, s.shape, [(record.write.location, record.condition) for record in s.writes])
                for at, name, s in tensors
            ]
        )
    has_random = any(_is_random_matrix(s) for inside in _parameters(members[0]).values() for s in inside.values())
    return has_random and all(one == draws[0] for one in draws)


@dataclass
class GroupOfCopies:
    members: list[Instance]
    first: ModuleCopy


def _start_equal(members: list[Instance]) -> bool:
    """Whether the modules have trainable random weights that nothing has changed in one and not in the others."""
    parameters = [_parameters(module) for module in members]
    if any(inner.walked for module in members for inner in _inside(module)):
        return False
    if any(one.keys() != parameters[0].keys() for one in parameters):
        return False
    has_random = False
    for position, tensors in parameters[0].items():
        for name, first in tensors.items():
            others = [one[position].get(name) for one in parameters]
            if any(other is None or other.frozen or not _same_writes(first, other) for other in others):
                return False
            has_random = has_random or (_is_random_matrix(first) and _is_layer(members[0], position))
    return has_random


def _same_writes(one: Storage, other: Storage) -> bool:
    """Whether nothing was written since the copy: a copy begins with the records of its original."""
    return len(one.writes) == len(other.writes) and all(a is b for a, b in zip(one.writes, other.writes, strict=True))


def _is_random_matrix(storage: Storage) -> bool:
    if storage.shape is None or len(storage.shape) < 2:
        return False
    if not storage.writes:
        return not storage.uninitialized
    last = storage.writes[-1].as_write(storage.name, ALWAYS)
    family = INITIALIZERS.get(last.initializer)
    constant = constant_value(last.initializer, last.arguments, UNDETERMINED)
    return family is not None and family.kind not in ("eye", "dirac") and constant is None


def _stacks(tree: _Tree, log: EntryPointLog) -> Iterator[IdenticalModules]:
    """`TransformerEncoder(layer, n)` copies the layer; its weights are drawn again only by walks over the model.

    An unknown `n` may be 1.
    """
    arguments = [value for instance in log.instances for value in instance.arguments.values()]
    for module in tree.modules.values():
        name, count = module.torch_name or "", module.arguments.get("num_layers")
        if name not in STACKS or tree.is_walked(module) or not tree.certain.get(id(module), True):
            continue
        if not isinstance(module.location, SourceLocation) or any(value is module for value in arguments):
            continue
        if log.nodes.get(id(module)) and isinstance(count, int) and count > 1:
            yield IdenticalModules("series", module.location, STACKS[name], (tree.path(module),), count)


def _inside(module: Instance) -> list[Instance]:
    """The module and its submodules, without marking them as walked."""
    inside, seen = [module], {id(module)}
    for one in inside:
        for _, child, _ in one.conditional_children():
            if id(child) not in seen:
                seen.add(id(child))
                inside.append(child)
    return inside


def _parameters(module: Instance) -> _Parameters:
    """The parameters of each module inside, by the position of that module and their names."""
    return {
        position: {name: tensor.storage for name, tensor, _ in own_parameters(one) if tensor.storage is not None}
        for position, one in enumerate(_inside(module))
    }


def _is_layer(module: Instance, position: int) -> bool:
    """Whether the module at `position` is no norm."""
    spec = MODULES.get(_inside(module)[position].torch_name or "")
    return spec is None or spec.role != "norm"


def _may_differ(module: Instance) -> bool:
    """Whether calls of the module may differ, as with dropout, or use parts of a tensor."""
    if ASYMMETRIC.search(module.class_name) and module.arguments.get("p") != 0.0:
        return True
    cls = module.user_class
    return cls is not None and any(
        ASYMMETRIC.search(name) for part in cls.project_classes for name in names_in(part.node)
    )


def names_in(cls: ast.ClassDef) -> Iterator[str]:
    """All names in the class, and `split` for a subscript of anything but an attribute of `self`."""
    for node in ast.walk(cls):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Subscript) and not ast.unparse(node.value).startswith("self."):
            yield "split"
