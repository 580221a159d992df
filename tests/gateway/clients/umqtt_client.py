"""Runs under MicroPython: a tracker by umqtt.robust, as its own examples are written.

argv: port, how many records, CA as DER ("" for none), the folder of umqtt. Prints `subscribed`, one
line a PUBACK, `heard PAYLOAD` for an order. The line is not cut meanwhile: robust
would wait for ever for the PUBACK of a record that its new connection never said.
"""

import sys

port, count, ca = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
sys.path.insert(0, sys.argv[4])

from umqtt.robust import MQTTClient  # noqa: E402

context = None
if ca:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    with open(ca, "rb") as file:
        context.load_verify_locations(cadata=file.read())

heard = []
client = MQTTClient(
    "aase", "localhost", port, user="aase", password="secret", keepalive=60, ssl=context
)
client.DELAY = 0
client.set_callback(lambda topic, payload: heard.append((topic, payload)))
client.connect(clean_session=False)
client.subscribe(b"trygg/v1/nord/aase/down", qos=1)
print("subscribed")
for number in range(count):
    client.publish(b"trygg/v1/nord/aase/up", b"%d" % number, qos=1)  # returns with the PUBACK
    print("acknowledged", number)
while not heard:
    client.wait_msg()
print("heard", heard[0][1].decode())
client.ping()
client.wait_msg()
client.disconnect()
