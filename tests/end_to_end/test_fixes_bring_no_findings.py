"""No fix, safe or unsafe, brings a finding of any rule, on or off by default, on its layers: fixtures and rule pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pytest

from initlint.diagnostics import Diagnostic
from initlint.rules import all_rules
from tests.support.fixing import findings_of, fixed
from tests.support.paths import FIXTURES

_EXPECTATION = re.compile(r"[^\S\n]*# error: INI[^\n]*")
_EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def sources() -> Iterator[tuple[str, str]]:
    """Fixtures and examples with a finding that a rule may fix."""
    fixable = {rule.code for rule in all_rules() if rule.fixable}
    for path in sorted(FIXTURES.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not path.name.endswith(".fixed.py") and any(code in text for code in fixable):
            yield path.relative_to(FIXTURES).as_posix(), _EXPECTATION.sub("", text)
    for rule in all_rules():
        if rule.fixable:
            for number, example in enumerate(_EXAMPLE.findall(rule.documentation)):
                yield f"{rule.name} {number}", example


SOURCES = dict(sources())


def new_findings(before: Iterable[Diagnostic], after: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Those of `after` whose rule reported none of their layers before; of a file as a whole: nothing at all."""
    old = [(finding.code, finding.model, set(finding.layers)) for finding in before]
    for finding in after:
        layers = set(finding.layers)
        if not any(
            (code, model) == (finding.code, finding.model) and (not layers or layers & paths)
            for code, model, paths in old
        ):
            yield finding


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("name", SOURCES)
def test_no_finding_is_new(name: str, *, unsafe: bool) -> None:
    text = SOURCES[name]
    result = fixed({"net.py": text}, unsafe=unsafe, select=("ALL",))["net.py"]
    if result != text:
        added = new_findings(findings_of(text, ("ALL",)), findings_of(result, ("ALL",)))
        assert [(finding.code, finding.model, finding.message) for finding in added] == []


def test_the_sources_are_fixed() -> None:
    text = SOURCES["mlp/bad.py"]
    assert fixed({"net.py": text}, unsafe=True, select=("ALL",))["net.py"] != text
    assert len(SOURCES) > 30
