// The gateway's own health: its counters, and what it set aside because it could not be read.

import { byId, el, say, sayOrHide } from "./dom.js";
import { nowS } from "./gateway.js";
import { clock } from "./words.js";

const COLUMNS = { received_ms: "Received", reason: "Why", topic: "Topic", size: "Bytes", payload_hex: "It begins with", id: "No." };

/** Draw /api/health's answer. */
export function showHealth(health) {
  const rows = health.quarantine;
  sayOrHide(byId("aside-count"), rows.length ? String(rows.length) : "");
  byId("no-aside").hidden = rows.length > 0;
  byId("aside").hidden = rows.length === 0;
  byId("aside").replaceChildren(...(rows.length ? table(rows) : []));
  byId("counters").replaceChildren(...groups(health.counters).map(group));
}

function table(rows) {
  const columns = Object.keys(COLUMNS).filter((name) => name in rows[0]);
  const head = el("tr", {}, ...columns.map((name) => el("th", { scope: "col" }, COLUMNS[name])));
  const body = rows.map((row) => el("tr", {}, ...columns.map((name) => el("td", { data: { column: name } }, cell(name, row[name])))));
  return [el("thead", {}, head), el("tbody", {}, ...body)];
}

function cell(name, value) {
  if (value === null || value === undefined) return "";
  return name === "received_ms" ? clock(value / 1000, nowS()) : String(value);
}

/** Nested counters become headed groups; plain ones go under "Gateway". */
function groups(counters) {
  const plain = Object.entries(counters).filter(([, value]) => typeof value !== "object");
  const nested = Object.entries(counters).filter(([, value]) => value !== null && typeof value === "object");
  return [...(plain.length ? [["Gateway", plain]] : []), ...nested.map(([name, inner]) => [title(name), Object.entries(inner)])];
}

function group([name, rows]) {
  const list = el("dl", {}, ...rows.flatMap(([key, value]) => [el("dt", {}, title(key)), el("dd", {}, figure(value))]));
  return el("section", { class: "card" }, el("h3", {}, name), list);
}

const figure = (value) => (typeof value === "number" ? value.toLocaleString("en-GB") : String(value ?? ""));

function title(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
