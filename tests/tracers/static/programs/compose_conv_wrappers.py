"""Conv wrappers: norm_layer, activation_layer and act given as class, instance, string, partial and None."""
# model: Net
# build: Net()
# input: torch.randn(2, 3, 8, 8)
from functools import partial

import torch
from torch import nn

ACTS = {"relu": nn.ReLU, "swish": nn.SiLU}


def make_act(act):
    if act is None:
        return nn.Identity()
    if isinstance(act, str):
        return ACTS[act]()
    if isinstance(act, nn.Module):
        return act
    return act()


class ConvNormAct(nn.Module):
    def __init__(self, cin, cout, norm_layer=nn.BatchNorm2d, act=nn.ReLU):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 1, bias=norm_layer is None)  # layer: by_class.conv -> relu via batch_norm | by_instance.conv -> leaky_relu via batch_norm | by_string.conv -> silu via group_norm | by_partial.conv -> elu | bare.conv -> output
        self.norm = norm_layer(cout) if norm_layer is not None else None
        self.act = make_act(act)

    def forward(self, x):
        x = self.conv(x)
        if self.norm is not None:
            x = self.norm(x)
        return self.act(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.by_class = ConvNormAct(3, 8)
        self.by_instance = ConvNormAct(8, 8, act=nn.LeakyReLU(0.1))
        self.by_string = ConvNormAct(8, 8, norm_layer=partial(nn.GroupNorm, 4), act="swish")
        self.by_partial = ConvNormAct(8, 8, norm_layer=None, act=partial(nn.ELU, inplace=True))
        self.bare = ConvNormAct(8, 8, None, None)

    def forward(self, x):
        x = self.by_string(self.by_instance(self.by_class(x)))
        return self.bare(self.by_partial(x))


# model: Stack
# build: Stack()
# input: torch.randn(2, 3, 8, 8)
class ConvNormActivation(nn.Sequential):
    def __init__(self, cin, cout, norm_layer=nn.BatchNorm2d, activation_layer=nn.ReLU, inplace=True):
        layers = [nn.Conv2d(cin, cout, 3, padding=1, bias=norm_layer is None)]  # layer: body.0.0 -> relu via batch_norm | body.1.0 -> hardswish via batch_norm | body.2.0 -> output via instance_norm
        if norm_layer is not None:
            layers.append(norm_layer(cout))
        if activation_layer is not None:
            params = {} if inplace is None else {"inplace": inplace}
            layers.append(activation_layer(**params))
        super().__init__(*layers)


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            ConvNormActivation(3, 8),
            ConvNormActivation(8, 8, norm_layer=partial(nn.BatchNorm2d, eps=1e-3), activation_layer=nn.Hardswish),
            ConvNormActivation(8, 8, nn.InstanceNorm2d, None),
        )

    def forward(self, x):
        return self.body(x)
