"""Activations by attribute, by dictionary, by getattr(nn, name), getattr(F, name) and getattr(torch, name)."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
import torch.nn as nn
import torch.nn.functional as F

ACT2FN = {"gelu": F.gelu, "relu": F.relu, "tanh": torch.tanh}
ACT2CLS = {"elu": (nn.ELU, {"alpha": 1.0}), "silu": nn.SiLU}


def get_activation(name):
    if name == "mish":
        return nn.Mish()
    elif name == "relu":
        return nn.ReLU(inplace=True)
    raise ValueError(name)


class Net(nn.Module):
    def __init__(self, hidden_act="gelu", module_act="Tanh", functional_act="relu6"):
        super().__init__()
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> gelu
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> tanh
        self.fc3 = nn.Linear(16, 16)  # layer: fc3 -> relu6
        self.fc4 = nn.Linear(16, 16)  # layer: fc4 -> elu
        self.fc5 = nn.Linear(16, 16)  # layer: fc5 -> mish
        self.fc6 = nn.Linear(16, 16)  # layer: fc6 -> sigmoid
        self.fc7 = nn.Linear(16, 16)  # layer: fc7 -> hardtanh
        self.act1 = ACT2FN[hidden_act]
        self.act2 = getattr(nn, module_act)()
        self.act3 = getattr(F, functional_act)
        cls, kwargs = ACT2CLS["elu"]
        self.act4 = cls(**kwargs)
        self.act5 = get_activation("mish")
        self.act6 = getattr(torch, "sigmoid")
        self.act7 = nn.__dict__["Hardtanh"]() if hidden_act is None else nn.Hardtanh()

    def forward(self, x):
        x = self.act1(self.fc1(x))
        x = self.act2(self.fc2(x))
        x = self.act3(self.fc3(x))
        x = self.act4(self.fc4(x))
        x = self.act5(self.fc5(x))
        x = self.act6(self.fc6(x))
        return self.act7(self.fc7(x))
