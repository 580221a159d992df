"""A whole gateway with five kinds of sink at real peers, killed while it forwards."""

import time
from contextlib import ExitStack

from gateway.gateway_process import GatewayProcess, packets_until, until
from gateway.mosquitto import free_port
from gateway.records import alarm, report
from gateway.sink_peers import PEERS

KINDS = ("file", "http", "mqtt", "postgres", "nats")
LAPS, EACH = 3, 60


def peers_at(folder, stack):
    """A peer of each kind, and the settings of all."""
    peers = {}
    for kind in KINDS:
        (folder / kind).mkdir()
        peers[kind] = stack.enter_context(PEERS[kind](folder / kind))
    tables = [f"[sinks.{kind}]\n{peer.settings}\n" for kind, peer in peers.items()]
    return peers, "\n".join(tables)


def speak(gateway, credentials, first):
    """A tracker's next records, acknowledged; the last of them an alarm."""
    now_s = int(time.time())
    with gateway.tracker(credentials) as line:
        for seq in range(first, first + EACH - 1):
            line.publish(report(1, seq, now_s), seq)
        line.publish(alarm(1, first + EACH - 1, now_s), first + EACH - 1)
        packets_until(line, 0, set(range(first, first + EACH)))


def of(peer, numbers):
    """Which of the tracker's records the peer has, in its order."""
    wanted = {f"astrid:1:{seq}" for seq in numbers}
    return [one for one in peer.got() if one in wanted]


def test_every_sink_has_every_record_once_and_in_order_however_often_it_is_killed(tmp_path):
    last = LAPS * EACH
    alarms = [seq for seq in range(1, last + 1) if seq % EACH == 0]
    reports = [seq for seq in range(1, last + 1) if seq % EACH]
    with ExitStack() as stack:
        peers, tables = peers_at(tmp_path, stack)
        nord = tmp_path / "nord"
        gateway = GatewayProcess(nord, tables, listener={"port": free_port()})
        stack.enter_context(gateway)
        astrid = gateway.add("astrid")
        for lap in range(LAPS):
            speak(gateway, astrid, 1 + lap * EACH)
            gateway.kill()  # at once: of what was acknowledged little is forwarded yet
            gateway.start()
        for kind, peer in peers.items():
            until(lambda peer=peer: len(of(peer, range(1, last + 1))) == last, kind)
            for lane in (reports, alarms):
                assert of(peer, lane) == [f"astrid:1:{seq}" for seq in lane], kind
        figures = gateway.ask("/metrics").text
        assert all(f'sink="{kind}"' in figures for kind in KINDS)
        # of a place more digits than a figure of seconds has by chance
        whose_or_where = ("astrid", "59.9138", "10.7522", "59913868", "10752245")
        assert not [word for word in whose_or_where if word in figures]
