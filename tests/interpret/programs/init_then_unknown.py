"""A net that is handed to functions that are not known: those that train it or show it leave its init as it was."""
# model: Net
# build: Net()
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 32)
        nn.init.zeros_(self.fc1.weight)  # init: fc1.weight = zeros_ ()

    def forward(self, x):
        return self.fc1(x)


if __name__ == "__main__":
    net = Net()
    train_ch6(net, data)  # noqa: F821
    trainer.fit(model=net)  # noqa: F821


# model: Other
# build: Other()
class Other(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 32)
        nn.init.zeros_(self.fc1.weight)  # init: fc1.weight = unsettled

    def forward(self, x):
        return self.fc1(x)


if __name__ == "__main__":
    other = Other()
    setup(other)  # noqa: F821


# model: Third
# build: Third()
class Third(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(32, 32)
        nn.init.zeros_(self.fc1.weight)  # init: fc1.weight = unsettled

    def forward(self, x):
        return self.fc1(x)


if __name__ == "__main__":
    third = Third()
    test_init(third)  # noqa: F821
