"""Figures for Prometheus, read from the parts' own counters when they are asked for.

    trygg_<part>_<counter>_total             doors, ingest, journal, reader ... : their `counters`
    trygg_sink_<counter>_total{sink,lane}    the forwarder's, for each sink and lane
    trygg_sink_waiting_seconds{sink,lane}    age of the oldest record a sink has not confirmed
    trygg_sink_failures{sink,lane}           failures in a row; 0 is well
    trygg_sink_circuit{sink}                 0 closed, 1 half open, 2 open (circuit.py)
    trygg_sink_paused{sink}                  1: a person has paused it
    trygg_sink_own_total{sink,what}          what a sink counts itself
    trygg_alarm_delivery_seconds{sink}       histogram: alarm received → confirmed by the sink
    trygg_alarm_hop_seconds{hop}             histogram: each hop of an alarm (alarm_hops.py)
    trygg_commit_seconds                     histogram: a commit, asked for until done (watcher.py)
    trygg_<gauge>                            gauges; those of the gateway's own health are listed
                                             in gateway_health.py, those of the watch in watcher.py

Labels are names from the configuration and three lanes, so their number is bounded. No tracker's
name and no coordinate is among them (promise 8). The registry is our own: nothing of the process
or of a library comes along unasked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from trygg_gateway.circuit import STATES
from trygg_gateway.lane_task import COUNTERS as LANE_COUNTERS

# to 2 s in fine steps, where the promise is (p99 at most 2 s), then on to an hour
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60, 300, 3600)
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_]")

Counters = Callable[[], Mapping[str, float]]
Lanes = Callable[[], Sequence[Mapping[str, Any]]]


class Metrics:
    """The registry; parts are added while the gateway is put together."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._parts: dict[str, Counters] = {}
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._lanes: Lanes = tuple
        self._alarms = Histogram(
            "trygg_alarm_delivery_seconds",
            "An alarm received until confirmed by a sink",
            ["sink"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._hops = Histogram(
            "trygg_alarm_hop_seconds",
            "Each hop of an alarm, from the first fix outside to its close",
            ["hop"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._commits = Histogram(
            "trygg_commit_seconds",
            "One commit of the journal, asked for until done",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.registry.register(self)

    def add_part(self, name: str, counters: Counters) -> None:
        """Show what `counters()` gives (numbers that only rise) as trygg_<name>_<key>_total."""
        self._parts[name] = counters

    def add_gauge(self, name: str, about: str, value: Callable[[], float]) -> None:
        """Show what `value()` gives as trygg_<name>."""
        self._gauges[name] = (about, value)

    def add_lanes(self, lanes: Lanes) -> None:
        """Show the forwarder's state."""
        self._lanes = lanes

    def observe_alarm(self, sink: str, seconds: float) -> None:
        """One alarm was confirmed by `sink` so long after it was received."""
        self._alarms.labels(sink).observe(seconds)

    def observe_hop(self, hop: str, seconds: float) -> None:
        """An alarm took so long for one hop."""
        self._hops.labels(hop).observe(seconds)

    def observe_commit(self, seconds: float) -> None:
        """A commit took so long."""
        self._commits.observe(seconds)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Serve on a port of their own, in a thread; call what it returns to stop."""
        server, thread = start_http_server(port, host, self.registry)

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop

    def collect(self) -> Iterable[Metric]:
        """For the registry: the figures of this moment."""
        for part, counters in self._parts.items():
            for key, value in counters().items():
                name = _NOT_IN_A_NAME.sub("_", f"trygg_{part}_{key}")
                yield CounterMetricFamily(name, f"{part}: {key}", value=value)
        for name, (about, gauge) in self._gauges.items():
            yield GaugeMetricFamily(f"trygg_{name}", about, value=gauge())
        yield from self._sinks()

    def _sinks(self) -> Iterable[Metric]:
        lanes = self._lanes()
        for key in LANE_COUNTERS:
            counter = CounterMetricFamily(f"trygg_sink_{key}", f"sinks: {key}", labels=_LABELS)
            for lane in lanes:
                counter.add_metric([lane["sink"], lane["lane"]], lane[key])
            yield counter
        for key, name in (("waiting_s", "waiting_seconds"), ("failures", "failures")):
            gauge = GaugeMetricFamily(f"trygg_sink_{name}", f"sinks: {key}", labels=_LABELS)
            for lane in lanes:
                gauge.add_metric([lane["sink"], lane["lane"]], lane[key])
            yield gauge
        yield from self._whole_sinks({lane["sink"]: lane for lane in lanes})

    def _whole_sinks(self, sinks: Mapping[str, Mapping[str, Any]]) -> Iterable[Metric]:
        """What the lanes of a sink share."""
        circuit = GaugeMetricFamily(
            "trygg_sink_circuit", "sinks: 0 closed, 1 half open, 2 open", labels=["sink"]
        )
        paused = GaugeMetricFamily("trygg_sink_paused", "sinks: 1 paused", labels=["sink"])
        own = CounterMetricFamily(
            "trygg_sink_own", "sinks: what one counts itself", labels=["sink", "what"]
        )
        for sink, state in sinks.items():
            circuit.add_metric([sink], STATES.index(state["circuit"]))
            paused.add_metric([sink], state["paused"])
            for what, count in state["own"].items():
                own.add_metric([sink, what], count)
        yield from (circuit, paused, own)


_LABELS = ["sink", "lane"]
