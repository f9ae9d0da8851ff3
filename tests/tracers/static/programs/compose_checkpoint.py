"""torch.utils.checkpoint calls what it is given."""
# model: Net
# build: Net()
# input: torch.randn(2, 16)
import torch
import torch.utils.checkpoint as cp
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(16, 16)  # layer: fc1 -> relu
        self.fc2 = nn.Linear(16, 16)  # layer: fc2 -> tanh
        self.tail = nn.Sequential(nn.Linear(16, 16), nn.ELU())  # layer: tail.0 -> elu

    def _inner(self, x):
        return torch.relu(self.fc1(x))

    def forward(self, x):
        x = cp.checkpoint(self._inner, x, use_reentrant=False)

        def closure(y):
            return self.fc2(y)

        x = torch.tanh(checkpoint(closure, x, use_reentrant=False))
        return checkpoint_sequential(self.tail, 1, x, use_reentrant=False)
