"""Sessions of nox: `tests`, `spark`, `lint`, `types`, `docs`, `playground`, `site`, `package`,
`ecosystem`, `fuzz -- 600`, `guided -- 60`, `lock`, `audit`, and `new_rule -- INI310 some-bad-pattern`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True

PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]

LOCK = Path(".ci", "requirements.txt")
"""The development tools, each with its version and the hashes of its files: what `.ci/run` installs."""

RULE = '''"""What is wrong, in one line

## What it does

Reports ... It is silent if ...

## Why is this bad?

...

## Bad

```python
from torch import nn
```

## Good

```python
from torch import nn
```

## References

- [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from initlint.diagnostics import Severity
from initlint.graph.model import ModelGraph
from initlint.rules._registry import Violation, rule


@rule("{code}", "{name}", severities=(Severity.WARNING,))
def check(model: ModelGraph) -> Iterator[Violation]:
    """One violation for each ..."""
    for layer in model.layers:
        write = layer.effective_write()
        if write is None or not layer.last_write_is_certain():
            continue
        yield Violation("what is wrong", write.location, Severity.WARNING, ((layer.location, "this layer"),))
'''


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests in parallel; `-- tests/rules` runs some of them."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs)


@nox.session
def spark(session: nox.Session) -> None:
    """Test the scan of many repositories on PySpark in local mode. Needs Java 17 or newer."""
    session.install("-e", ".[dev,spark]")
    session.run("python", "-m", "pytest", "tests/integrations/test_spark.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff")
    session.run("ruff", "check", *session.posargs, ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    session.install("-e", ".[report]", "mypy")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Generate docs/rules/ and the schema of the settings, and renew the output that pages show."""
    session.install("-e", ".")
    session.run(
        "python",
        "-c",
        "from pathlib import Path; from initlint.report.rule_pages import write; from initlint.rules import all_rules;"
        "write(Path.cwd(), all_rules())",
    )
    session.run("python", "-m", "tools.website.settings_schema")
    session.run("python", "-m", "tools.website.shown_output")


@nox.session
def playground(session: nox.Session) -> None:
    """Build the playground of the site in build/playground. Needs Node.js 20 or newer with npm."""
    session.install("-e", ".[report]")
    build_playground(session)


def build_playground(session: nox.Session) -> None:
    """Pack initlint, and build the page and its worker. The session must have the extra `report`."""
    archive = Path("build", "playground.zip").absolute()
    session.run("python", "-m", "tools.website.playground.bundle", str(archive), env={"PYTHONPATH": "."})
    with session.chdir("tools/website/playground"):
        session.run("npm", "ci", "--ignore-scripts", external=True)
        session.run("npm", "run", "build", "--", str(archive), external=True)


@nox.session
def site(session: nox.Session) -> None:
    """Build the documentation site in build/site, with the playground if npm is installed."""
    session.install("-e", ".[report,site]")
    if shutil.which("npm"):
        build_playground(session)
    else:
        session.warn("npm is not installed: the page of the playground says that it was not built")
    session.run("mkdocs", "build", "--strict", *session.posargs, env={"PYTHONPATH": "."})


@nox.session
def package(session: nox.Session) -> None:
    """Build the source archive and the wheel in dist/, and check their metadata."""
    session.install("build", "twine")
    session.run("python", "-m", "build", "--outdir", "dist", *session.posargs)
    session.run("twine", "check", "--strict", *map(str, Path("dist").glob("initlint-*")))


@nox.session
def ecosystem(session: nox.Session) -> None:
    """Compare the findings in released packages with those of the last commit; `-- timm kornia` selects packages."""
    session.install("-e", ".")
    session.run("python", "-m", "tools.ecosystem", *session.posargs)


@nox.session(python="3.11")
def fuzz(session: nox.Session) -> None:
    """Search for inputs that stop a run and for wrong fixes: `-- 600` takes 600 seconds for each kind of input."""
    session.install("-e", ".[report]", "hypothesmith")
    session.run("python", "-m", "tools.fuzzing", *(session.posargs or ["60"]))


@nox.session(python="3.11")
def guided(session: nox.Session) -> None:
    """Search by coverage for bytes that end a reader: `-- 60` takes 60 seconds for each target. Linux only."""
    session.install("-e", ".", "atheris")
    seconds = session.posargs[0] if session.posargs else "60"
    for target in ("decoding", "noqa", "notebook", "settings", "baseline", "cache", "result", "gitignore"):
        session.run("python", "-m", "tools.fuzzing.guided", target, f"-max_total_time={seconds}")


@nox.session
def lock(session: nox.Session) -> None:
    """Renew the pinned development tools, for all Pythons and systems; `-- --upgrade` takes the newest of each."""
    session.install("uv")
    # torch has builds with versions of their own (`2.13.0+cpu`), and some need gigabytes that others do not.
    without_torch = Path(session.create_tmp(), "overrides.txt").absolute()
    without_torch.write_text("torch; python_version < '3'\n", encoding="utf-8")
    session.run(
        *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", PYTHONS[0], "--extra", "dev"),
        *("--generate-hashes", "--no-annotate", "--custom-compile-command", "nox -s lock"),
        *("--override", str(without_torch), "--output-file", str(LOCK), *session.posargs, "pyproject.toml"),
    )


@nox.session
def audit(session: nox.Session) -> None:
    """Look the pinned development tools up in the database of known vulnerabilities. Needs pypi.org."""
    session.install("pip-audit")
    reach = "import urllib.request; urllib.request.urlopen('https://pypi.org/pypi/pip/24.0/json', timeout=30)"
    if session.run("python", "-c", reach, success_codes=[0, 1], silent=True):  # what it prints is a traceback
        session.error("nothing was audited: the database of vulnerabilities at pypi.org cannot be reached")
    command = ("pip-audit", "--strict", "--require-hashes", "--disable-pip", "--requirement", str(LOCK))
    session.run(*command, *session.posargs)


@nox.session(python=False)
def new_rule(session: nox.Session) -> None:
    """Create the file of a rule from its code and name: `-- INI310 some-bad-pattern`."""
    if len(session.posargs) != 2:
        session.error("give a code and a name: nox -s new_rule -- INI310 some-bad-pattern")
    code, name = session.posargs
    path = Path("initlint", "rules", f"{name.replace('-', '_')}.py")
    if path.exists():
        session.error(f"{path} exists")
    path.write_text(RULE.format(code=code, name=name), encoding="utf-8")
    session.log(f"wrote {path}: fill it in, then run nox -s docs and nox -s tests")
