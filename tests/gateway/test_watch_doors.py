"""A broker that goes away: the gateway knows that it hears nobody, and when it does again."""

from gateway.gateway_process import GatewayProcess, until
from gateway.mosquitto import Mosquitto


def test_a_broker_that_is_gone_is_no_silence_of_its_trackers(tmp_path):
    with (
        Mosquitto(tmp_path) as broker,
        GatewayProcess(tmp_path / "nord", broker={"url": broker.url}) as gateway,
    ):

        def hearing(figure):
            return f"\ntrygg_hearing {figure}\n" in gateway.ask("/metrics").text

        until(lambda: hearing("1.0"), "both doors are there")
        broker.kill()
        until(lambda: hearing("0.0"), "one of the doors is lost")
        broker.start()
        until(lambda: hearing("1.0"), "it is there again")
