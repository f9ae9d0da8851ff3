"""Replaces torchvision's compiled operators, for a torchvision without any for the installed torch.

Python imports this module at startup if its folder is on PYTHONPATH. The operators return tensors of the right shapes,
which is enough to trace a model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import library as operators

_RECT = "float spatial_scale, SymInt pooled_height, SymInt pooled_width"
_SIZES = "SymInt batch_size, SymInt channels, SymInt height, SymInt width"
_DEFORM = (
    "Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h, SymInt stride_w, "
    "SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups, "
    "SymInt offset_groups, bool use_mask"
)

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    f"roi_align(Tensor input, Tensor rois, {_RECT}, int sampling_ratio, bool aligned) -> Tensor",
    f"qroi_align(Tensor input, Tensor rois, {_RECT}, int sampling_ratio, bool aligned) -> Tensor",
    f"_roi_align_backward(Tensor grad, Tensor rois, {_RECT}, {_SIZES}, int sampling_ratio, bool aligned) -> Tensor",
    f"ps_roi_align(Tensor input, Tensor rois, {_RECT}, int sampling_ratio) -> (Tensor, Tensor)",
    f"_ps_roi_align_backward(Tensor grad, Tensor rois, Tensor mapping, {_RECT}, int ratio, {_SIZES}) -> Tensor",
    f"roi_pool(Tensor input, Tensor rois, {_RECT}) -> (Tensor, Tensor)",
    f"_roi_pool_backward(Tensor grad, Tensor rois, Tensor argmax, {_RECT}, {_SIZES}) -> Tensor",
    f"ps_roi_pool(Tensor input, Tensor rois, {_RECT}) -> (Tensor, Tensor)",
    f"_ps_roi_pool_backward(Tensor grad, Tensor rois, Tensor mapping, {_RECT}, {_SIZES}) -> Tensor",
    f"deform_conv2d({_DEFORM}) -> Tensor",
    f"_deform_conv2d_backward(Tensor grad, {_DEFORM}) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    "box_iou_rotated(Tensor boxes1, Tensor boxes2) -> Tensor",
    "_cuda_version() -> int",
)


def _kept(dets: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    return scores.argsort(descending=True)[:8]


def _pooled(input: torch.Tensor, rois: torch.Tensor, scale: float, height: int, width: int, *rest: Any) -> torch.Tensor:
    return input.new_zeros((rois.shape[0], input.shape[1], height, width))


def define() -> object:
    """Define the operators, which exist as long as the returned library.

    From now on, torchvision's own library is not loaded.
    """
    make: Any = operators.Library  # it has no types
    defined = make("torchvision", "DEF")
    for schema in SCHEMAS:
        defined.define(schema)
    defined.impl("_cuda_version", lambda: -1, "CompositeExplicitAutograd")
    defined.impl("nms", _kept, "CPU")
    defined.impl("roi_align", _pooled, "CPU")
    load: Callable[[str], None] = torch.ops.load_library
    torch.ops.load_library = lambda path: None if "torchvision" in str(path) else load(path)  # type: ignore[method-assign]
    return defined


DEFINED = define()
