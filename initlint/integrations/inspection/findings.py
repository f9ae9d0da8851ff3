"""What values alone can show: weights that are zero, constant, copied or not finite, and a signal that is lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from initlint.diagnostics import Severity
from initlint.integrations.inspection.layers import LayerWeights, is_constant
from initlint.integrations.inspection.measuring import Signals

SMALL = 1e-4
"""A signal or gradient below this part of its start is called lost, one above the inverse is called exploding."""

_HUGE, _TINY = 1e10, 1e-30
"""No initializer draws beyond these; memory that nothing has written often holds such values."""


@dataclass(frozen=True, slots=True)
class ModuleFinding:
    """A finding about a module object. `layer`: the path of the layer, or of the parameter."""

    severity: Severity
    layer: str
    message: str


@dataclass(frozen=True, slots=True)
class _Subject:
    model: nn.Module
    rows: Sequence[LayerWeights]
    signals: Signals | None

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """By path, without those of lazy layers, which have no values yet."""
        named = self.model.named_parameters()
        return {path: p for path, p in named if not isinstance(p, nn.UninitializedParameter)}

    @property
    def hidden(self) -> Sequence[LayerWeights]:
        """The layers that were called, without the last one: outputs may have any scale."""
        return [row for row in self.rows if row.signal is not None][:-1]


def findings(model: nn.Module, rows: Sequence[LayerWeights], signals: Signals | None) -> tuple[ModuleFinding, ...]:
    """All findings, errors first. Those that need the signal are there only with `signals`."""
    subject = _Subject(model, rows, signals)
    found = [finding for check in _CHECKS for finding in check(subject)]
    return tuple(sorted(found, key=lambda finding: -finding.severity))


def _not_finite(subject: _Subject) -> Iterator[ModuleFinding]:
    bad = False
    for path, parameter in subject.parameters.items():
        values = parameter.detach()
        if values.is_floating_point() and not bool(values.isfinite().all()):
            bad = True
            kind = "NaN" if bool(values.isnan().any()) else "infinity"
            yield ModuleFinding(Severity.ERROR, path, f"contains {kind}")
    for path, signal in (subject.signals.signal if subject.signals and not bad else {}).items():
        if not math.isfinite(signal):
            yield ModuleFinding(Severity.ERROR, path, "its output is the first that is not finite")
            return


def _never_learns(subject: _Subject) -> Iterator[ModuleFinding]:
    """Weights whose gradient is exactly zero, while other parameters have one."""
    if subject.signals is None:
        return
    gradients = subject.signals.weight_gradients
    if not any(bool(gradient.any()) for gradient in gradients.values()):
        return
    parameters = subject.parameters
    for row in subject.rows:
        gradient = gradients.get(row.path)
        if row.signal is None or not row.trainable or (gradient is not None and bool(gradient.any())):
            continue
        if is_constant(parameters[row.path]) and row.mean == 0.0:
            yield ModuleFinding(Severity.ERROR, row.path, "is zero, and its gradient is zero: it never learns")
        elif gradient is None:
            yield ModuleFinding(Severity.WARNING, row.path, "gets no gradient from this input")
        else:
            yield ModuleFinding(Severity.WARNING, row.path, "its gradient is zero for this input")


def _constant(subject: _Subject) -> Iterator[ModuleFinding]:
    parameters = subject.parameters
    gradients = subject.signals.weight_gradients if subject.signals else {}
    for row in subject.rows:
        values = parameters[row.path].detach()
        if len(row.shape) < 2 or row.shape[0] < 2 or row.mean == 0.0 or not is_constant(values):
            continue
        gradient = gradients.get(row.path)
        rows = None if gradient is None else gradient.reshape(row.shape[0], -1)
        if rows is not None and bool(torch.isclose(rows, rows[:1], rtol=1e-4).all()):
            message = f"is {row.mean:.4g} everywhere, and its units get equal gradients: they stay identical"
            yield ModuleFinding(Severity.ERROR, row.path, message)
        else:
            yield ModuleFinding(Severity.WARNING, row.path, f"is {row.mean:.4g} everywhere: its units start identical")


def _copies(subject: _Subject) -> Iterator[ModuleFinding]:
    """Parameters of several layers with the same random values."""
    groups: dict[tuple[object, ...], list[LayerWeights]] = {}
    parameters = subject.parameters
    for row in subject.rows:
        if len(row.shape) >= 2 and row.trainable and row.std > 0:
            groups.setdefault((row.kind, row.shape, row.mean, row.std), []).append(row)
    for first, *others in groups.values():
        values = parameters[first.path]
        copies = [row.path for row in others if torch.equal(parameters[row.path], values)]
        if copies:
            more = f" and {len(copies) - 1} more" if len(copies) > 1 else ""
            message = f"has the same random values as `{copies[0]}`{more}: copies of one layer?"
            yield ModuleFinding(Severity.WARNING, first.path, message)


def _uninitialized(subject: _Subject) -> Iterator[ModuleFinding]:
    for path, parameter in subject.parameters.items():
        if not parameter.is_floating_point():
            continue
        sizes = parameter.detach().abs().double()
        sizes = sizes[sizes.isfinite() & (sizes > 0)]
        if sizes.numel() and (float(sizes.max()) > _HUGE or float(sizes.max()) < _TINY):
            message = f"holds values up to {float(sizes.max()):.2g}: memory that nothing has written (torch.empty)?"
            yield ModuleFinding(Severity.WARNING, path, message)


def _scale(subject: _Subject) -> Iterator[ModuleFinding]:
    """The worst hidden layer, if its signal is lost or explodes on the way, and the same for the gradient."""
    hidden = [row for row in subject.hidden if row.signal and math.isfinite(row.signal)]
    if len(hidden) < 2:
        return
    signals = [row.signal for row in hidden if row.signal]
    yield from _worst([row.layer for row in hidden], [signal / signals[0] for signal in signals], "signal", "first")
    backwards = [row for row in reversed(hidden) if row.gradient and math.isfinite(row.gradient)]
    gradients = [row.gradient for row in backwards if row.gradient]
    shares = [gradient / gradients[0] for gradient in gradients]
    yield from _worst([row.layer for row in backwards], shares, "gradient", "last")


def _worst(layers: Sequence[str], shares: Sequence[float], what: str, start: str) -> Iterator[ModuleFinding]:
    if not shares:
        return
    low = min(range(len(shares)), key=shares.__getitem__)
    high = max(range(len(shares)), key=shares.__getitem__)
    if shares[low] < SMALL:
        message = f"{shares[low]:.2g} of the {what}'s mean square at the {start} hidden layer arrives here"
        yield ModuleFinding(Severity.WARNING, layers[low], message)
    if shares[high] > 1 / SMALL:
        message = f"the {what}'s mean square is {shares[high]:.2g} times that at the {start} hidden layer"
        yield ModuleFinding(Severity.WARNING, layers[high], message)


_CHECKS: tuple[Callable[[_Subject], Iterator[ModuleFinding]], ...] = (
    _not_finite,
    _never_learns,
    _constant,
    _copies,
    _uninitialized,
    _scale,
)
