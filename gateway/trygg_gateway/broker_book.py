"""Whether a broker has held a session for us before: what a lost one is told by after a restart."""

from trygg_gateway.journal import Journal


class BrokerBook:
    """In the journal's file, by the broker's address and our client id."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def known(self, url: str, client_id: str) -> bool:
        """There was a session there, so one that is not there now was lost."""
        found = self._journal.query("SELECT 1 FROM meta WHERE key = ?", (_key(url, client_id),))
        return bool(found)

    def begun(self, url: str, client_id: str) -> None:
        """There is one from now on. From any thread; written within a commit's time."""
        row = (_key(url, client_id), "begun")
        self._journal.write(lambda db: db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", row))


def _key(url: str, client_id: str) -> str:
    return f"broker session {client_id} at {url}"
