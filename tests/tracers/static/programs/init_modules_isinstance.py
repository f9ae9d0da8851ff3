"""The loop over self.modules() with isinstance, tuples of classes and a guard for the bias."""
# model: Net
# build: Net()
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.block = nn.Sequential(nn.Conv2d(32, 32, 3), nn.ReLU(), nn.ConvTranspose2d(32, 16, 2))
        self.fc = nn.Linear(16, 64)
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")  # init: conv1.weight = kaiming_normal_ (mode="fan_out", nonlinearity="relu") # init: block.0.weight = kaiming_normal_ (mode="fan_out") # init: block.2.weight = kaiming_normal_ (mode="fan_out")
                if m.bias is not None:
                    nn.init.zeros_(m.bias)  # init: block.0.bias = zeros_ ()
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)  # init: bn1.weight = constant_ (val=1)
                nn.init.constant_(m.bias, 0)  # init: bn1.bias = constant_ (val=0)
            elif isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, 0, 0.01)  # init: fc.weight = normal_ (mean=0, std=0.01)

    def forward(self, x):
        return self.fc(self.block(self.bn1(self.conv1(x))).mean((2, 3)))
