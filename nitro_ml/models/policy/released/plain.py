"""What lies beside the weights, as plain values that fit on a card: dictionaries, lists, text and numbers."""

import math
from typing import Any

from nitro_ml.models.policy.released.pickled import Name, PickleError, Record

DEEPEST = 32
MOST = 10_000


class _Budget:
    left = MOST


def plain(value: Any, budget: _Budget | None = None, depth: int = 0) -> Any:
    """Inert records become what they hold: a pydantic object its fields, an enumeration its value. Raises `PickleError`
    for what is nested deeper than `DEEPEST`, has more than `MOST` values, or is a tensor.
    """
    budget = budget or _Budget()
    budget.left -= 1
    if depth > DEEPEST or budget.left < 0:
        raise PickleError(
            f"what it holds beside the weights is nested deeper than {DEEPEST} or has more than {MOST:,} values."
        )
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes():
            return value.hex()
        case Name():
            return value.name
        case dict():
            return {str(key): plain(item, budget, depth + 1) for key, item in value.items()}
        case list() | tuple():
            return [plain(item, budget, depth + 1) for item in value]
        case Record():
            return plain(_content(value), budget, depth + 1)
        case _:
            raise PickleError(f"found a {type(value).__name__} beside the weights; allowed are plain values.")


def _content(record: Record) -> Any:
    if isinstance(record.state, dict):
        return record.state.get("__dict__", record.state)
    if record.state is not None or record.items:
        return [record.state, *record.items]
    single = isinstance(record.args, tuple) and len(record.args) == 1
    return record.args[0] if single else record.args
