"""The GitHub action and the snippets of docs/ci.md, by the schemas of those who read them, and run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from initlint.cli.commands import cli
from tests.support.paths import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^## (.+?)$|^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ACTION = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))
BAD = "from torch import nn\n\nlayer = nn.Linear(2, 2)\nnn.init.xavier_uniform(layer.weight)\n"
OFFLINE = re.compile(
    "could not find a version|no matching distribution|connection|timed out|getaddrinfo", re.IGNORECASE
)


LOCK = (ROOT / ".ci" / "requirements.txt").read_text(encoding="utf-8")


def test_the_tools_of_a_run_are_pinned_with_hashes() -> None:
    """Each that pyproject.toml names, except torch, in a version that it allows on every Python."""
    pinned: dict[str, list[Requirement]] = {}
    for entry in re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE).strip()):
        first, *hashes = entry.split("\\\n")
        assert hashes
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}\s*", line) for line in hashes)
        requirement = Requirement(first)
        assert re.fullmatch(r"==[^,]+", str(requirement.specifier))
        pinned.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(text for name in ("report", "server", "site", "watch", "dev") for text in extras[name]),
    ]
    for requirement in map(Requirement, wanted):
        if requirement.name not in ("initlint", "torch"):
            found = pinned[canonicalize_name(requirement.name)]
            versions = [next(iter(one.specifier)).version for one in found]
            assert all(requirement.specifier.contains(version) for version in versions), requirement
    assert "torch" not in pinned


def snippets(wanted: str) -> list[str]:
    """The YAML blocks below a heading of the page."""
    found: dict[str, list[str]] = {}
    heading = ""
    for title, block in SNIPPETS:
        heading = title or heading
        found.setdefault(heading, []).extend([block] if block else [])
    return found[wanted]


def validate(schema: str, *files: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_fits_the_schema() -> None:
    validate("vendor.github-actions", ROOT / "action.yml")


@pytest.mark.parametrize(
    ("heading", "schema", "count"),
    [("GitHub Actions", "vendor.github-workflows", 2), ("GitLab", "vendor.gitlab-ci", 1)],
)
def test_the_snippets_fit_the_schema(heading: str, schema: str, count: int, tmp_path: Path) -> None:
    blocks = snippets(heading)
    assert len(blocks) == count
    for number, block in enumerate(blocks):
        (tmp_path / f"{number}.yml").write_text(block, encoding="utf-8")
    validate(schema, *tmp_path.iterdir())


def test_the_inputs_that_are_shown_and_listed_are_there() -> None:
    steps = [
        step for block in snippets("GitHub Actions") for job in _load(block)["jobs"].values() for step in job["steps"]
    ]
    used = {name for step in steps if step["uses"].startswith("<owner>") for name in step["with"]}
    listed = dict(re.findall(r"^\| `([a-z-]+)` \| (?:`(.*?)`)? *\|", PAGE, re.MULTILINE))
    assert used <= set(ACTION["inputs"])
    assert listed == {name: value["default"] for name, value in ACTION["inputs"].items()}


def test_the_hooks_that_are_shown_are_there() -> None:
    (block,) = snippets("pre-commit")
    hooks = _load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in _load(block)["repos"][0]["hooks"]} <= {hook["id"] for hook in hooks}


def test_the_lines_of_the_gitlab_job_do_what_they_say(in_directory: Path) -> None:
    Path("net.py").write_text(BAD, encoding="utf-8")
    (job,) = _load(snippets("GitLab")[0]).values()
    (line,) = (line for line in job["script"] if line.startswith("initlint "))
    assert CliRunner().invoke(cli, shlex.split(line)[1:]).exit_code == 1
    (found,) = json.loads(Path(job["artifacts"]["reports"]["codequality"]).read_text(encoding="utf-8"))
    assert (found["check_name"], found["location"]["path"]) == ("INI901", "net.py")


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_steps_of_the_action_run(tmp_path: Path) -> None:
    """Both scripts as the runner starts them, with this Python in the place of the one that is set up."""
    project, temporary = tmp_path / "project", tmp_path / "temp"
    for folder in (project / "initlint", temporary):
        folder.mkdir(parents=True)
    (project / "initlint" / "__init__.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    (project / "net.py").write_text(BAD, encoding="utf-8")
    _, install, check = ACTION["runs"]["steps"]
    known = {"RUNNER_TEMP": str(temporary), "GITHUB_ACTION_PATH": str(ROOT), "GITHUB_WORKSPACE": str(project)}
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    env = {**inherited, **known, "PYTHON": sys.executable}
    installed = _bash(install["run"], project, env)
    if installed.returncode and OFFLINE.search(installed.stderr):
        pytest.skip("pip cannot install initlint's dependencies here")
    assert installed.returncode == 0, installed.stderr
    done = _bash(check["run"], project, {**env, "SRC": "net.py $(touch hacked)", "ARGS": "", "FORMAT": "github"})
    assert (done.returncode, "no such file" in done.stderr) == (2, True)
    done = _bash(check["run"], project, {**env, "SRC": ". net.py", "ARGS": "--select INI9 -q", "FORMAT": "github"})
    assert done.stdout.startswith("::notice file=net.py,line=4,endLine=4,col=1,"), done.stderr
    assert (done.returncode, (project / "hacked").exists()) == (1, False)


def _bash(script: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=300, check=False)


def _load(text: str) -> Any:
    return YAML(typ="safe").load(text)
