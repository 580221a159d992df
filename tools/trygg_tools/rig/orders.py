"""Orders as a gateway signs them, for simulated trackers. Runs under both interpreters."""

from tracker.signature import hmac_sha256
from trygg_wire import codec, layouts


def signed_order(  # type: ignore[no-untyped-def]
    device: str, key: bytes, order_id: int, kind: int, values, version: int = 1, expires_s: int = 0
) -> bytes:
    """The frame of an order; `values` as codec.encode_body wants them for this kind."""
    order = {
        "order_id": order_id,
        "version": version,
        "expires_s": expires_s,
        "order_kind": kind,
        "body": codec.encode_body(kind, values),
        "mac": bytes(32),
    }
    frame = codec.encode(layouts.ORDER, order)
    signed = device.encode() + b"\0" + codec.order_signed_part(frame)
    return bytes(codec.order_with_mac(frame, hmac_sha256(key, signed)))


def circle(lat_e6: int, lon_e6: int, radius_m: int, private: int = 1) -> dict[str, object]:
    """The values of a FENCES order: one keep-in circle with a buffer of 10 m."""
    fence = {
        "number": 1,
        "keep": layouts.KEEP_IN,
        "shape": layouts.CIRCLE,
        "private": private,
        "buffer_dm": 100,
        "lat_e6": lat_e6,
        "lon_e6": lon_e6,
        "radius_dm": radius_m * 10,
        "schedule": [],
        "rings": [],
    }
    return {"utc_offset_min": 60, "dst": layouts.EU, "fences": [fence]}


def command(what: int, alarm_boot: int = 0, alarm_seq: int = 0) -> dict[str, int]:
    """The values of a COMMAND order."""
    return {"command": what, "alarm_boot": alarm_boot, "alarm_seq": alarm_seq}
