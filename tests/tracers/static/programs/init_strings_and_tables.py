"""Init functions looked up: dictionaries, getattr(nn.init, name), if-chains on a string, as CycleGAN has them."""
# model: ByName
# build: ByName()
from torch import nn
from torch.nn import init

INITS = {"xavier": nn.init.xavier_normal_, "kaiming": nn.init.kaiming_normal_}


def init_weights(net, init_type="normal", gain=0.02):
    def init_func(m):
        classname = m.__class__.__name__
        if hasattr(m, "weight") and (classname.find("Conv") != -1 or classname.find("Linear") != -1):
            if init_type == "normal":
                init.normal_(m.weight.data, 0.0, gain)  # init: c.weight = normal_ (mean=0.0, std=0.02)
            elif init_type == "orthogonal":
                init.orthogonal_(m.weight.data, gain=gain)
            else:
                raise NotImplementedError(f"initialization method [{init_type}] is not implemented")

    net.apply(init_func)


class ByName(nn.Module):
    def __init__(self, kind="kaiming", fn="trunc_normal_"):
        super().__init__()
        self.a = nn.Linear(32, 32)
        self.b = nn.Linear(32, 32)
        self.c = nn.Conv2d(16, 16, 3)
        INITS[kind](self.a.weight)  # init: a.weight = kaiming_normal_ ()
        getattr(nn.init, fn)(self.b.weight, std=0.02)  # init: b.weight = trunc_normal_ (std=0.02)
        init_weights(self.c)

    def forward(self, x):
        return self.b(self.a(x))
