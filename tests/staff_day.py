"""A tracker in a nursing home, by the clock: hands that charge it, press it, open its strap."""

from tracker import assembly  # noqa: F401 - first: nested in the rig's, 32 bits have no stack for it
from trygg_tools.rig.orders import circle, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (62470000, 6150000)
DAY_S = 86400
MIDNIGHT = 2315 * DAY_S  # a midnight in 2026, UTC
MIN_S, HOUR_S = 60, 3600
ENERGY = {
    "chemistry": "li_ion",
    "battery_mah": 1000,
    "boot_ms": 350,
    "ua": (150, 25000, 11300, 38200, 70000, 75000),
}


def at_home(_world_s):
    return HOME[0], HOME[1], 0, 0, 30


class Day(SimulatedTracker):
    """A tracker whose rig begins at midnight, with the hands of the staff."""

    def __init__(self, energy=ENERGY, begins_s=0):
        self.energy = energy
        self.begins_s = begins_s
        SimulatedTracker.__init__(self, at_home, "gerd", MIDNIGHT + begins_s)
        frame = signed_order(
            self.device, ORDER_KEY, 7, layouts.FENCES, circle(HOME[0], HOME[1], 350)
        )
        self.gateway.order(7, frame)

    def config(self):
        config = SimulatedTracker.config(self)
        if self.energy:
            config["energy"] = self.energy
        return config

    def by_the_clock(self, hour, minute, action):
        """Do it at that time of the first day."""
        self.at(hour * HOUR_S + minute * MIN_S - self.begins_s, action)

    def battery(self, mv, charging=False):
        """An action: the battery stands there."""
        return lambda: self.power.set_battery(mv, charging)

    def until(self, hour, minute=0):
        self.run(hour * HOUR_S + minute * MIN_S - self.begins_s - self.seconds())

    def alarms(self):
        """[(what, reason, minutes since midnight)] in the order of their making."""
        found = []
        for key in sorted(self.gateway.records):
            kind, values = codec.decode(self.gateway.records[key])
            if kind == layouts.ALARM:
                minute = (values["time_s"] - MIDNIGHT) // MIN_S
                found.append((values["what"], values["reason"], minute))
        return found

    def last(self, kind):
        frames = [self.gateway.records[key] for key in sorted(self.gateway.records)]
        values = [codec.decode(frame) for frame in frames]
        return [one for got, one in values if got == kind][-1]

    def health(self):
        """The health record that an order brings."""
        self.run(1)
        order_id = 50 + len(self.gateway.answers)
        values = {"command": layouts.REPORT_NOW, "alarm_boot": 0, "alarm_seq": 0}
        frame = signed_order(self.device, ORDER_KEY, order_id, layouts.COMMAND, values, order_id)
        self.gateway.order(order_id, frame)
        self.run(1000)
        return self.last(layouts.HEALTH)


def nursing_home_2022(energy, begins_h):
    """14:19 low, onto the charger; 15:04 off it; 15:33 indoors with 12 %."""
    day = Day(energy, begins_s=begins_h * HOUR_S)
    for step in range(4 * (begins_h - 10), 17):  # to 20 % at 14 o'clock
        day.by_the_clock(10, 15 * step, day.battery(3870 - 8 * step))
    day.by_the_clock(14, 17, day.battery(3735))
    day.by_the_clock(14, 20, day.battery(3950, charging=True))
    day.by_the_clock(15, 4, day.battery(3775))
    day.by_the_clock(15, 33, day.battery(3690))
    return day
