"""The snippets that `modules` composes programs of, by what they do.

In a snippet `{m}` is an expression for a layer, `{p}` one for a parameter, `{f}` the name of a function that writes to
the layer that it receives and returns `{r}`, `{v}` a number, `{n}` a number that is different for each use, and `{h}`
data. A snippet is a text, or a pair of a text and the definitions that it needs at module level.

Left out is what the tracer assumes by design: loops of unknown length run, the bodies of `try` succeed unless they
surely raise, decorators of functions change nothing unless they drop the function, and where a condition decides which
of two modules has a name, what is certain of a module holds where it exists.
"""

from __future__ import annotations

Snippet = str | tuple[str, str]

LAYERS: tuple[Snippet, ...] = (
    "self.{a}",
    "self._modules['{a}']",
    "getattr(self, '{a}')",
    "getattr(self, '{a}', None)",
    "self.get_submodule('{a}')",
    "vars(self)['_modules']['{a}']",
    "self.__dict__['_modules']['{a}']",
    "dict(self.named_children())['{a}']",
    "dict(self.named_modules())['{a}']",
    "{{k: c for k, c in self.named_children()}}['{a}']",
    "next(c for k, c in self.named_children() if k == '{a}')",
    "[c for k, c in self.named_modules() if k == '{a}'][0]",
    "operator.attrgetter('{a}')(self)",
    "functools.reduce(getattr, ['{a}'], self)",
    "operator.itemgetter('{a}')(self._modules)",
    "operator.getitem(self._modules, '{a}')",
    "(lambda: self.{a})()",
    "(lambda *args: args[-1])(None, self.{a})",
    "(lambda **options: options['layer'])(layer=self.{a})",
    "(lambda layer=self.{a}: layer)()",
    "[self.{a}][0]",
    "{{'k': self.{a}}}['k']",
    "{{'k': self.{a}}}.get('k')",
    "[*(self.{a},), None][0]",
    "(spare := self.{a})",
    "(self.{a} or None)",
    "(None or self.{a})",
    "(self.{a} if self.training else None)",
    "next(iter([self.{a}]))",
    "copy.copy([self.{a}])[0]",
    "copy.copy(self.{a})",
    "copy.deepcopy(self.{a})",
    "max([self.{a}], key=id)",
    "min([self.{a}, self.{a}], key=lambda c: 0)",
    "sorted([self.{a}], key=id)[0]",
    "sorted(self.named_children())[0][1]",
    "sorted(self.named_children(), key=lambda pair: pair[0], reverse=True)[0][1]",
    "list(self.children())[-1]",
    "list(reversed(list(self.children())))[0]",
    "list(self.modules())[1]",
    "list(map(lambda c: c, [self.{a}]))[0]",
    "next(map(lambda c: c, [self.{a}]))",
    "next(filter(None, [self.{a}]))",
    "list(zip([self.{a}], [0]))[0][0]",
    "list(itertools.islice([self.{a}], 1))[0]",
    "list(itertools.chain([self.{a}]))[0]",
    "collections.deque([self.{a}])[0]",
    "collections.ChainMap({{'k': self.{a}}})['k']",
    "types.SimpleNamespace(layer=self.{a}).layer",
    "weakref.ref(self.{a})()",
    "super().__getattr__('{a}')",
    "nn.Module.__getattr__(self, '{a}')",
    "type(self).__getattr__(self, '{a}')",
    "object.__getattribute__(self, '_modules')['{a}']",
    "eval('self.{a}')",
    "locals()['self'].{a}",
    "list(self._modules.values())[0]",
    "list(self.__dict__['_modules'].items())[-1][1]",
    "self._modules.get('{a}')",
    "nn.Sequential(self.{a})[0]",
    "nn.ModuleList([self.{a}])[0]",
    "nn.ModuleDict({{'k': self.{a}}})['k']",
    "functools.partial(getattr, self, '{a}')()",
    ("Holder(self.{a}).layer", "class Holder:\n    def __init__(self, layer):\n        self.layer = layer\n"),
    (
        "Slotted(self.{a}).layer",
        "class Slotted:\n    __slots__ = ('layer',)\n    def __init__(self, layer):\n        self.layer = layer\n",
    ),
    (
        "Lazy(self.{a}).layer",
        "class Lazy:\n    def __init__(self, layer):\n        self._layer = layer\n"
        "    @property\n    def layer(self):\n        return self._layer\n",
    ),
    (
        "Proxy(self).{a}",
        "class Proxy:\n    def __init__(self, inner):\n        self.inner = inner\n"
        "    def __getattr__(self, name):\n        return getattr(self.inner, name)\n",
    ),
    (
        "Interceptor(self).{a}",
        "class Interceptor:\n    def __init__(self, inner):\n        object.__setattr__(self, 'inner', inner)\n"
        "    def __getattribute__(self, name):\n"
        "        return getattr(object.__getattribute__(self, 'inner'), name)\n",
    ),
    (
        "Described(self).first",
        "class First:\n    def __get__(self, holder, owner):\n        return next(iter(holder.net.children()))\n\n"
        "class Described:\n    first = First()\n    def __init__(self, net):\n        self.net = net\n",
    ),
    (
        "Indexed(self)['{a}']",
        "class Indexed:\n    def __init__(self, net):\n        self.net = net\n"
        "    def __getitem__(self, name):\n        return getattr(self.net, name)\n",
    ),
    (
        "list(Iterable(self))[0]",
        "class Iterable:\n    def __init__(self, net):\n        self.net = net\n"
        "    def __iter__(self):\n        yield from self.net.children()\n",
    ),
    (
        "Callable(self)('{a}')",
        "class Callable:\n    def __init__(self, net):\n        self.net = net\n"
        "    def __call__(self, name):\n        return getattr(self.net, name)\n",
    ),
    ("Pair(self.{a}, 0).layer", "Pair = collections.namedtuple('Pair', 'layer number')\n"),
    ("Record(self.{a}).layer", "@dataclasses.dataclass\nclass Record:\n    layer: nn.Module\n"),
    (
        "Chosen(self.{a}).layer",
        "@dataclasses.dataclass\nclass Chosen:\n    net: nn.Module\n    layer: nn.Module = None\n"
        "    def __post_init__(self):\n        self.layer = self.net\n",
    ),
    ("Class[self.{a}]", "class Class:\n    def __class_getitem__(cls, layer):\n        return layer\n"),
    ("New(self.{a})", "class New:\n    def __new__(cls, layer):\n        return layer\n"),
    (
        "Made(self.{a})",
        "class Meta(type):\n    def __call__(cls, layer):\n"
        "        return layer\n\nclass Made(metaclass=Meta):\n    pass\n",
    ),
    ("generated_{n}(self.{a})[0]", "def generated_{n}(layer):\n    return [layer for _ in range(1)]\n"),
    ("next(yielding_{n}(self.{a}))", "def yielding_{n}(layer):\n    yield layer\n"),
    ("list(nested_{n}(self))[0]", "def nested_{n}(net):\n    yield from net.children()\n"),
    (
        "recursive_{n}(self, ['{a}'])",
        "def recursive_{n}(net, names):\n"
        "    return recursive_{n}(getattr(net, names[0]), names[1:]) if names else net\n",
    ),
    ("cached_{n}(self.{a})", "@functools.lru_cache\ndef cached_{n}(layer):\n    return layer\n"),
    (
        "matched_{n}(self.{a})",
        "def matched_{n}(layer):\n    match layer:\n        case nn.Conv2d():\n            return None\n"
        "        case nn.Linear() as found:\n            return found\n",
    ),
    (
        "matched_{n}({{'layer': self.{a}}})",
        "def matched_{n}(table):\n    match table:\n        case {{'layer': found}}:\n            return found\n",
    ),
    ("first_{n}(*self.children())", "def first_{n}(layer, *others):\n    return layer\n"),
    ("named_{n}(**dict(self.named_children()))", "def named_{n}(*, {a}, **others):\n    return {a}\n"),
    (
        "tried_{n}(self)",
        "def tried_{n}(net):\n    try:\n        return net.missing\n"
        "    except AttributeError:\n        return net.{a}\n",
    ),
    (
        "finally_{n}(self)",
        "def finally_{n}(net):\n    try:\n        return None\n    finally:\n        return net.{a}\n",
    ),
)

PARAMETERS: tuple[Snippet, ...] = (
    "{m}.weight",
    "{m}.weight.data",
    "{m}.weight.detach()",
    "{m}._parameters['weight']",
    "{m}._parameters['weight'].data",
    "{m}.get_parameter('weight')",
    "{m}.__dict__['_parameters']['weight']",
    "vars({m})['_parameters']['weight']",
    "getattr({m}, 'weight')",
    "getattr({m}, 'wei' + 'ght')",
    "operator.attrgetter('weight')({m})",
    "operator.attrgetter('weight.data')({m})",
    "next({m}.parameters())",
    "list({m}.parameters())[0]",
    "list({m}.parameters())[-1]",
    "dict({m}.named_parameters())['weight']",
    "[q for k, q in {m}.named_parameters() if 'weight' in k][0]",
    "sorted({m}.named_parameters())[0][1]",
    "sorted({m}.named_parameters(), key=lambda pair: pair[0])[-1][1]",
    "min({m}.named_parameters(), key=lambda pair: pair[0])[1]",
    "max({m}.parameters(), key=lambda q: q.dim())",
    "max({m}.parameters(), key=torch.numel)",
    "sorted({m}.parameters(), key=lambda q: q.dim())[0]",
    "list(reversed(list({m}.parameters())))[0]",
    "{m}.state_dict()['weight']",
    "{m}.state_dict(keep_vars=True)['weight']",
    "{m}.weight.data.view(-1)",
    "{m}.weight.data.t()",
    "{m}.weight.data[:]",
    "{m}.weight.data[0]",
    "{m}.weight.data.diagonal()",
    "{m}.weight.data.clone()",
    "{m}.weight.data.unsqueeze(0)",
    "{m}.weight.data.flatten()",
    "{m}.weight.data.expand(4, 4)",
    "{m}.weight.data.narrow(0, 0, 2)",
    "{m}.weight.data.select(0, 1)",
    "{m}.weight.data.unbind(0)[0]",
    "{m}.weight.data.split(2)[0]",
    "{m}.weight.data.to(torch.float32)",
    "{m}.weight.data.float()",
    "{m}.weight.data.double()",
    "{m}.weight.data.contiguous()",
    "{m}.weight.data.T",
    "{m}.weight.data.mT",
    "torch.as_tensor({m}.weight.data)",
    "torch.from_numpy({m}.weight.detach().numpy())",
    "{m}.weight.requires_grad_(False)",
    "nn.Parameter({m}.weight.data)",
    "nn.Parameter({m}.weight)",
    "copy.copy({m}.weight)",
    "copy.deepcopy({m}.weight)",
    "{m}.bias",
    "{m}.bias.data",
    "(spare := {m}.weight)",
    "nn.ParameterList([{m}.weight])[0]",
    "nn.ParameterDict({{'k': {m}.weight}})['k']",
)

WRITES: tuple[Snippet, ...] = (
    "nn.init.constant_({p}, {v})",
    "nn.init.constant_(tensor={p}, val={v})",
    "nn.init.constant_(*[{p}, {v}])",
    "nn.init.constant_(**dict(tensor={p}, val={v}))",
    "getattr(nn.init, 'constant_')({p}, {v})",
    "vars(nn.init)['constant_']({p}, {v})",
    "functools.partial(nn.init.constant_, val={v})({p})",
    "{p}.data.fill_({v})",
    "{p}.data[...] = {v}",
    "{p}.data[:] = {v}",
    "{p}.data.copy_(torch.full_like({p}.data, {v}))",
    "{p}.data.zero_().add_({v})",
    "{p}.data.mul_(0).add_({v})",
    "{p}.data.sub_({p}.data).add_({v})",
    "torch.add(torch.zeros_like({p}.data), {v}, out={p}.data)",
    "torch.full({p}.shape, {v}, out={p}.data)",
    "torch.mul(torch.ones_like({p}.data), {v}, out={p}.data)",
    "torch.full_like({p}.data, {v}, out=None)",
    "torch.Tensor.fill_({p}.data, {v})",
    "torch.fill_({p}.data, {v})",
    "operator.setitem({p}.data, ..., {v})",
    "{p}.data.__setitem__(..., {v})",
    "operator.methodcaller('fill_', {v})({p}.data)",
    "getattr({p}.data, 'fill_')({v})",
    "list(map({p}.data.fill_, [{v}]))",
    "torch.nn.utils.vector_to_parameters(torch.full(({p}.numel(),), {v}), [{p}])",
    "torch._foreach_zero_([{p}.data]); torch._foreach_add_([{p}.data], {v})",
    "torch._foreach_copy_([{p}.data], [torch.full_like({p}.data, {v})])",
    "{p}.detach().numpy()[...] = {v}",
    "{p}.detach().numpy().fill({v})",
    "numpy.copyto({p}.detach().numpy(), {v})",
    "{p}.data.masked_fill_(torch.ones_like({p}.data, dtype=torch.bool), {v})",
    "{p}.data.where(torch.zeros_like({p}.data) > 1, torch.full_like({p}.data, {v}))",
    "{p}.data.index_fill_(0, torch.arange(len({p})), {v})",
    "{p}.data.clamp_({v}, {v})",
    "{p}.data = torch.full_like({p}.data, {v})",
    "setattr({p}, 'data', torch.full_like({p}.data, {v}))",
    "{p}.set_(torch.full_like({p}.data, {v})) if not {p}.requires_grad else {p}.data.fill_({v})",
    "{p}.data.lerp_(torch.full_like({p}.data, {v}), 1.0)",
    "{p}.data.apply_(lambda x: {v})",
    "{p}.data.map_({p}.data, lambda x, y: {v})",
    "{p}.data.untyped_storage().copy_(torch.full_like({p}.data, {v}).untyped_storage())",
    "exec('q.data.fill_({v})', {{'q': {p}}})",
    "torch.utils._pytree.tree_map(lambda q: q.data.fill_({v}), [{p}])",
    "[q.data.fill_({v}) for q in [{p}]]",
    "{p}.data.fill_({v}).mul_(1)",
    "nn.init.constant_({p}, 7.0); nn.init.constant_({p}, {v})",
    "nn.init.constant_({p}, {v}).clone().zero_()",
    "nn.init.zeros_({p}.data.clone())",
)

LAYER_WRITES: tuple[Snippet, ...] = (
    "setattr({m}, 'weight', nn.Parameter(torch.full((4, 4), {v})))",
    "{m}.weight = nn.Parameter(torch.full((4, 4), {v}))",
    "{m}._parameters['weight'] = nn.Parameter(torch.full((4, 4), {v}))",
    "{m}.__dict__['_parameters']['weight'] = nn.Parameter(torch.full((4, 4), {v}))",
    "{m}._parameters.update(weight=nn.Parameter(torch.full((4, 4), {v})))",
    "{m}.register_parameter('weight', nn.Parameter(torch.full((4, 4), {v})))",
    "{m}.__setattr__('weight', nn.Parameter(torch.full((4, 4), {v})))",
    "object.__setattr__({m}, 'spare', nn.Parameter(torch.full((4, 4), {v})))",
    "{m}.load_state_dict({{'weight': torch.full((4, 4), {v}), 'bias': torch.zeros(4)}})",
    "{m}.load_state_dict({{'weight': torch.full((4, 4), {v})}}, strict=False)",
    "{m}.weight.data, {m}.bias.data = torch.full((4, 4), {v}), torch.full((4,), {v})",
    "{m}.reset_parameters()",
    "{m}.apply(lambda c: nn.init.constant_(c.weight, {v}))",
    "{m}._apply(lambda t: t.fill_({v}) if False else torch.full_like(t, {v}))",
    "nn.Linear.__init__({m}, 4, 4)",
    "{m}.__init__(4, 4)",
    "[nn.init.constant_(q, {v}) for q in {m}.parameters()]",
    "for q in {m}.parameters(): nn.init.constant_(q, {v})",
    "for q in {m}.parameters(): q.data = torch.full_like(q, {v})",
    "nn.init.constant_({m}.weight, {v}) if {m}.bias is not None else None",
    "nn.init.constant_({m}.weight, {v}) if {m}.bias is None else None",
    "torch.nn.utils.vector_to_parameters(torch.full((20,), {v}), {m}.parameters())",
    "{m}.zero_grad(); {m}.weight.data.fill_({v})",
    "swap = {m}; swap.weight, swap.bias = nn.Parameter(torch.full((4, 4), {v})), nn.Parameter(torch.full((4,), {v}))",
    "del {m}.bias; {m}.register_parameter('bias', nn.Parameter(torch.full((4,), {v})))",
)

EXECUTIONS: tuple[Snippet, ...] = (
    "{f}({m})",
    "(lambda: {f}({m}))()",
    "unused = lambda: {f}({m})",
    "[{f}(c) for c in [{m}]]",
    "unused = ({f}(c) for c in [{m}])",
    "list({f}(c) for c in [{m}])",
    "unused = map({f}, [{m}])",
    "list(map({f}, [{m}]))",
    "tuple(map({f}, [{m}, {m}]))",
    "for _ in map({f}, [{m}]): pass",
    "for _ in map({f}, [{m}]): break",
    "unused = filter({f}, [{m}])",
    "list(filter({f}, [{m}]))",
    "unused = zip(map({f}, [{m}]), [0])",
    "unused = enumerate(map({f}, [{m}]))",
    "any({f}(c) for c in [{m}])",
    "any(True or {f}(c) for c in [{m}])",
    "any(c is not None or {f}(c) for c in [{m}])",
    "any(map({f}, [self.a, {m}]))",
    "all(map({f}, [self.a, {m}]))",
    "any({f}(c) for c in (self.a, {m}))",
    "all({f}(c) for c in (self.a, {m}))",
    "all(not {f}(c) for c in (self.a, {m}))",
    "any([{f}(c) for c in (self.a, {m})])",
    "next({f}(c) for c in (self.a, {m}))",
    "next(map({f}, (self.a, {m})))",
    "next((c for c in (self.a, {m}) if {f}(c) or True), None)",
    "unused = iter([{f}(c) for c in ()])",
    "{f}({m}) and {f}(self.a)",
    "{f}({m}) or {f}(self.a)",
    "None and {f}({m})",
    "1 or {f}({m})",
    "self and {f}({m})",
    "'' or {f}({m})",
    "[] and {f}({m})",
    "assert {f}({m}) is None or True",
    "assert {f}({m}) or True, 'text'",
    "assert True, {f}({m})",
    "if {f}({m}): pass",
    "if not {f}({m}): {f}(self.a)",
    "while {f}({m}) is None: break",
    "{f}({m}) if self.training else None",
    "{f}({m}) if not self else None",
    "None if self.training else {f}({m})",
    "x = {f}({m}) if os.environ.get('HOME') else None",
    "if os.environ.get('NEVER'): {f}({m})",
    "if random.random() < 2: {f}({m})",
    "if torch.cuda.device_count() >= 0: {f}({m})",
    "if not torch.cuda.device_count() >= 0: {f}({m})",
    "for _ in range(0): {f}({m})",
    "for _ in range(2): {f}({m})",
    "for _ in []: {f}({m})\nelse: {f}({m})",
    "for _ in [0]: break\nelse: {f}({m})",
    "while True:\n    {f}({m})\n    break",
    "while False: {f}({m})",
    "try: {f}({m})\nexcept ValueError: pass",
    "try:\n    raise ValueError\n    {f}({m})\nexcept ValueError: pass",
    "try:\n    int('x')\n    {f}({m})\nexcept ValueError: pass",
    "try:\n    int('x')\nexcept ValueError: {f}({m})",
    "try:\n    int('x')\nexcept TypeError: pass\nexcept ValueError: {f}({m})",
    "try:\n    self.absent\n    {f}({m})\nexcept AttributeError: pass",
    "try:\n    [][0]\n    {f}({m})\nexcept IndexError: pass",
    "try:\n    {{}}['k']\n    {f}({m})\nexcept KeyError: pass",
    "try:\n    pass\nexcept ValueError: pass\nelse: {f}({m})",
    "try: pass\nfinally: {f}({m})",
    "try:\n    1 / 0\n    {f}({m})\nexcept ZeroDivisionError: pass",
    "with contextlib.suppress(ValueError):\n    int('x')\n    {f}({m})",
    "with contextlib.suppress(ValueError): {f}({m})",
    "with contextlib.ExitStack() as stack: stack.callback({f}, {m})",
    "unused = contextlib.ExitStack().callback({f}, {m})",
    "with contextlib.nullcontext({f}({m})): pass",
    "self.apply(lambda c: {f}(c) if isinstance(c, nn.Linear) else None)",
    "self.apply(lambda c: {f}(c) if c is {m} else None)",
    "self.apply(lambda c: {f}(c) if type(c) == nn.Linear else None)",
    "self.apply(lambda c: {f}(c) if type(c) is nn.Module else None)",
    "self.apply(lambda c: {f}(c) if hasattr(c, 'weight') else None)",
    "self.apply(lambda c: {f}(c) if c.__class__.__name__ == 'Linear' else None)",
    "self.apply(lambda c: {f}(c) if not list(c.children()) else None)",
    "self.apply(lambda c: {f}(c) if getattr(c, 'weight', None) is not None else None)",
    "{m}.apply({f})",
    "functools.partial({f}, {m})()",
    "unused = functools.partial({f}, {m})",
    "functools.partial({f})({m})",
    "functools.reduce(lambda done, c: {f}(c), [{m}], None)",
    "functools.reduce(lambda done, c: {f}(c), [{m}])",
    "functools.reduce(lambda done, c: {f}(done), [{m}, {m}])",
    "sorted([{m}], key=lambda c: id({f}(c)))",
    "min([{m}], key=lambda c: id({f}(c)))",
    "max([{m}, {m}], key=lambda c: id({f}(c)))",
    "[{m}].sort(key=lambda c: id({f}(c)))",
    "sorted([{m}, {m}], key=functools.cmp_to_key(lambda one, other: id({f}(one)) * 0))",
    "sum(id({f}(c)) for c in [{m}])",
    "sum(map(id, map({f}, [{m}])))",
    "len([{f}({m})])",
    "len(list(itertools.starmap({f}, [({m},)])))",
    "unused = itertools.starmap({f}, [({m},)])",
    "list(itertools.takewhile({f}, [self.a, {m}]))",
    "list(itertools.dropwhile({f}, [self.a, {m}]))",
    "list(itertools.filterfalse({f}, [self.a, {m}]))",
    "list(itertools.accumulate([{m}, {m}], lambda one, other: {f}(other)))",
    "list(itertools.islice(map({f}, [self.a, {m}]), 1))",
    "collections.deque(map({f}, [{m}]), maxlen=0)",
    "collections.defaultdict(lambda: {f}({m}))['k']",
    "unused = collections.defaultdict(lambda: {f}({m}))",
    "{{}}.get('k', {f}({m}))",
    "{{}}.setdefault('k', {f}({m}))",
    "{{'k': lambda: {f}({m})}}['k']()",
    "{{'k': {f}}}.get('k')({m})",
    "[print, {f}][1]({m})",
    "[print, {f}][False]",
    "(print if self.training else {f})({m})",
    "({f} if self.training else print)({m})",
    "operator.methodcaller('__call__', {m})({f})",
    "operator.call({f}, {m}) if hasattr(operator, 'call') else {f}({m})",
    "{f}.__call__({m})",
    "getattr({f}, '__call__')({m})",
    "globals()['{f}']({m})",
    "eval('{f}')({m})",
    "eval('{f}(layer)', globals(), {{'layer': {m}}})",
    "exec('{f}(layer)', globals(), {{'layer': {m}}})",
    "types.MethodType({f}, {m})()",
    "types.MethodType(lambda one, two: {f}(two), self)({m})",
    "str({f}({m}))",
    "f'{{{f}({m})}}'",
    "'%s' % ({f}({m}),)",
    "[0][:{f}({m}) is None]",
    "(lambda *args: None)({f}({m}))",
    "(lambda value={f}({m}): None)()",
    "def inner(value={f}({m})): pass",
    "def inner(value: {f}({m}) = None): pass",
    "class Inner: value = {f}({m})",
    "x: {f}({m})",
    "x: int = {f}({m})",
    "del [{f}({m})][0]",
    "global spare; spare = {f}({m})",
    "threading.Thread(target={f}, args=({m},)).run()",
    "unused = threading.Thread(target={f}, args=({m},))",
    "list(concurrent.futures.ThreadPoolExecutor(1).map({f}, [{m}]))",
    "torch.no_grad()({f})({m})",
    "torch.no_grad()(lambda: {f}({m}))()",
    "unused = torch.no_grad()(lambda: {f}({m}))",
    "self.register_forward_pre_hook(lambda *args: {f}({m}))",
    "self.spare_hook = lambda: {f}({m})",
    "self.__dict__['spare_hook'] = {f}({m})",
    "atexit.register(lambda: {f}({m}))",
    "match {f}({m}):\n    case _: pass",
    "match self.training:\n    case False: {f}({m})",
    "match self.training:\n    case True: {f}({m})",
    "match ({m}, 0):\n    case (nn.Linear() as layer, 0): {f}(layer)",
    "match ({m}, 0):\n    case (_, 1): {f}({m})\n    case _ if False: {f}({m})",
    "match 2:\n    case 1 | 3: {f}({m})",
    "match 'k':\n    case 'k' | 'j': {f}({m})",
    "match [{m}]:\n    case [layer, *_]: {f}(layer)",
    "match {{'k': {m}}}:\n    case {{'k': layer, **others}}: {f}(layer)",
    ("decorated_{n}({m})", "@functools.wraps({f})\ndef decorated_{n}(layer):\n    return {f}(layer)\n"),
    (
        "replaced_{n}({m})",
        "def ignoring_{n}(function):\n    return lambda *args: None\n\n"
        "@ignoring_{n}\ndef replaced_{n}(layer):\n    return {f}(layer)\n",
    ),
    (
        "wrapped_{n}({m})",
        "def passing_{n}(function):\n    @functools.wraps(function)\n    def inner(*args):\n"
        "        return function(*args)\n    return inner\n\n@passing_{n}\n"
        "def wrapped_{n}(layer):\n    return {f}(layer)\n",
    ),
    (
        "cached_{n}({m}); nn.init.zeros_({m}.weight); cached_{n}({m})",
        "@functools.lru_cache(maxsize=None)\ndef cached_{n}(layer):\n    return {f}(layer)\n",
    ),
    (
        "kept_{n}({m}); nn.init.zeros_({m}.weight); kept_{n}({m})",
        "@functools.cache\ndef kept_{n}(layer):\n    return {f}(layer)\n",
    ),
    (
        "single_{n}({m})",
        "@functools.singledispatch\ndef single_{n}(layer):\n    return None\n\n"
        "@single_{n}.register\ndef _(layer: nn.Linear):\n    return {f}(layer)\n",
    ),
    (
        "other_{n}({m})",
        "@functools.singledispatch\ndef other_{n}(layer):\n    return {f}(layer)\n\n"
        "@other_{n}.register(nn.Linear)\ndef _(layer):\n    return None\n",
    ),
    ("generator_{n}({m})", "def generator_{n}(layer):\n    yield {f}(layer)\n"),
    ("list(generator_{n}({m}))", "def generator_{n}(layer):\n    yield {f}(layer)\n"),
    ("next(generator_{n}({m}))", "def generator_{n}(layer):\n    yield 0\n    {f}(layer)\n"),
    ("for _ in generator_{n}({m}): break", "def generator_{n}(layer):\n    yield 0\n    {f}(layer)\n"),
    ("for _ in generator_{n}({m}): pass", "def generator_{n}(layer):\n    yield 0\n    {f}(layer)\n"),
    (
        "for _ in outer_{n}({m}): pass",
        "def inner_{n}(layer):\n    yield {f}(layer)\n\ndef outer_{n}(layer):\n    yield from inner_{n}(layer)\n",
    ),
    (
        "g = sent_{n}(); next(g); g.send({m})",
        "def sent_{n}():\n    layer = yield\n    {f}(layer)\n    yield\n",
    ),
    ("asyncio.run(coroutine_{n}({m}))", "async def coroutine_{n}(layer):\n    {f}(layer)\n"),
    (
        "with managed_{n}({m}): pass",
        "@contextlib.contextmanager\ndef managed_{n}(layer):\n    {f}(layer)\n    yield\n",
    ),
    (
        "with managed_{n}({m}): pass",
        "@contextlib.contextmanager\ndef managed_{n}(layer):\n    yield\n    {f}(layer)\n",
    ),
    (
        "with managed_{n}({m}) as layer: {f}(layer)",
        "@contextlib.contextmanager\ndef managed_{n}(layer):\n    yield layer\n    nn.init.zeros_(layer.weight)\n",
    ),
    (
        "with Manager_{n}({m}): pass",
        "class Manager_{n}:\n    def __init__(self, layer):\n        self.layer = layer\n"
        "    def __enter__(self):\n        {f}(self.layer)\n    def __exit__(self, *error):\n        pass\n",
    ),
    (
        "with Leaving_{n}({m}): pass",
        "class Leaving_{n}:\n    def __init__(self, layer):\n        self.layer = layer\n"
        "    def __enter__(self):\n        pass\n    def __exit__(self, *error):\n        {f}(self.layer)\n",
    ),
    (
        "with Swallowing_{n}():\n    raise ValueError\n    {f}({m})",
        "class Swallowing_{n}:\n    def __enter__(self):\n        pass\n"
        "    def __exit__(self, *error):\n        return True\n",
    ),
    (
        "recursion_{n}({m}, 3)",
        "def recursion_{n}(layer, depth):\n    if depth:\n        return recursion_{n}(layer, depth - 1)\n"
        "    return {f}(layer)\n",
    ),
    (
        "walk_{n}(self)",
        "def walk_{n}(module):\n    for child in module.children():\n        walk_{n}(child)\n"
        "    if isinstance(module, nn.Linear):\n        {f}(module)\n",
    ),
    ("stars_{n}(*[{m}], **{{}})", "def stars_{n}(*args, **options):\n    return {f}(*args)\n"),
    (
        "Static_{n}.run({m})",
        "class Static_{n}:\n    @staticmethod\n    def run(layer):\n        return {f}(layer)\n",
    ),
    (
        "Classed_{n}.run({m})",
        "class Classed_{n}:\n    @classmethod\n    def run(cls, layer):\n        return {f}(layer)\n",
    ),
    (
        "Constructor_{n}({m})",
        "class Constructor_{n}:\n    def __init__(self, layer):\n        {f}(layer)\n",
    ),
    (
        "New_{n}({m})",
        "class New_{n}:\n    def __new__(cls, layer):\n        {f}(layer)\n        return object.__new__(cls)\n"
        "    def __init__(self, layer):\n        pass\n",
    ),
    (
        "Other_{n}({m})",
        "class Other_{n}:\n    def __new__(cls, layer):\n        return None\n"
        "    def __init__(self, layer):\n        {f}(layer)\n",
    ),
    (
        "Typed_{n}({m})",
        "class Type_{n}(type):\n    def __call__(cls, layer):\n        {f}(layer)\n\n"
        "class Typed_{n}(metaclass=Type_{n}):\n    pass\n",
    ),
    (
        "Skipped_{n}({m})",
        "class SkippedType_{n}(type):\n    def __call__(cls, layer):\n        return None\n\n"
        "class Skipped_{n}(metaclass=SkippedType_{n}):\n    def __init__(self, layer):\n        {f}(layer)\n",
    ),
    (
        "Post_{n}({m})",
        "@dataclasses.dataclass\nclass Post_{n}:\n    layer: nn.Module\n"
        "    def __post_init__(self):\n        {f}(self.layer)\n",
    ),
    (
        "Base_{n}.layer = {m}\nclass Derived(Base_{n}): pass",
        "class Base_{n}:\n    layer = None\n    def __init_subclass__(cls):\n        {f}(cls.layer)\n",
    ),
    (
        "class Named:\n    attribute = Attribute_{n}({m})",
        "class Attribute_{n}:\n    def __init__(self, layer):\n        self.layer = layer\n"
        "    def __set_name__(self, owner, name):\n        {f}(self.layer)\n",
    ),
    (
        "Lazy_{n}({m}).run",
        "class Lazy_{n}:\n    def __init__(self, layer):\n        self.layer = layer\n"
        "    @property\n    def run(self):\n        return {f}(self.layer)\n",
    ),
    (
        "unused = Lazily_{n}({m})",
        "class Lazily_{n}:\n    def __init__(self, layer):\n        self.layer = layer\n"
        "    @functools.cached_property\n    def run(self):\n        return {f}(self.layer)\n",
    ),
    (
        "once = Once_{n}({m}); once.run; nn.init.zeros_({m}.weight); once.run",
        "class Once_{n}:\n    def __init__(self, layer):\n        self.layer = layer\n"
        "    @functools.cached_property\n    def run(self):\n        return {f}(self.layer)\n",
    ),
    (
        "Settable_{n}().layer = {m}",
        "class Settable_{n}:\n    @property\n    def layer(self):\n        return None\n"
        "    @layer.setter\n    def layer(self, layer):\n        {f}(layer)\n",
    ),
    (
        "Storing_{n}().layer = {m}",
        "class Store_{n}:\n    def __get__(self, holder, owner):\n        return None\n"
        "    def __set__(self, holder, layer):\n        {f}(layer)\n\nclass Storing_{n}:\n    layer = Store_{n}()\n",
    ),
    (
        "Read_{n}({m}).value",
        "class Reader_{n}:\n    def __get__(self, holder, owner):\n        return {f}(holder.layer)\n\n"
        "class Read_{n}:\n    value = Reader_{n}()\n    def __init__(self, layer):\n        self.layer = layer\n",
    ),
    (
        "Setting_{n}().layer = {m}",
        "class Setting_{n}:\n    def __setattr__(self, name, layer):\n        {f}(layer)\n",
    ),
    (
        "Getting_{n}({m}).anything",
        "class Getting_{n}:\n    def __init__(self, layer):\n        self.layer = layer\n"
        "    def __getattr__(self, name):\n        return {f}(self.layer)\n",
    ),
    (
        "Ignoring_{n}({m}).run()",
        "class Ignoring_{n}:\n    def __init__(self, layer):\n        object.__setattr__(self, 'layer', layer)\n"
        "    def __getattribute__(self, name):\n        return lambda: None\n"
        "    def run(self):\n        return {f}(self.layer)\n",
    ),
    (
        "if Falsy_{n}(): {f}({m})",
        "class Falsy_{n}:\n    def __bool__(self):\n        return False\n",
    ),
    (
        "if not Empty_{n}(): {f}({m})",
        "class Empty_{n}:\n    def __len__(self):\n        return 0\n",
    ),
    (
        "Empty_{n}() and {f}({m})",
        "class Empty_{n}:\n    def __len__(self):\n        return 0\n",
    ),
    (
        "if Equal_{n}() == 3: {f}({m})",
        "class Equal_{n}:\n    def __eq__(self, other):\n        return False\n",
    ),
    (
        "if Equal_{n}() != 3: {f}({m})",
        "class Equal_{n}:\n    def __eq__(self, other):\n        return True\n",
    ),
    (
        "if 3 in Containing_{n}(): {f}({m})",
        "class Containing_{n}:\n    def __contains__(self, other):\n        return False\n",
    ),
    (
        "if isinstance({m}, Instances_{n}): {f}({m})",
        "class InstancesType_{n}(type):\n    def __instancecheck__(cls, value):\n        return False\n\n"
        "class Instances_{n}(nn.Linear, metaclass=InstancesType_{n}):\n    pass\n",
    ),
    *(
        (
            use,
            "class Protocol_{n}:\n    def __init__(self, layer):\n        self.layer = layer\n"
            f"    def {method}:\n        {{f}}(self.layer)\n        return {result}\n",
        )
        for use, method, result in (
            ("str(Protocol_{n}({m}))", "__str__(self)", "''"),
            ("f'{{Protocol_{n}({m})}}'", "__str__(self)", "''"),
            ("f'{{Protocol_{n}({m}):x}}'", "__format__(self, how)", "''"),
            ("repr(Protocol_{n}({m}))", "__repr__(self)", "''"),
            ("len(Protocol_{n}({m}))", "__len__(self)", "0"),
            ("bool(Protocol_{n}({m}))", "__bool__(self)", "True"),
            ("if Protocol_{n}({m}): pass", "__bool__(self)", "True"),
            ("hash(Protocol_{n}({m}))", "__hash__(self)", "0"),
            ("{{Protocol_{n}({m}): 0}}", "__hash__(self)", "0"),
            ("int(Protocol_{n}({m}))", "__int__(self)", "0"),
            ("range(10)[Protocol_{n}({m})]", "__index__(self)", "0"),
            ("abs(Protocol_{n}({m}))", "__abs__(self)", "0"),
            ("-Protocol_{n}({m})", "__neg__(self)", "0"),
            ("~Protocol_{n}({m})", "__invert__(self)", "0"),
            ("Protocol_{n}({m}) + 1", "__add__(self, other)", "0"),
            ("1 + Protocol_{n}({m})", "__radd__(self, other)", "0"),
            ("x = Protocol_{n}({m}); x += 1", "__iadd__(self, other)", "0"),
            ("Protocol_{n}({m}) @ 1", "__matmul__(self, other)", "0"),
            ("Protocol_{n}({m}) | 1", "__or__(self, other)", "0"),
            ("Protocol_{n}({m}) >> self.a", "__rshift__(self, other)", "0"),
            ("Protocol_{n}({m}) == 1", "__eq__(self, other)", "True"),
            ("Protocol_{n}({m}) < 1", "__lt__(self, other)", "True"),
            ("1 in Protocol_{n}({m})", "__contains__(self, other)", "True"),
            ("Protocol_{n}({m})[0]", "__getitem__(self, index)", "0"),
            ("Protocol_{n}({m})[0] = 1", "__setitem__(self, index, value)", "None"),
            ("del Protocol_{n}({m})[0]", "__delitem__(self, index)", "None"),
            ("del Protocol_{n}({m}).x", "__delattr__(self, name)", "None"),
            ("Protocol_{n}({m})()", "__call__(self)", "0"),
            ("list(map(Protocol_{n}({m}), [0]))", "__call__(self, value)", "0"),
            ("self.apply(Protocol_{n}({m}))", "__call__(self, value)", "0"),
            ("iter(Protocol_{n}({m}))", "__iter__(self)", "iter(())"),
            ("for _ in Protocol_{n}({m}): pass", "__iter__(self)", "iter(())"),
            ("[*Protocol_{n}({m})]", "__iter__(self)", "iter(())"),
            ("next(Protocol_{n}({m}))", "__next__(self)", "0"),
            ("copy.copy(Protocol_{n}({m}))", "__copy__(self)", "0"),
            ("copy.deepcopy(Protocol_{n}({m}))", "__deepcopy__(self, memo)", "0"),
            ("reversed(Protocol_{n}({m}))", "__reversed__(self)", "[]"),
            ("round(Protocol_{n}({m}))", "__round__(self)", "0"),
            ("dir(Protocol_{n}({m}))", "__dir__(self)", "[]"),
        )
    ),
)
"""Statements of a constructor: some run the function, some do not."""

TIES: tuple[Snippet, ...] = (
    "self.{a}.weight = self.{b}.weight",
    "self.{a} = self.{b}",
    "self._modules['{a}'] = self.{b}",
    "setattr(self, '{a}', self.{b})",
    "self.{a}.weight.data = self.{b}.weight.data",
    "self.{a}._parameters['weight'] = self.{b}.weight",
    "self.{a}.__dict__['_parameters'] = self.{b}.__dict__['_parameters']",
    "self.{a}.__dict__ = self.{b}.__dict__",
    "if os.environ.get('NEVER'): self.{a}.weight = self.{b}.weight",
    "if random.random() < 2: self.{a}.weight = self.{b}.weight",
    "self.{a}, self.{b} = self.{b}, self.{a}",
    "self.{a} = copy.copy(self.{b})",
    "self.{a} = copy.deepcopy(self.{b})",
    "self.{a} = nn.Linear(4, 4)",
    "del self.{a}; self.{a} = nn.Linear(4, 4)",
    "self._modules.pop('{a}'); self.{a} = nn.Linear(4, 4)",
    "self.{a}.weight = nn.Parameter(self.{b}.weight.data)",
    "self.{a}.weight = nn.Parameter(self.{b}.weight.data.clone())",
    "for c in [self.{a}]: c.weight = self.{b}.weight",
    "self.{a}.load_state_dict(self.{b}.state_dict())",
    "vars(self.{a}).update(vars(self.{b}))",
)
"""Statements that make two layers share their weights, or do not."""

BASES: tuple[Snippet, ...] = (
    "nn.Module",
    "nn.Module",
    "nn.Module",
    ("Plain", "class Plain(nn.Module):\n    pass\n"),
    ("Typed", "class Type(type):\n    pass\n\nclass Typed(nn.Module, metaclass=Type):\n    pass\n"),
    (
        "Finishing",
        "class FinishingType(type):\n    def __call__(cls, *args):\n        net = super().__call__(*args)\n"
        "        nn.init.constant_(net.a.weight, 91.0)\n        return net\n\n"
        "class Finishing(nn.Module, metaclass=FinishingType):\n    pass\n",
    ),
    (
        "New",
        "class New(nn.Module):\n    def __new__(cls, *args):\n        return super().__new__(cls)\n",
    ),
    (
        "Registering",
        "class Registering(nn.Module):\n    def __init_subclass__(cls, **options):\n"
        "        super().__init_subclass__(**options)\n        cls.finished = True\n",
    ),
    (
        "Patched",
        "class Patched(nn.Module):\n    def __init_subclass__(cls, **options):\n"
        "        before = cls.__init__\n        def after(self, *args):\n            before(self, *args)\n"
        "            nn.init.constant_(self.a.weight, 92.0)\n        cls.__init__ = after\n",
    ),
    (
        "Filling",
        "class Filling(nn.Module):\n    def __setattr__(self, name, value):\n        super().__setattr__(name, value)\n"
        "        if isinstance(value, nn.Linear):\n            nn.init.constant_(value.weight, 93.0)\n",
    ),
    (
        "Dropping",
        "class Dropping(nn.Module):\n    def __setattr__(self, name, value):\n"
        "        super().__setattr__(name, nn.Linear(4, 4) if isinstance(value, nn.Linear) else value)\n",
    ),
    (
        "Answering",
        "class Answering(nn.Module):\n    def __getattr__(self, name):\n"
        "        found = super().__getattr__(name)\n"
        "        return nn.Linear(4, 4) if isinstance(found, nn.Linear) and name == 'a' else found\n",
    ),
    (
        "Intercepting",
        "class Intercepting(nn.Module):\n    def __getattribute__(self, name):\n"
        "        return nn.Linear(4, 4) if name == 'a' else super().__getattribute__(name)\n",
    ),
    (
        "Listing",
        "class Listing(nn.Module):\n    def children(self):\n        return iter([nn.Linear(4, 4)])\n"
        "    def modules(self):\n        yield nn.Linear(4, 4)\n",
    ),
    (
        "Naming",
        "class Naming(nn.Module):\n    def named_children(self):\n"
        "        yield from list(super().named_children())[:1]\n",
    ),
    (
        "Applying",
        "class Applying(nn.Module):\n    def apply(self, function):\n        return self\n",
    ),
    (
        "Mixed",
        "class Mixin:\n    def __init__(self, *args):\n        super().__init__(*args)\n"
        "        self.from_mixin = nn.Linear(4, 4)\n\nclass Mixed(Mixin, nn.Module):\n    pass\n",
    ),
    ("abc.ABC, nn.Module", ""),
    ("typing.Generic[typing.TypeVar('T')], nn.Module", ""),
)

DECORATORS: tuple[Snippet, ...] = (
    "",
    "",
    "",
    "",
    ("@same\n", "def same(cls):\n    return cls\n"),
    (
        "@initialized\n",
        "def initialized(cls):\n    before = cls.__init__\n    def after(self, *args):\n        before(self, *args)\n"
        "        nn.init.constant_(self.b.weight, 94.0)\n    cls.__init__ = after\n    return cls\n",
    ),
    (
        "@subclassed\n",
        "def subclassed(cls):\n    class Changed(cls):\n        def __init__(self, *args):\n"
        "            super().__init__(*args)\n            nn.init.constant_(self.b.weight, 95.0)\n    return Changed\n",
    ),
)

STEPS: tuple[Snippet, ...] = (
    "{h} = {act}({m}({h}))",
    "{h} = {m}({h}); {h} = {act}({h})",
    "{h} = {act}({m}.forward({h}))",
    "{h} = {act}({m}.__call__({h}))",
    "{h} = {act}(nn.Linear.forward({m}, {h}))",
    "{h} = functools.reduce(lambda x, g: g(x), [{m}, {act}], {h})",
    "for g in ({m}, {act}): {h} = g({h})",
    "for g in (): {h} = g({h})\nelse: {h} = {act}({m}({h}))",
    "{h} = {m}({h}); unused = map({act}, [{h}])",
    "{h} = {m}({h}); unused = ({act}(x) for x in [{h}])",
    "{h} = {m}({h}); {h} = list(map({act}, [{h}]))[0]",
    "{h} = {m}({h}); {h} = next(map({act}, [{h}]))",
    "{h} = {m}({h}); unused = lambda: {act}({h})",
    "{h} = {m}({h}); any(True or {act}({h}) for _ in [0])",
    "{h} = {m}({h}); None and {act}({h})",
    "{h} = {m}({h}); {h} = {h} if self.training else {act}({h})",
    "{h} = {m}({h}); {h} = {act}({h}) if {h}.dim() == 7 else {h}",
    "{h} = {m}({h})\nif {h}.dim() == 2: {h} = {act}({h})",
    "{h} = {m}({h})\nif {h}.shape[0] > 100: {h} = {act}({h})",
    "{h} = {m}({h})\ntry:\n    raise ValueError\n    {h} = {act}({h})\nexcept ValueError: pass",
    "{h} = {m}({h})\nwith contextlib.suppress(ValueError):\n    int('x')\n    {h} = {act}({h})",
    "{h} = {m}({h}); {h} = {{'k': {act}}}['k']({h})",
    "{h} = {m}({h}); {h} = {{'j': {act}}}.get('k', lambda x: x)({h})",
    "{h} = {m}({h}); {h} = (lambda x: {act}(x))({h})",
    "{h} = {m}({h}); {h} = functools.partial({act})({h})",
    "{h} = {m}({h}); {h} = ({act} or None)({h})",
    "{h} = {m}({h}); {h} = nn.Sequential(nn.Identity())({h}); {h} = {act}({h})",
    "{h} = nn.Sequential({m}, nn.Tanh())({h})",
    "{h} = nn.Sequential(*[{m}, nn.Tanh()])({h})",
    "{h} = nn.Sequential(collections.OrderedDict(x={m}, y=nn.Tanh()))({h})",
    "{h} = torch.utils.checkpoint.checkpoint(lambda x: {act}({m}(x)), {h}, use_reentrant=False)",
    "{h} = {m}({h}); {h} = operator.call({act}, {h}) if hasattr(operator, 'call') else {act}({h})",
    "match {m}({h}):\n    case x: {h} = {act}(x)",
    "{h}, _ = {act}({m}({h})), None",
    "*_, {h} = None, {act}({m}({h}))",
    "{h} = [{act}(x) for x in [{m}({h})]][0]",
    "{h} = ({act}(x := {m}({h})))",
    (
        "{h} = Wrapped_{n}({m})({h})",
        "class Wrapped_{n}(nn.Module):\n    def __init__(self, inner):\n        super().__init__()\n"
        "        self.inner = inner\n    def forward(self, x):\n        return {act}(self.inner(x))\n",
    ),
    (
        "{h} = Called_{n}({m})({h})",
        "class Called_{n}(nn.Module):\n    def __init__(self, inner):\n        super().__init__()\n"
        "        self.inner = inner\n    def __call__(self, x):\n        return self.inner(x)\n"
        "    def forward(self, x):\n        return {act}(self.inner(x))\n",
    ),
    (
        "{h} = Hooked_{n}({m})({h})",
        "class Hooked_{n}(nn.Module):\n    def __init__(self, inner):\n        super().__init__()\n"
        "        self.inner = inner\n"
        "        self.register_forward_hook(lambda module, args, y: {act}(y))\n"
        "    def forward(self, x):\n        return self.inner(x)\n",
    ),
    ("{h} = next(flow_{n}({m}, {h}))", "def flow_{n}(layer, x):\n    yield layer(x)\n    yield {act}(layer(x))\n"),
    (
        "for {h} in flow_{n}({m}, {h}): break",
        "def flow_{n}(layer, x):\n    yield layer(x)\n    yield {act}(layer(x))\n",
    ),
    ("{h} = piped_{n}({m})({h})", "def piped_{n}(layer):\n    return lambda x: {act}(layer(x))\n"),
    (
        "{h} = dispatched_{n}({m}({h}))",
        "@functools.singledispatch\ndef dispatched_{n}(x):\n    return x\n\n@dispatched_{n}.register\n"
        "def _(x: torch.Tensor):\n    return {act}(x)\n",
    ),
    (
        "{h} = (Piped_{n}({h}) | {m} | {act}).x",
        "class Piped_{n}:\n    def __init__(self, x):\n        self.x = x\n"
        "    def __or__(self, function):\n        return Piped_{n}(function(self.x))\n",
    ),
    (
        "{h} = Truth_{n}() and {act}({m}({h})) or {m}({h})",
        "class Truth_{n}:\n    def __bool__(self):\n        return False\n",
    ),
)
"""Statements of a `forward`, which some layer and some activation take part in."""

ACTIVATIONS: tuple[str, ...] = (
    "torch.relu",
    "F.relu",
    "torch.tanh",
    "torch.sigmoid",
    "F.gelu",
    "torch.nn.functional.silu",
    "nn.ReLU()",
    "nn.Tanh()",
    "torch.Tensor.tanh",
    "operator.methodcaller('relu')",
    "getattr(torch, 'tanh')",
    "vars(torch)['tanh']",
    "getattr(F, 're' + 'lu')",
)

RETURNS: tuple[str, ...] = ("layer", "None", "True", "False", "0", "layer.weight")
