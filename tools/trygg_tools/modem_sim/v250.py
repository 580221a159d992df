"""The commands every part has: ITU-T V.250 and the plainest of 3GPP TS 27.007."""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import READ, RUN, SET, TEST, Call
from trygg_tools.modem_sim.dialogue import Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number
from trygg_tools.modem_sim.modem import KEEPS_BAUD

RATES = (0, 300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)


class V250(Family):
    """AT, E, V, Q, Z, &F, &W, I, S registers, +CMEE, +IPR, +CGMM and its likes."""

    @answers("", RUN)
    @answers("Z", RUN, SET)
    @answers("&W", RUN, SET)
    @answers("&C", RUN, SET)
    @answers("&D", RUN, SET)
    @answers("+IFC", SET)
    @answers("+ICF", SET)
    def nothing(self, call: Call) -> None:
        """OK."""

    @answers("&F", RUN, SET)
    def factory(self, call: Call) -> None:
        """Defaults of the conversation."""
        talk = self.modem.conversation
        talk.echo, talk.verbose, talk.quiet, talk.cmee = True, True, False, 0

    @answers("E", RUN, SET)
    def echo(self, call: Call) -> None:
        """ATE0, ATE1."""
        self.modem.conversation.echo = number(call, 0, 0, 1, 0) == 1

    @answers("V", RUN, SET)
    def verbose(self, call: Call) -> None:
        """ATV0: numbers in place of words."""
        self.modem.conversation.verbose = number(call, 0, 0, 1, 0) == 1

    @answers("Q", RUN, SET)
    def quiet(self, call: Call) -> None:
        """ATQ1: no last lines."""
        self.modem.conversation.quiet = number(call, 0, 0, 1, 0) == 1

    @answers("I", RUN, SET)
    def identity(self, call: Call) -> None:
        """Maker, model, revision."""
        self.modem.say(f"{self.modem.part.model} R{self.modem.firmware.version}")

    @answers("+CMEE", SET)
    def set_errors(self, call: Call) -> None:
        """0 ERROR, 1 numbers, 2 words."""
        self.modem.conversation.cmee = number(call, 0, 0, 2)

    @answers("+CMEE", READ)
    def errors(self, call: Call) -> None:
        """What was set."""
        self.modem.say(f"+CMEE: {self.modem.conversation.cmee}")

    @answers("+CMEE", TEST)
    def which_errors(self, call: Call) -> None:
        """What can be set."""
        self.modem.say("+CMEE: (0-2)")

    @answers("+CGMI", RUN)
    def maker(self, call: Call) -> None:
        """Who made it."""
        self.modem.say(self.modem.part.maker)

    @answers("+CGMM", RUN)
    @answers("+GMM", RUN)
    def model(self, call: Call) -> None:
        """Which one it is."""
        self.modem.say(self.modem.part.model)

    @answers("+CGMR", RUN)
    @answers("+GMR", RUN)
    def revision(self, call: Call) -> None:
        """The firmware: what the quirk table is looked up by."""
        self.modem.say(f"Revision:{self.modem.firmware.version}")

    @answers("+CGSN", RUN)
    @answers("+GSN", RUN)
    def serial(self, call: Call) -> None:
        """An IMEI of the range for tests."""
        self.modem.say("004999010640000")

    @answers("+IPR", READ)
    def rate(self, call: Call) -> None:
        """0 auto-baud."""
        self.modem.say(f"+IPR: {self.modem.kept[KEEPS_BAUD]}")

    @answers("+IPR", SET)
    def set_rate(self, call: Call) -> Talk:
        """Saved. The last line still comes at the old rate, then the new one counts."""
        rate = number(call, 0, 0, max(RATES))
        if rate not in RATES:
            raise Refused(50)
        self.modem.kept[KEEPS_BAUD] = rate
        starts = self.modem.power.starts

        def change() -> None:
            if starts == self.modem.power.starts and self.modem.kept[KEEPS_BAUD] == rate:
                self.modem.wire.heard_baud = self.modem.wire.host_baud
                self.modem.wire.modem_baud = rate

        self.modem.schedule.after(20, change)
        yield 1
        return None
