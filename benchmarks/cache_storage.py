"""The cache file against SQLite: the same entries, loaded and updated by a process of its own.

    python benchmarks/cache_storage.py FOLDER... [ROUNDS]

Copies small files of the folders until there are 6,000, lints them once, and copies the entries of that cache to a
database. `warm` loads what a run needs in which nothing has changed: the digests, the results, and the paths that
dependencies are about. `update` also replaces the entry of one file. `nothing` only imports. Then both are damaged, and
updated by two processes at once. `checked` verifies a checksum of each row, as the cache file verifies its segments.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import CHECK, Measurement, measure, measure_rounds, scratch

from initlint._lazy import LazyModule
from initlint.linter.cache import cache_file
from initlint.linter.cache.cache_file import CacheEntry, compact_json
from initlint.project.filesystem import digest_of

if TYPE_CHECKING:
    import sqlite3
else:
    # The cache file is measure without it.
    sqlite3 = LazyModule("sqlite3")

_FILES = 6_000
_MAX_BYTES = 4_000
_DAMAGES = 200
_SCHEMA = """
CREATE TABLE digest (path TEXT PRIMARY KEY, changed INTEGER, size INTEGER, digest TEXT, checksum TEXT) WITHOUT ROWID;
CREATE TABLE result (id INTEGER PRIMARY KEY, path TEXT UNIQUE, result TEXT, checksum TEXT);
CREATE TABLE dependency (subject TEXT, dependencies TEXT, results TEXT, checksum TEXT);
CREATE INDEX subject ON dependency (subject);
"""


class Database:
    """The trial. SQLite does not notice a changed byte within a text: that takes a checksum in each row."""

    def __init__(self, path: Path, is_checked: bool) -> None:
        self._connection = sqlite3.connect(path, timeout=60)
        self._is_checked = is_checked

    def close(self) -> None:
        self._connection.close()

    def create(self, contents: cache_file.CacheContents) -> None:
        self._connection.executescript(_SCHEMA)
        with self._connection:
            self._write(contents.entries(), contents.digests)

    def load(self) -> tuple[object, ...]:
        """The digests, the results and the subjects. Raises ValueError or sqlite3.Error for a damaged database."""
        digests = self._rows("digest", "path, changed, size, digest")
        results = {path: result for _, path, result in self._rows("result", "id, path, result")}
        if self._is_checked:
            return digests, results, {row[0] for row in self._rows("dependency", "subject, dependencies, results")}
        subjects = self._connection.execute("SELECT DISTINCT subject FROM dependency")
        return digests, results, {subject for (subject,) in subjects}

    def _rows(self, table: str, columns: str) -> list[tuple[object, ...]]:
        if not self._is_checked:
            return self._connection.execute(f"SELECT {columns} FROM {table}").fetchall()
        rows = self._connection.execute(f"SELECT {columns}, checksum FROM {table}").fetchall()
        if any(_checksum(row) != checksum for *row, checksum in rows):
            raise ValueError("damaged")
        return [row[:-1] for row in rows]

    def update(self, path: str) -> None:
        """Replace an entry. The dependencies of the one before refer to a row that is gone."""
        with self._connection as connection:
            connection.execute("DELETE FROM result WHERE path = ?", (path,))
            self._write({path: CacheEntry([], f'["{time.time_ns()}"]')}, {})

    def _write(self, entries: dict[str, CacheEntry], digests: cache_file.Digests) -> None:
        rows = ((path, changed, size, digest) for path, ((changed, size), digest) in digests.items())
        self._insert("digest", rows)
        first = self._connection.execute("SELECT 1 + coalesce(max(id), 0) FROM result").fetchone()[0]
        self._insert("result", ((first + at, path, entry.result) for at, (path, entry) in enumerate(entries.items())))
        segment = cache_file.CacheSegment.of(entries)
        for subject, (dependencies, _) in segment.subjects.items():
            groups = zip(json.loads(segment.text(dependencies)), segment.dependents(subject), strict=True)
            self._insert(
                "dependency",
                (
                    (subject, compact_json(group), compact_json([first + number for number in numbers]))
                    for group, numbers in groups
                ),
            )

    def _insert(self, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        for row in rows:
            marks = ", ".join("?" * (len(row) + 1))
            self._connection.execute(f"INSERT INTO {table} VALUES ({marks})", (*row, _checksum(row)))


def _checksum(row: Iterable[object]) -> str:
    return digest_of("\0".join(map(str, row)).encode())


def load_file(path: Path) -> tuple[object, ...]:
    """The same from a cache file. Raises ValueError for a damaged one."""
    return loaded(cache_file.load(path))


def loaded(contents: cache_file.CacheContents) -> tuple[object, ...]:
    if not contents.current:
        raise ValueError("damaged")
    results = {file: contents.result(file) for file in contents.current}
    return contents.digests, results, {subject for segment in contents.segments for subject in segment.subjects}


def load_database(path: Path, is_checked: bool) -> tuple[object, ...]:
    with closing(Database(path, is_checked)) as database:
        return database.load()


FORMATS: dict[str, tuple[str, Callable[[Path], tuple[object, ...]]]] = {
    "cache file": (cache_file.SUFFIX, load_file),
    "SQLite": (".db", partial(load_database, is_checked=False)),
    "SQLite, checked": (".db", partial(load_database, is_checked=True)),
}


def run(action: str, name: str, path: Path, file: str) -> None:
    """What a child does. The parent loads nothing: the peak of its memory would be that of its children."""
    load = FORMATS[name][1]
    if action == "warm":
        load(path)
    elif action == "update" and path.suffix == ".db":
        with closing(Database(path, is_checked=name.endswith("checked"))) as database:
            database.load()
            database.update(file)
    elif action == "update":
        contents = cache_file.load(path)
        loaded(contents)
        cache_file.save(path, contents, {file: CacheEntry([], f'["{time.time_ns()}"]')}, {})
    elif action == "create":
        with closing(Database(path.with_suffix(".db"), is_checked=True)) as database:
            database.create(cache_file.load(path))
    elif action == "damage":
        print(f"{name}: {unnoticed_damages(path, load)} of {_DAMAGES} changed bytes change what is loaded, unnoticed")
    elif action == "count":
        _, results, _ = load(path)
        assert isinstance(results, dict)
        print(f"{name}: {sum(path.startswith('of run') for path in results)} of 2 entries of runs at once are stored")


def unnoticed_damages(path: Path, load: Callable[[Path], object]) -> int:
    data, expected = path.read_bytes(), load(path)
    generator = random.Random(0)
    damaged = path.with_name(f"damaged{path.suffix}")
    unnoticed = 0
    for _ in range(_DAMAGES):
        position = generator.randrange(len(data))
        damaged.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        with suppress(ValueError, sqlite3.Error):
            unnoticed += load(damaged) != expected
    damaged.unlink()
    return unnoticed


def copy_small_files(folders: Iterable[Path], project: Path) -> None:
    sources = [file for folder in folders for file in sorted(folder.rglob("*.py")) if file.stat().st_size < _MAX_BYTES]
    project.mkdir()
    (project / "pyproject.toml").touch()
    for number in range(_FILES):
        copies = project / f"copy{number // len(sources)}"
        copies.mkdir(exist_ok=True)
        source = sources[number % len(sources)]
        shutil.copy(source, copies / f"{source.parent.name}_{number}.py")


def main() -> None:
    if sys.argv[1] == "--child":
        action, name, path, file = sys.argv[2:]
        run(action, name, Path(path), file)
        return
    folders = [Path(name) for name in sys.argv[1:] if not name.isdigit()]
    rounds = next((int(name) for name in sys.argv[1:] if name.isdigit()), 11)
    with scratch() as scratched:
        project, folder = scratched / "project", scratched / "cache"
        copy_small_files(folders, project)
        measure([*CHECK, "--cache-dir", str(folder), str(project)])
        (own,) = folder.glob(f"*{cache_file.SUFFIX}")

        def child(action: str, name: str, file: str = "") -> list[str]:
            path = str(own.with_suffix(FORMATS[name][0]))
            return [sys.executable, __file__, "--child", action, name, path, file]

        subprocess.run([*child("create", "cache file")], check=True)
        for name, (suffix, _) in FORMATS.items():
            print(f"{name}: {own.with_suffix(suffix).stat().st_size:,} bytes")
        work: dict[str, Callable[[], Measurement]] = {"nothing": lambda: measure(child("nothing", "cache file"))}
        for action in ("warm", "update"):
            for name in FORMATS:
                work[f"{action}, {name}"] = partial(measure, child(action, name, f"{project}/new.py"))
        for title, spent in measure_rounds(work, rounds).items():
            milliseconds = [statistics.median(one.cpu for one in spent), statistics.median(one.wall for one in spent)]
            cpu, wall = (f"{1000 * seconds:.0f} ms" for seconds in milliseconds)
            print(f"{title}: {cpu} of CPU, {wall} wall, {max(one.peak for one in spent):.1f} MB at most")
        for name in FORMATS:
            subprocess.run(child("damage", name), check=True)
        for name in ("cache file", "SQLite"):
            measure(*(child("update", name, f"of run {number}") for number in range(2)))
            subprocess.run(child("count", name), check=True)


if __name__ == "__main__":
    main()
