"""The wearer's side of the board: one button, one light, one vibration motor.

A pattern is a row of (light, motor, milliseconds), played by a timer so that nothing waits.
The rows differ in what can be felt through a jacket: number and length of pulses.
"""

from machine import Pin, Timer

PATTERNS = {
    # a short pulse: your call has left the tracker
    "sent": ((1, 1, 150),),
    # two short: the gateway holds it
    "stored": ((1, 1, 150), (0, 0, 200), (1, 1, 150)),
    # long, pause, long: a human has taken it
    "taken": ((1, 1, 800), (0, 0, 300), (1, 1, 800)),
    # three tiny
    "battery_low": ((1, 1, 80), (0, 0, 120), (1, 1, 80), (0, 0, 120), (1, 1, 80)),
    # long and short
    "test": ((1, 1, 500), (0, 0, 200), (1, 1, 150)),
}
BETWEEN = (0, 0, 800)  # longer than any pause inside a pattern
WAITING_MAX = 20  # rows: nobody tells a fifth pattern from the fourth


class BoardIo:
    """Reads the button and signals the wearer."""

    def __init__(self, button_pin=-1, led_pin=-1, motor_pin=-1, timer=0):
        """GPIO numbers, -1 for none. The button is low while pressed, light and motor on at 1."""
        self._button = Pin(button_pin, Pin.IN, Pin.PULL_UP) if button_pin >= 0 else None
        self._led = Pin(led_pin, Pin.OUT, value=0) if led_pin >= 0 else None
        self._motor = Pin(motor_pin, Pin.OUT, value=0) if motor_pin >= 0 else None
        self._timer = Timer(timer)
        self._rows = ()
        self._at = 0
        self._playing = False
        self._waiting = ()

    def button(self):
        """True while the button is pressed."""
        return self._button is not None and not self._button.value()

    def signal_wearer(self, pattern_name):
        """Play a pattern of PATTERNS; after the one being played, so that each can be told."""
        rows = PATTERNS.get(pattern_name, ())
        if len(self._waiting) < WAITING_MAX:
            self._waiting = self._waiting + rows + (BETWEEN,)
        if not self._playing:
            self._playing = True
            self._step(None)

    def _step(self, _timer):
        if self._at >= len(self._rows):
            self._rows, self._waiting, self._at = self._waiting, (), 0
        if not self._rows:
            self._playing = False
            self._set(0, 0)
            return
        light, motor, ms = self._rows[self._at]
        self._at += 1
        self._set(light, motor)
        self._timer.init(mode=Timer.ONE_SHOT, period=ms, callback=self._step)

    def _set(self, light, motor):
        if self._led is not None:
            self._led.value(light)
        if self._motor is not None:
            self._motor.value(motor)
