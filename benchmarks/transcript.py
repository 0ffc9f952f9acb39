"""`python -m benchmarks.transcript`: every command of the README in order, what it printed and how long it took.

Writes `docs/labbook/transcript.md`. Meant for a fresh clone: `make demo` is its first command, and at the end a video
is taken out of the demonstration's lake, and what came from it is made again. Names of videos are left out of the page.
"""

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.request import urlopen

import polars as pl

from nitro_assets.lake.files.checkpoints import Checkpoints
from nitro_assets.lake.store import Lake
from nitro_assets.settings import ROOT, Settings

PAGE = ROOT / "docs" / "labbook" / "transcript.md"
WIDTH = 80
FOLDER = "state/transcript"
UI = "http://127.0.0.1:3000/server_info"
COMMANDS = (
    "make demo",
    "make dev",
    "nitro status",
    "nitro plan",
    "nitro run --select '+key:\"idm_checkpoint\"'",
    "nitro retry",
    "for seed in 1 2 3; do nitro record freeway --seed $seed --out {folder}; done",
    "nitro label {folder}/videos/freeway_0000.mp4 --out {folder}/labels.parquet --game freeway",
    "nitro train {folder} --recipe quick --out {folder}/models",
    "nitro evaluate --labels {folder}/labels.parquet --truth {folder}/truth/freeway_0000.actions.parquet",
    "nitro overlay {folder}/videos/freeway_0000.mp4 --labels {folder}/labels.parquet --out {folder}/shown.mp4",
    "nitro play --checkpoint {policy} --game freeway --episodes 2",
    "nitro policy import {folder}/ng.pt --out {folder}",
    "nitro lineage {video}",
    "nitro lineage {policy}",
    "nitro openlineage {folder}/lineage.ndjson",
    "nitro bench first_hour --json {folder}/first_hour.json",
    "nitro takedown request {video} --reason 'asked by its creator'",
    "nitro takedown vouch {request}",
    "nitro takedown plan {request}",
    "nitro takedown key",
    "nitro takedown register {key}",
    "nitro takedown approve {request} --plan {plan}",
    "nitro takedown run {request}",
    "nitro takedown status",
    "nitro takedown verify",
    "nitro run",
    "nitro takedown status",
)
SECRETS = (
    (re.compile(r"((?:http://|page:)127\.0\.0\.1:)\d+/watch/\w+"), r"\1PORT/watch/VIDEO"),
    (re.compile(r"\b([0-9a-f]{4})[0-9a-f]{8}(…|[0-9a-f]{4,}\b)"), r"\1..."),
    (re.compile(re.escape(f"{ROOT}/")), ""),
)
"""Names of videos and keys, which have no place in a repository, and this machine's folder."""


class Names(dict[str, str]):
    """What `{video}` and so on stand for, asked for when a command needs it."""

    def __missing__(self, name: str) -> str:
        return FOUND[name]()


def asked(*words: str) -> Any:
    """The first row of a command's answer."""
    done = subprocess.run(["nitro", *words, "--json"], cwd=ROOT, env=_environment(), capture_output=True, check=True)
    return json.loads(done.stdout)[0]


def a_video() -> str:
    """The address of a video that the demonstration labelled."""
    kept = Lake(Settings()).read("video_index").filter(pl.col("keep")).select("address").sort("address").collect()
    return str(kept["address"][0])


def a_policy() -> str:
    """The policy that learned from the pseudo-labelled walkthroughs."""
    states = Checkpoints(Lake(Settings())).states().filter(partition="ground_truth_and_pseudo")
    return str(states.filter(pl.col("asset") == "policy_checkpoint", pl.col("state") != "tainted")["checkpoint"][0])


FOUND: dict[str, Callable[[], str]] = {
    "folder": lambda: FOLDER,
    "video": a_video,
    "policy": a_policy,
    "key": lambda: str(asked("takedown", "key")["public_key"]),
    "request": lambda: str(asked("takedown", "status")["request"]),
    "plan": lambda: str(asked("takedown", "plan", FOUND["request"]())["hash"]),
}


def page() -> str:
    """Runs everything; Markdown."""
    parts, wide = [], 0
    for command in COMMANDS:
        words = command.format_map(Names())
        began = time.monotonic()
        status, text = _ui(words) if command == "make dev" else _done(words)
        seconds = time.monotonic() - began
        lines = [part for line in text.splitlines() for part in _folded(_clean(line))]
        wide += sum(len(line) > WIDTH for line in lines)
        told = "\n".join([f"$ {_clean(words)}", *lines])
        parts.append(f"```console\n{told}\n```\n\n{seconds:.0f} s" + (f", exit status {status}\n" if status else "\n"))
        print(f"{words}: {seconds:.0f} s, exit status {status}", file=sys.stderr)
    cores = len(os.sched_getaffinity(0))
    about = (
        "Every command of the README in order, what it printed, and how long it took: "
        f"Python {platform.python_version()} on {cores} cores, packages installed. In a terminal of {WIDTH} columns; "
        f"{wide} lines are wider. Where a terminal "
        "would show a bar, there are lines now and then. Names of videos are left out. One person approves takedowns "
        "here (`NITRO_APPROVERS=1`). Made by "
        "`python -m benchmarks.transcript`."
    )
    return "\n".join(["# A first hour", "", *textwrap.wrap(about, 120), "", *parts])


def _done(words: str) -> tuple[int, str]:
    pipe = subprocess.PIPE
    done = subprocess.run(
        words, shell=True, cwd=ROOT, env=_environment(), stdout=pipe, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


def _ui(words: str) -> tuple[int, str]:
    """Until the UI answers, and then Ctrl-C."""
    pipe = subprocess.PIPE
    running = subprocess.Popen(
        words,
        shell=True,
        cwd=ROOT,
        env=_environment(),
        stdout=pipe,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while running.poll() is None:
        with suppress(OSError), urlopen(UI, timeout=5) as answer:
            answer.read()
            os.killpg(running.pid, signal.SIGINT)
            break
        time.sleep(1)
    text = running.communicate()[0]
    return 0, text


def _environment() -> dict[str, str]:
    """Nobody's own settings but that one person approves; the commands of `.venv`; a terminal's width."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("NITRO_")}
    return {**env, "PATH": f"{ROOT}/.venv/bin:{env['PATH']}", "COLUMNS": str(WIDTH), "NITRO_APPROVERS": "1"}


def _folded(line: str) -> list[str]:
    """A message as a terminal shows it, broken between words; tables fit already."""
    line = line.rstrip()
    return textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) if len(line) > WIDTH else [line]


def _clean(text: str) -> str:
    for pattern, shown in SECRETS:
        text = pattern.sub(shown, text)
    return text


if __name__ == "__main__":
    shutil.rmtree(ROOT / FOLDER, ignore_errors=True)
    PAGE.write_text(page())
