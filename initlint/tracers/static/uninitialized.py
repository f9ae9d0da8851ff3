"""The parameters of uninitialized memory that neither a model nor other code of the project writes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from initlint._records import dataclass
from initlint.graph.mistakes import ParameterFate, UninitializedParameter, UnwrittenParameter
from initlint.project.source import SourceLocation
from initlint.tracers.references.base_classes import BaseClassInfo
from initlint.tracers.references.project_index import ProjectIndex
from initlint.tracers.references.unwritten_parameters import parameter_fate


@dataclass(frozen=True, eq=False)
class UnwrittenFinder:
    """Asks the project for each uninitialized parameter of the classes of `file`."""

    file: Path
    project_index: ProjectIndex
    bases: Callable[[str], BaseClassInfo | None]
    is_dead: Callable[[str | None, str], bool]

    def unwritten(self, found: Sequence[UninitializedParameter]) -> Iterator[UnwrittenParameter]:
        """One for each location that makes uninitialized parameters.

        If other parameters of a function that makes them are written, where the parameter is assigned.
        """
        by_location: dict[SourceLocation, dict[tuple[str, str], list[UninitializedParameter]]] = {}
        for parameter in found:
            if isinstance(parameter.location, SourceLocation):
                groups = by_location.setdefault(parameter.location, {})
                groups.setdefault((parameter.owner, parameter.name), []).append(parameter)
        containers: set[tuple[str, str]] = set()
        for location, groups in by_location.items():
            fates = {key: fate for key, group in groups.items() if (fate := self._fate(group)) is not None}
            is_shared = len(fates) == len(groups)
            for key, fate in list(fates.items())[: 1 if is_shared else None]:
                parameter = groups[key][0]
                if parameter.is_item and key in containers:
                    continue
                containers.add(key)
                place = location if is_shared else _assignment(parameter)
                yield UnwrittenParameter(parameter.name, parameter.owner, fate, place, in_container=parameter.is_item)

    def _fate(self, group: Sequence[UninitializedParameter]) -> ParameterFate | None:
        first = group[0]
        bases = self.bases(first.owner)
        if bases is None or any(parameter.frozen or parameter.filled for parameter in group):
            return None
        sites = frozenset(
            (Path(site.source.path).resolve(), getattr(site.node, "lineno", 0))
            for parameter in group
            for site in parameter.sites
            if isinstance(site, SourceLocation)
        )
        fate = parameter_fate(
            self.file, first.owner, first.name, bases, self.project_index, self.is_dead, sites, first.is_item
        )
        # An unused scalar parameter is a placeholder: optimizers reject models without parameters.
        return None if fate == "unused" and first.shape == (1,) else fate


def _assignment(parameter: UninitializedParameter) -> SourceLocation:
    """The last of its sites in the file of its class."""
    location = parameter.location
    assert isinstance(location, SourceLocation)
    return next(
        (
            site
            for site in reversed(parameter.sites)
            if isinstance(site, SourceLocation) and site.source is location.source
        ),
        location,
    )
