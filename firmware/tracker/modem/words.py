"""What is done to a modem, as words: power-up, attaching, each step of the ladder are texts.

+name -name     a supply or a key of the Power port, on and off
2000            so many milliseconds pass; key_on, key_off: the dialect's
alive           the line answers a probe within START_MS; found: or else at another rate
start           it does at once, or is switched on by its key; restarted: the same, later
on off          the key is pressed, unless the part's STATUS pin says that it is so already
bauds           it is found at one of the rates it may have; !9600: at this one; usual: the
                host's side goes to the rate it ought to have
ATTACH/2        a procedure of the dialect; where it fails is the ladder's place 2
?DETACH         one whose refusals do no harm
"""

ANSWER_MS = 2500  # a modem that is on answers a probe within this
LISTENS = ("alive", "found", "start", "restarted")
SEARCH = "usual +modem start SETUP/1"
START = SEARCH + " ATTACH/2 ASK/2"
ATTACH = " SETUP/1 ATTACH/2 ASK/2"
SWITCHED_OFF = "POWER_OFF/0 3000"
POWER_OFF = "POWER_OFF/0 3000 -modem"
ON = "usual +modem_key key_on -modem_key"
OFF = "+modem_key key_off -modem_key 3000"
# by the ladder's number, up to a line that answers
RECOVERIES = (
    "|bauds|?MQTT_END|?DETACH|?RADIO_OFF RADIO_ON/1|?REBOOT 3000 alive|+modem off start|"
    "-modem 2000 +modem 200 on found|start"
)


def limit_ms(dialect, word):
    """How long a word may take, or takes."""
    if word[0].isdigit():
        return int(word)
    if word[:4] == "key_":
        return dialect.KEY_ON_MS if word == "key_on" else dialect.KEY_OFF_MS
    if word in ("alive", "found", "restarted"):
        return dialect.START_MS
    return ANSWER_MS if word == "start" or word[0] == "!" else 0


def is_known_for(quirks, version, name):
    """Whether a row `a part of the version|quirk` says this quirk of a version."""
    for row in quirks.split(b"\n"):
        mark, _, its_name = row.partition(b"|")
        if mark and its_name == name and version.find(mark) >= 0:
            return True
    return False
