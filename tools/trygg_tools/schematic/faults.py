"""What a rule finds: an error, or a warning that somebody must explain."""

from typing import Literal, NamedTuple


class Fault(NamedTuple):
    """`rule` is the rule's name, `subject` the net, part or pin; together they name the fault."""

    level: Literal["error", "warning"]
    rule: str
    subject: str
    text: str

    @property
    def name(self) -> str:
        """What wearable.toml [explained] calls it."""
        return f"{self.rule} {self.subject}"

    def __str__(self) -> str:
        return f"{self.level}: {self.rule}: {self.subject}: {self.text}"


def error(rule: str, subject: str, text: str) -> Fault:
    """A fault that no explanation excuses."""
    return Fault("error", rule, subject, text)


def warning(rule: str, subject: str, text: str) -> Fault:
    """A fault that may stay, with its reason in wearable.toml."""
    return Fault("warning", rule, subject, text)
