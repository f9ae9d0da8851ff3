"""Writes to slices: seen, but they do not settle the whole."""
# model: Net
# build: Net()
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.qkv = nn.Linear(d, 3 * d)
        self.lstm = nn.LSTM(d, d)
        self.emb = nn.Embedding(64, d, padding_idx=0)
        with torch.no_grad():
            nn.init.xavier_uniform_(self.qkv.weight[:d])  # init: qkv.weight = unsettled
        with torch.no_grad():
            nn.init.constant_(self.lstm.bias_hh_l0[d:2 * d], 1.0)  # init: lstm.bias_hh_l0 = unsettled
        nn.init.normal_(self.emb.weight)
        with torch.no_grad():
            self.emb.weight[0].fill_(0)  # init: emb.weight = unsettled

    def forward(self, x):
        return self.lstm(self.qkv(self.emb(x)))
