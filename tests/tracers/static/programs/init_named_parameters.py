"""named_parameters() with tests on the name, of the net and of a recurrent layer."""
# model: Net
# build: Net()
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(32, 32)
        self.fc = nn.Linear(32, 64)
        for name, param in self.lstm.named_parameters():
            if "weight_ih" in name:
                nn.init.xavier_uniform_(param)  # init: lstm.weight_ih_l0 = xavier_uniform_ ()
            elif "weight_hh" in name:
                nn.init.orthogonal_(param)  # init: lstm.weight_hh_l0 = orthogonal_ ()
            elif name.startswith("bias"):
                nn.init.constant_(param, 0.0)  # init: lstm.bias_ih_l0 = constant_ (val=0.0)
        for name, param in self.named_parameters():
            if "lstm" in name:
                continue
            if name.endswith(".bias"):
                param.data.zero_()  # init: fc.bias = zeros_ ()
            elif "weight" in name and "norm" not in name:
                nn.init.normal_(param, 0.0, 0.05)  # init: fc.weight = normal_ (mean=0.0, std=0.05)

    def forward(self, x):
        return self.fc(self.lstm(x)[0])
