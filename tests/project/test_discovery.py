from __future__ import annotations

import os
from pathlib import Path

import pytest

from initlint.project.discovery import DiscoveryError, discover, excluded, matches
from initlint.project.settings import Settings


@pytest.fixture
def tree(in_directory: Path) -> Path:
    """The directory that the test runs in."""
    return in_directory


def touch(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")


def found(*paths: str, **settings: object) -> list[str]:
    return [file.as_posix() for file in discover(map(Path, paths or (".",)), Settings(**settings)).values()]  # type: ignore[arg-type]


def test_python_files_sorted_and_shown_as_named(tree: Path) -> None:
    touch("b.py", "a.py", "pkg/c.pyw", "pkg/d.pyi", "pkg/e.txt")
    assert found() == ["a.py", "b.py", "pkg/c.pyw"]
    assert found("./pkg", "b.py") == ["b.py", "pkg/c.pyw"]
    assert found(str(tree / "pkg")) == [f"{tree.as_posix()}/pkg/c.pyw"]


def test_each_file_once(tree: Path) -> None:
    touch("pkg/a.py")
    assert found("pkg/a.py", "pkg", "./pkg/a.py") == ["pkg/a.py"]


def test_a_named_file_is_taken_whatever_its_ending(tree: Path) -> None:
    touch("script", "venv/a.py")
    assert found("script", "venv/a.py") == ["script", "venv/a.py"]


def test_a_missing_path_is_an_error(tree: Path) -> None:
    with pytest.raises(DiscoveryError, match=r"nowhere\.py: no such file or directory"):
        found("nowhere.py")


def test_no_files_are_no_error(tree: Path) -> None:
    assert found() == []


def test_what_is_left_out_by_default(tree: Path) -> None:
    touch("a.py", ".venv/b.py", "node_modules/c/d.py", "x/build/e.py", "x/__pycache__/f.py", "builder/g.py")
    touch(".virtual_documents/h.ipynb")
    assert found() == ["a.py", "builder/g.py"]


def test_exclude_replaces_and_extend_exclude_adds(tree: Path) -> None:
    touch("a.py", "build/b.py", "old/c.py", "pkg/old/d.py")
    assert found(exclude=("old",)) == ["a.py", "build/b.py"]
    assert found(extend_exclude=("/old",)) == ["a.py", "pkg/old/d.py"]
    assert found(extend_exclude=("pkg/**/*.py",)) == ["a.py", "old/c.py"]


def test_patterns_are_relative_to_the_configuration(tree: Path) -> None:
    touch("project/pkg/a.py", "project/pkg/gen/b.py", "project/gen/c.py")
    excluding = {"root": tree / "project", "extend_exclude": ("pkg/gen",)}
    assert found("project", **excluding) == ["project/gen/c.py", "project/pkg/a.py"]


def test_a_named_directory_is_read_even_if_a_pattern_leaves_it_out(tree: Path) -> None:
    touch("venv/lib/site-packages/net/a.py", "venv/lib/site-packages/net/build/b.py")
    assert found("venv/lib/site-packages/net") == ["venv/lib/site-packages/net/a.py"]


def test_force_exclude_holds_for_what_is_named(tree: Path) -> None:
    touch("venv/a.py", "b.py", "pkg/venv/c.py")
    assert found("venv/a.py", "b.py", "pkg/venv", force_exclude=True) == ["b.py"]
    assert excluded(Path("venv/not_there.py"), Settings(force_exclude=True))
    assert not excluded(Path("venv/not_there.py"), Settings())


def test_gitignore_nested_and_negated(tree: Path) -> None:
    touch(".git/HEAD", "a.py", "gen_a.py", "pkg/gen_b.py", "pkg/keep/gen_c.py", "out/d.py")
    Path(".gitignore").write_text("gen_*.py\nout/\n", encoding="utf-8")
    Path("pkg/keep/.gitignore").write_text("!gen_c.py\n", encoding="utf-8")
    assert found() == ["a.py", "pkg/keep/gen_c.py"]
    assert found("pkg") == ["pkg/keep/gen_c.py"]
    assert found("pkg", respect_gitignore=False) == ["pkg/gen_b.py", "pkg/keep/gen_c.py"]


def test_a_named_path_that_git_ignores_is_read_unless_exclusion_is_forced(tree: Path) -> None:
    touch(".git/HEAD", "out/a.py", "out/b/c.py")
    Path(".gitignore").write_text("out/\n", encoding="utf-8")
    assert found() == []
    assert found("out") == ["out/a.py", "out/b/c.py"]
    assert found("out/a.py") == ["out/a.py"]
    assert found("out", "out/a.py", force_exclude=True) == []


def test_gitignore_counts_in_a_repository_only(tree: Path) -> None:
    touch("a.py")
    Path(".gitignore").write_text("a.py\n", encoding="utf-8")
    assert found() == ["a.py"]
    touch(".git")  # as a worktree has it
    assert found() == []


def test_links(tree: Path) -> None:
    touch("pkg/a.py")
    try:
        os.symlink(tree / "pkg", "pkg/loop")
        os.symlink("a.py", "pkg/0_link.py")
        os.symlink("gone.py", "pkg/broken.py")
        os.symlink("itself.py", "pkg/itself.py")
    except OSError:
        pytest.skip("no symbolic links here")
    assert found() == ["pkg/a.py"]
    assert found("pkg/loop") == ["pkg/loop/a.py"]
    with pytest.raises(DiscoveryError):
        found("pkg/itself.py")


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("tests/a.py", "tests/*", True),
        ("tests/b/a.py", "tests/**/*.py", True),
        ("b/a.py", "a.py", True),
        ("b/a.py", "/a.py", False),
        ("b/__init__.py", "__init__.py", True),
        ("testing/a.py", "tests/*", False),
    ],
)
def test_patterns(tree: Path, path: str, pattern: str, expected: bool) -> None:
    assert matches(Path(path), pattern, tree) is expected
