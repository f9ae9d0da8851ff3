"""What a target may look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint.project.settings import ConfigurationError
from initlint.project.settings_file import load
from initlint.project.trace_targets import (
    Input,
    TargetError,
    TargetSpec,
    parse_input,
    parse_target,
    parse_value,
    read_targets,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("package.module:Model", ("package.module", "Model")),
        ("src/net.py:Net.Inner", ("src/net.py", "Net.Inner")),
        ("C:\\code\\net.py:Net", ("C:\\code\\net.py", "Net")),
    ],
)
def test_a_target_has_two_parts(text: str, expected: tuple[str, str]) -> None:
    assert parse_target(text) == expected


@pytest.mark.parametrize("text", ["Model", ":Model", "net.py", "net.py:", "net.py:Net()", "a b:Net", "src/net:Net"])
def test_other_targets_are_refused(text: str) -> None:
    with pytest.raises(TargetError, match=r"package\.module:Model|neither"):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("3", 3), ("0.5", 0.5), ("None", None), ("(1, 2)", (1, 2)), ("gelu", "gelu"), ("", "")]
)
def test_values_are_literals_or_strings(text: str, expected: object) -> None:
    assert parse_value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2,3,224,224", Input((2, 3, 224, 224))),
        ("2x16:int64", Input((2, 16), "int64")),
        ("(2, 3)", Input((2, 3))),
        ("7", Input((7,))),
    ],
)
def test_inputs_are_shapes(text: str, expected: Input) -> None:
    assert parse_input(text) == expected


@pytest.mark.parametrize("text", ["", "a,b", "2,,3", "2,3:", "-1,2"])
def test_other_inputs_are_refused(text: str) -> None:
    with pytest.raises(TargetError, match="is no input"):
        parse_input(text)


def test_a_table_describes_a_target() -> None:
    table = {"target": "net:Net", "args": [1], "kwargs": {"depth": 2}, "inputs": [[2, 3], "2:int64"]}
    expected = TargetSpec("net", "Net", (1,), {"depth": 2}, (Input((2, 3)), Input((2,), "int64")))
    assert read_targets(table) == read_targets([table]) == (expected,)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('target = "net"', "invalid target `net`"),
        ("args = [1]", "`target` is a string"),
        ('target = "net:Net"\nargs = 1', "`args` is a list"),
        ('target = "net:Net"\ninput = [[1]]', "it has `input`"),
        ('target = "net:Net"\ninputs = [["a"]]', "`inputs` are shapes"),
        ('target = "net:Net"\ninputs = [1]', "`inputs` are shapes"),
        ('target = "net:Net"\ninputs = 3', "`inputs` is a list"),
    ],
)
def test_a_wrong_table_is_one_line(tmp_path: Path, table: str, message: str) -> None:
    file = tmp_path / "initlint.toml"
    file.write_text(f"[trace]\n{table}\n")
    with pytest.raises(ConfigurationError) as raised:
        load(file)
    assert str(raised.value).startswith(f"{file}: `trace` must be ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
