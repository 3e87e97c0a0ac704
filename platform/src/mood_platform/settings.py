"""Settings of a server process, read once from MOOD_* variables and secret files, and handed in."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

SECRETS = Path("/run/secrets")
"""Where a container finds its secrets: a file for each, named as the variable would be."""


class _Group(BaseModel):
    """The words below a field are its description (docs/settings.md)."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class DatabaseSettings(_Group):
    url: SecretStr
    """SQLAlchemy URL, postgresql+psycopg://…; PostgreSQL is the only database."""
    pool_size: int = 5
    """Connections a process keeps; under load it takes twice as many."""


class BrokerSettings(_Group):
    url: SecretStr
    """redis+socket:///path or redis://host; Valkey or Redis."""


class StorageSettings(_Group):
    root: Path
    """Folder of the object store: uploads/, images/, cases/, labels/, runs/, leaderboards/."""
    team_bytes: int = 200 * 2**30
    """What a team's images, unpacked, and its toy cases' predictions and logs may have together."""
    free_bytes: int = 2 * 2**30
    """Left free on the disk of `root`: below it no case is claimed and no image is taken in."""
    unused_image_days: int = Field(default=365, ge=1, le=36_500)
    """An image that was never submitted is kept so long after its check."""


class ExecutionSettings(_Group):
    node: str = ""
    """Name of this slot in claims and events, unlike that of any other; default: the name of the host."""
    machine: str = ""
    """What its slots have in common; default: the name of the host."""
    instance: str = "mood"
    """Label of every container and volume of this installation; two on one Engine need two names."""
    docker_url: str = "unix:///var/run/docker.sock"
    """The Engine of this node."""
    holder_image: str = ""
    """Image with `sleep` that keeps the volumes mounted; the platform's base image."""
    gpu: str | None = None
    """UUID (`nvidia-smi -L`) or CDI name of the GPU that cases of this slot get."""
    cpuset: str | None = None
    """Cores that cases of this slot may use, such as 0-3."""
    decide_hours: float = 24
    """A Run that has waited so long with parked cases is listed as a decision."""
    rest_seconds: float = 2
    """A slot that may not take the case it was rung for rests so long, while another hears the bell."""
    engine_free_bytes: int = 2 * 2**30
    """A Node whose Engine's data root has less room, when no image is left to forget, takes no case."""
    cache_free_bytes: int = 2**30
    """A Node whose cache has less room, when no scan is left to go, takes no case."""
    case_cache_bytes: int = 20 * 2**30
    """Most bytes of scans that a Node keeps; the least recently used make room."""
    image_cache_bytes: int = 200 * 2**30
    """Most bytes of images that a Node holds in its Engine, as the Engine counts each of them."""
    lease_seconds: float = 60
    """A claim that is not renewed for so long is lost; the case runs again elsewhere."""
    heartbeat_seconds: float = 15
    """How often a slot renews its claim."""
    sweep_seconds: float = 10
    """How often lost claims and lost messages are looked for."""
    reap_seconds: float = 30
    """How often a node removes what dead claims left in its Engine."""
    max_attempts: int = 3
    """How often a case fails for our reasons before it is parked, and a scoring before it is given up."""
    scoring_memory: int = 8 * 2**30
    """Address space of the child that parses a prediction, bytes."""
    scoring_seconds: int = 900
    """CPU seconds of that child."""
    scoring_threads: int = Field(default=2, ge=1, le=64)
    """Threads that read the predictions of a finished Run."""
    speed: float = Field(default=1.0, gt=0)
    """How fast this class of node is: for a second on it a Team is charged so many seconds of its turns."""
    toy_share: float = Field(default=0.1, ge=0, le=1)
    """Share of the slots, at least one, that serves toy cases first; the same on all nodes."""
    cache: Path | None = None
    """Folder where this node keeps cases; default: below storage.root."""
    case_seconds_max: float = 3600
    """Longest case limit of any challenge here; the broker's visibility timeout is this plus 900 s."""


class ApiSettings(_Group):
    host: str = "127.0.0.1"
    """Where the server listens."""
    port: int = 8030
    """Its port there."""
    public_url: str = "http://127.0.0.1:8030"
    """Address by which people reach it, in mails and links; with https:// cookies travel over TLS only."""
    upload_chunk_bytes: int = 64 * 2**20
    """Most bytes of one part of an upload."""
    upload_bytes_max: int = 40 * 2**30
    """Most bytes of an archive, and of the image in it; an edition may allow less (`limits.image`)."""
    upload_hours: float = 48
    """An upload that is not complete after so long is forgotten."""
    trusted_proxies: str = ""
    """Addresses or networks, with commas, whose `X-Forwarded-For` is believed; by default none."""
    header_seconds: float = 20
    """A connection whose request is not begun and its headers not complete within this is ended."""
    body_seconds: float = 60
    """A body that is no part of an upload must be here within this."""
    upload_idle_seconds: float = 60
    """A part that brings no byte for so long is taken for broken off: its upload can be carried on."""
    upload_free_bytes: int = 2 * 2**30
    """What a new upload must leave free on the disk of storage.root."""
    login_attempts_per_minute: int = 20
    """Of one caller at one account; at all accounts together five times as many."""


class _FromVariablesOrFiles(BaseSettings):
    """A variable wins over a secret file of its name; no secret needs to be in an environment."""

    model_config = SettingsConfigDict(
        env_prefix="MOOD_",
        env_nested_delimiter="__",
        secrets_dir=SECRETS,
        frozen=True,
        use_attribute_docstrings=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no file of the working folder is read
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = NestedSecretsSettingsSource(file_secret_settings, secrets_dir_missing="ok")
        return init_settings, env_settings, files

    @classmethod
    def read(cls) -> Self:
        """From variables and secret files; one that is missing or wrong is named in the error."""
        return cls.model_validate({})


class Settings(_FromVariablesOrFiles):
    """All settings; built in entrypoints only. `MOOD_DATABASE__URL`, `MOOD_BROKER__URL`, …."""

    database: DatabaseSettings
    broker: BrokerSettings
    storage: StorageSettings
    execution: ExecutionSettings = ExecutionSettings()
    api: ApiSettings = ApiSettings()
    mail_folder: Path | None = None
    """Where mails are written as files when no mail server is set."""


class MigrationSettings(_FromVariablesOrFiles):
    """What a migration needs: the database alone."""

    model_config = SettingsConfigDict(extra="ignore")

    database: DatabaseSettings
