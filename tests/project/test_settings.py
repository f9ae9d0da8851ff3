from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest

from initlint.diagnostics import Severity
from initlint.facts.library_initializers import LibraryInitializer
from initlint.facts.signatures import signature
from initlint.project.settings import ConfigurationError, Selection, Settings
from initlint.project.settings_file import KEYS, NearestSettings, common_folder, find, load, override, with_extended

CODES = ("INI000", "INI101", "INI301", "INI302", "INI901")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    file = write(
        tmp_path / "pyproject.toml",
        """
        [tool.initlint]
        select = ["INI3"]
        ignore = ["INI302"]
        extend-select = ["INI901"]
        exclude = ["old"]
        extend-exclude = ["older"]
        force-exclude = true
        respect-gitignore = false
        fail-on = "warning"
        output-format = "concise"
        fixable = ["INI3"]
        unfixable = ["INI301"]
        src = ["lib"]
        [tool.initlint.per-file-ignores]
        "tests/*" = ["ALL"]
        [tool.initlint.initializers]
        "mine.fill_" = "zeros_"
        [tool.initlint.activations]
        "mine.Swish" = "silu"
        [tool.initlint.base-classes]
        "mine.Base" = ["init_weights"]
        """,
    )
    assert load(file) == Settings(
        select=("INI3",),
        ignore=("INI302",),
        extend_select=("INI901",),
        per_file_ignores={"tests/*": ("ALL",)},
        exclude=("old",),
        extend_exclude=("older",),
        force_exclude=True,
        respect_gitignore=False,
        fail_on=Severity.WARNING,
        output_format="concise",
        fixable=("INI3",),
        unfixable=("INI301",),
        src=("lib",),
        initializers={"mine.fill_": LibraryInitializer("torch.nn.init.zeros_", "tensor", signature("tensor"))},
        activations={"mine.Swish": "silu"},
        base_classes={"mine.Base": frozenset({"init_weights"})},
        root=tmp_path,
        file=file,
    )


def test_every_field_but_the_derived_ones_has_a_key() -> None:
    keys = {key.replace("-", "_") for key in KEYS}
    assert {field.name for field in fields(Settings)} - keys == {
        "root",
        "file",
        "nearest",
        "command_line",
        "command_line_exclude",
        "command_line_ignores",
    }


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().select = ("INI3",)  # type: ignore[misc]


def test_the_file_of_its_own_has_its_keys_at_the_top(tmp_path: Path) -> None:
    file = write(tmp_path / "initlint.toml", 'ignore = ["INI3"]\n')
    assert load(file).ignore == ("INI3",)


def test_a_byte_order_mark_is_no_key(tmp_path: Path) -> None:
    file = tmp_path / "initlint.toml"
    file.write_bytes(b'\xef\xbb\xbfignore = ["INI3"]\n')
    assert load(file).ignore == ("INI3",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extend-selct = []", "unknown key `extend-selct`; did you mean `extend-select`?"),
        ("extend_select = []", "unknown key `extend_select`; did you mean `extend-select`?"),
        ("zzz = 1", "unknown key `zzz`"),
        ('select = "INI3"', "`select` must be a list of strings"),
        ("select = [1]", "`select` must be a list of strings"),
        ("force-exclude = 1", "`force-exclude` must be true or false"),
        ('fail-on = "bad"', "`fail-on` must be one of info, warning, error"),
        ('output-format = "xml"', "`output-format` must be one of azure, concise, full, github"),
        ('per-file-ignores = ["a"]', "`per-file-ignores` must be a table from patterns to lists of codes"),
        ("select = [", "is not valid TOML"),
        ("activations = []", "`activations` must be a table"),
        ("activations.'a.B' = 1", "in `activations`: `a.B` must be the name of an activation, such as `relu`"),
        ("activations.'a.B' = 'geluu'", "in `activations`: `a.B`: unknown activation `geluu`; did you mean `gelu`?"),
        ("activations.B = 'gelu'", "in `activations`: `B` must be a dotted name, such as `package.module.B`"),
        ("initializers.f = 'zeros_'", "in `initializers`: `f` must be a dotted name, such as `package.module.f`"),
        ("initializers.'a.f' = 1", "in `initializers`: `a.f` must be the name of an initializer, or a table"),
        (
            "initializers.'a.f' = 'kaiming_normal'",
            "in `initializers`: `a.f`: unknown initializer `kaiming_normal`; did you mean `kaiming_normal_`?",
        ),
        (
            "initializers.'a.f' = { takes = 'module' }",
            "in `initializers`: `a.f`: `initializer` must be the name of an initializer, such as `kaiming_normal_`",
        ),
        (
            "initializers.'a.f' = { initialiser = 'zeros_' }",
            "in `initializers`: `a.f`: unknown key `initialiser`; did you mean `initializer`?",
        ),
        (
            "initializers.'a.f' = { initializer = 'zeros_', takes = 'layer' }",
            "in `initializers`: `a.f`: `takes` must be one of tensor, module",
        ),
        (
            "initializers.'a.f' = { initializer = 'normal_', arguments = { sdt = 1 } }",
            "in `initializers`: `a.f`: unknown argument `sdt`; did you mean `std`?",
        ),
        (
            "initializers.'a.f' = { initializer = 'normal_', arguments = { std = [1] } }",
            "in `initializers`: `a.f`: `arguments.std` must be a number or a string",
        ),
        (
            "initializers.'a.f' = { initializer = 'normal_', arguments = 1 }",
            "in `initializers`: `a.f`: `arguments` must be a table",
        ),
        (
            "initializers.'a.f' = { initializer = 'normal_', parameters = 'w' }",
            "in `initializers`: `a.f`: `parameters` must be a list of strings",
        ),
        (
            "initializers.'a.f' = { initializer = 'normal_', parameters = [] }",
            "in `initializers`: `a.f`: `parameters` must begin with the one that takes the tensor or module",
        ),
        ("base-classes.'a.B' = 'f'", "in `base-classes`: `a.B` must be a list of strings"),
    ],
)
def test_what_cannot_be_used_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path / "initlint.toml", text)
    with pytest.raises(ConfigurationError) as error:
        load(file)
    assert str(error.value).startswith(f"{file}: {message}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path / "initlint.toml")


def test_the_nearest_file_with_a_table_is_found(tmp_path: Path) -> None:
    outer = write(tmp_path / "pyproject.toml", "[tool.initlint]\n")
    write(tmp_path / "package" / "pyproject.toml", "[tool.ruff]\n")
    below = tmp_path / "package" / "models"
    below.mkdir()
    assert find(below) == outer
    assert find(below / "net.py") == outer
    own = write(tmp_path / "package" / "initlint.toml", "")
    assert find(below) == own


def test_its_own_file_goes_before_the_shared_one(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.initlint]\n")
    own = write(tmp_path / "initlint.toml", "")
    assert find(tmp_path) == own


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), {"INI101", "INI301"}),
        (Selection(select=("INI3",)), {"INI301", "INI302"}),
        (Selection(select=("ini301",)), {"INI301"}),
        (Selection(select=("ALL",)), {"INI101", "INI301", "INI302"}),
        (Selection(select=()), set()),
        (Selection(ignore=("INI3",)), {"INI101"}),
        (Selection(extend_select=("INI302",)), {"INI101", "INI301", "INI302"}),
        (Selection(select=("INI3",), ignore=("INI301",)), {"INI302"}),
        (Selection(select=("INI301",), ignore=("INI3",)), {"INI301"}),
        (Selection(select=("INI301",), ignore=("INI301",)), set()),
        (Selection(ignore=("ALL",), extend_select=("INI302",)), {"INI302"}),
    ],
)
def test_the_most_specific_selector_wins(selection: Selection, expected: set[str]) -> None:
    default = {"INI101": True, "INI301": True, "INI302": False}
    assert {code for code, on in default.items() if selection.decide(code, on)} == expected


def test_the_command_line_is_a_layer_above_the_file() -> None:
    settings = Settings(select=("INI301",), command_line=Selection(ignore=("INI3",)))
    assert not settings.enabled("INI301", default=True)
    settings = Settings(ignore=("INI301",), command_line=Selection(select=("INI301",)))
    assert settings.enabled("INI301", default=True)
    settings = Settings(extend_select=("INI302",), command_line=Selection(extend_select=("INI901",)))
    assert settings.enabled("INI302", default=False)
    assert settings.enabled("INI901", default=False)


def test_an_unreadable_file_is_always_reported() -> None:
    settings = Settings(select=(), ignore=("INI000",), command_line=Selection(ignore=("ALL",)))
    assert settings.enabled("INI000", default=True, always_on=True)
    assert not settings.enabled("INI000", default=True)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(select=("INI3", "all")),
        Settings(per_file_ignores={"a.py": ("INI9",)}),
        Settings(command_line=Selection(ignore=("INI302",))),
    ],
)
def test_known_selectors_pass(settings: Settings) -> None:
    settings.check_selectors(CODES)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(select=("INI309",)), r"unknown rule selector `INI309` in `select`; did you mean `INI30\d`\?"),
        (Settings(extend_select=("F401",)), "`F401` in `extend-select`"),
        (Settings(ignore=("",)), "`` in `ignore`"),
        (Settings(unfixable=("INI4",)), "`INI4` in `unfixable`"),
        (Settings(per_file_ignores={"a.py": ("X",)}), "`X` in `per-file-ignores.a.py`"),
        (Settings(command_line=Selection(select=("X",))), "`X` in `select`"),
    ],
)
def test_unknown_selectors_do_not(settings: Settings, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        settings.check_selectors(CODES)


def test_fixable_and_unfixable() -> None:
    assert Settings().may_fix("INI301")
    assert not Settings(unfixable=("INI3",)).may_fix("INI301")
    assert not Settings(fixable=("INI9",)).may_fix("INI301")
    assert Settings(fixable=("INI301",), unfixable=("INI3",)).may_fix("INI301")


def test_extend_starts_from_another_file(tmp_path: Path) -> None:
    write(
        tmp_path / "base.toml",
        'select = ["INI3"]\nextend-exclude = ["old/"]\nfail-on = "error"\n'
        '[severity]\nINI301 = "error"\nINI302 = "info"\n[per-file-ignores]\n"a.py" = ["INI1"]\n',
    )
    file = write(
        tmp_path / "sub" / "pyproject.toml",
        '[tool.initlint]\nextend = "../base.toml"\nselect = ["INI1"]\nextend-exclude = ["new/"]\n'
        '[tool.initlint.severity]\nINI302 = "warning"\n[tool.initlint.per-file-ignores]\n"b.py" = ["INI2"]\n',
    )
    settings = load(file)
    assert (settings.select, settings.extend_exclude, settings.fail_on) == (("INI1",), ("old/", "new/"), Severity.ERROR)
    assert settings.severity == {"INI301": Severity.ERROR, "INI302": Severity.WARNING}
    assert settings.per_file_ignores == {"b.py": ("INI2",)}
    assert (settings.root, settings.file) == (file.parent, file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extend = "gone.toml"', "`extend` names gone.toml, which does not exist"),
        ('extend = "initlint.toml"', "`extend` leads back to initlint.toml"),
        ("extend = 3", "`extend` must be a string"),
        ('extend = "a\\u0000b"', "`extend` names a\0b, which does not exist"),
        (f'extend = "{"a" * 5000}"', "`extend` names aaa"),
        ('extend = "~no-such-user/a"', "`extend` names ~no-such-user/a, which does not exist"),
    ],
)
def test_extend_that_leads_nowhere(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path / "initlint.toml", text)
    with pytest.raises(ConfigurationError, match=message):
        load(file)


def test_a_circle_of_files_that_extend_each_other(tmp_path: Path) -> None:
    file = write(tmp_path / "a.toml", 'extend = "b.toml"')
    write(tmp_path / "b.toml", 'extend = "a.toml"')
    with pytest.raises(ConfigurationError, match="leads back"):
        load(file)


def test_a_long_chain_of_files_that_extend_each_other_is_not_followed_to_its_end(tmp_path: Path) -> None:
    for number in range(40):
        write(tmp_path / f"{number}.toml", f'extend = "{number + 1}.toml"' if number < 39 else "")
    assert load(tmp_path / "10.toml").file == tmp_path / "10.toml"
    with pytest.raises(ConfigurationError, match=r"32.toml: `extend` leads through more than 32 files"):
        load(tmp_path / "0.toml")
    assert len(list(with_extended(tmp_path / "0.toml"))) < 40


@pytest.mark.parametrize(
    "text", ["a" + ".a" * 100_000 + " = 1", "['a'" + ' . "b"' * 100 + "]", "[" * 100_000], ids=["key", "table", "list"]
)
def test_what_is_nested_deeply_is_not_parsed(tmp_path: Path, text: str) -> None:
    file = write(tmp_path / "initlint.toml", text)
    with pytest.raises(ConfigurationError, match="is not valid TOML"):
        load(file)


def test_a_file_of_settings_has_a_size(tmp_path: Path) -> None:
    file = write(tmp_path / "initlint.toml", "# " + "a" * 2**20)
    with pytest.raises(ConfigurationError, match="cannot be read: larger than 1 MiB"):
        load(file)


def test_a_setting_of_the_command_line() -> None:
    assert override(Settings(), 'fail-on = "warning"').fail_on is Severity.WARNING
    assert override(Settings(), 'severity = {INI3 = "error"}').severity == {"INI3": Severity.ERROR}
    for wrong, message in (("fail-on = warning", "neither a file nor"), ("colour = 3", "unknown key `colour`")):
        with pytest.raises(ConfigurationError, match=message):
            override(Settings(), wrong)


def test_names_of_rules_stand_for_their_codes() -> None:
    names = {"xavier-before-relu": "INI301", "kaiming-before-tanh": "INI302"}
    settings = Settings(
        select=("Xavier-before-ReLU", "INI9"),
        per_file_ignores={"a.py": ("kaiming-before-tanh",)},
        severity={"xavier-before-relu": Severity.ERROR},
        command_line=Selection(ignore=("kaiming-before-tanh",)),
    ).resolved(names)
    assert settings.select == ("INI301", "INI9")
    assert settings.per_file_ignores == {"a.py": ("INI302",)}
    assert settings.severity == {"INI301": Severity.ERROR}
    assert settings.command_line.ignore == ("INI302",)


def test_the_longest_selector_gives_the_severity() -> None:
    severities = {"ALL": Severity.INFO, "INI3": Severity.WARNING, "INI301": Severity.ERROR}
    settings = Settings(severity=severities)
    given = [settings.severity_of(code, Severity.ERROR) for code in ("INI101", "INI302", "INI301")]
    assert given == [Severity.INFO, Severity.WARNING, Severity.ERROR]
    assert Settings().severity_of("INI301", Severity.WARNING) is Severity.WARNING


def test_each_file_has_the_settings_of_the_nearest_file(tmp_path: Path) -> None:
    outer = write(tmp_path / "initlint.toml", 'fail-on = "error"')
    inner = write(tmp_path / "a" / "pyproject.toml", '[tool.initlint]\nfail-on = "warning"')
    write(tmp_path / "b" / "pyproject.toml", "[tool.other]")
    base = load(outer)
    nearest = NearestSettings(base, lambda settings: replace(settings, force_exclude=True))
    assert nearest(tmp_path / "x.py") is nearest(tmp_path / "b" / "deep" / "x.py") is base
    assert nearest(tmp_path / "a" / "x.py").file == inner
    assert nearest(tmp_path / "a" / "deep" / "x.py") is nearest(tmp_path / "a" / "x.py")
    assert nearest(tmp_path / "a" / "x.py").force_exclude


def test_the_folder_of_several_paths(tmp_path: Path) -> None:
    one, other = tmp_path / "a" / "x.py", tmp_path / "b"
    assert common_folder([one, other]) == common_folder([other, one]) == tmp_path
    assert common_folder([one]) == one
    assert common_folder([]) == Path()
