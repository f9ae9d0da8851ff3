import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3)
        self.fc1 = nn.Linear(32, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 64)
        self.head = nn.Linear(64, 10)
        nn.init.xavier_uniform_(self.conv.weight)  # before a ReLU
        nn.init.zeros_(self.fc1.weight)  # hidden, before a ReLU: it never learns
        nn.init.zeros_(self.fc1.bias)
        nn.init.kaiming_normal_(self.fc2.weight, nonlinearity="gelu")  # raises
        nn.init.ones_(self.fc3.weight)  # its units stay alike
        nn.init.kaiming_normal_(self.head.bias)  # raises
        nn.init.xavier_normal(self.head.weight)  # deprecated

    def forward(self, x):
        x = torch.relu(self.conv(x)).mean((2, 3))
        x = torch.relu(self.fc1(x))
        x = nn.functional.gelu(self.fc2(x))
        x = torch.relu(self.fc3(x))
        return self.head(x)
