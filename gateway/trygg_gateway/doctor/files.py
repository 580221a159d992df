"""Who can read the gateway's files, and when its certificates end."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from trygg_gateway.doctor.finding import Finding, error, good, note, warning
from trygg_gateway.tls import RENEW_DAYS, TlsError, days_left

MODES, ENDS = "files", "certificates"
SOON_DAYS = 14


def modes(private: Sequence[Path], open_to_read: Sequence[Path] = ()) -> Iterator[Finding]:
    """`private` are nobody else's to read; nobody else may write to `open_to_read` either."""
    found = [*_private(private), *_not_written(open_to_read)]
    yield from found
    if not found:
        yield good(MODES, f"{len(private)} files and folders are this user's alone")


def _private(paths: Sequence[Path]) -> Iterator[Finding]:
    for path in paths:
        mode = _mode(path)
        if mode is not None and mode & 0o077:
            wanted = "700" if path.is_dir() else "600"
            yield error(
                MODES, f"{path} can be read by others (mode {mode & 0o777:o})",
                "It holds people's whereabouts, or a secret", f"chmod {wanted} {path}",
            )  # fmt: skip


def _not_written(paths: Sequence[Path]) -> Iterator[Finding]:
    for path in paths:
        mode = _mode(path)
        if mode is not None and mode & 0o022:
            yield error(
                MODES, f"{path} can be changed by others (mode {mode & 0o777:o})",
                "Who changes the settings says where alarms go", f"chmod 600 {path}",
            )  # fmt: skip


def ends(certificates: Sequence[Path]) -> Iterator[Finding]:
    """When each certificate ends; the one that ends first is said even if all is well."""
    left: list[tuple[int, Path]] = []
    for path in certificates:
        try:
            left.append((days_left(path), path))
        except TlsError as failure:
            yield error(ENDS, str(failure), "TLS cannot begin with it", "trygg gateway renew")
    for days, path in sorted(left):
        if days < SOON_DAYS:
            when = f"ended {-days} days ago" if days < 0 else f"ends in {days} days"
            yield error(
                ENDS, f"{path} {when}", "Then trackers that check it are heard no more",
                "trygg gateway renew, then: trygg gateway reload",
            )  # fmt: skip
        elif days < RENEW_DAYS:
            yield warning(
                ENDS, f"{path} ends in {days} days", "Then trackers are heard no more",
                "trygg gateway renew, then: trygg gateway reload",
            )  # fmt: skip
    if left and min(left)[0] >= RENEW_DAYS:
        days, path = min(left)
        yield good(ENDS, f"the first to end is {path}, in {days} days")
    if not certificates:
        yield note(ENDS, "none: trackers are heard without TLS, on this machine only")


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None
