"""Results of earlier runs: the same findings, never a stale one, and no harm from a damaged file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from initlint.cli.commands import cli
from initlint.diagnostics import (
    Applicability,
    Cell,
    Diagnostic,
    Edit,
    Fix,
    FixCondition,
    FixRequest,
    Related,
    Severity,
    Span,
)
from initlint.linter import pipeline
from initlint.linter.cache import cache_file, codec
from initlint.linter.lint_file import FileLinter
from initlint.linter.pipeline import RunOptions
from initlint.linter.results import CallUsage, CheckResult, Failure, FileResult, Finding
from initlint.project.dependencies import (
    KINDS,
    Dependency,
    FileContent,
    Installable,
    MatchingFiles,
    MayDefine,
    MentionedInTexts,
    ModuleFile,
    NamespaceOfFolder,
    PackageOfFolder,
    RootOfProject,
)
from initlint.project.settings import Settings
from initlint.rewrite import compute, requests
from initlint.tracers.references.parsed_dependencies import KINDS as PARSED_KINDS
from initlint.tracers.references.parsed_dependencies import Definition, QueryAnswer
from tests.support.paths import FIXTURES

NET = """\
from torch import nn
from parts import start

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)
        start(self.a)

    def forward(self, x):
        return self.b(self.a(x).relu())
"""
PARTS = "from torch import nn\n\ndef start(m):\n    nn.init.{}(m.weight)\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write(folder / "net.py", NET)
    write(folder / "parts.py", PARTS.format("xavier_uniform_"))
    write(folder / "other.py", "from torch import nn\nnet = nn.Linear(2, 2)\n")
    return folder


def write(path: Path, text: str) -> None:
    """In the past, as the files of a user are: what was written a moment ago is not trusted by its date."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1_600_000_000, 1_600_000_000))


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are examined from now on."""
    names: list[str] = []
    outcome = FileLinter.lint

    def noted(self: FileLinter, file: Path) -> FileResult:
        names.append(file.name)
        return outcome(self, file)

    monkeypatch.setattr(FileLinter, "lint", noted)
    return names


def lint(folder: Path, *paths: str, **settings: object) -> CheckResult:
    resources = RunOptions(cache=folder.parent / "cache")
    return pipeline.check(map(Path, paths or (".",)), Settings(**settings), options=resources)  # type: ignore[arg-type]


def places(result: CheckResult) -> list[tuple[str, str, int]]:
    return [(d.span.file, d.code, d.span.row) for d in result.diagnostics]


def test_a_second_run_examines_nothing(project: Path, examined: list[str]) -> None:
    first = lint(project)
    assert places(first) == [("parts.py", "INI301", 4)]
    assert examined == ["net.py", "other.py", "parts.py"]
    assert lint(project) == first
    assert len(examined) == 3


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda: write(Path("parts.py"), PARTS.format("kaiming_uniform_")), ["net.py", "parts.py"]),
        (lambda: write(Path("other.py"), "import torch\n"), ["other.py"]),
        (lambda: Path("parts.py").unlink(), ["net.py"]),
        (lambda: Path("__init__.py").touch(), ["__init__.py", "net.py", "other.py", "parts.py"]),
        (lambda: Path("torch.py").touch(), ["torch.py"]),
        (lambda: os.utime("net.py"), []),
    ],
)
def test_what_rests_on_a_change_is_examined_again(
    project: Path, examined: list[str], change: object, again: list[str]
) -> None:
    lint(project)
    examined.clear()
    assert callable(change)
    change()
    warm = lint(project)
    assert sorted(examined) == again
    assert warm == pipeline.check([Path(".")], Settings())


SIZES = """\
from more import *
import math

WIDTH = 8

def half(n):
    return n // 2

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(WIDTH, half(WIDTH))
"""


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("import math", "# The sizes.\nimport math", []),
        ("import math", "import math\nDEPTH = 3", []),
        ("half(WIDTH))", "half(WIDTH))\n        self.b = nn.Linear(2, 2)", []),
        ("WIDTH = 8", "WIDTH = 16", ["user.py"]),
        ("WIDTH = 8", "WIDTH = 8\nWIDTH += 8", ["user.py"]),
        ("WIDTH = 8", "", ["user.py"]),
        ("WIDTH = 8", "if math:\n    WIDTH = 8", ["user.py"]),
        ("n // 2", "n", ["user.py"]),
        ("def half", "@torch.no_grad()\ndef half", ["user.py"]),
        ("import math", "import math, half", ["user.py"]),
        ("import math", "from sizes import *", ["user.py"]),
        ("import math", "import math, WIDHT", ["user.py"]),
        ("import math", "from more import *", ["user.py"]),
        ("import math", "import (", ["user.py"]),
    ],
)
def test_a_result_rests_on_what_the_names_that_it_uses_are_bound_to(
    project: Path, examined: list[str], old: str, new: str, again: list[str]
) -> None:
    write(project / "sizes.py", SIZES)
    write(project / "more.py", "MORE = 1\n")
    using = NET.replace("from parts import start", "from sizes import WIDHT, WIDTH, half").replace(
        "start(self.a)", "WIDHT"
    )
    write(project / "user.py", using.replace("nn.Linear(8, 8)", "nn.Linear(WIDTH, half(2 * WIDTH))"))
    lint(project)
    examined.clear()
    write(project / "sizes.py", SIZES.replace(old, new))
    os.utime(project / "sizes.py", (1_700_000_000, 1_700_000_000))
    warm = lint(project)
    assert sorted(examined) == ["sizes.py", *again]
    assert warm == pipeline.check([Path(".")], Settings())
    examined.clear()
    assert lint(project) == warm
    assert examined == []


def test_a_place_in_another_file_is_noticed_to_move(project: Path, examined: list[str]) -> None:
    lint(project)
    examined.clear()
    write(project / "parts.py", "\n" + PARTS.format("xavier_uniform_"))
    assert places(lint(project)) == [("parts.py", "INI301", 5)]
    assert sorted(examined) == ["net.py", "parts.py"]


def test_what_a_file_was_linted_as_is_not_what_it_holds(project: Path) -> None:
    """An editor's buffer, or what a fix would leave: the next run lints the disk."""
    write(project / "sizes.py", SIZES)
    write(project / "user.py", NET.replace("from parts import start", "from sizes import *").replace("8", "WIDTH"))
    expected = lint(project)
    resources = RunOptions(cache=project.parent / "cache")
    for text in (SIZES.replace("WIDTH = 8", ""), "", SIZES):
        contents = {"sizes.py": text.encode(), "parts.py": b""}
        other = pipeline.check([Path(".")], Settings(), contents, resources)
        assert other == pipeline.check([Path(".")], Settings(), contents)
        assert lint(project) == expected


def test_a_module_that_appears_is_noticed(project: Path, examined: list[str]) -> None:
    Path("parts.py").rename("elsewhere.py")
    assert places(lint(project)) == []
    Path("elsewhere.py").rename("parts.py")
    examined.clear()
    assert places(lint(project)) == [("parts.py", "INI301", 4)]
    assert examined == ["net.py", "parts.py"]


def test_a_configuration_that_appears_is_noticed(project: Path) -> None:
    text = "from torch import nn\nclass Net(nn.Module):\n    pass\ndef start_init(m):\n    nn.init.zeros_(m.weight)\n"
    write(project / "unused.py", text)
    assert places(lint(project, "unused.py")) == [("unused.py", "INI106", 4)]
    write(project / "conf.yaml", "init: unused.start_init\n")
    assert places(lint(project, "unused.py")) == []


def test_a_file_changed_twice_within_a_tick_is_noticed(project: Path) -> None:
    parts = project / "parts.py"
    parts.write_text(PARTS.format("xavier_uniform_"), encoding="utf-8")
    state = parts.stat()
    lint(project)
    parts.write_text(PARTS.format("orthogonal__var"), encoding="utf-8")
    os.utime(parts, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert places(lint(project)) == []


def test_one_file_alone_says_what_it_says_among_others(project: Path, examined: list[str]) -> None:
    whole = lint(project)
    examined.clear()
    assert places(lint(project, "net.py")) == [("net.py", "INI301", 9)]  # at the call that leads to `parts.py`
    assert places(lint(project, "parts.py")) == places(whole)
    assert places(lint(project, "net.py", "parts.py")) == places(whole)
    assert examined == []


def test_a_file_is_shown_as_it_is_named(project: Path, monkeypatch: pytest.MonkeyPatch, examined: list[str]) -> None:
    settings = Settings(root=project)
    resources = RunOptions(cache=project.parent / "cache")
    pipeline.check([Path(".")], settings, options=resources)
    examined.clear()
    monkeypatch.chdir(project.parent)
    result = pipeline.check([Path("project")], settings, options=resources)
    assert places(result) == [("project/parts.py", "INI301", 4)]
    assert examined == []


@pytest.mark.parametrize("settings", [{"ignore": ("INI3",)}, {"src": ("lib",)}])
def test_other_settings_are_another_matter(project: Path, examined: list[str], settings: dict[str, object]) -> None:
    lint(project)
    examined.clear()
    lint(project, **settings)
    assert examined == ["net.py", "other.py", "parts.py"]


def test_how_it_is_shown_is_not(project: Path, examined: list[str]) -> None:
    lint(project)
    examined.clear()
    assert places(lint(project, per_file_ignores={"parts.py": ("INI301",)}, output_format="json")) == []
    assert examined == []


def damages(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    yield b""
    yield data[: len(data) // 2]
    yield data.replace(b"xavier", b"savier", 1).replace(b"INI301", b"INI999", 1)
    yield os.urandom(1000)
    digest, _, body = data.partition(b" ")
    yield digest + b" " + body + b" "
    yield data + data[:-1]


def test_a_damaged_file_is_rebuilt(project: Path) -> None:
    expected = lint(project)
    (path,) = (project.parent / "cache").iterdir()
    intact = path.read_bytes()
    for damage in damages(path):
        path.write_bytes(damage)
        assert lint(project) == expected
        assert len(path.read_bytes()) == len(intact)


def test_an_entry_of_another_shape_is_not_trusted(project: Path, examined: list[str]) -> None:
    expected = lint(project)
    (path,) = (project.parent / "cache").iterdir()
    stored = cache_file.load(path)
    wrong = {name: cache_file.CacheEntry(entry.dependencies, "[1,2]") for name, entry in stored.entries().items()}
    cache_file.save(path, cache_file.CacheContents(), wrong, stored.digests)
    examined.clear()
    assert lint(project) == expected
    assert len(examined) == 3


@pytest.fixture
def large(project: Path) -> Path:
    """A project of which one file is a small part; the kept file."""
    for number in range(60):
        write(project / f"net{number}.py", NET.replace("parts", f"parts{number % 2}"))
    lint(project)
    (path,) = (project.parent / "cache").iterdir()
    return path


def test_a_change_adds_a_line(project: Path, large: Path, examined: list[str]) -> None:
    before = large.read_bytes()
    write(project / "net7.py", NET.replace("Net", "Other"))
    expected = pipeline.check([Path(".")], Settings())
    examined.clear()
    assert lint(project) == lint(project) == expected
    assert examined == ["net7.py"]
    assert large.read_bytes().startswith(before)
    assert large.read_bytes()[len(before) :].count(b"\n") == 1


def test_added_lines_do_not_pile_up(project: Path, large: Path, examined: list[str]) -> None:
    first = len(large.read_bytes())
    for number in range(40):
        write(project / "net7.py", f"{NET}# {number}\n")
        lint(project)
        assert len(large.read_bytes()) < first * 1.2
    examined.clear()
    assert lint(project) == pipeline.check([Path(".")], Settings())
    assert len(examined) == len(list(project.glob("*.py")))  # by the run that keeps nothing


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]])
def test_a_damaged_line_that_was_added_is_not_trusted(
    project: Path, large: Path, examined: list[str], damage: Callable[[bytes], bytes]
) -> None:
    write(project / "net7.py", NET.replace("Net", "Other"))
    expected = lint(project)
    large.write_bytes(damage(large.read_bytes()))
    examined.clear()
    assert lint(project) == expected
    assert len(examined) == len(expected.files)
    assert large.read_bytes().count(b"\n") == 1


def test_a_line_is_not_added_to_what_another_run_has_written(project: Path, large: Path) -> None:
    stored = cache_file.load(large)
    write(project / "net7.py", NET.replace("Net", "Other"))
    lint(project)
    expected = stored.entries()
    expected["/elsewhere/net.py"] = next(iter(expected.values()))
    cache_file.save(large, stored, {"/elsewhere/net.py": expected["/elsewhere/net.py"]}, {})
    assert large.read_bytes().count(b"\n") == 1
    assert cache_file.load(large).entries() == expected


def test_what_was_gone_for_a_run_is_searched_again(unapplied: Path, examined: list[str]) -> None:
    """A file that comes back as it was is not taken for one that an answer rests on."""
    write(unapplied / "train.py", CALLING)
    assert lint(unapplied, "net.py").diagnostics == ()
    (unapplied / "train.py").unlink()
    assert [d.code for d in lint(unapplied, "net.py").diagnostics] == ["INI106"]
    write(unapplied / "train.py", CALLING)
    assert lint(unapplied, "net.py").diagnostics == ()


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(project: Path) -> None:
    (project.parent / "cache").write_text("a file", encoding="utf-8")
    assert places(lint(project)) == [("parts.py", "INI301", 4)]


def test_entries_of_files_that_are_gone_go_too(project: Path) -> None:
    lint(project)
    Path("other.py").unlink()
    write(Path("parts.py"), PARTS.format("kaiming_uniform_"))
    lint(project)
    (path,) = (project.parent / "cache").iterdir()
    assert {Path(name).name for name in cache_file.load(path).current} == {"net.py", "parts.py"}


def test_what_is_old_and_what_is_too_much_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "_MAX_SIZE", 250)
    for age, name in enumerate(["new", "newer", "old", "older"]):
        (tmp_path / f"{name}{cache_file.SUFFIX}").write_bytes(b"." * 100)
        os.utime(tmp_path / f"{name}{cache_file.SUFFIX}", (2_000_000_000 - age, 2_000_000_000 - age))
    (tmp_path / "notes.txt").write_bytes(b"." * 1000)
    cache_file.remove_unused(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"new{cache_file.SUFFIX}",
        f"newer{cache_file.SUFFIX}",
        "notes.txt",
    }
    assert cache_file.remove_all(tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


CALL = Span("net.ipynb", 3, 5, 4, 6, Cell(2, 1))
REQUESTS = (
    requests.AppendAttribute(CALL, ".weight"),
    requests.AppendLoop(CALL, (CALL, replace(CALL, row=4)), "kaiming_uniform_", {"nonlinearity": "relu"}),
    requests.AppendStatement(CALL, "{tensor}.data[0].zero_()"),
    requests.CompareWithNone(CALL),
    requests.GuardAgainstNone(CALL),
    requests.MoveArgument(CALL, "a", "mode"),
    requests.RenameDeprecated(CALL, "normal", "normal_"),
    requests.ReplaceArgument(CALL, "gain", requests.GainExpression("leaky_relu", 0.2)),
    requests.ReplaceArgument(CALL, "std", requests.Expression("0.02")),
    requests.ReplaceCall(CALL, "kaiming_uniform_", {"a": 0.2, "nonlinearity": "leaky_relu"}),
    requests.ReplaceCall(CALL, "xavier_uniform_", {"gain": requests.GainExpression("tanh")}),
    requests.ReplaceMethodCall(CALL),
    requests.WrapValue(CALL, "ModuleList"),
    requests.MoveIntoParameter(CALL),
    requests.RepeatConstruction(CALL),
)


def test_every_request_is_tested() -> None:
    assert {type(request) for request in REQUESTS} == set(requests.ALL) == set(compute._FUNCTIONS)


@pytest.mark.parametrize("change", [*REQUESTS, (Edit(CALL, "a"),), ()], ids=str)
def test_an_outcome_survives_the_way_to_json_and_back(change: FixRequest | tuple[Edit, ...]) -> None:
    span = CALL
    fix = Fix("Use `a`", change, Applicability.UNSAFE, FixCondition.ACTIVATION)
    related = (Related(span, "here"), Related(replace(span, file="parts.py", cell=None), "there"))
    diagnostic = Diagnostic("INI301", "name", "message", Severity.WARNING, span, related, fix)
    diagnostic = replace(diagnostic, chain=("`fc1`: factor 0.50", "`fc2`: factor 0.50"))
    outcome = FileResult(
        unreadable=diagnostic,
        findings=(Finding(diagnostic, ("net.ipynb", 3), 1, ("fc1",)),),
        uses={
            "net.ipynb": {("net.ipynb", 3): CallUsage({1, 2}, {"call": "Net"}, {4}, True)},
            "parts.py": {("parts.py", 1): CallUsage()},
        },
        roots=("net.Net", None),
        part_classes=frozenset({"net.A", "net.B"}),
        zeroed=frozenset({("net.A", "A.down", True), ("", "Block.up", False)}),
        redrawn=frozenset({("net.A", ("net.ipynb", 5)), ("net.B", ("parts.py", 2))}),
        incomplete=("Net: why",),
    )
    written = codec.encode(outcome, "net.ipynb", lambda path: f"/real/{path}")
    assert codec.decode(written, "net.ipynb", {"/real/parts.py": "parts.py"}) == outcome
    assert codec.decode(written, "./net.ipynb", {}) != outcome


def test_failures_are_not_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = FileResult(failures=(Failure("the tracer", "net.py", "why", ""),))
    with monkeypatch.context() as patched:
        patched.setattr(FileLinter, "lint", lambda self, file: broken)
        assert len(lint(project).failures) == 3
    assert places(lint(project)) == [("parts.py", "INI301", 4)]


def test_fixtures_say_the_same_from_the_cache(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES, tmp_path / "fixtures")
    files = sorted((tmp_path / "fixtures").rglob("*bad.py"))
    resources = RunOptions(cache=tmp_path / "cache")
    settings = Settings(select=("ALL",))
    cold = pipeline.check(files, settings, options=resources)
    warm = pipeline.check(files, settings, options=resources)
    assert warm == cold == pipeline.check(files, settings)
    assert any(d.fix for d in cold.diagnostics)
    assert pipeline.check(list(reversed(files)), settings, options=resources) == cold


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code in (0, 1), result.output
    return result.output


def test_the_command_line_keeps_results_and_removes_them(project: Path, examined: list[str]) -> None:
    kept = str(project / "kept")
    first = run("check", "--cache-dir", kept)
    assert "INI301" in first
    assert run("check", "--cache-dir", kept) == first
    assert len(examined) == 3
    assert run("check", "--cache-dir", kept, "--no-cache") == first
    assert len(examined) == 6
    assert run("clean", "--cache-dir", kept) == "Files removed: 2\n"  # results, and edits of fixes
    assert run("clean", "--cache-dir", kept) == "Files removed: 0\n"


@pytest.mark.parametrize("arguments", [("--no-cache",), ("--cache-dir", "kept")])
def test_a_run_without_the_cache_does_not_import_it(project: Path, arguments: tuple[str, ...]) -> None:
    code = (
        "import sys; from initlint.cli.commands import cli\n"
        "status = cli(sys.argv[1:], standalone_mode=False)\n"
        "print([name for name in sys.modules if name.startswith('initlint.linter.cache')])"
    )
    command = [sys.executable, "-c", code, "check", "--exit-zero", *arguments]
    path = os.pathsep.join([str(FIXTURES.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "INI301" in output
    assert output.splitlines()[-1] == "[]" if "--no-cache" in arguments else "initlint.linter.cache" in output


@pytest.mark.parametrize("cache", [None, "cache"])
def test_dependencies_are_recorded_for_the_cache_only(
    unapplied: Path, monkeypatch: pytest.MonkeyPatch, cache: str | None
) -> None:
    write(unapplied / "train.py", CALLING)
    results: list[FileResult] = []
    lint_one = FileLinter.lint

    def lint_file(self: FileLinter, file: Path) -> FileResult:
        results.append(lint_one(self, file))
        return results[-1]

    monkeypatch.setattr(FileLinter, "lint", lint_file)
    options = RunOptions(cache=None if cache is None else unapplied.parent / cache)
    pipeline.check([Path(".")], Settings(), options=options)
    assert len(results) == 4
    recorded = {type(dependency) for result in results for dependency in result.dependencies.dependencies}
    assert recorded >= {FileContent, PackageOfFolder, MatchingFiles, QueryAnswer} if cache else not recorded
    assert not any(cache is None and result.dependencies.digests for result in results)


def test_each_kind_of_dependency_is_stored_as_it_is() -> None:
    """All answers are about the same path: tuples of two kinds with the same fields are not equal."""
    dependencies: list[Dependency] = [
        FileContent("/a", ""),
        MayDefine("/a", "", False),
        ModuleFile("/a", "", None),
        ModuleFile("/a", "", "/a/__init__.py"),
        PackageOfFolder("/a", "", ""),
        NamespaceOfFolder("/a", ""),
        RootOfProject("/a", ""),
        Installable("/a", False),
        MatchingFiles("/a", "", "", ()),
        MatchingFiles("/a", "", "", ("/b.py", "/c.py")),
        MatchingFiles("/a", "", "", None),
        MentionedInTexts("/a", "", False),
        Definition("/a", "", ""),
        QueryAnswer("/a", "", (), ""),
    ]
    assert len({*dependencies}) == len(dependencies)
    assert {dependency.kind for dependency in dependencies} == {*KINDS, *PARSED_KINDS}
    segment = cache_file.CacheSegment.of({"/a": cache_file.CacheEntry(dependencies, "{}")})
    ((path, entry),) = segment.entries()
    assert (path, {*entry.dependencies}) == ("/a", {*dependencies})
    assert {type(dependency) for dependency in entry.dependencies} == {type(dependency) for dependency in dependencies}


def test_fixing_examines_only_what_a_fix_can_reach(project: Path, examined: list[str]) -> None:
    run("check", "--fix", "--unsafe-fixes", "--cache-dir", str(project / "kept"))
    assert "kaiming_uniform_" in Path("parts.py").read_text(encoding="utf-8")
    assert examined.count("other.py") == 1
    assert examined.count("net.py") == examined.count("parts.py") == 2


@pytest.fixture
def unapplied(project: Path) -> Path:
    """A model whose init function is called by no file of the project."""
    text = NET.replace("from parts import start\n", "").replace("start(self.a)", "pass")
    write(project / "net.py", text + "\n    def init_weights(self):\n        nn.init.orthogonal_(self.b.weight)\n")
    write(project / "train.py", "from net import Net\n\nnet = Net()\n")
    return project


CALLING = "from net import Net\n\nNet().init_weights()\n"


def times_linted(examined: list[str]) -> list[str]:
    """`net.py`, as often as it was linted. The files that use it are linted with it, and again if they change."""
    return [name for name in examined if name == "net.py"]


@pytest.mark.parametrize(
    ("change", "codes", "again"),
    [
        (lambda: None, ["INI106"], []),
        (lambda: write(Path("train.py"), "from net import Net\n\nnet = Net().eval()\n"), ["INI106"], []),
        (lambda: write(Path("train.py"), CALLING), [], ["net.py"]),
        (lambda: write(Path("new.py"), CALLING), [], ["net.py"]),
        (lambda: Path("train.py").unlink(), ["INI106"], []),
        (lambda: write(Path("conf.yaml"), "call: init_weights\n"), [], ["net.py"]),
        (lambda: write(Path("conf.yaml"), "call: nothing\n"), ["INI106"], []),
    ],
)
def test_what_the_files_around_it_say_is_asked_again(
    unapplied: Path, examined: list[str], change: Callable[[], None], codes: list[str], again: list[str]
) -> None:
    """A finding that rests on no file's calling a function goes when a file that is not linted does."""
    assert [d.code for d in lint(unapplied, "net.py").diagnostics] == ["INI106"]
    examined.clear()
    change()
    assert [d.code for d in lint(unapplied, "net.py").diagnostics] == codes
    assert times_linted(examined) == again


def test_a_result_rests_on_what_was_looked_at_alone(unapplied: Path, examined: list[str]) -> None:
    """Files that hold the name, and that nobody had to look into, may change: of a common name there are hundreds."""
    for name in ("a.py", "b.py"):
        write(unapplied / name, CALLING)
    assert lint(unapplied, "net.py").diagnostics == ()
    examined.clear()
    write(unapplied / "b.py", "from net import Net\n\nNet().eval().init_weights()\n")
    assert lint(unapplied, "net.py").diagnostics == ()
    assert times_linted(examined) == []
    for rest, codes in (("a.py", []), ("b.py", ["INI106"])):
        write(unapplied / rest, "from net import Net\n\nNet().eval()  # no init_weights\n")
        assert [d.code for d in lint(unapplied, "net.py").diagnostics] == codes
    assert times_linted(examined) == ["net.py", "net.py"]


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("from net import Net\n\n# init_weights\nnet = Net().eval()\nnet.init_weights\n", []),
        ("from net import Net\n\nnet = Net()\nnet.init_weights\n", []),
        ("from net import Net\n\nnet = Net()\nprint(net.init_weights)\n", ["net.py"]),
        ("def (", ["net.py"]),
    ],
)
def test_a_result_rests_on_what_was_told_of_a_file(
    unapplied: Path, examined: list[str], text: str, again: list[str]
) -> None:
    """Not on all that the file holds: a common name stands in hundreds of them."""
    write(unapplied / "train.py", "from net import Net\n\nnet = Net()\nnet.init_weights  # not called\n")
    assert [d.code for d in lint(unapplied, "net.py").diagnostics] == ["INI106"]
    examined.clear()
    write(unapplied / "train.py", text)
    warm = lint(unapplied, "net.py")
    assert times_linted(examined) == again
    assert warm == pipeline.check([Path("net.py")], Settings())
    examined.clear()
    assert lint(unapplied, "net.py") == warm
    assert examined == []


def test_a_file_that_was_not_looked_into_may_go_and_come_back(unapplied: Path) -> None:
    for name in ("a.py", "b.py"):
        write(unapplied / name, CALLING)
    assert lint(unapplied, "net.py").diagnostics == ()
    for name in ("a.py", "b.py"):
        (unapplied / name).unlink()
    assert [d.code for d in lint(unapplied, "net.py").diagnostics] == ["INI106"]
    write(unapplied / "b.py", CALLING)
    assert lint(unapplied, "net.py").diagnostics == ()


def test_a_file_that_is_examined_again_is_still_known(project: Path, large: Path) -> None:
    """What it rests on has changed, and it has not: it need not be read again by each run."""
    write(project / "parts1.py", PARTS.format("orthogonal_"))
    lint(project)
    known = cache_file.load(large)
    assert known.digests.keys() >= known.current.keys()
    assert not any(state == cache_file.UNCERTAIN_STAT for state, _ in known.digests.values())


def test_a_call_that_goes_is_noticed(unapplied: Path) -> None:
    write(unapplied / "train.py", CALLING)
    assert lint(unapplied, "net.py").diagnostics == ()
    write(unapplied / "train.py", "import net\n")
    assert [d.code for d in lint(unapplied, "net.py").diagnostics] == ["INI106"]


def test_what_another_run_has_noticed_is_not_forgotten(unapplied: Path) -> None:
    """It notes the new content of `train.py`, which the answer kept for `net.py` does not rest on."""
    lint(unapplied, "net.py")
    write(unapplied / "train.py", CALLING)
    lint(unapplied, "train.py")
    assert lint(unapplied, "net.py").diagnostics == ()


def test_a_searched_file_changed_twice_within_a_tick_is_noticed(unapplied: Path) -> None:
    train = unapplied / "train.py"
    train.write_text(CALLING.replace("init_weights", "init_nothing"), encoding="utf-8")
    state = train.stat()
    assert [d.code for d in lint(unapplied, "net.py").diagnostics] == ["INI106"]
    train.write_text(CALLING, encoding="utf-8")
    os.utime(train, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert lint(unapplied, "net.py").diagnostics == ()
