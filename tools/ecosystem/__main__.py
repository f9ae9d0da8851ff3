"""The command behind `nox -s ecosystem`."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

import click

from tools.ecosystem.findings import Finding, compare_with_baseline, difference, lint, precision, read_baseline
from tools.ecosystem.packages import fetch, read_list

ROOT = Path(__file__).parents[2]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--against", default="HEAD", show_default=True, help="The commit to compare the working tree with.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=ROOT / ".ecosystem", help="Where to store the sources."
)
@click.option("--baseline-only", is_flag=True, help="Do not lint with the other commit.")
def main(names: tuple[str, ...], against: str, folder: Path, baseline_only: bool) -> None:
    """Compare the findings in released packages: in all of the list, or in NAMES."""
    packages = [package for package in read_list() if not names or package.name in names]
    unknown_names = set(names) - {package.name for package in packages}
    if unknown_names:
        raise click.UsageError(f"not in packages.txt: {', '.join(sorted(unknown_names))}")
    folder.mkdir(parents=True, exist_ok=True)
    reviewed = [line for line in read_baseline() if line.package in {package.name for package in packages}]
    before: list[Finding] = []
    after: list[Finding] = []
    with tempfile.TemporaryDirectory() as temporary:
        if not baseline_only:
            _check_out(against, Path(temporary))
        for package in packages:
            sources = fetch(package, folder)
            findings = lint(package, sources, ROOT)
            after += findings
            if not baseline_only:
                before += lint(package, sources, Path(temporary))
            click.echo(f"{package}: {len(findings)} findings")
    if not baseline_only:
        _show(f"against {against}", list(difference(before, after)))
    _show("against the reviewed baseline", list(compare_with_baseline(after, reviewed)))
    _show("verdicts", list(precision(reviewed)))


def _check_out(commit: str, target: Path) -> None:
    archive = subprocess.run(["git", "archive", commit, "initlint"], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(target, filter="data")


def _show(title: str, lines: list[str]) -> None:
    click.echo(f"\n{title}:" if lines else f"\n{title}: nothing")
    for line in lines:
        click.echo(line)


if __name__ == "__main__":
    main()
