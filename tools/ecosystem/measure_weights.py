"""The measurements of docs/found.md, on the released packages.

    pip install transformers==5.23.0 diffusers==0.42.1 'gluonts[torch]==0.17.0' 'torch==2.13.0'
    python -m tools.ecosystem.measure_weights

Builds each model from its default configuration, without pretrained weights, runs the package's own init once more and
prints the standard deviation of the weight, that of torch's default, that of the init call, and whether the init
changed anything. Packages that are not installed are named and left out.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch import nn


def positional_std(conv: nn.Conv1d) -> float:
    """The standard deviation that wav2vec 2.0 sets in its positional convolution: 2 sqrt(1 / (k c))."""
    return 2 * math.sqrt(1 / (conv.kernel_size[0] * conv.in_channels))


def kaiming_std(conv: nn.Conv1d) -> float:
    """The standard deviation of `kaiming_normal_` with its defaults: sqrt(2 / fan_in)."""
    return math.sqrt(2 / conv.weight[0].numel())


Case = tuple[str, str, dict[str, Any], str, Callable[[nn.Conv1d], float]]
_POSITION = "encoder.pos_conv_embed.conv"
_SMALL = {"num_hidden_layers": 1}
CASES: tuple[Case, ...] = (
    ("wav2vec2", "Wav2Vec2", _SMALL, _POSITION, positional_std),
    ("wavlm", "WavLM", _SMALL, _POSITION, positional_std),
    ("sew", "SEW", _SMALL, _POSITION, positional_std),
    ("sew_d", "SEWD", _SMALL, _POSITION, positional_std),
    ("unispeech", "UniSpeech", _SMALL, _POSITION, positional_std),
    ("unispeech_sat", "UniSpeechSat", _SMALL, _POSITION, positional_std),
    ("hubert", "Hubert", _SMALL, _POSITION, kaiming_std),
    ("encodec", "Encodec", {}, "encoder.layers.0.conv", kaiming_std),
    ("vits", "Vits", {}, "flow.flows.0.wavenet.in_layers.0", kaiming_std),
)
"""Folder of the model in transformers, prefix of its classes, configuration, path of the layer, intended std."""


def speech_models() -> Iterator[str]:
    """One line for each model of transformers that is initialized after weight norm is applied."""
    for folder, prefix, options, path, intended_std in CASES:
        package = f"transformers.models.{folder}"
        config = getattr(importlib.import_module(f"{package}.configuration_{folder}"), f"{prefix}Config")(**options)
        torch.manual_seed(0)
        model = getattr(importlib.import_module(f"{package}.modeling_{folder}"), f"{prefix}Model")(config)
        conv = model.get_submodule(path)
        before = {name: parameter.detach().clone() for name, parameter in conv.named_parameters() if "weight" in name}
        for module in model.modules():
            if module is conv or getattr(module, "conv", None) is conv:
                model._init_weights(module)
        unchanged = all(
            torch.equal(before[name], parameter) for name, parameter in conv.named_parameters() if name in before
        )
        weight = conv.weight.detach()
        default = 1 / math.sqrt(3 * weight[0].numel())
        yield (
            f"{folder}: std {weight.std():.5f}, torch's default {default:.5f}, asked for {intended_std(conv):.5f}; "
            f"a second init {'changes nothing' if unchanged else 'changes it'}"
        )


def wuerstchen() -> Iterator[str]:
    """The largest absolute weight of the layers that `_init_weights` scales, once for each submodule."""
    name = "diffusers.pipelines.deprecated.wuerstchen.modeling_wuerstchen_diffnext"
    torch.manual_seed(0)
    model = importlib.import_module(name).WuerstchenDiffNeXt(
        c_hidden=[32, 64, 64, 64], nhead=[-1, 2, 2, 2], blocks=[4, 4, 14, 4], c_cond=64, clip_embd=64
    )
    largest = [p.abs().max().item() for n, p in model.named_parameters() if n.endswith("channelwise.4.weight")]
    yield (
        f"wuerstchen: {sum(1 for _ in model.modules())} submodules; of {len(largest)} last weights of a block "
        f"{largest.count(0.0)} are exactly 0, the largest of the others {max(largest):.1e}"
    )


def window_merger() -> Iterator[str]:
    """The weights of MiniCPM-V 4.6's window merger, and how often its own `_init_weights` runs."""
    package = "transformers.models.minicpmv4_6"
    modeling = importlib.import_module(f"{package}.modeling_minicpmv4_6")
    config = importlib.import_module(f"{package}.configuration_minicpmv4_6").MiniCPMV4_6VisionConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=1, num_attention_heads=4
    )
    torch.manual_seed(0)
    with mock.patch.object(modeling.MiniCPMV4_6ViTWindowAttentionMerger, "_init_weights") as init:
        merger = modeling.MiniCPMV4_6VisionModel(config).vit_merger
    outside = merger.linear_1.weight[: len(merger.linear_1.weight) // 4, merger.embed_dim :]
    yield (
        f"minicpmv4_6: its init ran {init.call_count} times; std of q_proj {merger.self_attn.q_proj.weight.std():.4f}, "
        f"of linear_2 {merger.linear_2.weight.std():.4f}, of linear_1 outside of its first block {outside.std():.4f}"
    )


def folding_gates() -> Iterator[str]:
    """The gates of EsmFold's sequence attention, by themselves and in the model."""
    modeling = importlib.import_module("transformers.models.esm.modeling_esmfold")
    trunk = {
        "num_blocks": 1,
        "sequence_state_dim": 64,
        "pairwise_state_dim": 32,
        "structure_module": {"sequence_dim": 64, "pairwise_dim": 32, "num_blocks": 1},
    }
    config = importlib.import_module("transformers.models.esm.configuration_esm").EsmConfig(
        vocab_size=33,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        pad_token_id=1,
        mask_token_id=32,
        is_folding_model=True,
        esmfold_config={"trunk": trunk},
    )
    torch.manual_seed(0)
    alone = modeling.EsmFoldSelfAttention(64, 2, 32, gated=True).g_proj
    built = modeling.EsmForProteinFolding(config).trunk.blocks[0].seq_attention.g_proj
    for name, gate in (("by itself", alone), ("in the model", built)):
        weight, bias = gate.weight.detach(), gate.bias.detach()
        yield f"esmfold, gate {name}: std of the weight {weight.std():.4f}, mean of the bias {bias.mean():.4f}"


def norm_gains() -> Iterator[str]:
    """EfficientNet's gains, its output and the gradient of its first convolution, as released and with gains of 1."""
    package = "transformers.models.efficientnet"
    modeling = importlib.import_module(f"{package}.modeling_efficientnet")
    config = importlib.import_module(f"{package}.configuration_efficientnet").EfficientNetConfig(
        image_size=64, width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280
    )
    torch.manual_seed(0)
    model = modeling.EfficientNetModel(config).train()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for name in ("as released", "with gains of 1"):
        if name == "with gains of 1":
            for norm in norms:
                nn.init.ones_(norm.weight)
        torch.manual_seed(1)
        model.zero_grad()
        output = model(torch.randn(8, 3, 64, 64)).last_hidden_state
        output.square().sum().backward()
        gradient = model.embeddings.convolution.weight.grad.abs().max()
        yield (
            f"efficientnet, {name}: {len(norms)} norms with a mean gain of "
            f"{torch.cat([norm.weight for norm in norms]).mean():.4f}; std of the output {output.std():.1e}, "
            f"largest gradient of the first convolution {gradient:.1e}"
        )


def projections_in_a_list() -> Iterator[str]:
    """OneFormer's projections: their parameters in the model, and whether moving it to another type reaches them."""
    package = "transformers.models.oneformer"
    modeling = importlib.import_module(f"{package}.modeling_oneformer")
    config = importlib.import_module(f"{package}.configuration_oneformer").OneFormerConfig(
        hidden_dim=64, conv_dim=64, mask_dim=64
    )
    torch.manual_seed(0)
    module = modeling.OneFormerTransformerModule(in_features=32, config=config).double()
    layers = [layer for layer in module.input_projections if isinstance(layer, nn.Module)]
    own = {id(parameter) for parameter in module.parameters()}
    of_layers = [parameter for layer in layers for parameter in layer.parameters()]
    yield (
        f"oneformer: {len(layers)} layers in the list, {len(of_layers)} parameters, "
        f"{sum(id(parameter) in own for parameter in of_layers)} of them registered; after `.double()` "
        f"{sorted({str(parameter.dtype) for parameter in of_layers})}"
    )


def embeddings_in_a_list() -> Iterator[str]:
    """GluonTS's embeddings of DeepNPTS: how many of their parameters the network has."""
    network = importlib.import_module("gluonts.torch.model.deep_npts._network")
    embedder = network.FeatureEmbedder(cardinalities=[5, 7], embedding_dimensions=[3, 4])
    weights = [embedding.weight for embedding in embedder.embedders]
    yield f"gluonts: {len(weights)} embeddings, {len(list(embedder.parameters()))} parameters of their module"


def main() -> None:
    for measure in (
        speech_models,
        wuerstchen,
        window_merger,
        folding_gates,
        norm_gains,
        projections_in_a_list,
        embeddings_in_a_list,
    ):
        try:
            for line in measure():
                print(line, flush=True)
        except ImportError as error:
            print(f"{measure.__name__}: not measured: {error}")


if __name__ == "__main__":
    main()
