"""IPython's syntax in a cell: magics, shell lines and help, replaced by Python at the same positions.

    %matplotlib inline        !pip install torch        nn.Linear?        files = !ls
    %time net.apply(init)     %%capture                 %%bash            pip install torch

A line that is no Python becomes an expression without effect, so that rows stay; columns stay wherever code does.
What IPython does with each is described in its documentation under "Python vs IPython" and "Built-in magic commands".
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain, takewhile

from initlint._records import dataclass
from initlint.project.notebook import Notebook
from initlint.project.parsing import InvalidPython, parse_python

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")

_PYTHON_CELLS = frozenset(
    "black capture chime debug heat ipytest lprun memit mprun notify prun px pyinstrument scalene snakeviz time timeit "
    "wandb".split()
)
"""Cell magics that run the rest of the cell in the notebook's own namespace."""

_LANGUAGE = re.compile(r"%(?:fs|md|r|scala|sh|sql)\b")
"""In Databricks such a line at the top hands over the whole cell; https://docs.databricks.com/notebooks/notebooks-code"""

_TIMED = re.compile(r"%(?:time|timeit|prun|memit)(?:\s+-\w+(?:\s+\d+)?)*\s+(?=[^\s-])")
"""Line magics that run the rest of the line."""

_COMMAND = re.compile(r"[%!?,;/]")
"""No logical line of Python begins with one of these."""

_HELP = re.compile(r"[^#'\"]*\?\s*")
_ASSIGNED = re.compile(r"[\w\s.,*]+(?:\[[^\]]*\][\w\s.,*]*)*=\s*(?P<command>[!%].*)")

_AUTOMAGIC = (
    "alias autoreload bookmark cat cd clear conda config cp debug env git history less load load_ext ls lsmagic mamba "
    "man matplotlib mkdir more mv notebook pip popd precision prun pushd pwd pycat pylab reload_ext rm rmdir run "
    "set_env sx system time timeit uv who whos writefile xmode"
).split()
"""Words that begin a command where the line is no Python: IPython adds the `%` by itself."""
_AUTOMAGIC_LINE = re.compile(rf"(?:{'|'.join(_AUTOMAGIC)})(?!\s*[=(\[:,])(?:\s.*)?")

_TOKEN = re.compile(
    r"""#.*|(?P<triple>'''|\"\"\")|'(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?|(?P<open>[(\[{])|(?P<close>[)\]}])|\\$"""
)


_INDENTED = re.compile(r"(?:[^\S\r\n]*(?:#[^\r\n]*)?[\r\n])*[^\S\r\n]+[^\s#]")


def python_of_notebook(notebook: Notebook) -> str:
    """The Python of all cells. Rows are those of the notebook's `text`, and so are the columns of code."""
    return "".join(map(python_of_source, notebook.sources.values()))


def python_of_source(source: str) -> str:
    """The Python of one cell, after the line before it. IPython runs code that is indented as if it were not."""
    code = python_of(source)
    return f"{'if 1:' if _INDENTED.match(code) else ''}\n{code}\n"


def python_of(cell: str) -> str:
    """The Python of a cell, with the same number of lines; blank lines for a cell in another language."""
    lines, ends = zip(*_LINE.findall(cell), strict=True)
    top = list(takewhile(lambda line: not line.strip() or line.startswith("%%"), lines))
    if any(line.strip() and _first_word(line[2:]) not in _PYTHON_CELLS for line in top):
        return "".join(ends)
    body = lines[len(top) :]
    code = list(_without_commands(body))
    if body and _LANGUAGE.match(body[0]) and not _is_python("\n".join(code)):
        return "".join(ends)
    return "".join(chain.from_iterable(zip([*("" for _ in top), *code], ends, strict=True)))


def _is_python(code: str) -> bool:
    """Whether the running interpreter can parse `code`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as invalid escapes: not the subject of this linter
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_newer_python(code: str) -> bool:
    """Whether `code` can be parsed, also as the syntax of a version that is newer than the running one."""
    try:
        parse_python(code)
    except InvalidPython:
        return False
    return True


def _without_commands(lines: Iterable[str]) -> Iterator[str]:
    state = _LineState()
    in_command = False
    for line in lines:
        if in_command:
            code: str | None = ""
        else:
            code = _replace_command(line) if state.begins_line else None
        in_command = code is not None and line.endswith("\\")
        if code is None:
            state = state.after(line)
        yield line if code is None else code


def _replace_command(line: str) -> str | None:
    """Python in place of a logical line that is an IPython command; None for other lines."""
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    if timed := _TIMED.match(text):
        # `if 1:` is as long as the shortest such magic, so the columns of the rest stay the same.
        run = "if 1:".ljust(timed.end()) + text[timed.end() :]
        if _is_newer_python(run):
            return indent + run
    if _COMMAND.match(text) or (text.rstrip().endswith("?") and _HELP.fullmatch(text)):
        return f"{indent}0"
    if assigned := _ASSIGNED.fullmatch(text):
        # The result is unknown: an undefined name.
        return f"{indent}{text[: assigned.start('command')]}{'_' * max(len(assigned['command']), 9)}"
    if _AUTOMAGIC_LINE.fullmatch(text) and not _is_python(text):
        return f"{indent}0"
    return None


def _first_word(line: str) -> str:
    return line.split(maxsplit=1)[0] if line.strip() else ""


@dataclass(frozen=True, slots=True)
class _LineState:
    """The state at the end of a physical line: inside a multi-line string, inside brackets, after a backslash."""

    quotes: str = ""
    depth: int = 0
    continued: bool = False

    @property
    def begins_line(self) -> bool:
        return not (self.quotes or self.depth or self.continued)

    def after(self, line: str) -> _LineState:
        """The state at the end of the next line."""
        quotes, depth, position = self.quotes, self.depth, 0
        while True:
            if quotes:
                end = _closing(line, quotes, position)
                if end is None:
                    return _LineState(quotes, depth)
                quotes, position = "", end
            token = _TOKEN.search(line, position)
            if token is None:
                return _LineState("", depth)
            position = token.end()
            quotes = token["triple"] or ""
            depth = max(depth + (token["open"] is not None) - (token["close"] is not None), 0)
            if token[0] == "\\":
                return _LineState("", depth, continued=True)


def _closing(line: str, quotes: str, position: int) -> int | None:
    """The offset after the closing `quotes`, searched from `position`."""
    match = re.compile(rf"(?:\\.|[^\\])*?{quotes}").match(line, position)
    return match.end() if match else None
