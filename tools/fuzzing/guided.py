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
from contextlib import suppress
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
    with suppress(DecodingError):
        decode(data)


def _noqa(data: bytes, folder: Path) -> None:
    noqa.parse(data.decode("utf-8", "replace"), statements=True)


def _notebook(data: bytes, folder: Path) -> None:
    try:
        notebook = Notebook.read(data)
    except NotebookError:
        return
    if notebook.with_text(notebook.text) != data:
        raise AssertionError("a notebook without edits is written otherwise than it was read")


def _file(name: str, load: Callable[[Path], object], *documented: type[Exception]) -> Target:
    """A reader of a file with this name, which may raise the `documented` errors."""

    def read(data: bytes, folder: Path) -> None:
        file = folder / name
        file.write_bytes(data)
        with suppress(*documented):
            load(file)

    return read


def _result(data: bytes, folder: Path) -> None:
    with suppress(*OF_ANOTHER_SHAPE):
        decode_result(json.dumps(json.loads(data)), "net.py", {})


def _gitignore(data: bytes, folder: Path) -> None:
    for line in data.decode("utf-8", "replace").splitlines():
        is_valid(line)


TARGETS: dict[str, Target] = {
    "decoding": _decoding,
    "noqa": _noqa,
    "notebook": _notebook,
    "settings": _file("initlint.toml", settings_file.load, ConfigurationError),
    "baseline": _file("baseline.json", baseline.load, ConfigurationError),
    "cache": _file("results", cache_file.load),
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
