"""What each pattern means, for people at a bench; a test keeps it complete.

Read from the places that play them: App (_alarm, _check, _listen, _watch_modem), Downlink (taken),
Wearer (countdown, cancel).
"""

MEANINGS = {
    "countdown": "the button was held: a call goes out unless a short press takes it back",
    "sent": "an alarm or a call for help is made, and the tracker begins to send it",
    "stored": "the gateway has the alarm on its disk; nobody need have seen it yet",
    "taken": "a person has taken the alarm",
    "cancel": "the call for help was taken back, nobody is called",
    "battery_low": "the battery is low (20 % unless set otherwise)",
    "charge_me": "off the charger with too little for the day: put it back",
    "charger": "on the charger, and sure of it",
    "test": "a test alarm that the gateway ordered is made",
    "alone": "modem only: no network for long, nobody can be reached from here",
    "worn": "the strap is closed (boards with a strap contact)",
}
