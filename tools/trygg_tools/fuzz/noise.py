"""Seeded noise and mutations of good bytes: flipped, lost, doubled, put in, cut, spliced.

A linear congruential generator of 30 bits, so that both interpreters make the same bytes of the
same seed. Runs under MicroPython, where the NMEA parser is fed with it.
"""

_MASK = (1 << 30) - 1


class Noise:
    """Bytes after `seed`."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def below(self, limit: int) -> int:
        """A whole number of 0..limit-1; `limit` up to 2^16."""
        self._state = (self._state * 1103515245 + 12345) & _MASK
        return (self._state >> 13) % limit

    def random(self, size: int) -> bytes:
        """So many random bytes."""
        return bytes([self.below(256) for _ in range(size)])

    def one_of(self, samples: list[bytes]) -> bytes:
        """Any of them."""
        return samples[self.below(len(samples))]

    def piece(self, samples: list[bytes]) -> bytes:
        """Noise once in ten, else one of `samples`, harmed in up to five places."""
        if not self.below(10):
            return self.random(1 + self.below(120))
        data = self.one_of(samples)
        for _ in range(self.below(6)):
            data = self._harmed(data, samples)
        return data

    def _harmed(self, data: bytes, samples: list[bytes]) -> bytes:
        at = self.below(len(data) + 1)
        kind = self.below(6)
        if kind == 0 and at < len(data):
            return data[:at] + bytes((data[at] ^ 1 << self.below(8),)) + data[at + 1 :]
        if kind == 1:
            return data[:at] + data[at + 1 :]
        if kind == 2:
            return data[:at] + data[max(0, at - 1 - self.below(9)) :]
        if kind == 3:
            return data[:at] + self.random(1 + self.below(5)) + data[at:]
        if kind == 4:
            return data[:at] + data[at + self.below(60) :]
        other = self.one_of(samples)
        return data[:at] + other[self.below(len(other) + 1) :]
