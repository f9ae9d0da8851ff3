"""Modules with more than one output, and attention, which ends a path."""
# model: Net
# build: Net()
# input: torch.randint(0, 50, (2, 5))
import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 16)  # layer: emb -> layer
        self.rnn = nn.GRU(16, 16, batch_first=True)  # layer: rnn -> layer
        self.q = nn.Linear(16, 16)  # layer: q -> sdpa
        self.kv = nn.Linear(16, 32)  # layer: kv -> sdpa via chunk
        self.out = nn.Linear(16, 4)  # layer: out -> softmax

    def forward(self, idx):
        h, _ = self.rnn(self.emb(idx))
        q = self.q(h)
        k, v = self.kv(h).chunk(2, dim=-1)
        h = F.scaled_dot_product_attention(q, k, v)
        return F.softmax(self.out(h), dim=-1)
