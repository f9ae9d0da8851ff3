from __future__ import annotations

import inspect

import pytest

from initlint.facts.canonical_names import canonical


@pytest.mark.parametrize(
    ("written", "documented"),
    [
        ("torch.nn.modules.linear.Linear", "torch.nn.Linear"),
        ("torch.nn.modules.conv.Conv2d", "torch.nn.Conv2d"),
        ("torch.nn.modules.Linear", "torch.nn.Linear"),
        ("torch.nn.modules.Module", "torch.nn.Module"),
        ("torch.nn.modules.module.Module.apply", "torch.nn.Module.apply"),
        ("torch.nn.modules.container.Sequential", "torch.nn.Sequential"),
        ("torch.nn.modules.transformer.TransformerEncoder", "torch.nn.TransformerEncoder"),
        ("torch.nn.modules.activation.F.relu", "torch.nn.functional.relu"),
        ("torch.nn.parameter.Parameter", "torch.nn.Parameter"),
        ("torch.nn.parameter.Tensor", "torch.Tensor"),
        ("torch.functional.einsum", "torch.einsum"),
        ("torch._C._nn.gelu", "torch.nn.functional.gelu"),
        ("torch._VF.dropout", "torch.dropout"),
        ("torch.nn.utils.weight_norm.weight_norm", "torch.nn.utils.weight_norm"),
    ],
)
def test_it_gives_the_documented_name(written: str, documented: str) -> None:
    assert canonical(written) == documented


@pytest.mark.parametrize(
    "name",
    [
        "torch",
        "torch.relu",
        "torch.nn.Linear",
        "torch.nn.modules",
        "torch.nn.modules.conv",
        "torch.nn.modules.batchnorm._BatchNorm",
        "torch.nn.modules.utils._pair",
        "torch.nn.modules.linear.NonDynamicallyQuantizableLinear",
        "torch.nn.init.xavier_uniform_",
        "torch.nn.functional.relu",
        "torch.nn.utils.parametrizations.weight_norm",
        "torch.nn.parallel.DistributedDataParallel",
        "torchvision.ops.misc.FrozenBatchNorm2d",
        "flax.linen.modules.linear.Linear",
    ],
)
def test_it_leaves_other_names_alone(name: str) -> None:
    assert canonical(name) == name


def test_it_finds_every_module_of_torch_from_where_it_is_defined() -> None:
    nn = pytest.importorskip("torch.nn")
    classes = [c for c in vars(nn).values() if inspect.isclass(c) and issubclass(c, nn.Module)]
    modules = [c for c in classes if c.__module__.startswith("torch.nn.modules.")]
    assert len(modules) > 100
    for module in modules:
        assert canonical(f"{module.__module__}.{module.__qualname__}") == f"torch.nn.{module.__qualname__}"
