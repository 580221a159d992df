"""What the broker door counts."""

COUNTERS = (
    "connections",  # connections that the broker accepted
    "connect_failed",  # attempts without a connection: no broker, unfit TLS, no answer, refused
    "refused",  # CONNECTs or subscriptions that the broker refused
    "disconnects",  # connections lost
    "sessions_lost",  # the broker knew our session no more: possible loss
    "probes_lost",  # connections ended because our own word did not come back
    "loop_errors",  # exceptions out of paho; the connection was opened again
    "deliver_failed",  # deliver raised: an error on our side; the connection was opened again
    "publishes",  # publishes handed to deliver
    "pubacks",  # acknowledgements written
    "stale_confirms",  # confirms for a connection that is gone
    "unreadable_topics",  # publishes on a topic that is not UTF-8
    "too_large",  # publishes of which only the beginning is kept
    "down_sent",  # messages down handed to the broker's connection
    "down_acked",  # messages down that the broker acknowledged
    "down_refused",  # messages down refused: no connection, or too many waiting
)
