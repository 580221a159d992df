"""What every table of the settings is made of, and what several of them share."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"


class Section(BaseModel):
    """One table of the file: strict types, no unknown keys, not changed after loading."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=True)


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    """The path as the file's own folder sees it, made absolute."""
    folder = (info.context or {}).get("folder", Path.cwd())
    return Path(folder, path.expanduser())


FromFolder = Annotated[Path, Field(strict=False), AfterValidator(_from_folder)]
Port = Annotated[int, Field(ge=0, le=65535)]
Unprotected = Annotated[
    bool, Field(description="true: allow this link without TLS off loopback, say inside a VPN")
]


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach `host`."""
    return host in ("localhost", "::1") or host.startswith("127.")
