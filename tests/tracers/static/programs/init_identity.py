"""Identity tests: `m is self.head`, and membership by identity."""
# model: Net
# build: Net()
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        final_conv = nn.Conv2d(16, 16, 3)
        self.features = nn.Sequential(nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Conv2d(32, 16, 3))
        self.classifier = nn.Sequential(final_conv, nn.ReLU())
        self.head = nn.Conv2d(16, 32, 3)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                if m is final_conv:
                    nn.init.normal_(m.weight, mean=0.0, std=0.01)  # init: classifier.0.weight = normal_ (mean=0.0, std=0.01)
                elif m is not self.head:
                    nn.init.kaiming_uniform_(m.weight)  # init: features.0.weight = kaiming_uniform_ () # init: features.2.weight = kaiming_uniform_ ()
                elif m in [self.head]:
                    nn.init.zeros_(m.weight)  # init: head.weight = zeros_ ()

    def forward(self, x):
        return self.head(self.classifier(self.features(x)))
