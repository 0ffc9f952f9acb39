"""Every schedule and sensor that the documentation promises is there, at its time, and turned on where it says so."""

import re
from pathlib import Path

import dagster as dg

from nitro_assets.definitions import definitions

DOCS = Path(__file__).parents[3] / "docs" / "concepts" / "architecture.md"
ROW = re.compile(r"^\| `(\w+)` \| (schedule|sensor) \| ([^|]+) \| (yes|no) \|", re.M)


def promised() -> dict[str, tuple[str, str, bool]]:
    return {name: (kind, when, by_itself == "yes") for name, kind, when, by_itself in ROW.findall(DOCS.read_text())}


def test_what_is_promised_is_what_there_is() -> None:
    repository = definitions.get_repository_def()
    there: dict[str, tuple[str, str, bool]] = {}
    for schedule in repository.schedule_defs:
        minute, hour, *rest = str(schedule.cron_schedule).split()
        assert rest == ["*"] * 3
        runs = schedule.default_status == dg.DefaultScheduleStatus.RUNNING
        there[schedule.name] = ("schedule", f"every night at {int(hour)}:{int(minute):02d}", runs)
    for sensor in repository.sensor_defs:
        runs = sensor.default_status == dg.DefaultSensorStatus.RUNNING
        there[sensor.name] = ("sensor", f"every {sensor.minimum_interval_seconds} s", runs)
    assert promised() == there


def test_every_schedule_or_sensor_in_a_module_is_in_the_definitions() -> None:
    """None can be written and forgotten again."""
    pattern = re.compile(r"^@dg\.(schedule|sensor)\(.*?^def (\w+)", re.M | re.S)
    folder = DOCS.parents[2] / "nitro_assets" / "assets"
    written = {match[2] for path in folder.glob("*/*.py") for match in pattern.finditer(path.read_text())}
    assert written == set(promised())
