"""Init functions that other modules import."""
from torch import nn


def init_all(model, std=0.02):
    for m in model.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight)
        elif isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=std)
