from __future__ import annotations

from pathlib import Path

import pytest

from initlint.diagnostics import Applicability, Severity
from initlint.linter import lint_file, pipeline
from initlint.linter.results import CheckResult
from initlint.project.discovery import DiscoveryError
from initlint.project.settings import ConfigurationError, Settings

pytestmark = pytest.mark.usefixtures("fake_pipeline", "in_directory")

NET = "import torch\n\nclass Net: ...\n\nbad()\n"


def check(text: str = NET, **settings: object) -> CheckResult:
    Path("net.py").write_text(text, encoding="utf-8")
    return pipeline.check([Path(".")], Settings(**settings))  # type: ignore[arg-type]


def codes(result: CheckResult) -> list[tuple[str, str, int]]:
    return [(d.span.file, d.code, d.span.row) for d in result.diagnostics]


def test_a_finding() -> None:
    result = check()
    (diagnostic,) = result.diagnostics
    assert codes(result) == [("net.py", "INI301", 5)]
    assert (diagnostic.name, diagnostic.message) == ("bad-start", "in `Net`: bad start of Net")
    assert diagnostic.severity is Severity.INFO
    assert diagnostic.related[0].span.row == 3
    assert result.files == (Path("net.py"),)
    assert result.not_followed == ("net.py: Net: a reason",)


def test_models_that_share_a_call_share_the_finding() -> None:
    (diagnostic,) = check("import torch\nclass A: ...\nclass WorseB: ...\nbad()\n").diagnostics
    assert (diagnostic.message, diagnostic.severity) == (
        "in `WorseB` and 1 more model: bad start of WorseB",
        Severity.ERROR,
    )
    assert diagnostic.fix
    assert diagnostic.fix.applicability is Applicability.SAFE


def test_a_model_that_is_content_with_the_call_makes_the_fix_unsafe() -> None:
    (diagnostic,) = check("import torch\nclass Quiet: ...\nclass A: ...\nbad()\n").diagnostics
    assert diagnostic.fix
    assert diagnostic.fix.applicability is Applicability.UNSAFE


def test_diagnostics_are_sorted_by_place() -> None:
    Path("a.py").write_text("bad()\nimport torch\nclass A: ...\nbad()\n", encoding="utf-8")
    result = check(NET, extend_select=("INI901",))
    assert codes(result) == [
        ("a.py", "INI301", 1),
        ("a.py", "INI901", 3),
        ("a.py", "INI301", 4),
        ("net.py", "INI901", 3),
        ("net.py", "INI301", 5),
    ]


def test_selection() -> None:
    assert [code for _, code, _ in codes(check(select=("INI9",)))] == ["INI901"]
    with pytest.raises(ConfigurationError, match="INI777"):
        check(select=("INI777",))


def test_noqa() -> None:
    assert check("import torch\nclass A: ...\nbad(\n)  # noqa: INI301\n").diagnostics == ()
    assert check("# initlint: noqa\nimport torch\nclass A: ...\nbad()\n").diagnostics == ()


def test_per_file_ignores_are_relative_to_the_configuration() -> None:
    assert check(per_file_ignores={"net.py": ("INI3",)}).diagnostics == ()
    assert check(per_file_ignores={"net.py": ("INI9",), "tests/*": ("ALL",)}).diagnostics
    assert check(per_file_ignores={"net.py": ("ALL",)}, root=Path.cwd().parent).diagnostics == ()
    assert check(per_file_ignores={"/net.py": ("ALL",)}, root=Path.cwd().parent).diagnostics


def test_an_unfixable_finding_offers_no_fix() -> None:
    (diagnostic,) = check(unfixable=("INI301",)).diagnostics
    assert diagnostic.fix is None


@pytest.mark.parametrize("mark", ["", "import torch\n"])
def test_an_unreadable_file_is_one_finding_and_cannot_be_silenced(mark: str) -> None:
    Path("broken.py").write_text(f"{mark}# noqa\ndef torch(:  # noqa\n", encoding="utf-8")
    result = check(select=(), per_file_ignores={"*": ("ALL",)})
    (diagnostic,) = result.diagnostics
    assert (diagnostic.code, diagnostic.span.file, diagnostic.severity) == ("INI000", "broken.py", Severity.ERROR)
    assert diagnostic.span.row == 2 + bool(mark)
    assert result.files == (Path("broken.py"), Path("net.py"))


def test_a_file_that_does_not_concern_torch_is_counted() -> None:
    Path("old.py").write_text("print 'hello'\n", encoding="utf-8")
    Path("template.py").write_text("class {{ name }}:\n    pass\n", encoding="utf-8")
    result = check()
    assert codes(result) == [("net.py", "INI301", 5)]
    assert [line.partition(" ")[0] for line in result.ignored] == ["old.py:1:", "template.py:1:"]
    named = pipeline.check([Path("."), Path("old.py")], Settings())
    assert codes(named) == [("net.py", "INI301", 5), ("old.py", "INI000", 1)]
    assert len(named.ignored) == 1


def test_the_others_are_still_linted() -> None:
    Path("broken.py").write_bytes(b"torch = '\xff'\n")
    assert [code for _, code, _ in codes(check())] == ["INI000", "INI301"]


def test_a_file_that_cannot_matter_is_not_traced() -> None:
    assert check("class Net: ...\nbad()\n").diagnostics == ()


def test_a_broken_tracer_costs_one_file() -> None:
    Path("a.py").write_text("BREAK_THE_TRACER = torch\n", encoding="utf-8")
    result = check()
    assert codes(result) == [("net.py", "INI301", 5)]
    (failure,) = result.failures
    assert (failure.part, failure.file, failure.error) == ("the tracer", "a.py", "RuntimeError: broken tracer")
    assert "Traceback" in failure.traceback


def test_a_broken_rule_costs_one_model() -> None:
    text = "import torch\nclass A: ...\nclass BREAK_THE_RULE: ...\nclass B: ...\nbad()\n"
    result = check(text, extend_select=("INI901",))
    assert [code for _, code, _ in codes(result)] == ["INI901", "INI901", "INI901", "INI301"]
    (failure,) = result.failures
    assert (failure.part, failure.file, failure.error) == ("INI301", "net.py", "LookupError: broken rule")


def test_nothing_is_said_about_a_file_that_is_not_linted(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("net.py").write_text(NET, encoding="utf-8")
    Path("main.py").write_text("import torch\n", encoding="utf-8")

    class Following(lint_file.Project):
        """`main.py` builds the model of `net.py`."""

        def graph(self, source: object) -> object:
            return super().graph(self.load(Path("net.py")))

    monkeypatch.setattr(lint_file, "Project", Following)
    assert pipeline.check([Path("main.py")], Settings()).diagnostics == ()
    both = pipeline.check([Path("main.py"), Path("net.py")], Settings())
    assert codes(both) == [("net.py", "INI301", 5)]


def lint_contents(data: bytes, name: str = "pkg/net.py", **settings: object) -> CheckResult:
    return pipeline.check([Path(name)], Settings(**settings), {name: data})  # type: ignore[arg-type]


def test_contents_that_are_on_no_disk() -> None:
    data = NET.encode()
    assert codes(lint_contents(data)) == [("pkg/net.py", "INI301", 5)]
    assert lint_contents(data, per_file_ignores={"pkg/*": ("INI301",)}).diagnostics == ()
    assert lint_contents(data.replace(b"bad()", b"bad()  # noqa")).diagnostics == ()
    assert codes(lint_contents(b"def f(:", "-")) == [("-", "INI000", 1)]
    assert lint_contents(b"def f(:", force_exclude=True, extend_exclude=("pkg",)) == CheckResult((), ())


def test_contents_go_before_what_the_disk_holds() -> None:
    Path("a.py").write_text("def f(:\n", encoding="utf-8")
    Path("net.py").write_text(NET, encoding="utf-8")
    result = pipeline.check([Path("a.py"), Path("net.py")], Settings(), {"a.py": NET.encode(), "net.py": b"x = 1\n"})
    assert codes(result) == [("a.py", "INI301", 5)]


def test_trace() -> None:
    Path("net.py").write_text(NET, encoding="utf-8")
    Path("broken.py").write_text("def torch(:\n", encoding="utf-8")
    result = pipeline.check_models([Path(".")], Settings(), rules=False)
    assert [model.name for model in result.models] == ["Net"]
    assert codes(result) == [("broken.py", "INI000", 1)]


def test_a_missing_path() -> None:
    with pytest.raises(DiscoveryError):
        pipeline.check([Path("nowhere")], Settings())
