"""named_modules() and name tests; the name of the model itself is empty."""
# model: Net
# build: Net()
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32))
        self.head = nn.Linear(32, 32)
        self.aux_head = nn.Linear(32, 32)
        for name, m in self.named_modules():
            if not isinstance(m, nn.Linear):
                continue
            if name.startswith("encoder."):
                nn.init.kaiming_normal_(m.weight)  # init: encoder.0.weight = kaiming_normal_ () # init: encoder.2.weight = kaiming_normal_ ()
            elif name == "head":
                nn.init.zeros_(m.weight)  # init: head.weight = zeros_ ()
            elif "aux" in name and name.endswith("head"):
                nn.init.xavier_normal_(m.weight, 0.1)  # init: aux_head.weight = xavier_normal_ (gain=0.1)

    def forward(self, x):
        x = self.encoder(x)
        return self.head(x), self.aux_head(x)
