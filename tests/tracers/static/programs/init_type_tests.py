"""type(m) ==, type(m) in, hasattr and class-name strings."""
# model: Net
# build: Net()
from torch import nn


class MyConv2d(nn.Conv2d):
    pass


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(16, 64)
        self.conv = nn.Conv2d(8, 16, 3)
        self.mine = MyConv2d(8, 16, 3)
        self.norm = nn.LayerNorm(64)
        self.emb = nn.Embedding(64, 16)
        for m in self.modules():
            if type(m) == nn.Linear:
                nn.init.xavier_uniform_(m.weight)  # init: fc.weight = xavier_uniform_ ()
            elif type(m) in (nn.Conv2d, nn.Conv1d):
                nn.init.kaiming_uniform_(m.weight)  # init: conv.weight = kaiming_uniform_ ()
            elif m.__class__.__name__.find("Conv") != -1:
                nn.init.orthogonal_(m.weight)  # init: mine.weight = orthogonal_ ()
            elif "Norm" in type(m).__name__:
                nn.init.constant_(m.weight, 0.5)  # init: norm.weight = constant_ (val=0.5)
            elif hasattr(m, "weight") and m.weight.dim() > 1:
                nn.init.normal_(m.weight, std=0.02)  # init: emb.weight = normal_ (std=0.02)
            if hasattr(m, "bias") and m.bias is not None and m.__class__.__name__.startswith("Lin"):
                nn.init.ones_(m.bias)  # init: fc.bias = ones_ ()

    def forward(self, x):
        return self.norm(self.fc(x))
