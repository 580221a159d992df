"""The wearer's side of the board: button, light, vibration motor, strap's contact, motion.

Levels only: what a press means is tracker/wearer.py's, what is felt is tracker/signals.py's.
"""

from machine import I2C, Pin

I2C_HZ = 400000
I2C_US = 5000  # a part that does not answer ends a transfer after this
NO_SENSOR, WORN, NOT_WORN = 0, 1, 2


class BoardIo:
    """Reads the button and the strap, and switches light and motor."""

    def __init__(
        self,
        button_pin=-1,
        led_pin=-1,
        motor_pin=-1,
        worn_pin=-1,
        motion_pin=-1,
        led_on=1,
        motor_on=1,
        accelerometer=None,
    ):
        """GPIO numbers, -1 for none.

        The button is low while pressed, `worn_pin` low while the strap is closed; `led_on` and
        `motor_on`: the level at which light and motor are on. `motion_pin` is the accelerometer's
        interrupt, high while it holds one. `accelerometer`: one that has to be set up for that,
        {number, sda, scl, address} (lis2dh.py).
        """
        self._moved = False
        self._sensor = _lis2dh(**accelerometer) if accelerometer else None
        self._motion = _input(motion_pin, Pin.PULL_DOWN)
        if self._motion is not None:
            self._motion.irq(self._note_motion, Pin.IRQ_RISING)
        self._button = _input(button_pin)
        self._worn = _input(worn_pin)
        self._led_off, self._motor_off = 1 - led_on, 1 - motor_on
        self._led = _output(led_pin, self._led_off)
        self._motor = _output(motor_pin, self._motor_off)

    def button(self):
        """True while the button is pressed."""
        return self._button is not None and not self._button.value()

    def worn(self):
        """WORN or NOT_WORN as the strap is closed or open, NO_SENSOR on a board without one."""
        if self._worn is None:
            return NO_SENSOR
        return NOT_WORN if self._worn.value() else WORN

    def has_motion(self):
        """True on a board with an accelerometer; one to be set up has to answer."""
        if self._sensor is not None and not self._sensor.there():
            return False
        return self._motion is not None

    def motion(self):
        """True when the wearer has moved since this was last asked; always without a sensor."""
        if self._motion is None or not self.has_motion():
            return True
        moved, self._moved = self._moved or bool(self._motion.value()), False
        if moved and self._sensor is not None:
            self._sensor.release()
        return moved

    def _note_motion(self, _pin):
        self._moved = True

    def signal(self, light, motor):
        """Switch light and motor on (1) or off (0); they stay so until the next call."""
        if self._led is not None:
            self._led.value(light ^ self._led_off)
        if self._motor is not None:
            self._motor.value(motor ^ self._motor_off)


def _lis2dh(number, sda, scl, address):
    from lis2dh import Lis2dh

    return Lis2dh(I2C(number, sda=Pin(sda), scl=Pin(scl), freq=I2C_HZ, timeout=I2C_US), address)


def _input(number, pull=Pin.PULL_UP):
    return Pin(number, Pin.IN, pull) if number >= 0 else None


def _output(number, level):
    return Pin(number, Pin.OUT, value=level) if number >= 0 else None
