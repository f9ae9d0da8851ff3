"""Decides whether an uninitialized parameter (`torch.empty`) is never written by any code of the project."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from initlint._lazy import lazy_pattern
from initlint.facts.frameworks import LOADER_NAMES
from initlint.graph.mistakes import ParameterFate
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.bulk_writes import (
    BULK_WRITE_PATTERNS,
    BulkWrite,
    WriteKind,
    bulk_writes,
    models_passed_out,
)
from initlint.tracers.references.file_queries import file_query
from initlint.tracers.references.instance_holders import InstanceHolders, NotDecidable, ProjectTexts
from initlint.tracers.references.location import ClassRef, CodeLocation, is_test_path
from initlint.tracers.references.parameter_mentions import Mention, container_mentions, mentions_in_file
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.syntax_index import SyntaxIndex, last_name

_LOADER = lazy_pattern(
    r"load_state_dict|from_pretrained|init_empty_weights|to_empty|load_\w*(?:checkpoint|weights|ckpt)"
)
_LOADERS = {piece: piece for piece in ("load_", "from_pretrained", "init_empty_weights", "to_empty")}
"""Patterns of code that loads a checkpoint, by a text that each match contains."""


def parameter_fate(
    file: Path,
    owner: str,
    attribute: str,
    bases: BaseClassInfo,
    project: ProjectIndex,
    is_dead: Callable[[str | None, str], bool] = lambda cls, function: False,
    sites: frozenset[tuple[Path, int]] = frozenset(),
    in_container: bool = False,
) -> ParameterFate | None:
    """The fate of `self.attribute` of the class `owner` in `file`; None if something may write to it.

    Writes in tests do not count, nor those in the functions of `file` that are dead, by their class and name, nor the
    assignments that make the parameter, by the file and the row of one of its `sites`. `in_container`: the attribute is
    a container of parameters.
    """
    if not attribute.isidentifier() or not bases.is_known:
        return None
    texts = ProjectTexts(file, project)
    try:
        query = container_mentions if in_container else mentions_in_file

        def is_no_write(mention: Mention) -> bool:
            return _is_idle(mention, file.resolve(), is_dead) or mention.makes_one_of(sites)

        home = texts.query(file.resolve(), query, attribute)
        if _is_written_in_class((one for one in home if not is_no_write(one)), owner):
            return None  # cheap check: the search of the project gives the same answer at 100 times the cost
        holders = InstanceHolders.of(owner, texts)
        is_used = False
        for mention in _relevant_mentions(holders, query, attribute, bases.names | holders.names):
            if mention.may_write and not is_no_write(mention):
                return None
            is_used = is_used or not mention.makes_one_of(sites)
        if _is_passed_out(holders):
            return None
        bulk_kind = _bulk_write_kind(holders)
        if bulk_kind is WriteKind.INIT:
            return None
        if not is_used:
            return "unused"
        may_be_loaded = bulk_kind is WriteKind.COPY or bases.loads or _may_be_loaded(holders)
        return "loaded" if may_be_loaded else "used"
    except NotDecidable:
        return None


def _is_idle(mention: Mention, file: Path, is_dead: Callable[[str | None, str], bool]) -> bool:
    """Whether a write is one that only tests run, or nothing."""
    location = mention.location
    if is_test_path(location.path):
        return True
    cls = location.cls.name if location.cls is not None else None
    return bool(mention.function) and location.path == file and is_dead(cls, mention.function)


def _may_be_loaded(holders: InstanceHolders) -> bool:
    texts = holders.texts
    return holders.derives(LOADER_NAMES) or any(texts.query(path, _loads) for path in texts.files_matching(_LOADERS))


@file_query
def _loads(index: SyntaxIndex) -> bool:
    """Whether a file mentions a function that loads a checkpoint."""
    return any(isinstance(node, (ast.Name, ast.Attribute)) and _LOADER.match(last_name(node)) for node in index.parents)


def _bulk_write_kind(holders: InstanceHolders) -> WriteKind:
    """How bulk writes of the project may write the object's parameters."""
    highest = WriteKind.NONE
    for path in holders.texts.files_matching(BULK_WRITE_PATTERNS):
        for bulk_write in holders.texts.query(path, bulk_writes) if not is_test_path(path) else ():
            kind = bulk_write.kind
            if bulk_write.of_child and holders.is_never_child():
                continue
            if holders.is_named_at(bulk_write.location) or (
                kind is WriteKind.INIT and _may_write_instance(holders, bulk_write)
            ):
                return WriteKind.INIT  # where the object is named, a copy initializes it, too
            highest = max(highest, WriteKind.NONE if bulk_write.of_self or kind is WriteKind.INIT else kind)
    return highest


def _may_write_instance(holders: InstanceHolders, bulk_write: BulkWrite) -> bool:
    location = bulk_write.location
    if location.cls is not None and bulk_write.of_self:
        return holders.includes(location.cls) or holders.is_near(location)
    return holders.may_be_passed_to(location)


def _is_passed_out(holders: InstanceHolders) -> bool:
    """Whether code that may hold the object passes it to a function of another library that may initialize it."""
    calls = (call for path in holders.files for call in holders.texts.query(path, models_passed_out))
    return any(holders.is_near(call.location) and not all(map(holders.texts.definitions, call.names)) for call in calls)


def _is_written_in_class(mentions: Iterable[Mention], owner: str) -> bool:
    """Whether the class `owner` may write to its own attribute."""
    writing_classes = (mention.location.cls for mention in mentions if mention.of_self and mention.may_write)
    return any(cls is not None and cls.name == owner for cls in writing_classes)


def _relevant_mentions(
    holders: InstanceHolders,
    query: Callable[..., tuple[Mention, ...]],
    attribute: str,
    family: frozenset[str],
) -> Iterator[Mention]:
    """The mentions that may refer to an object of the family, files that mention a holder first."""
    for path in sorted(holders.texts.files_with_word(attribute), key=lambda path: path not in holders.files):
        mentions = holders.texts.query(path, query, attribute)
        yield from (mention for mention in mentions if _is_relevant(holders, mention, family))


def _is_relevant(holders: InstanceHolders, mention: Mention, family: frozenset[str]) -> bool:
    """Whether the object of `x.attribute` may belong to the family."""
    location = mention.location
    if mention.of_self:
        return location.cls is None or (
            location.cls.is_or_derives(family) and not _is_namesake(holders, location, location.cls, family)
        )
    is_excluded = any(not any(_may_name(word, family) for word in words) for words in mention.tests)
    return not is_excluded and holders.may_be_passed_to(location)


def _may_name(word: str, family: frozenset[str]) -> bool:
    return word == "Module" or any(word and word in name for name in family)


def _is_namesake(holders: InstanceHolders, location: CodeLocation, cls: ClassRef, family: frozenset[str]) -> bool:
    """Whether it is another class with the owner's name, as in a second version of the file."""
    return cls.name == holders.owner and location.path != holders.texts.file.resolve() and not cls.derives(family)
