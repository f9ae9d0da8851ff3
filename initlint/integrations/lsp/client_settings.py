"""Settings of the editor, which override those of the project: `initializationOptions` and the section `initlint`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from initlint._records import dataclass
from initlint.diagnostics import Severity
from initlint.project.settings import ConfigurationError, Selection, Settings
from initlint.project.settings_file import NearestSettings, read_table, settings_for
from initlint.project.user_tables import suggestion
from initlint.rules import all_rules

SECTION = "initlint"
_WHERE = "the settings of the editor"
_CAPITAL = re.compile("(?<=[a-z])([A-Z])")
_LINT_KEYS = ("select", "extend-select", "ignore", "severity", "fixable", "unfixable")
_SWITCHES = ("inlay-hints", "code-lens")
_KEYS = frozenset((*_LINT_KEYS, *_SWITCHES))


@dataclass(frozen=True)
class ClientSettings:
    """What the user sets in the editor. `selection` and `severity` are a layer above the project's, as options are.

    `fixable` replaces the project's list, `unfixable` adds to it.
    """

    selection: Selection = field(default_factory=Selection)
    severity: Mapping[str, Severity] = field(default_factory=dict)
    fixable: tuple[str, ...] | None = None
    unfixable: tuple[str, ...] = ()
    inlay_hints: bool = False
    code_lens: bool = True

    @classmethod
    def read(cls, options: object) -> ClientSettings:
        """The settings in `options`, JSON with keys as `extendSelect` or `extend-select`; None sets nothing.

        Raises `ConfigurationError`: an unknown key, a value of the wrong type, a selector that matches no rule.
        """
        if options is None:
            return cls()
        if not isinstance(options, Mapping):
            raise ConfigurationError(f'{_WHERE} must be an object, as {{"select": ["ALL"]}}')
        table = {_dashed(key): value for key, value in options.items() if value is not None}
        unknown = next((key for key in options if _dashed(key) not in _KEYS), None)
        if unknown is not None:
            names = (*map(_camel_case, sorted(_KEYS)), *sorted(_KEYS))
            raise ConfigurationError(f"{_WHERE}: unknown key `{unknown}`{suggestion(unknown, names)}")
        switches = {key: table.pop(key) for key in _SWITCHES if key in table}
        wrong = next((key for key, value in switches.items() if not isinstance(value, bool)), None)
        if wrong is not None:
            raise ConfigurationError(f"{_WHERE}: `{_camel_case(wrong)}` must be true or false")
        values = read_table(table, _WHERE)
        selection = Selection(values.get("select"), values.get("extend_select", ()), values.get("ignore", ()))
        others = {key: values[key] for key in ("severity", "fixable", "unfixable") if key in values}
        settings = cls(selection, **others, **{key.replace("-", "_"): value for key, value in switches.items()})
        settings.check_selectors()
        return settings

    def check_selectors(self) -> None:
        """Raise `ConfigurationError` if a selector matches no rule."""
        resolved = self.apply(Settings()).resolved({rule.name: rule.code for rule in all_rules()})
        try:
            resolved.check_selectors(rule.code for rule in all_rules())
        except ConfigurationError as error:
            raise ConfigurationError(f"{_WHERE}: {error}") from None

    def apply(self, settings: Settings) -> Settings:
        """`settings` of a project, overridden by these."""
        return replace(
            settings,
            command_line=self.selection,
            severity={**settings.severity, **self.severity},
            fixable=settings.fixable if self.fixable is None else self.fixable,
            unfixable=(*settings.unfixable, *self.unfixable),
        )

    def settings_for(self, path: Path) -> Settings:
        """The settings of the project of `path`, overridden by these. Raises `ConfigurationError`."""
        base = self.apply(settings_for(path))
        return replace(base, nearest=NearestSettings(base, self.apply))


NO_SETTINGS = ClientSettings()


def own_section(sent: object) -> object:
    """The settings of initlint among those that an editor sends; None if there are none.

    Some editors send all sections, others only the one of the server, without its name.
    """
    if not isinstance(sent, Mapping):
        return None
    if SECTION in sent:
        return sent[SECTION]
    return sent if any(_dashed(key) in _KEYS for key in sent) else None


def _dashed(key: str) -> str:
    return _CAPITAL.sub(lambda found: f"-{found[1].lower()}", key)


def _camel_case(key: str) -> str:
    first, *others = key.split("-")
    return "".join((first, *map(str.capitalize, others)))
