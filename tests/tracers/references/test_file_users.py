from __future__ import annotations

import random

import pytest

from initlint.tracers.references.file_users import MAX_USERS, FileUsers, ImportIndex

INIT = b"from torch import nn\n\ndef start(m):\n    nn.init.zeros_(m.weight)\n\nclass Net(nn.Linear):\n    pass\n"


def users(**files: bytes) -> set[str]:
    """The users of `init.py`. A double underscore in a name is a folder."""
    by_path = {f"/p/{name.replace('9', '/')}.py": text for name, text in {"init": INIT, **files}.items()}
    return {path[3:-3] for path in FileUsers(by_path, by_path.__getitem__).of(["/p/init.py"])} - {"init"}


@pytest.mark.parametrize(
    "text",
    [
        b"from init import start\nnet.apply(start)\n",
        b"from init import start as begin\nnet.apply(begin)\n",
        b"from .init import (\n    other,\n    start,\n)\nnet.apply(start)\n",
        b"import init\nnet.apply(init.start)\n",
        b"import pkg.init as i\nnet.apply(i.start)\n",
        b"from pkg import init\n@decorated\ndef f(net):\n    net.apply(init.start)\n",
        b"from init import *\nnet.apply(start)\n",
        b"def f(net):\n    from init import start\n    net.apply(start)\n",
    ],
)
def test_each_form_of_import(text: bytes) -> None:
    assert users(use=text) == {"use"}


@pytest.mark.parametrize(
    "text",
    [
        b"from init import start\n",
        b"from other import start\nnet.apply(start)\n",
        b"def start(m): ...\nstart(1)\n",
        b"from init import start\n__all__ = ['start']\n",
        b"from init import Net, started\nstarted()\n",
        b'"""Net and start."""\nimport torch\n',
    ],
)
def test_what_is_no_use(text: bytes) -> None:
    assert users(use=text) == set()


def test_uses_by_way_of_other_files() -> None:
    package = b"from .parts import *\nfrom .init import start\n"
    assert users(
        layers9__init__=package,
        layers9parts=b"from ..init import Net\n\ndef make():\n    return Net()\n",
        model=b"from layers import make\n\nclass Model:\n    def __init__(self):\n        self.net = make()\n",
        train=b"import model\n\nif True:\n    net = model.Model()\n",
        apart=b"from layers import other\n\nother()\n",
    ) == {"layers/parts", "model", "train"}


def test_code_that_cannot_have_findings_has_no_users() -> None:
    files = {"/p/a.py": b"def size():\n    return 3\n", "/p/b.py": b"from a import size\nsize()\n"}
    assert FileUsers(files, files.__getitem__).of(["/p/a.py"]) == {"/p/a.py"}


def test_a_file_with_too_many_users_has_the_nearest() -> None:
    def project(direct: int, indirect: int) -> dict[str, bytes]:
        helper = b"from torch import nn\ndef start(m):\n    nn.init.zeros_(m.weight)\n"
        files = {"/p/init.py": helper}
        for number in range(direct):
            files[f"/p/near{number}.py"] = b"from init import start\ndef build%d(net):\n    net.apply(start)\n" % number
        for number in range(indirect):
            files[f"/p/far{number}.py"] = b"from near0 import build0\ndef main(net):\n    build0(net)\n"
        return files

    def users(files: dict[str, bytes]) -> set[str]:
        return FileUsers(files, files.__getitem__).of(["/p/init.py"]) - {"/p/init.py"}

    assert len(users(project(5, 5))) == 10
    assert users(project(5, MAX_USERS)) == {f"/p/near{number}.py" for number in range(5)}
    assert users(project(MAX_USERS + 1, 0)) == set()


def test_the_users_of_a_file_do_not_depend_on_what_is_asked_beside_it() -> None:
    files = {
        "/p/a.py": b"def init_a(m):\n    m.weight.data.zero_()\n",
        "/p/b.py": b"def init_b(m):\n    m.weight.data.zero_()\n",
        "/p/use.py": b"from a import init_a\nfrom b import init_b\ninit_a(1)\ninit_b(2)\n",
        **{f"/p/many{n}.py": b"from b import init_b\ninit_b(3)\n" for n in range(MAX_USERS)},
    }
    one = FileUsers(files, files.__getitem__)
    assert one.of(["/p/a.py"]) == {"/p/a.py", "/p/use.py"}
    assert one.of(["/p/b.py"]) == {"/p/b.py"}
    assert one.of(["/p/a.py", "/p/b.py"]) == {"/p/a.py", "/p/b.py", "/p/use.py"}


def test_an_index_that_is_kept_finds_what_a_new_one_finds() -> None:
    index, chosen = ImportIndex(), random.Random(0)
    texts = (
        b"",
        b"from init import Net\nNet()\n",
        b"from user0 import f\nf()\n",
        b"import init\n\ndef f():\n    init.Net()\n",
    )
    for _ in range(60):
        files = {"/p/init.py": INIT}
        files |= {f"/p/user{number}.py": chosen.choice(texts) for number in range(5) if chosen.random() < 0.9}
        kept = FileUsers(files, files.__getitem__, index, lambda path, files=files: files[path].decode())  # type: ignore[misc]
        new = FileUsers(files, files.__getitem__)
        start = chosen.choice([*files])
        assert kept.of([start]) == new.of([start])
