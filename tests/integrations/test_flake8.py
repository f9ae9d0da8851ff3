"""The plugin, run by the real flake8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.sources import net

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture
def site(in_directory: Path) -> Path:
    """What an installation leaves beside the package: the entry points, as pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = in_directory / "site" / "initlint-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: initlint\nVersion: 0.1.0\n", encoding="utf-8")
    points = project["entry-points"]["flake8.extension"].items()
    listed = "".join(f"{name} = {value}\n" for name, value in points)
    (metadata / "entry_points.txt").write_text(f"[flake8.extension]\n{listed}", encoding="utf-8")
    return metadata.parent


def flake8(site: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--jobs=1", *arguments],
        env={**os.environ, "PYTHONPATH": path},
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def write(text: str) -> None:
    Path("net.py").write_text(text, encoding="utf-8")


def test_findings(site: Path) -> None:
    write(net("xavier_uniform"))
    done = flake8(site, "--select", "INI", "net.py")
    found = [line.split(" ", 2)[:2] for line in done.stdout.splitlines()]
    assert sorted(found) == [["net.py:9:9:", "INI301"], ["net.py:9:9:", "INI901"]]
    assert (done.stderr, done.returncode) == ("", 1)


@pytest.mark.parametrize(
    ("arguments", "comment", "expected"),
    [
        (["--select", "INI9"], "", ["INI901"]),
        (["--extend-ignore", "INI3"], "", ["INI901"]),
        (["--select", "INI"], "  # noqa: INI301", ["INI901"]),
        (["--select", "INI"], "  # noqa", []),
        (["--select", "F"], "", []),
    ],
)
def test_flake8_chooses(site: Path, arguments: list[str], comment: str, expected: list[str]) -> None:
    write(net("xavier_uniform", comment))
    done = flake8(site, *arguments, "net.py")
    assert [line.split()[1] for line in done.stdout.splitlines()] == expected, done.stderr


def test_the_settings_of_initlint_hold(site: Path) -> None:
    write(net("xavier_uniform"))
    Path("initlint.toml").write_text('ignore = ["INI9"]\n', encoding="utf-8")
    assert "INI901" not in flake8(site, "--select", "INI", "net.py").stdout
    Path("initlint.toml").write_text("selekt = []\n", encoding="utf-8")
    done = flake8(site, "--select", "INI", "net.py")
    assert done.returncode == 1
    assert "unknown key `selekt`; did you mean `select`?" in done.stderr + done.stdout


def test_what_an_editor_sends(site: Path) -> None:
    done = flake8(site, "--select", "INI9", "--stdin-display-name", "pkg/net.py", "-", stdin=net("xavier_uniform"))
    assert done.stdout.startswith("pkg/net.py:9:9: INI901 ")
