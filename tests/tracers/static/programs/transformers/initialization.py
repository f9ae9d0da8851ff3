"""As in transformers: torch's functions, skipped where a checkpoint was loaded."""
import torch

TORCH_INIT_FUNCTIONS = {"normal_": torch.nn.init.normal_, "zeros_": torch.nn.init.zeros_}


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    if not getattr(tensor, "_is_hf_initialized", False):
        return TORCH_INIT_FUNCTIONS["normal_"](tensor, mean=mean, std=std, generator=generator)
    return tensor


def zeros_(tensor):
    if not getattr(tensor, "_is_hf_initialized", False):
        return TORCH_INIT_FUNCTIONS["zeros_"](tensor)
    return tensor
