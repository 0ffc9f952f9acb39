"""What the `data.pkl` of a torch file says, without unpickling: no name in it is ever imported or called.

`pickletools` takes the bytes apart; a small stack machine puts together plain values, tensors' whereabouts and, for
objects of classes it does not know, inert records. Opcodes: the standard library's `pickletools`; what torch writes:
`torch/serialization.py` and `torch/_utils.py`.
"""

import pickletools
from dataclasses import dataclass, field
from typing import Any

STORAGE = "torch.FloatStorage"
TENSOR = "torch._utils._rebuild_tensor_v2"
ORDERED = "collections.OrderedDict"
# What a configuration is commonly written with. A call of anything else has no business in a checkpoint.
CONFIGURATIONS = (
    "nitrogen",
    "__main__",
    "pydantic",
    "pydantic_core",
    "pathlib",
    "datetime",
    "decimal",
    "uuid",
    "numpy",
)
CONTAINERS = {f"{home}.{name}" for home in ("builtins", "__builtin__") for name in ("set", "frozenset", "complex")}
CALLS = CONTAINERS | {"collections.defaultdict", "_codecs.encode", "torch.Size", "torch.device"}
CALLS |= {"copyreg._reconstructor", "copy_reg._reconstructor"}


class PickleError(ValueError):
    """A pickle that is refused: the message says for what, and what is allowed."""


@dataclass(frozen=True)
class Name:
    """A global that the pickle names."""

    name: str


@dataclass(frozen=True)
class Storage:
    """So many numbers of a kind, in the record `key` of the file."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class Strided:
    """A tensor: where in a storage its numbers lie, in numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(eq=False)
class Record:
    """An object of an unknown class: its class's name, and what it would be made of. It does nothing."""

    name: str
    args: Any = ()
    state: Any = None
    items: list[Any] = field(default_factory=list)


def read(data: bytes) -> tuple[Any, list[str]]:
    """The value, and the names of all foreign globals. Raises `PickleError`."""
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name == "STOP":
                return machine.pop(), sorted(machine.foreign)
            machine.step(opcode.name, argument)
    except PickleError:
        raise
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise PickleError(f"it is damaged ({type(error).__name__}: {str(error)[:80]}).") from error
    raise PickleError("it ends before its end.")


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.foreign: set[str] = set()

    def pop(self) -> Any:
        return self.stack.pop()

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def step(self, opcode: str, argument: Any) -> None:
        stack, push = self.stack, self.stack.append
        match opcode:
            case "PROTO" | "FRAME":
                pass
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                push({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[opcode])
            case (
                "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE" | "SHORT_BINUNICODE"
                | "BINBYTES" | "SHORT_BINBYTES"
            ):  # fmt: skip
                push(argument)
            case "EMPTY_DICT":
                push({})
            case "EMPTY_LIST" | "EMPTY_SET":
                push([])
            case "EMPTY_TUPLE":
                push(())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(opcode[-1])
                stack[-count:] = [tuple(stack[len(stack) - count :])]
            case "MARK":
                self.marks.append(len(stack))
            case "TUPLE":
                push(tuple(self.since_mark()))
            case "FROZENSET":
                push(self.since_mark())
            case "APPEND":
                self.extend([self.pop()])
            case "APPENDS" | "ADDITEMS":
                self.extend(self.since_mark())
            case "SETITEM":
                value, key = self.pop(), self.pop()
                self.update([key, value])
            case "SETITEMS":
                self.update(self.since_mark())
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                push(self.memo[argument])
            case "GLOBAL":
                push(self.named(argument.replace(" ", ".")))
            case "STACK_GLOBAL":
                name, module = self.pop(), self.pop()
                push(self.named(f"{_a(str, module)}.{_a(str, name)}"))
            case "BINPERSID":
                push(_storage(self.pop()))
            case "REDUCE":
                args, function = self.pop(), self.pop()
                push(_called(function, args))
            case "NEWOBJ":
                args, cls = self.pop(), self.pop()
                push(Record(_text(cls), args))
            case "NEWOBJ_EX":
                keywords, args, cls = self.pop(), self.pop(), self.pop()
                push(Record(_text(cls), (*args, keywords) if keywords else args))
            case "BUILD":
                self.build(self.pop())
            case _:
                raise PickleError(f"found opcode {opcode}, which torch.save does not write.")

    def named(self, name: str) -> Name:
        if name not in (ORDERED, TENSOR) and not name.endswith("Storage"):
            self.foreign.add(name[:200])
        return Name(name)

    def extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        (target.items if isinstance(target, Record) else _a(list, target)).extend(items)

    def update(self, flat: list[Any]) -> None:
        target = self.stack[-1]
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        if isinstance(target, Record):
            target.items.extend(pairs)
            return
        for key, value in pairs:
            _a(dict, target)[_key(key)] = value

    def build(self, state: Any) -> None:
        """An unknown object's state is kept; that of a dict is what torch writes of a module, which is not needed."""
        target = self.stack[-1]
        if isinstance(target, Record):
            target.state = state
        else:
            _a(dict, target)


def _called(function: Any, args: Any) -> Any:
    """What is understood is done; what a configuration may be written with becomes a record; all else is refused."""
    name = _text(function)
    if name == TENSOR:
        return _tensor(*_a(tuple, args)[:4])
    if name == ORDERED:
        return {_key(key): value for key, value in (args[0] if args else ())}
    if name in CALLS or name.split(".")[0] in CONFIGURATIONS:
        return Record(name, args)
    raise PickleError(f"loading it would call {name[:200]}, which no checkpoint of weights needs; nothing was called.")


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any) -> Strided:
    numbers = (offset, *_a(tuple, shape), *_a(tuple, stride))
    if not isinstance(storage, Storage) or any(type(n) is not int or n < 0 for n in numbers):
        raise PickleError("found a tensor that is not made of a storage and whole numbers.")
    return Strided(storage, offset, shape, stride)


def _storage(identity: Any) -> Storage:
    _, kind, key, _, count = identity
    if type(count) is not int or count < 0:
        raise PickleError("found a storage without a size.")
    return Storage(_text(kind), _a(str, key), count)


def _text(value: Any) -> str:
    return str(_a(Name, value).name)


def _key(value: Any) -> Any:
    """Only flat keys: the hash of a nested one has no bounded depth."""
    if not isinstance(value, str | int | float | None):
        raise PickleError(f"found a key that is a {type(value).__name__}; allowed are text and numbers.")
    return value


def _a(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise PickleError(f"found a {type(value).__name__} where only a {kind.__name__} makes sense.")
    return value
