"""Every setting of nitro, in one place. Each is read from the environment with the prefix `NITRO_`.

`make demo` leaves the settings of its lake in `ENV_FILE`, so that the same commands look at it from any shell.
"""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / "state" / "demo" / "nitro.env"
"""Read all of it or none: not where the environment sets any of its settings, nor where `state/lake` has tables."""
LIMITS = ("min_seconds", "max_seconds", "min_height", "min_fps", "licences", "licence_needed")


class Settings(BaseSettings):
    """Where things are and what is allowed. Raises pydantic's `ValidationError`, which names the setting."""

    model_config = SettingsConfigDict(
        env_prefix="NITRO_", frozen=True, env_file=ENV_FILE, dotenv_filtering="only_existing"
    )

    lake: str = Field(
        str(ROOT / "state" / "lake"), description="Folder or s3:// URL that holds the tables and checkpoints."
    )
    nitrogen: str = Field(
        "hf://datasets/nvidia/NitroGen",
        description="Folder or URL that holds actions/SHARD_* as folders or .tar.gz, and optionally footage/.",
    )
    minimum_density: float = Field(
        0.05, ge=0, le=1, description="Smallest share of a NitroGen chunk's frames with an input; NitroGen uses 0.5."
    )
    sources: Path | None = Field(None, description="YAML file of addresses, searches and folders to index.")
    min_seconds: float = Field(30.0, ge=0, description="Shorter videos are rejected, in seconds.")
    max_seconds: float = Field(12 * 3600.0, gt=0, description="Longer videos are rejected, in seconds.")
    min_height: int = Field(200, ge=0, description="Videos with fewer lines (pixels of height) are rejected.")
    min_fps: float = Field(20.0, ge=0, description="Videos with fewer frames a second are rejected.")
    licences: str = Field(
        "cc0,cc-by,creative-commons,public-domain,with-permission",
        description="Allowed licences, by their beginnings, with commas between; for videos that state one.",
    )
    licence_needed: bool = Field(False, description="Reject videos that state no licence.")
    corpus_shards: int = Field(
        8, ge=1, le=10_000, description="Number of hash buckets of the corpus; fixed when a lake is made."
    )
    recipes: str = Field(
        "",
        description=f"Folders of recipes, KIND/NAME.yaml, beside nitro's own, with `{os.pathsep}` between.",
    )
    idm_recipes: str = Field("pair,window", description="The IDM recipes that are trained, with commas between.")
    engine: Literal["local", "ray"] = Field(
        "local", description="Where workers run: `local` processes, or a `ray` cluster."
    )
    ray_address: str = Field("http://127.0.0.1:8265", description="Dashboard of the Ray cluster that runs the workers.")
    cache: str = Field(
        str(ROOT / "state" / "cache"),
        description="Folder or s3:// URL of private clips; downloads stay on this machine; never exported.",
    )
    cache_gb: float = Field(
        20.0, ge=0, description="Size limit of the cache in GB; the oldest clips are evicted; 0 turns it off."
    )
    cache_days: float = Field(30.0, gt=0, description="A clip that was not used for so many days is evicted.")
    download_gb: float = Field(20.0, gt=0, description="Disk space in GB that all downloads may take at one time.")
    fetch_gb: float = Field(
        200.0, gt=0, description="GB of video that one training may fetch; one that needs more is refused at its start."
    )
    cookies: Path | None = Field(
        None, description="Cookies for the sites, in Netscape's format; the file is only read."
    )
    risk: float = Field(
        0.7, ge=0, le=1, description="Stretches are dropped if their labels are wrong with a higher probability."
    )
    secret_file: Path = Field(
        ROOT / "state" / "secret", description="File with the key of the keyed hashes; made if it is missing."
    )
    allow_loopback: bool = Field(False, description="Fetch from this machine too, but never from a private network.")
    approvers: int = Field(2, ge=1, description="How many different people must approve a takedown's plan.")
    approver_key: Path | None = Field(
        None, description="File with your own key for approvals; default: beside the secret."
    )
    verify_days: float = Field(7.0, gt=0, description="A request that is not verified within so many days lapses.")
    unverified_requests: int = Field(5, ge=1, description="How many unverified requests one person may make a day.")
    unverified_videos: int = Field(
        1000, ge=1, description="How many videos may be under unverified quarantine at one time."
    )
    recovery_days: float = Field(
        0.0, ge=0, description="Days for which an encrypted recovery bundle is kept; 0: none is made."
    )
    upstream: bool = Field(False, description="Quarantine videos that their creator has deleted or made private.")
    github_repo: str = Field("", description="`owner/name` of the repository whose `takedown` issues are requests.")
    github_token: SecretStr = Field(SecretStr(""), description="A token that may read, answer and close these issues.")
    github_api: str = Field("https://api.github.com", description="GitHub's API, or that of GitHub Enterprise.")
    evaluation_episodes: int = Field(
        50, ge=1, description="Whole episodes of each open game by which a policy is scored."
    )
    nightly_hours: float = Field(8.0, gt=0, description="Hours of labelling that the nightly schedule may take.")
    exports: Path = Field(
        ROOT / "state" / "exports",
        description="Folder of labels, overlays and reports for people; a takedown removes those of the video.",
    )
    inbox: Path = Field(
        ROOT / "state" / "inbox", description="Folder from which takedown requests (*.json) are taken in."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Half of the demonstration's settings beside half of somebody's own would mix two lakes."""
        own = {*init_settings(), *env_settings()}
        if own.isdisjoint(dotenv_settings()) and not (ROOT / "state" / "lake" / "tables").exists():
            return init_settings, env_settings, dotenv_settings
        return init_settings, env_settings

    @field_validator("lake", "nitrogen", "cache", mode="before")
    @classmethod
    def _absolute(cls, value: str | Path) -> str:
        value = str(value)
        return value.rstrip("/") if "://" in value else str(Path(value).expanduser().resolve())

    @field_validator("secret_file", "inbox", "exports", "sources", "approver_key", "cookies")
    @classmethod
    def _absolute_path(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().resolve()

    @property
    def has_places(self) -> bool:
        """Whether anybody said where anything is; if not, all of them are defaults."""
        return not self.model_fields_set.isdisjoint({"lake", "nitrogen", "sources"})

    @property
    def is_demonstration(self) -> bool:
        """Whether the lake is the demonstration's."""
        return Path(self.lake).is_relative_to(ENV_FILE.parent)

    @property
    def log(self) -> Path:
        """What libraries say, and tracebacks of what nobody foresaw; a takedown looks into it as into all exports."""
        return self.exports / "logs" / "nitro.log"

    @property
    def limits(self) -> str:
        """Those settings which decide what videos are taken that are not the defaults."""
        fields = type(self).model_fields
        return ", ".join(f"{name}={found}" for name in LIMITS if (found := getattr(self, name)) != fields[name].default)

    @property
    def cache_folder(self) -> Path:
        """The cache, or beside one in a bucket the folder of this machine's own: for videos on their way."""
        return self.secret_file.with_name("cache") if "://" in self.cache else Path(self.cache)

    @property
    def downloads(self) -> Path:
        """What the processes of this machine tell one another: the pace of hosts, the room that downloads hold."""
        return self.cache_folder.with_name(f"{self.cache_folder.name}.downloads")

    @property
    def training(self) -> Path:
        """Half-trained models of this machine, which a training that was killed goes on from."""
        return self.cache_folder.with_name(f"{self.cache_folder.name}.training")

    @property
    def ledger_key(self) -> Path:
        """The private key that signs ledger entries and reports; made with the first ledger."""
        return self.secret_file.with_name(f"{self.secret_file.name}.ledger-key")

    @property
    def own_approver_key(self) -> Path:
        """The private key this user approves with; made on first use."""
        return self.approver_key or self.secret_file.with_name(f"{self.secret_file.name}.approver-key")

    @property
    def witness(self) -> Path:
        """What this machine last saw of this lake's ledger."""
        lake = hashlib.sha256(self.lake.encode()).hexdigest()[:12]
        return self.secret_file.with_name(f"{self.secret_file.name}.witness-{lake}")

    @cached_property
    def secret(self) -> bytes:
        """32 random bytes, made on first use and readable by the owner only."""
        from nitro_assets.identity import read_secret

        return read_secret(self.secret_file)
