import os

import torch
import torchvision
from torch.utils.checkpoint import checkpoint


def load(path, names=[]):
    model = torchvision.models.resnet18(pretrained=True)
    model.load_state_dict(torch.load(path))
    values, vectors = torch.symeig(torch.eye(3))
    out = checkpoint(model, torch.zeros(1, 3, 8, 8))
    return out, torch.log(1 + torch.exp(values)), vectors, names
