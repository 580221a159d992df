"""Open files: each connection is one, and many systems give a process only 1,024 of them."""

import resource

from trygg_gateway.config_errors import ConfigError


def raise_limit(wanted: int, whose: str) -> None:
    """Let this process have so many files open, as far as the system lets us say so.

    Raises ConfigError if it does not: better not to start than to refuse trackers at night."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return
    if hard != unlimited and hard < wanted:
        raise ConfigError(
            f"{whose} needs {wanted} open files, and this process may have {hard}. Raise it"
            f" (LimitNOFILE={wanted} in the systemd unit, or `ulimit -Hn {wanted}` as root before"
            f" the start), or set listener.max_connections to at most {max(1, hard - 700)}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
