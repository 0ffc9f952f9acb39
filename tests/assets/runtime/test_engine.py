"""Dagster's end of a worker's messages."""

import json
import time
from pathlib import Path
from typing import Any

from nitro_assets.runtime.launcher import Messages


class _Taken:
    """What a handler of messages is told."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.broken: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.messages.append(message)

    def report_pipes_framework_exception(self, origin: str, error: Any) -> None:
        self.broken.append(error)


def test_a_message_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    taken, said = _Taken(), [{"method": "log", "params": {"message": "x" * 9000}}, {"method": "closed", "params": {}}]
    path = tmp_path / "messages"
    with Messages(str(path)).read_messages(taken), path.open("a") as file:  # type: ignore[arg-type]
        for message in said:
            line = json.dumps(message) + "\n"
            for half in (line[: len(line) // 2], line[len(line) // 2 :]):
                file.write(half)
                file.flush()
                time.sleep(0.1)  # the reader looks every hundredth of a second
    assert (taken.messages, taken.broken) == (said, [])
    assert not path.exists()
