"""What is remembered of files is what a new computation would give, after whatever happened to them."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from initlint.project.file_memory import FileMemory
from initlint.project.filesystem import digest_of
from initlint.project.queries import FileSystemQueries

OLD = 1_600_000_000


def write(path: Path, text: str, modified: int = OLD) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (modified, modified))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    for number in range(6):
        write(tmp_path / f"f{number}.py", f"name{number % 3} = 1\n")
    return tmp_path.resolve()


def test_searches_after_random_changes_are_those_of_a_new_process(root: Path) -> None:
    memory, chosen = FileMemory(), random.Random(0)
    for step in range(120):
        path = root / f"f{chosen.randrange(6)}.py"
        action = chosen.choice(("write", "write", "remove", "open"))
        contents = {}
        if action == "remove":
            path.unlink(missing_ok=True)
        elif action == "write":
            write(path, f"name{chosen.randrange(3)} = {step}\n", OLD + step)
        else:
            contents = {str(path): f"name{chosen.randrange(3)} = 1\n".encode()}
        (root / "conf.yaml").write_text(f"call: name{chosen.randrange(3)}\n", encoding="utf-8")
        warm, cold = FileSystemQueries(contents, memory=memory), FileSystemQueries(contents)
        for name in chosen.sample(("name0", "name1", "name2"), 2):
            assert warm.search(str(root), name, name) == cold.search(str(root), name, name)
            assert warm.is_mentioned(str(root), name) == cold.is_mentioned(str(root), name)


def test_unchanged_files_are_not_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = FileMemory()
    first = FileSystemQueries({}, memory=memory).search(str(root), "name0", "name0")
    monkeypatch.setattr("initlint.project.queries.read_file", lambda path: pytest.fail(path))
    monkeypatch.setattr("initlint.project.project_search.read_file", lambda path: pytest.fail(path))
    assert FileSystemQueries({}, memory=memory).search(str(root), "name0", "name0") == first


def test_a_file_that_changes_twice_within_a_tick_is_read_again(root: Path) -> None:
    path, memory = root / "f0.py", FileMemory()
    path.write_text("name0 = 1\n", encoding="utf-8")
    stat = path.stat()
    digest = FileSystemQueries({}, memory=memory).digest(str(path))
    path.write_text("name9 = 1\n", encoding="utf-8")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert FileSystemQueries({}, memory=memory).digest(str(path)) != digest


def test_trees_and_answers_are_those_of_one_version() -> None:
    memory = FileMemory()
    memory.keep_tree("a", 1, "tree", 10)
    assert memory.tree("a", 1) == "tree"
    assert memory.tree("a", 2) is None
    memory.keep_tree("b", 1, "large", 3 * 1024 * 1024)
    assert memory.tree("a", 1) is None
    assert memory.tree("b", 1) == "large"
    assert memory.answer("a", "1", "query", lambda: "one") == "one"
    assert memory.answer("a", "1", "query", lambda: "two") == "one"
    assert memory.answer("a", "2", "query", lambda: "two") == "two"


def test_a_digest_describes_the_bytes_that_were_searched(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"x = 1\n")
    queries = FileSystemQueries({})
    assert queries.content(str(file)) == b"x = 1\n"
    file.write_bytes(b"x = 2\n")
    assert queries.digest(str(file)) == digest_of(b"x = 1\n")


def test_searched_files_are_among_those_with_a_computed_digest(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"x = 1\n")
    queries = FileSystemQueries({})
    queries.content(str(file))
    assert list(queries.computed_digests()) == [(str(file), digest_of(b"x = 1\n"))]
