"""A real SMTP server for a test (aiosmtpd), on the port it always has."""

import re
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

from gateway.mosquitto import free_port


class MailServer:
    """`mails` are what was taken; `answers` are what the next ones are told instead of 250."""

    def __init__(self):
        self.port = free_port()
        self.mails = []
        self.answers = []
        self._controller = None

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.down()

    async def handle_DATA(self, _server, _session, envelope):
        """Take it, or say what was ordered."""
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return answer

    def up(self):
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=30)
        self._controller.start()

    def down(self):
        """Listen no more."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def texts(self):
        """(subject, text) of each mail."""
        found = []
        for mail in self.mails:
            part = mail.get_body(("plain",)) or mail.get_body(("html",))
            text = re.sub(r"<br\s*/?>", "\n", part.get_content()).replace("\r", "")
            found.append((mail["subject"], text.strip()))
        return found
