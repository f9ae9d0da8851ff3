"""Activations by name."""
import torch.nn as nn

_ACTS = dict(relu=nn.ReLU, silu=nn.SiLU, tanh=nn.Tanh)


def get_act(name):
    return _ACTS[name]()
