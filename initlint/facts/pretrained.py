"""The functions and classes of other libraries that build a model and fill it with pretrained weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

_VISION = ("torchvision.models.", "timm.", "segmentation_models_pytorch.", "efficientnet_pytorch.", "pretrainedmodels.")
_LANGUAGE = ("transformers.", "pytorch_transformers.", "pytorch_pretrained_bert.")
_HUB = "torch.hub.load"

PRETRAINED_FLAGS = ("weights", "pretrained", "encoder_weights")
"""The keyword arguments that ask for pretrained weights. Any value but None and False does."""

_SECOND_FLAG = frozenset({"timm.create_model", "timm.models.create_model"})
"""The functions whose second argument is `pretrained`. In older versions of torchvision it is the first one."""

_MODEL_CLASS = re.compile(r"(?:Model|Encoder|Decoder|For[A-Z]\w+|LMHead)$")
_TRANSFORMER = re.compile(r"vit|swin|deit|beit|eva0?2|dino", re.IGNORECASE)


def pretrained_layer_types(name: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> tuple[str, ...]:
    """The types of layers that the model certainly has which a call of `name` builds with pretrained weights.

    Empty if the call builds no such model, or may build it without them.
    """
    base, _, method = name.rpartition(".")
    if method == "from_pretrained":
        if base.startswith(_LANGUAGE) and _MODEL_CLASS.search(base):
            return ("Linear",)
        return ("Conv2d",) if base.startswith("efficientnet_pytorch.") else ()
    if not (name.startswith(_VISION) or name == _HUB) or not _asks_for_weights(name, arguments, keywords):
        return ()
    named = " ".join(text for text in (method, *arguments, keywords.get("model_name")) if isinstance(text, str))
    return ("Conv2d", "Linear") if _TRANSFORMER.search(named) else ("Conv2d",)


_STAGES = "*conv1 bn1 relu maxpool *layer1 *layer2 *layer3 *layer4 avgpool fc"
_PARTS: Mapping[str, str] = MappingProxyType(
    {
        r"(?:wide_)?resne[x]?t\d+\w*": _STAGES,
        r"(?:vgg\d+(?:_bn)?|alexnet|efficientnet\w+|mobilenet_v3\w+)": "*features avgpool classifier",
        r"(?:densenet\d+|squeezenet\w+|mobilenet_v2)": "*features classifier",
    }
)
"""The submodules of the models of torchvision, by the name of the function; those with a star have convolutions."""


def pretrained_parts(name: str) -> tuple[tuple[str, bool], ...]:
    """The submodules of the model that a function of torchvision builds, and whether each has convolutions.

    Empty for any other function.
    """
    if not name.startswith("torchvision.models."):
        return ()
    function = name.rpartition(".")[2]
    parts = next((parts for pattern, parts in _PARTS.items() if re.fullmatch(pattern, function)), "")
    return tuple((part.lstrip("*"), part.startswith("*")) for part in parts.split())


_NOT_OF_LAYERS = frozenset(
    "num_classes num_labels classes model model_name encoder_name repo_or_dir pretrained_model_name_or_path progress"
    " features_only global_pool drop_rate drop_path_rate dropout activation output_hidden_states output_attentions"
    " return_dict add_pooling_layer cache_dir torch_dtype trust_repo source verbose force_reload".split()
)


def is_usual_build(keywords: Iterable[str]) -> bool:
    """Whether the keyword arguments change at most the head: a model with other layers, such as for another number of
    channels, has none of the pretrained weights there."""
    return _NOT_OF_LAYERS.issuperset(set(keywords).difference(PRETRAINED_FLAGS))


_WRAPPERS = frozenset(
    "model base_model backbone body encoder transformer trunk features visual vision_model text_model bert roberta"
    " distilbert electra deberta albert vit deit swin beit dinov2 gpt2 gpt_neox bart".split()
)
"""The submodules that hold all layers, or all but the head."""
_INPUT_LAYERS = frozenset(
    "conv1 conv0 conv_stem _conv_stem conv_proj stem stem_0 stem_conv patch_embed embeddings embed_tokens wte wpe"
    " shared Conv2d_1a_3x3".split()
)
_STAGES_BEFORE_LAST = frozenset("layer1 layer2 layer3 denseblock1 denseblock2 denseblock3".split())
_STAGE_LISTS = frozenset("features blocks _blocks stages layers layer block h".split())


def holds_first_layers(name: str) -> bool:
    """Whether a submodule of that name has the first layers of such a model, or some of them."""
    return any(name in names for names in (_WRAPPERS, _INPUT_LAYERS, _STAGES_BEFORE_LAST, _STAGE_LISTS))


def position_of_part(path: Sequence[str]) -> Literal["input", "stage", "other"]:
    """Where a layer is, by the names and indices that lead to it from a model of one of these libraries.

    `input`: it gets the input of the model. `stage`: it is in a stage, or a block, that is not the last one.
    """
    names = list(path)
    while names and names[0] in _WRAPPERS and names[1:2] != ["0"]:
        del names[0]
    if names[:1] and names[0] in _INPUT_LAYERS:
        return "input"
    if names[1:2] == ["0"] and names[0] in _STAGE_LISTS:
        return "stage"
    return "stage" if names[:1] and names[0] in _STAGES_BEFORE_LAST else "other"


def _asks_for_weights(name: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> bool:
    flags = [keywords[flag] for flag in PRETRAINED_FLAGS if flag in keywords]
    if not flags and name in _SECOND_FLAG:
        flags = list(arguments[1:2])
    elif not flags and name.startswith("torchvision.models."):
        flags = [argument for argument in arguments[:1] if argument is True]
    return any(_is_certain(flag) for flag in flags)


def _is_certain(flag: Any) -> bool:
    """Whether it certainly asks for weights: True, the name of weights, or a member of torchvision's tables of them."""
    if isinstance(flag, str):
        return flag.lower() not in ("", "none")
    return flag is True or "_Weights" in str(getattr(flag, "name", ""))
