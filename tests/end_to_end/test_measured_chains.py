"""The factors f and P that messages speak of, against what torch measures on the fixture models."""

from __future__ import annotations

import importlib.util
import math
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from initlint.analysis.chain_products import Chain, Link, all_chains
from initlint.linter.pipeline import check, check_models
from initlint.project.settings import Settings
from tests.support.paths import FIXTURES

torch = pytest.importorskip("torch")

FILES = sorted(p for p in FIXTURES.rglob("*.py") if p.name in ("bad.py", "good.py"))
"""The others initialise a model from outside of its class, or are about something else."""

DRAWS = {"Linear": 100, "Conv1d": 20, "Conv2d": 20}
"""Of narrow layers each single draw is far from the mean; a convolution is drawn and measured at many places."""

CODES = ("INI301", "INI306", "INI404")


def built(path: Path, name: str) -> Any:
    """The class `name` of a fixture; None if it is no class that is built without arguments, or building raises."""
    spec = importlib.util.spec_from_file_location(f"fixture_{path.parent.name}_{path.stem.replace('.', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        with mock.patch.object(sys, "argv", [str(path)]):  # a script reads its own arguments
            spec.loader.exec_module(module)
        cls = getattr(module, name)
        cls()
    except (AttributeError, ImportError, NameError, RuntimeError, TypeError, ValueError):
        return None
    return cls


def chains() -> Iterator[Any]:
    """Every chain in a fixture model whose layers are all before a ReLU or leaky ReLU: others need a normal input."""
    for path in FILES:
        models = check_models([path], Settings(root=FIXTURES), rules=False).models
        named = Counter(model.name for model in models)
        for model in models:
            if named[model.name] > 1:
                continue  # what the file does with an object of its own is not what the class builds
            for chain in all_chains(model):
                types = {link.layer.type for link in chain.links}
                if len(types) == 1 and len(chain.links) <= 10 and all(map(_is_measured, chain.links)):
                    where = f"{path.relative_to(FIXTURES).as_posix()}:{model.name}.{chain.links[0].layer.path}"
                    yield pytest.param(path, model.name, chain, id=where)


def _is_measured(link: Link) -> bool:
    layer = link.layer
    known = layer.type in ("Linear", "Conv1d", "Conv2d") and "*" not in layer.path and not link.factors.at_equal_fans
    return known and link.following.op in ("layer", "relu", "leaky_relu")


def apply(link: Link, x: Any) -> Any:
    """What follows the layer of the link."""
    if link.following.op == "layer":
        return x
    slope = link.following.arguments.get("negative_slope", 0.01 if link.following.op == "leaky_relu" else 0.0)
    return torch.nn.functional.leaky_relu(x, slope)


def signal(module: Any, moment: float) -> Any:
    """Normal input of that mean square, with as many positions as the mean over a convolution's output needs."""
    if isinstance(module, torch.nn.Linear):
        return math.sqrt(moment) * torch.randn(16, module.in_features)
    side = 192 if module.in_channels < 16 else 64 if module.in_channels < 128 else 24
    return math.sqrt(moment) * torch.randn(1, module.in_channels, *([side] * (module.weight.dim() - 2)))


@torch.no_grad()
def measured(model: Any, chain: Chain) -> tuple[list[float], float]:
    """The factor of each link on a normal input as large as its own, and the output of the whole; padding aside."""
    modules = [model.get_submodule(link.layer.path) for link in chain.links]
    factors, whole = [], signal(modules[0], chain.links[0].before)
    after = chain.links[0].before
    for module, link in zip(modules, chain.links, strict=True):
        if not math.isclose(link.before, after):
            whole = torch.nn.functional.max_pool2d(whole, 2)  # the only pool between layers of the fixtures
        after = link.after
        if hasattr(module, "padding"):
            module.padding = 0
        factors.append(apply(link, module(signal(module, link.before))).square().mean().item() / link.before)
        whole = apply(link, module(whole))
    return factors, whole.square().mean().item()


CASES = list(chains())


@cache
def draws(path: Path, name: str) -> list[list[tuple[list[float], float]]]:
    """The measurements of each chain of a class, over random draws of its weights, on models built once for all chains."""
    cls = built(path, name)
    if cls is None:
        return []
    torch.manual_seed(0)
    of_class = [case.values[2] for case in CASES if case.values[:2] == (path, name)]
    counts = [DRAWS[chain.links[0].layer.type] for chain in of_class]
    results: list[list[tuple[list[float], float]]] = [[] for _ in of_class]
    for number in range(max(counts)):
        model = cls()
        for chain, count, result in zip(of_class, counts, results, strict=True):
            if number < count:
                result.append(measured(model, chain))
    return results


@pytest.mark.parametrize(("path", "name", "chain"), CASES)
def test_predicted_is_measured(path: Path, name: str, chain: Chain) -> None:
    results = draws(path, name)
    if not results:
        pytest.skip(f"{name} cannot be built")
    of_class = [case.values[2] for case in CASES if case.values[:2] == (path, name)]
    result = results[of_class.index(chain)]
    for at, link in enumerate(chain.links):
        factor = statistics.mean(factors[at] for factors, _ in result)
        assert factor == pytest.approx(link.after / link.before, rel=0.15)
        assert link.factors.signal in (None, link.after / link.before)
    assert statistics.mean(whole for _, whole in result) == pytest.approx(chain.links[-1].after, rel=0.15)


@pytest.mark.parametrize("code", CODES)
def test_every_rule_that_names_a_product_has_a_measured_chain(code: str) -> None:
    settings = Settings(root=FIXTURES, select=(code,))
    found = {d.span.file for d in check(FILES, settings).diagnostics}
    assert found & {str(case.values[0]) for case in CASES if len(case.values[2].links) > 1}
