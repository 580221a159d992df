"""How a modem's TLS is secured: the files it has to have, and bringing them in when it has not.

Wrong times fail a handshake: a modem that was not told the time by its network gets ours, or
while we have none 2020: the gateway's certificates are valid from long before, and an alarm from a
cellar has to go out.

The files are our own flash's, as provisioning put them there: the authority's (`ca`), and for a
client's certificate `cert` and `key`, or a `psk` table. What the modem holds is remembered with a
checksum in /state/modem_files; a TLS connection that fails doubts that once, and the files are
brought in again before the next.
"""

from binascii import crc32

from tracker.modem import lines

MARK = "/state/modem_files"
_KINDS = ("ca", "cert", "key", "psk")


class Security:
    """`files` {kind: path in flash}; by "CA", "CERT" or "PSK"; values for the dialect's texts."""

    def __init__(self, flash, clock, files):
        self._flash = flash
        self._clock = clock
        self._files = files
        self._left = None  # kinds still to bring in; None: not looked yet
        self._doubted = False
        self.by = "PSK" if files.get("psk") else "CERT" if files.get("cert") else "CA"
        self.values = {kind: b"" for kind in _KINDS}
        for kind in files:
            self.values[kind] = self.name(kind)

    def names(self, tls, over, values):
        """The procedures that secure a connection, "" without `tls`; `values` get theirs."""
        if not tls:
            return ""
        values.update(self.values)
        if over.time_s:
            return "TLS TLS_%s " % self.by
        values["clock"] = lines.say_clock(self._clock.utc())
        return "SET_TIME TLS TLS_%s " % self.by

    def name(self, kind):
        """The file's name in the modem: at most 20 bytes (AT+SMSSL)."""
        return files_name(self._files[kind])

    def upload(self):
        """{file, size, content} of the next file that the modem is to be given; None when it has
        all. A file of ours that cannot be read is an OSError."""
        if self._left is None:
            have = b"" if self._doubted else self._read(MARK)
            same = have == self._mark()
            self._left = [] if same else [kind for kind in _KINDS if kind in self._files]
        if not self._left:
            return None
        kind = self._left[0]
        content = self._read(self._files[kind])
        return {"file": self.name(kind), "size": b"%d" % len(content), "content": content}

    def uploaded(self):
        """The modem took it."""
        self._left = self._left[1:]
        if not self._left:
            with self._flash.open(MARK, "wb") as file:
                file.write(self._mark())

    def doubt(self):
        """TLS failed: perhaps the modem has lost its files; they are brought in again, once."""
        if not self._doubted and self._files:
            self._doubted = True
            self._left = None

    def _mark(self):
        sums = [b"%d" % (crc32(self._read(self._files[kind])) & 0xFFFFFFFF) for kind in _KINDS
                if kind in self._files]  # fmt: skip
        return b" ".join(sums)

    def _read(self, path):
        if self._flash.size(path) < 0:
            return b""
        with self._flash.open(path, "rb") as file:
            return file.read()


def files_name(path):
    """The last part of a path, its last 20 bytes."""
    return path.split("/")[-1][-20:].encode()
