"""Whose copies are to go: the gateway's word that a person was forgotten (forgetting.py). Pure."""

from __future__ import annotations

from trygg_gateway.delivery import Delivery


def forgotten_by(entry: Delivery) -> str | None:
    """The device whose data the entry asks to delete; None for any other entry.

    It is said when the deletion begins and when it is done, so what was on its way in between goes
    with the second one.
    """
    data = entry.data
    if data["kind"] == "gateway" and data.get("what") == "forgotten":
        return str(data["device"])
    return None
