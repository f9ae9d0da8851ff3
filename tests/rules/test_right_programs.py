"""Right programs of public repositories that look like defects, each rebuilt with other names and sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of

FEED_FORWARD = """
class Widen(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.wide = nn.Linear(width, 3 * width)
        self.narrow = nn.Linear(3 * width, width)
        for layer in (self.wide, self.narrow):
            nn.init.xavier_normal_(layer.weight)

    def forward(self, x):
        return self.narrow(F.relu(self.wide(x)))


class Stack(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.blocks = nn.ModuleList(Widen(width) for _ in range(3))
        self.head = nn.Linear(width, 7)

    def forward(self, x):
        for block in self.blocks:
            {step}
        return self.head(x)
"""

TREE = """
class Forest(nn.Module):
    def __init__(self, width=40, outputs=16):
        super().__init__()
        self.gates = nn.Linear(width, outputs)
        self.values = nn.Parameter(torch.randn(outputs, 5))

    def route(self, p):
        return torch.cat([p[:, :8] * p[:, 8:], p[:, :8] * (1 - p[:, 8:])], dim=1)

    def forward(self, x):
        return {gates} @ self.values
"""

DEPTHWISE = """
class Mixer(nn.Module):
    def __init__(self, width=80):
        super().__init__()
        self.each = nn.Conv2d(width, width, 5, padding=2, groups=width)
        self.mix = nn.Conv2d(width, width, 1)
        nn.init.kaiming_normal_(self.each.weight, mode='fan_out', nonlinearity='relu')

    def forward(self, x):
        return {result}
"""

TIED = """
class Words(nn.Module):
    def __init__(self, {argument}):
        super().__init__()
        self.table = nn.Embedding(1000, 128)
        self.norm = nn.LayerNorm(128)
        self.head = nn.Linear(128, 1000, bias=False)
        if {test}:
            self.head.weight = self.table.weight

    def forward(self, x):
        return self.head(self.norm(self.table(x)))
"""

RIGHT = {
    "an init in place of a load, in the constructor": (
        "INI113",
        """
class Net(nn.Module):
    def __init__(self, body, fresh=False, file=None):
        super().__init__()
        self.body = body
        self.head = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        if fresh and file is None:
            self._initialize()
        if file is not None:
            self.load_state_dict(torch.load(file))

    def _initialize(self):
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.kaiming_uniform_(m.weight, nonlinearity='relu')

    def forward(self, x):
        return self.head(self.body(x))
""",
    ),
    "a tree with a Sequential that cannot be built": (
        "INI106",
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        inner = [nn.Linear(8, 8), nn.BatchNorm1d(8)]
        self.body = nn.Sequential(inner)
        self.head = nn.Linear(8, 2)
        for m in self.modules():
            if isinstance(m, nn.BatchNorm1d):
                nn.init.ones_(m.weight)

    def forward(self, x):
        return self.head(self.body(x))
""",
    ),
    "a number that equals the gain of another activation": (
        "INI304",
        """
def build(layer, draw, gain=1.0):
    draw(layer.weight, gain=gain)
    return layer


class Actor(nn.Module):
    def __init__(self):
        super().__init__()
        make = lambda m: build(m, nn.init.orthogonal_, 2 ** 0.5)
        self.net = nn.Sequential(make(nn.Linear(8, 64)), nn.Tanh(), make(nn.Linear(64, 64)), nn.Tanh())
        self.out = nn.Linear(64, 2)

    def forward(self, x):
        return self.out(self.net(x))


class Pixels(nn.Module):
    def __init__(self):
        super().__init__()
        make = lambda m: build(m, nn.init.orthogonal_, nn.init.calculate_gain('relu'))
        self.net = nn.Sequential(make(nn.Conv2d(3, 8, 3)), nn.ReLU())
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        return self.out(self.net(x))


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.pixels = Pixels()
        self.actor = Actor()

    def forward(self, x, y):
        return self.pixels(x), self.actor(y)
""",
    ),
    "one module that is shared under an option": (
        "INI205",
        """
class Parts(nn.Module):
    def __init__(self, count, shared=True):
        super().__init__()
        part = nn.Linear(8, 8)
        self.parts = nn.ModuleList([part] * count if shared else [nn.Linear(8, 8) for _ in range(count)])

    def forward(self, x):
        for part in self.parts:
            x = x + part(x)
        return x
""",
    ),
    "one module that is shared, says a comment": (
        "INI205",
        """
class Parts(nn.Module):
    def __init__(self):
        super().__init__()
        # one instance only: this stack shares its weights
        part = nn.Linear(8, 8)
        self.parts = nn.ModuleList([part] * 3)

    def forward(self, x):
        for part in self.parts:
            x = x + part(x)
        return x
""",
    ),
    "copies that the whole model draws again": (
        "INI205",
        """
import copy


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.Linear(8, 8)
        self.layers = nn.ModuleList([copy.deepcopy(layer) for _ in range(4)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = Stack()
        self.apply(self.draw)

    def draw(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.3)

    def forward(self, x):
        return self.stack(x)
""",
    ),
    "an init that its docstring hands to the caller": (
        "INI106",
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def _init_weights(self, m):
        '''Write `net.apply(net._init_weights)` for a model that is trained from scratch.'''
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=0.3)

    def forward(self, x):
        return self.fc(x)
""",
    ),
    "an init beside a method that makes and fills the parameters": (
        "INI106",
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tables = nn.ParameterDict()

    def add_table(self, name, size):
        table = nn.Parameter(torch.empty(size, 4))
        nn.init.uniform_(table, -0.1, 0.1)
        self.tables[name] = table

    def _init_tables(self, bound):
        for table in self.tables.values():
            nn.init.uniform_(table, -bound, bound)

    def forward(self, x, name):
        return x @ self.tables[name]
""",
    ),
    "another library's PreTrainedModel, which builds with memory": (
        "INI115",
        """
class PreTrainedModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config

    def init_weights(self):
        self.apply(self._init_weights)

    @classmethod
    def from_pretrained(cls, path, config):
        model = cls(config)
        model.load_state_dict(torch.load(path))
        return model


class Head(PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.fc = nn.Linear(8, 8, bias=False)
        self.shift = nn.Parameter(torch.zeros(8))
        self.init_weights()

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            m.weight.data.normal_(std=0.02)

    def forward(self, x):
        return self.fc(x) + self.shift
""",
    ),
    "memory of a size that is not known": (
        "INI107",
        """
class Cell(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w = nn.Parameter(torch.Tensor(2 * width, width))
        nn.init.xavier_uniform_(self.w)
        self.b = nn.Parameter(torch.Tensor(2 * width))
        self.c = nn.Parameter(torch.Tensor(2 * width))
        for one in [self.b, self.c]:
            nn.init.zeros_(one)

    def forward(self, x):
        return x @ self.w.t() + self.b + self.c
""",
    ),
    "a layer that is lazy where its width is missing": (
        "INI103",
        """
def stack(width, out):
    layers = []
    for _ in range(2):
        layers.append(nn.LazyLinear(out) if width is None else nn.Linear(width, out))
        width = out
    return nn.Sequential(*layers)


class Policy(nn.Module):
    def __init__(self, space):
        super().__init__()
        self.net = stack(space.shape[-1], 8)
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.orthogonal_(m.weight)

    def forward(self, x):
        return self.net(x)
""",
    ),
    "the arguments of the constructor, self among them": (
        "INI111",
        """
class Embedder(nn.Module):
    def __init__(self, count=5):
        super().__init__()
        self.arguments = self.given(locals())
        self.table = nn.Embedding(count, 4)

    @staticmethod
    def given(values):
        return {name: value for name, value in values.items() if len(name) > 1}

    def forward(self, x):
        return self.table(x)
""",
    ),
    "layers that text registers": (
        "INI111",
        """
class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = []
        for i in range(3):
            part = nn.Linear(8, 8)
            exec('self.part' + str(i) + ' = part')
            self.parts.append(part)

    def forward(self, x):
        for part in self.parts:
            x = part(x)
        return x
""",
    ),
    "an operation that writes to out": (
        "INI105",
        """
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.rand(8))
        total = self.gain.detach() * 2
        torch.div(total, 2, out=total)
        self.register_buffer('total', total)

    def forward(self, x):
        return x * self.gain + self.total
""",
    ),
    "a member of an enumeration that names": (
        "INI105",
        """
from enum import Enum

Norm = Enum('Norm', 'Batch Weight Spectral')


class Block(nn.Module):
    def __init__(self, norm=Norm.Batch):
        super().__init__()
        layer = nn.Conv2d(3, 8, 3, bias=False)
        if norm == Norm.Weight:
            layer = nn.utils.weight_norm(layer)
        self.layer = layer
        self.norm = nn.BatchNorm2d(8) if norm in (Norm.Batch,) else nn.Identity()
        nn.init.kaiming_normal_(self.layer.weight)

    def forward(self, x):
        return self.norm(self.layer(x))
""",
    ),
    "the hidden layer of a gate": (
        "INI409",
        """
class Gate(nn.Module):
    def __init__(self, width=256):
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, width), nn.Sigmoid())
        for m in self.gate.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, std=0.001)
                nn.init.zeros_(m.bias)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        return self.out(x * self.gate(x))
""",
    ),
    "a feed-forward class whose whole is residual": (
        "INI301",
        FEED_FORWARD.format(step="x = x + block(x)"),
    ),
    "rows that a softmax averages": ("INI401", TREE.format(gates="torch.softmax(self.gates(x), dim=1)")),
    "rows that products of sigmoids average": (
        "INI401",
        TREE.format(gates="self.route(torch.sigmoid(self.gates(x)))"),
    ),
    "an init of the project by a private function of torch": (
        "INI401",
        """
def glorot_(weight, gain=1.0):
    inputs, outputs = weight.size()[-2:]
    bound = gain * (6 / (inputs + outputs)) ** 0.5
    return nn.init._no_grad_uniform_(weight, -bound, bound)


class Paths(nn.Module):
    def __init__(self, number, inputs, outputs):
        super().__init__()
        self.W = nn.Parameter(torch.randn(number, inputs, outputs))
        glorot_(self.W)

    def forward(self, x):
        return torch.relu(torch.einsum('bni,nio->bno', x, self.W))
""",
    ),
    "a drawn weight that a hook rescales": (
        "INI401",
        """
class Scale:
    def __init__(self, name):
        self.name = name

    def scaled(self, layer):
        raw = getattr(layer, f'{self.name}_raw')
        return raw * (2 / raw[0].numel()) ** 0.5

    def __call__(self, layer, inputs):
        setattr(layer, self.name, self.scaled(layer))

    @staticmethod
    def attach(layer, name):
        hook = Scale(name)
        drawn = getattr(layer, name)
        del layer._parameters[name]
        layer.register_parameter(f'{name}_raw', nn.Parameter(drawn.data))
        layer.register_forward_pre_hook(hook)


class Even(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        layer = nn.Linear(*sizes)
        layer.weight.data.normal_()
        Scale.attach(layer, 'weight')
        self.layer = layer

    def forward(self, x):
        return torch.relu(self.layer(x))
""",
    ),
    "queries that are compared with pixels": (
        "INI401",
        """
class Masks(nn.Module):
    def __init__(self, width=96, number=12):
        super().__init__()
        self.mask_queries = nn.Parameter(torch.randn(number, width))
        self.pixels = nn.Conv2d(3, width, 1)

    def forward(self, image):
        return torch.einsum('nc,bchw->bnhw', self.mask_queries, self.pixels(image))
""",
    ),
    "a depthwise convolution of a residual branch that starts quieter": (
        "INI403",
        DEPTHWISE.format(result="x + self.mix(F.relu(self.each(x)))"),
    ),
    "a head that is tied under an option": ("INI408", TIED.format(argument="options", test="options.tie")),
}

REPORTED = {
    "a feed-forward class whose whole is a chain": ("INI301", FEED_FORWARD.format(step="x = block(x)")),
    "rows that are multiplied by other values": ("INI401", TREE.format(gates="torch.relu(self.gates(x))")),
    "a depthwise convolution without a skip": ("INI403", DEPTHWISE.format(result="self.mix(F.relu(self.each(x)))")),
    "a head that is tied by default": ("INI408", TIED.format(argument="tie=True", test="tie")),
}


@pytest.mark.parametrize(("code", "program"), RIGHT.values(), ids=RIGHT)
def test_right(code: str, program: str, tmp_path: Path) -> None:
    assert code not in codes_of(tmp_path, program)


@pytest.mark.parametrize(("code", "program"), REPORTED.values(), ids=REPORTED)
def test_reported(code: str, program: str, tmp_path: Path) -> None:
    assert code in codes_of(tmp_path, program)
