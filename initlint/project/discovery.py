"""Finds the files to lint below the given paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from initlint._records import dataclass
from initlint.project import git_excludes
from initlint.project.file_io import read_lines
from initlint.project.filesystem import DirectoryListings, EntryKind
from initlint.project.gitignore import Patterns
from initlint.project.settings import Settings

SUFFIXES = (".py", ".pyw", ".ipynb")


class DiscoveryError(Exception):
    """A path that does not exist, or that cannot be listed."""


Filters = tuple[Patterns, ...]
"""The patterns of the settings, those of the command line, then those of git, of which the last that match decide."""


def discover(paths: Iterable[Path], settings: Settings, folders: DirectoryListings | None = None) -> dict[str, Path]:
    """The files to lint, by real path, as named or below the named directory; sorted, each once.

    A file named explicitly is linted whatever its suffix, and patterns that match a named path do not apply to it or
    below it, unless `force_exclude` is set. Links to directories are not followed. `folders` shares directory listings
    with the rest of the run. Raises `DiscoveryError`.
    """
    paths, folders = tuple(paths), folders or DirectoryListings()
    if missing := [str(path) for path in paths if not folders.exists(os.path.realpath(path))]:
        raise DiscoveryError(f"{', '.join(missing)}: no such file or directory")
    files: dict[str, Path] = {}
    for path in paths:
        links: list[Path] = []
        for real, file in _expand(path, settings, folders):
            if real is None:
                links.append(file)
            else:
                files.setdefault(real, file)
        # Links go last, so that a file that is reached in two ways is shown by its own name.
        for file in links:
            files.setdefault(os.path.realpath(file), file)
    return dict(sorted(files.items(), key=lambda item: item[1].parts))


def excluded(path: Path, settings: Settings) -> bool:
    """Whether an explicitly named path is excluded: only if the settings, or those of the file, force it."""
    own = settings.for_file(path)
    if not (settings.force_exclude or own.force_exclude):
        return False
    absolute = os.path.abspath(path)
    ignoring = _ignored_by_git(absolute) if own.respect_gitignore else ()
    # Patterns also match everything below a directory, so the parents of the path need no check.
    return _is_ignored(absolute, os.path.isdir(path), (*_excludes(own), *ignoring))


def matches(path: Path, pattern: str, root: Path) -> bool:
    """Whether the .gitignore pattern `pattern`, relative to `root`, matches the file `path`."""
    return bool(Patterns.of(os.path.abspath(root), [pattern]).decide(os.path.abspath(path), is_directory=False))


def _expand(path: Path, settings: Settings, folders: DirectoryListings) -> Iterator[tuple[str | None, Path]]:
    """Sorted, each with its real path, or None for a link."""
    real = os.path.realpath(path)
    if excluded(path, settings):
        return
    if not folders.is_folder(real):
        yield None if os.path.islink(path) else real, path
        return
    named = os.path.abspath(path)
    own = settings.for_file(path / "_")
    excludes = tuple(
        replace(patterns, base=named) if patterns.decide(named, is_directory=True) else patterns
        for patterns in _excludes(own)
    )
    ignoring = _ignored_by_git(named) if own.respect_gitignore else ()
    ignoring = tuple(patterns for patterns in ignoring if not patterns.decide(named, is_directory=True))
    in_repository = own.respect_gitignore and _repository(named) is not None
    files: list[tuple[str | None, Path]] = []
    _FolderWalk(folders, settings, in_repository, files).walk(_Folder(path, named, real), own, (*excludes, *ignoring))
    yield from files


@dataclass(frozen=True, slots=True)
class _Folder:
    """A directory: the path in messages, the absolute path, and the real path."""

    shown: Path
    absolute: str
    real: str

    def child(self, name: str) -> _Folder:
        return _Folder(self.shown / name, os.path.join(self.absolute, name), os.path.join(self.real, name))


@dataclass(frozen=True, slots=True)
class _FolderWalk:
    folders: DirectoryListings
    settings: Settings
    in_repository: bool
    files: list[tuple[str | None, Path]]

    def walk(self, folder: _Folder, above: Settings, filters: Filters) -> None:
        """Add the files in and below `folder` to `files`. `above`: the settings of the folder that it is in."""
        own = self.settings.for_file(Path(folder.absolute, "_"))
        if own is not above:
            filters = (*_excludes(own), *filters[2:])
        if self.in_repository:
            filters += _gitignore_in(folder.absolute)
        named: frozenset[str] = frozenset().union(*(patterns.names for patterns in filters))
        all_names = any(patterns.ordered for patterns in filters)
        try:
            entries = self.folders.of(folder.real).entries
        except OSError as error:
            raise DiscoveryError(f"{folder.shown}: {error.strerror or error}") from None
        for name, kind in entries:
            if kind is not EntryKind.FOLDER and not (name.endswith(SUFFIXES) and _is_file(folder, name, kind)):
                continue
            # The names in the patterns are those of directories above as well, of which none is ignored.
            may_be_ignored = all_names or name in named
            if may_be_ignored and _is_ignored(os.path.join(folder.absolute, name), kind is EntryKind.FOLDER, filters):
                continue
            if kind is EntryKind.FOLDER:
                self.walk(folder.child(name), own, filters)
            elif kind is EntryKind.LINK:
                self.files.append((None, folder.shown / name))
            else:
                self.files.append((os.path.join(folder.real, name), folder.shown / name))


def _is_file(folder: _Folder, name: str, kind: EntryKind) -> bool:
    """A link may be broken or circular."""
    return kind is EntryKind.FILE or (kind is EntryKind.LINK and os.path.isfile(os.path.join(folder.absolute, name)))


def _is_ignored(path: str, is_directory: bool, filters: Filters) -> bool:
    own, command_line, *gitignores = filters
    if own.decide(path, is_directory) or command_line.decide(path, is_directory):
        return True
    decisions = (patterns.decide(path, is_directory) for patterns in reversed(gitignores))
    return next((decision for decision in decisions if decision is not None), False)


def _excludes(settings: Settings) -> Filters:
    own = Patterns.of(os.path.abspath(settings.root), (*settings.exclude, *settings.extend_exclude))
    return own, Patterns.of(os.getcwd(), settings.command_line_exclude)


def _ignored_by_git(path: str) -> Filters:
    """The patterns that may concern `path` or what is below it, without those of .gitignore files in it."""
    repository = _repository(path)
    if repository is None:
        return ()
    return (*git_excludes.patterns(repository), *_gitignores_above(os.path.dirname(path)))


def _gitignores_above(directory: str) -> Filters:
    """The .gitignore files from the root of the repository down to `directory`; none outside a repository."""
    root = _repository(directory)
    if root is None:
        return ()
    between = [directory]
    while between[-1] != root:
        between.append(os.path.dirname(between[-1]))
    return tuple(patterns for path in reversed(between) for patterns in _gitignore_in(path))


def _repository(directory: str) -> str | None:
    """The root of the git repository of `directory`. In a worktree or submodule `.git` is a file."""
    while not os.path.exists(os.path.join(directory, ".git")):
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
    return directory


def _gitignore_in(directory: str) -> Filters:
    lines = read_lines(os.path.join(directory, ".gitignore"))
    return (Patterns.of(directory, lines),) if lines else ()
