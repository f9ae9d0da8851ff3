"""Real files with the defects that rules fix, written in many ways: what `properties.fixes_are_right` is tried on."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from tools.fuzzing import mutations
from tools.fuzzing.sources import Input, Sources, parse

_NONLINEARITIES = (
    "relu",
    "leaky_relu",
    "tanh",
    "sigmoid",
    "gelu",
    "silu",
    "swish",
    "linear",
    "conv2d",
    "selu",
    "elu",
    "softmax",
)
_CALLS = (
    *("xavier_uniform_({w})", "xavier_normal_({w})", "xavier_uniform({w})", "kaiming_normal({w}, mode='fan_out')"),
    *("kaiming_normal_({w}, nonlinearity='{n}')", "kaiming_uniform_({w}, a=math.sqrt(5), mode='fan_out')"),
    *("kaiming_normal_({w}, '{n}')", "kaiming_normal_({w}, 0, 'fan_in', '{n}')", "kaiming_uniform_(tensor={w}, a=0.2)"),
    *(
        "xavier_normal_({w}, gain=nn.init.calculate_gain('{n}'))",
        "xavier_uniform_({w}, nn.init.calculate_gain('{n}', 0.1))",
    ),
    *(
        "normal_({w})",
        "normal_({w}, 0, 1)",
        "normal_({w}, std=10)",
        "normal_({w}, mean=0.0, std=1e-6)",
        "uniform_({w})",
    ),
    *(
        "uniform_({w}, 1, -1)",
        "zeros_({w})",
        "constant_({w}, 0.1)",
        "constant({w}, 0)",
        "ones_({w})",
        "orthogonal({w})",
    ),
    *(
        "trunc_normal_({w}, std=2.0)",
        "trunc_normal_({w}, 0, .02, -.01, .01)",
        "uniform_({w}, a=-0.5, b=0.5)",
        "eye_({w})",
    ),
)
_DROPPED = re.compile(r"\.data\.(?=\w+_\()")
_INIT_CALL = re.compile(r"\binit\.\w+\(([\w.]+)(?:, [^()\n]*)?\)")
_METHOD_CALL = re.compile(r"\b([\w.]+\.(?:weight|bias))\.(?:data\.)?(?:normal_|uniform_|zero_|fill_)\([^()\n]*\)")
_ACTIVATION = re.compile(r"\bnn\.(?:ReLU|Tanh|GELU|Sigmoid|SiLU|LeakyReLU|SELU)\(\)")
_ACTIVATIONS = (
    "ReLU",
    "Tanh",
    "GELU",
    "Sigmoid",
    "SiLU",
    "LeakyReLU",
    "SELU",
    "Identity",
    "ELU",
    "Hardtanh",
    "Softplus",
)


def with_defects(seed: int, sources: Sources) -> Input:
    """The input of a seed: a file that compiles, with init calls and activations replaced, in another layout."""
    chance = random.Random(seed)
    path, text = _with_init_calls(sources, chance)
    for place in reversed(list(_INIT_CALL.finditer(text))):
        if chance.random() < 0.5:
            text = text[: place.start()] + "init." + _call(chance, place[1]) + text[place.end() :]
    for place in reversed(list(_METHOD_CALL.finditer(text))):
        if chance.random() < 0.3:
            text = text[: place.start()] + "nn.init." + _call(chance, place[1]) + text[place.end() :]
    text = _ACTIVATION.sub(lambda match: _activation(match[0], chance), text)
    text = _DROPPED.sub(lambda match: "." if chance.random() < 0.3 else match[0], text)
    names = []
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        change = chance.choice((*mutations.VALID, *LAYOUTS, *LAYOUTS))
        changed = change(text, chance, sources)
        if parse(changed) is not None:
            text = changed
            names.append(change.__name__.strip("_"))
    return Input({"net.py": text.encode("utf-8", "replace")}, f"{path}: {', '.join(names)} (seed {seed})")


def _with_init_calls(sources: Sources, chance: random.Random) -> tuple[str, str]:
    for _ in range(200):
        path, text = sources.choose(chance)
        if ("init." in text or "_(" in text) and "nn.Module" in text and parse(text) is not None:
            break
    return path, text


def _call(chance: random.Random, tensor: str) -> str:
    return chance.choice(_CALLS).format(w=tensor, n=chance.choice(_NONLINEARITIES))


def _activation(text: str, chance: random.Random) -> str:
    return f"nn.{chance.choice(_ACTIVATIONS)}()" if chance.random() < 0.3 else text


def _wrapped_arguments(text: str, chance: random.Random, sources: Sources) -> str:
    """Arguments of init calls on lines of their own, at times with comments."""

    def wrapped(match: re.Match[str]) -> str:
        if chance.random() < 0.5:
            return match[0]
        comment = chance.choice(("", "  # why", "  # noqa", "  # (", " \\"))
        return match[0].replace("(", f"({comment}\n        ", 1).replace(", ", ",\n\t", 1)

    return _INIT_CALL.sub(wrapped, text)


def _comments(text: str, chance: random.Random, sources: Sources) -> str:
    comment = chance.choice(
        ("  # noqa: INI301", "  # noqa", "  # type: ignore", "  # é ' \" (", "  # noqa: INI301,INI901 why")
    )
    return re.sub(r"(?m)(?<=\))$", lambda _: comment if chance.random() < 0.3 else "", text)


def _semicolons(text: str, chance: random.Random, sources: Sources) -> str:
    joined = r"(?m)^( +)(\S[^\n#:\\]*\))\n\1(?=(?:nn\.)?init\.|self\.)"
    return re.sub(joined, lambda match: f"{match[1]}{match[2]}; " if chance.random() < 0.5 else match[0], text)


def _one_line_blocks(text: str, chance: random.Random, sources: Sources) -> str:
    return re.sub(
        r"(?m)^( *(?:if|for|else|with)\b[^\n#]*:)\n +([^\n#:]+)$",
        lambda match: f"{match[1]} {match[2]}" if chance.random() < 0.5 else match[0],
        text,
    )


def _imports(text: str, chance: random.Random, sources: Sources) -> str:
    """Other ways to import what init calls need, and their names."""
    action = chance.randrange(6)
    if action == 0:
        return re.sub(r"\bnn\.init\.", "init.", f"from torch.nn import init\n{text}")
    if action == 1:
        return re.sub(r"\bnn\.init\.", "torch.nn.init.", f"import torch\n{text}")
    if action == 2:
        names = sorted(set(re.findall(r"\binit\.(\w+)\(", text)))
        line = f"from torch.nn.init import {', '.join(names)}\n" if names else ""
        return line + re.sub(r"\b(?:nn\.)?init\.(?=\w+\()", "", text)
    if action == 3:
        return re.sub(r"\bnn\.init\.", "I.", f"import torch.nn.init as I\n{text}")
    if action == 4:
        names = sorted(set(re.findall(r"\binit\.(\w+)\(", text)))
        listed = "".join(f"    {name} as f_{name},  # why\n" for name in names)
        return (f"from torch.nn.init import (\n{listed})\n" if names else "") + re.sub(
            r"\b(?:nn\.)?init\.(?=\w+\()", "f_", text
        )
    return re.sub(
        r"\bnn\.init\.", "init.", f"'''A net.'''\nfrom torch.nn.init import *\nfrom torch.nn import init\n{text}"
    )


def _indentation(text: str, chance: random.Random, sources: Sources) -> str:
    unit = chance.choice(("\t", "  ", " " * 8))
    return re.sub(r"(?m)^(?: {4})+", lambda match: unit * (len(match[0]) // 4), text)


def _ends(text: str, chance: random.Random, sources: Sources) -> str:
    end = chance.choice(("\r\n", "\r", "mixed", "none"))
    if end == "none":
        return text.rstrip("\n")
    if end == "mixed":
        return re.sub("\n", lambda _: chance.choice(("\n", "\r\n", "\r")), text)
    return text.replace("\n", end)


def _wide_characters(text: str, chance: random.Random, sources: Sources) -> str:
    """Names and strings whose characters take several bytes, before the code of a line."""
    names = sorted(set(re.findall(r"\bself\.([a-z]\w*)\b", text)))
    if not names:
        return text
    name = chance.choice(names)
    return re.sub(rf"\b{name}\b", chance.choice(("größe", "\u21131", "変数", "\U0001d500")), text)


LAYOUTS: Sequence[mutations.Change] = (
    *(_wrapped_arguments, _comments, _semicolons, _one_line_blocks, _imports, _imports, _indentation, _ends),
    _wide_characters,
)
