// A tracker by mqtt.js. argv: port, how many records, CA as PEM ("" for none).
// Prints `subscribed`, one line a PUBACK, `heard PAYLOAD` for an order.
import fs from "node:fs";
import mqtt from "mqtt";

const [port, count, ca] = process.argv.slice(2);
const client = await mqtt.connectAsync({
  protocol: ca ? "mqtts" : "mqtt",
  host: "localhost",
  port: Number(port),
  ca: ca ? fs.readFileSync(ca) : undefined,
  protocolVersion: Number(process.env.MQTT_VERSION ?? 4),
  clientId: "aase",
  username: "aase",
  password: "secret",
  clean: false,
  reconnectPeriod: 50,
});
const heard = new Promise((resolve) => client.on("message", (_topic, payload) => resolve(payload)));
await client.subscribeAsync("trygg/v1/nord/aase/down", { qos: 1 });
console.log("subscribed");
await Promise.all(
  Array.from({ length: Number(count) }, (_, number) =>
    client.publishAsync("trygg/v1/nord/aase/up", `${number}`, { qos: 1 }).then(() =>
      console.log("acknowledged", number),
    ),
  ),
);
console.log("heard", (await heard).toString());
await client.endAsync();
