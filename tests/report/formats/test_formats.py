"""The formats for other programs, each read by a schema or a reader that is not ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import jsonschema
import junitparser
import pytest
from markdown_it import MarkdownIt

from initlint.diagnostics import Applicability, Cell, Diagnostic, Edit, Fix, Related, Severity, Span
from initlint.linter.fix_edits import compute_fixes
from initlint.linter.pipeline import check
from initlint.project.decoding import line_reader
from initlint.project.settings import OUTPUT_FORMATS, Settings
from initlint.report.formats import render
from initlint.report.report import Report
from initlint.rules import all_rules
from tests.support.paths import FIXTURES, ROOT

SARIF = json.loads((ROOT / "tests/report/formats/data/sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
# What GitLab itself demands: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^[^/\\.]"},
                    "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer"}}},
                },
            },
        },
    },
}
EVIL = '100%: a,b\r\n::error::x {0} [a](1) <b> & "q" ]]> \x1b[2J\x00\ud800\uffff'
NET = Span("src/net, 100%: é.py", 2, 3, 2, 8)
LINES = ["class Net:", "  bad()", "  bad()"]


def finding(span: Span = NET, message: str = EVIL, severity: Severity = Severity.ERROR) -> Diagnostic:
    fix = Fix(EVIL, (Edit(span, "good"), Edit(Span(span.file, 1, 1, 1, 1), "import good\n")), Applicability.SAFE)
    return Diagnostic("INI301", "xavier-before-relu", message, severity, span, (Related(span, EVIL),), fix)


def report(*diagnostics: Diagnostic, files: Sequence[Path] = (), failures: Sequence[str] = ()) -> Report:
    return Report(diagnostics, lambda _: LINES, files=files, rules=all_rules(), failures=failures)


@pytest.fixture(scope="module")
def real() -> Report:
    """All that is found in the example models."""
    result = check([FIXTURES], Settings(select=("ALL",)))
    assert len(result.diagnostics) > 30
    diagnostics = compute_fixes(result.diagnostics, {})
    return Report(diagnostics, line_reader({}), files=result.files, rules=all_rules(), root=ROOT)


def sarif(shown: Report) -> dict[str, Any]:
    """The run, once the document fits the schema."""
    document = json.loads(render("sarif", shown))
    jsonschema.Draft4Validator(SARIF, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER).validate(document)
    (run,) = document["runs"]
    return dict(run)


def gitlab(shown: Report) -> list[dict[str, Any]]:
    document = json.loads(render("gitlab", shown))
    jsonschema.validate(document, GITLAB)
    return list(document)


def junit(shown: Report) -> junitparser.JUnitXml:
    return junitparser.JUnitXml.fromstring(render("junit", shown).encode())


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_every_format_takes_every_finding(name: str, real: Report) -> None:
    assert len(render(name, real).splitlines()) >= len(real.diagnostics)
    hostile = render(name, report(finding()))
    assert not set(hostile) & {"\x1b", "\0", "\r"} - ({"\x1b"} if name in ("concise", "full", "grouped") else set())


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_a_name_of_a_file_moves_no_cursor_and_begins_no_line(name: str) -> None:
    file = "src/\x1b[2J\n::error::x\r##vso[task.setvariable]\u202e%0A,a:b]]>\"'<b>.py"
    other = "src/plain.py"
    text, plain = (render(name, report(finding(Span(path, 2, 3, 2, 8), "a message"))) for path in (file, other))
    assert not set(text) & {"\0", "\r", "\u202e"}
    assert "\x1b[2J" not in text
    commands = [line for line in text.splitlines() if line.lstrip().startswith(("::", "##"))]
    assert len(commands) == (1 if name in ("github", "azure") else 0)
    assert len(text.splitlines()) == len(plain.splitlines())


def test_only_the_formats_for_people_have_a_summary() -> None:
    assert [name for name in OUTPUT_FORMATS if "Found 1 error" in render(name, report(finding()))] == [
        "concise",
        "full",
        "grouped",
    ]
    assert "Found" not in render("full", report(finding()), quiet=True)


def test_json_lines(real: Report) -> None:
    found = [json.loads(line) for line in render("json-lines", real).splitlines()]
    assert found == json.loads(render("json", real))["diagnostics"]
    assert render("json-lines", report()) == ""


COMMAND = re.compile(r"::(?P<level>error|warning|notice) (?P<properties>[^:]*)::(?P<message>.*)")


def unescaped(text: str, codes: str) -> str:
    """As the runner reads it: only what it knows is an escape."""
    return re.sub(codes, lambda found: chr(int(found[0][1:], 16)), text)


def annotation(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner takes it apart."""
    found = COMMAND.fullmatch(line)
    assert found, line
    pairs = (pair.split("=", 1) for pair in found["properties"].split(","))
    properties = {key: unescaped(value, "%(0D|0A|3A|2C|25)") for key, value in pairs}
    return found["level"], properties, unescaped(found["message"], "%(0D|0A|25)")


def test_github() -> None:
    (line,) = render("github", report(finding())).splitlines()
    level, properties, message = annotation(line)
    assert level == "error"
    assert properties == {
        "file": NET.file,
        "line": "2",
        "endLine": "2",
        "col": "3",
        "endColumn": "8",
        "title": "initlint (INI301)",
    }
    assert message.startswith(f"{NET.file}:2:3: INI301 100%: a,b\\x0d\\x0a::error::x {{0}}")


def test_github_gives_no_columns_over_several_lines() -> None:
    _, properties, _ = annotation(render("github", report(finding(Span("a.py", 1, 3, 2, 8)))).strip())
    assert properties.keys() == {"file", "line", "endLine", "title"}


def test_github_levels(real: Report) -> None:
    levels = {Severity.INFO: "notice", Severity.WARNING: "warning", Severity.ERROR: "error"}
    read = [annotation(line) for line in render("github", real).splitlines()]
    assert [level for level, _, _ in read] == [levels[diagnostic.severity] for diagnostic in real.diagnostics]
    assert all((ROOT / properties["file"]).is_file() for _, properties, _ in read)


def test_gitlab(real: Report) -> None:
    found = gitlab(real)
    assert [f["location"]["lines"]["begin"] for f in found] == [d.span.row for d in real.diagnostics]
    assert all((ROOT / f["location"]["path"]).is_file() for f in found)
    assert len({f["fingerprint"] for f in found}) == len(found)
    assert {f["severity"] for f in found} == {"info", "minor", "major"}
    assert gitlab(report()) == []


def test_a_fingerprint_is_kept_when_lines_move_and_tells_equal_lines_apart() -> None:
    def names(first: int, lines: list[str]) -> list[str]:
        spans = (Span("a.py", row, 3, row, 8) for row in (first, first + 1))
        return [f["fingerprint"] for f in gitlab(Report([finding(s) for s in spans], lambda _: lines))]

    before = names(2, LINES)
    assert names(2, ["class Net:", "    bad() # noqa: E501", "  bad()#"]) == before
    assert len(set(before)) == 2
    assert names(4, ["# new", "", *LINES]) == before
    assert names(2, ["class Net:", "\tbad( )", "\tbad()"])[1:] != before[1:]


def test_sarif(real: Report) -> None:
    run = sarif(real)
    driver = run["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == [rule.code for rule in all_rules()]
    assert all(rule["fullDescription"]["text"] and rule["help"]["markdown"] for rule in driver["rules"])
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    assert len(run["results"]) == len(real.diagnostics)
    for result, diagnostic in zip(run["results"], real.diagnostics, strict=True):
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == diagnostic.code
        place = result["locations"][0]["physicalLocation"]
        base = run["originalUriBaseIds"][place["artifactLocation"]["uriBaseId"]]["uri"]
        assert f"{base}{place['artifactLocation']['uri']}" == Path(diagnostic.span.file).as_uri()
        assert place["region"]["startLine"] == diagnostic.span.row
        assert place["region"]["snippet"]["text"] in Path(diagnostic.span.file).read_text(encoding="utf-8")
        assert len(result["relatedLocations"]) == len(diagnostic.related)
        assert len(result["fixes"]) == (diagnostic.fix is not None)
    assert len({result["partialFingerprints"]["initlint/v1"] for result in run["results"]}) == len(run["results"])


def test_sarif_of_odd_names_and_of_a_run_that_broke() -> None:
    elsewhere = Span("../else where.py", 1, 1, 1, 1)
    run = sarif(report(finding(), finding(elsewhere, "x"), failures=["internal error"]))
    inside, outside = (r["locations"][0]["physicalLocation"]["artifactLocation"] for r in run["results"])
    assert unquote(inside["uri"]) == NET.file
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["snippet"] == {"text": "bad()"}
    assert outside == {"uri": (Path.cwd().parent / "else where.py").as_uri()}
    assert "{{0}}" in run["results"][0]["message"]["text"]
    (change,) = run["results"][0]["fixes"][0]["artifactChanges"]
    assert [r["insertedContent"]["text"] for r in change["replacements"]] == ["good", "import good\n"]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "internal error"


def test_junit(real: Report) -> None:
    suites = list(junit(real))
    assert [str(ROOT / suite.name) for suite in suites] == [str(file) for file in real.files]
    found = [(suite.name, case) for suite in suites for case in suite if case.result]
    expected = [(str(Path(d.span.file).relative_to(ROOT)), d.code, d.severity.label) for d in real.diagnostics]
    assert sorted((name, case.name[:6], case.result[0].type) for name, case in found) == sorted(expected)
    assert all(suite.tests == len(list(suite)) for suite in suites)
    assert sum(suite.failures for suite in suites) == len(real.diagnostics) == junit(real).failures


def test_junit_of_clean_files_passes() -> None:
    (suite,) = junit(report(files=[Path("clean.py")]))
    (case,) = suite
    assert (suite.tests, suite.failures, case.is_passed) == (1, 0, True)


def test_a_notebook_is_shown_by_its_cells() -> None:
    """No reader of these formats knows cells, so the file is named and the message has the place."""
    shown = report(finding(Span("net.ipynb", 12, 3, 12, 8, Cell(3, 11)), "wrong"))
    _, properties, message = annotation(render("github", shown).strip())
    assert (properties["line"], message) == ("1", "net.ipynb:cell 3:2:3: INI301 wrong")
    (quality,) = gitlab(shown)
    assert quality["description"] == "INI301: cell 3:2:3: wrong"
    assert quality["location"]["lines"] == {"begin": 1, "end": 1}
    (result,) = sarif(shown)["results"]
    assert (result["message"]["text"], result["fixes"]) == ("cell 3:2:3: wrong", [])
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    ((case,),) = junit(shown)
    assert case.name == "INI301 xavier-before-relu (cell 3:2:3)"


def test_pylint() -> None:
    (line,) = render("pylint", report(finding(Span("src/net.py", 2, 3, 2, 8), "wrong"))).splitlines()
    assert line == "src/net.py:2: [INI301] wrong"
    (line,) = render("pylint", report(finding())).splitlines()
    assert line.startswith("src/net, 100%: é.py:2: [INI301] 100%: a,b\\x0d\\x0a")


LOGGING = re.compile(r"##vso\[task\.logissue (?P<properties>[^]]*)\](?P<message>.*)")


def test_azure() -> None:
    """As the agent reads it: properties end in `;`, and `%AZP25` is a percent sign."""
    lines = render("azure", report(finding(), finding(severity=Severity.INFO))).splitlines()
    error, note = (LOGGING.fullmatch(line) for line in lines)
    assert error
    assert note
    properties = dict(pair.split("=", 1) for pair in error["properties"].rstrip(";").split(";"))
    assert {**properties, "sourcepath": properties["sourcepath"].replace("%AZP25", "%")} == {
        "type": "error",
        "sourcepath": "src/net, 100%: é.py",
        "linenumber": "2",
        "columnnumber": "3",
        "code": "INI301",
    }
    assert error["message"].startswith("100%AZP25: a,b")
    assert note["properties"].startswith("type=warning;")


def test_rdjson(real: Report) -> None:
    wide = Report([finding(Span("a.py", 1, 7, 1, 8), "wrong")], lambda _: ["é重 = (x)"])
    document = json.loads(render("rdjson", wide))
    assert document["source"]["name"] == "initlint"
    (found,) = document["diagnostics"]
    assert (found["severity"], found["code"]["value"], found["message"]) == ("ERROR", "INI301", "wrong")
    assert found["location"] == {
        "path": "a.py",
        "range": {"start": {"line": 1, "column": 10}, "end": {"line": 1, "column": 11}},
    }
    assert "suggestions" not in found  # it has two edits
    suggestions = [d["suggestions"] for d in json.loads(render("rdjson", real))["diagnostics"] if "suggestions" in d]
    assert len(suggestions) > 10
    assert {len(one) for one in suggestions} == {1}


def test_markdown_is_a_table_that_shows_every_character() -> None:
    rows = render("markdown", report(finding(message="`a | b` before <b>x</b>"), finding(message="odd ` *one*")))
    heading, _, columns, _, first, second = rows.splitlines()
    assert heading == "**initlint** found 2 errors"
    assert columns == "| severity | rule | place | finding |"
    page = MarkdownIt("commonmark").enable("table").render(rows)
    cells = re.findall(r"<td>(.*?)</td>", page)
    assert cells[3] == "<code>a | b</code> before &lt;b&gt;x&lt;/b&gt; <em>(fixable)</em>"
    assert cells[7] == "odd ` *one* <em>(fixable)</em>"
    assert first.count("INI301") == second.count("INI301") == 1
    assert render("markdown", report()) == "**initlint**: all checks passed\n"
    assert render("markdown", report(*[finding()] * 21)).startswith("<details>\n<summary>initlint found 21 errors<")


def test_grouped(real: Report) -> None:
    shown = click.unstyle(render("grouped", real, quiet=True)).splitlines()
    headings = [line for line in shown if line.endswith(":") and not line.startswith(" ")]
    assert len(headings) == len({d.span.file for d in real.diagnostics})
    assert sum(line.startswith("  ") for line in shown) == len(real.diagnostics)


def test_junit_keeps_what_xml_allows() -> None:
    (suite,) = junit(report(finding()))
    (case,) = suite
    assert case.result[0].message == EVIL.translate(
        {13: "\\x0d", 10: "\\x0a", 27: "\\x1b", 0: "\\x00", 0xD800: "\\ud800", 0xFFFF: "\\uffff"}
    )


def test_a_run_loads_only_what_it_prints() -> None:
    """Each format, the drawn page and its libraries cost start-up time, and most runs need one."""
    code = (
        "import sys; from initlint.cli.commands import cli;"
        "cli(['check', '--output-format', 'concise', 'initlint/__main__.py'], standalone_mode=False);"
        "print(*sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, check=False)
    loaded = set(done.stdout.split())
    assert "initlint.report.formats.lines" in loaded, done.stderr
    formats = {path.stem for path in (ROOT / "initlint/report/formats").glob("*.py")} - {"__init__", "lines", "json"}
    assert "sarif" in formats
    costly = {f"initlint.report.formats.{name}" for name in formats}
    costly |= {"initlint.report.html", "initlint.integrations.lsp"}
    costly |= {
        "initlint.integrations.flake8",
        "xml",
        "jinja2",
        "matplotlib",
        "grandalf",
        "flake8",
        "pygls",
        "lsprotocol",
        "nbformat",
        "torch",
    }
    assert loaded & costly == set()


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_paths_are_those_of_the_checkout(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert Report([]).path("a.py") == "a.py"
    assert Report([]).path("../b.py") == (tmp_path / "b.py").as_posix()
    monkeypatch.setenv(variable, str(tmp_path))
    assert Report([]).path("a.py") == "sub/a.py"
    assert Report([]).path("../b.py") == "b.py"
    monkeypatch.setenv(variable, str(tmp_path / "other"))
    assert Report([]).path("a.py") == "a.py"
