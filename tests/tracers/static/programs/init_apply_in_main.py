"""net.apply(f) in main(), behind argparse, .to(device) and DataParallel."""
# model: Net
# build: main([])
import argparse

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.fc1 = nn.Linear(32, 32)  # layer: fc1 -> relu
        self.fc2 = nn.Linear(32, 32)  # layer: fc2 -> output

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


def init(m):
    if isinstance(m, nn.Linear):
        torch.nn.init.xavier_normal_(m.weight)  # init: fc1.weight = xavier_normal_ () # init: fc2.weight = xavier_normal_ ()


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args(argv)
    device = torch.device("cpu")
    net = Net().to(device)
    net.apply(init)
    if args.epochs > 100:
        print("long run")
    return net


if __name__ == "__main__":
    main()
