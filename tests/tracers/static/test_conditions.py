"""What a package that cannot be read gives under its names may be a number, a text or None: it decides no test."""

from __future__ import annotations

import pytest

import initlint

SOURCE = """\
import sys

import settings
import torch
from opts import FLAGS, Mode, mode, build_norm
from torch import nn

class Net(nn.Module):
    def __init__(self, act=nn.ReLU):
        super().__init__()
        self.fc1 = nn.Linear(32, 32)
        self.fc2 = nn.Linear(32, 32)
        if {test}:
            nn.init.xavier_normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(self.fc1(x).relu())
"""


def is_certain(test: str) -> bool:
    return [d.code for d in initlint.check_source(SOURCE.format(test=test)).diagnostics] == ["INI301"]


@pytest.mark.parametrize(
    "test",
    [
        "mode",
        "not mode",
        "FLAGS['init'] != 'plain'",
        "FLAGS.init != 'plain'",
        "mode != 'plain'",
        "mode not in ('plain', 'none')",
        "mode is not None",
        "settings.mode is None",
        "isinstance(mode, str)",
        "not isinstance(mode, str)",
        "sys.platform != 'win32'",
        "torch.version.cuda is not None",
        "torch.__version__ != '2.0'",
        "torch.backends.cudnn.enabled",
    ],
)
def test_a_setting_of_another_package_leaves_a_test_open(test: str) -> None:
    assert not is_certain(test)


@pytest.mark.parametrize(
    "test",
    [
        "act != 'relu'",
        "act is not None",
        "Mode is not None",
        "settings",
        "torch.relu is not None",
        "mode == mode",
        "mode is mode",
        "build_norm == build_norm",
        "not isinstance(act, str)",
    ],
)
def test_a_class_or_a_module_decides_it(test: str) -> None:
    assert is_certain(test)


def test_two_tests_of_one_setting_go_the_same_way() -> None:
    text = SOURCE.format(test="mode").replace("self.fc1 = ", "if mode: self.fc1 = ")
    text = text.replace("return ", "if mode:\n            return ")
    assert [d.code for d in initlint.check_source(text).diagnostics] == ["INI301"]
