"""Inputs found by coverage for what reads bytes: `python -m tools.fuzzing.guided noqa -max_total_time=60`.

Needs atheris (Linux). Each target reads arbitrary bytes by one function, which may only raise the error that it
documents. Options after the target, a folder of inputs among them, are those of libFuzzer. It exits with 1 on the
first input that raises something else, writes that input to `crash-...` and prints the traceback.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from initlint.linter import baseline
from initlint.linter.cache import cache_file
from initlint.linter.cache.cache_file import OF_ANOTHER_SHAPE
from initlint.linter.cache.codec import decode as decode_result
from initlint.project import noqa, settings_file
from initlint.project.decoding import DecodingError, decode
from initlint.project.gitignore import is_valid
from initlint.project.notebook import Notebook, NotebookError
from initlint.project.settings import ConfigurationError

Target = Callable[[bytes, Path], None]


def _decoding(data: bytes, folder: Path) -> None:
    try:
        decode(data)
    except DecodingError:
        return


def _noqa(data: bytes, folder: Path) -> None:
    noqa.parse(data.decode("utf-8", "replace"), statements=True)


def _notebook(data: bytes, folder: Path) -> None:
    try:
        notebook = Notebook.read(data)
    except NotebookError:
        return
    if notebook.with_text(notebook.text) != data:
        raise AssertionError("a notebook without edits is written otherwise than it was read")


def _settings(data: bytes, folder: Path) -> None:
    file = folder / "initlint.toml"
    file.write_bytes(data)
    try:
        settings_file.load(file)
    except ConfigurationError:
        return


def _baseline(data: bytes, folder: Path) -> None:
    file = folder / "baseline.json"
    file.write_bytes(data)
    try:
        baseline.load(file)
    except ConfigurationError:
        return


def _cache(data: bytes, folder: Path) -> None:
    file = folder / "results"
    file.write_bytes(data)
    cache_file.load(file)


def _result(data: bytes, folder: Path) -> None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    try:
        decode_result(json.dumps(document), "net.py", {})
    except OF_ANOTHER_SHAPE:
        return


def _gitignore(data: bytes, folder: Path) -> None:
    for line in data.decode("utf-8", "replace").splitlines():
        is_valid(line)


TARGETS: dict[str, Target] = {
    "decoding": _decoding,
    "noqa": _noqa,
    "notebook": _notebook,
    "settings": _settings,
    "baseline": _baseline,
    "cache": _cache,
    "result": _result,
    "gitignore": _gitignore,
}


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("target", type=click.Choice(list(TARGETS)))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def main(target: str, options: tuple[str, ...]) -> None:
    """Search for inputs of TARGET by coverage; OPTIONS are those of libFuzzer."""
    import atheris

    atheris.instrument_all()
    read = TARGETS[target]
    with tempfile.TemporaryDirectory() as folder:
        atheris.Setup([sys.argv[0], *options], lambda data: read(data, Path(folder)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
