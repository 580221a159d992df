// The alarms: what happened, where and how sure, who has it, and what an operator may do.
// Three truths stand side by side and are never one: stored, delivered, taken by a person.

import { count } from "./ages.js";
import { byId, el, fit, say, sayOrHide } from "./dom.js";
import { nowS, Refused } from "./gateway.js";
import { icon } from "./icons.js";
import { accuracy, alarmReason, alarmTitle, clock, coordinates, duration, eventWords, isAlarm, STATE } from "./words.js";

const LATE_S = 60;
const NO_ANSWER = "The gateway did not answer, so it is not known whether this was done. Try again.";
const parts = new WeakMap();

const STEPS = ["take", "go", "there", "pass", "close", "reopen"];

/** Draw open and closed alarms. `acts` has a function of the alarm for each of STEPS, locate and keepOut. */
export function showAlarms(alarms, acts) {
  const open = alarms.filter((a) => a.state !== "closed").sort(untakenFirst);
  const closed = alarms.filter((a) => a.state === "closed");
  const make = (a) => card(a, acts);
  const draw = (node, a) => show(node, a, acts);
  fit(byId("open-alarms"), open, (a) => a.id, make, draw);
  fit(byId("closed-list"), closed, (a) => a.id, make, draw);
  byId("no-alarms").hidden = open.length > 0;
  byId("closed-alarms").hidden = closed.length === 0;
  say(byId("closed-count"), String(closed.length));
  const alarmed = open.filter(isAlarm);
  const untaken = alarmed.filter((a) => a.state === "raised").length;
  const warnings = open.length - alarmed.length;
  const words = [alarmed.length && `${untaken} not taken · ${alarmed.length - untaken} taken`, warnings && `${warnings} warnings`];
  say(byId("alarm-tally"), words.filter(Boolean).join(" · "));
}

function untakenFirst(a, b) {
  return isAlarm(b) - isAlarm(a) || (a.state !== "raised") - (b.state !== "raised") || b.raised_s - a.raised_s || b.id - a.id;
}

function card(alarm, acts) {
  const p = {
    icon: el("span", { class: "status-icon" }),
    name: el("span", { class: "name" }), title: el("span", { class: "what" }), state: el("span", { class: "chip" }),
    reason: el("p", { class: "reason" }), at: el("span"), age: el("span", { class: "age" }),
    late: el("p", { class: "late-note" }), back: el("p", { class: "back-note" }),
    todo: el("p", { class: "todo" }), next: el("p", { class: "next-call" }),
    cause: el("p", { class: "cause" }), position: el("p", { class: "position" }),
    stored: truth("Stored"), delivered: truth("Delivered"), taken: truth("Taken"),
    wrong: el("p", { class: "wrong", role: "alert", hidden: "" }),
    timeline: el("ol", { class: "timeline" }), number: el("span"),
  };
  p.take = el("button", { type: "button", class: "primary take" }, "Take");
  p.go = el("button", { type: "button", class: "go" }, "On the way");
  p.there = el("button", { type: "button", class: "there" }, "At the person");
  p.pass = el("button", { type: "button", class: "quiet pass" }, "Next person");
  p.close = el("button", { type: "button", class: "close" }, "Close…");
  p.reopen = el("button", { type: "button", class: "quiet reopen" }, "Open again…");
  p.locate = el("button", { type: "button", class: "quiet locate" }, "Show on map");
  const node = el("li", { class: "card alarm", data: { alarm: alarm.id } },
    el("h3", {}, p.icon, el("span", { class: "headline" }, p.name, p.title), p.state),
    el("p", { class: "line when" }, el("span", {}, "Raised ", p.at, ", ", p.age), p.number),
    p.cause, p.back, p.reason, p.todo, p.late, p.position, p.next,
    el("ul", { class: "truths", "aria-label": "How far the alarm has come" }, p.stored.node, p.delivered.node, p.taken.node),
    el("p", { class: "actions" }, p.take, p.go, p.there, p.pass, p.close, p.reopen, p.locate), p.wrong,
    el("details", {}, el("summary", {}, "Timeline"), p.timeline));
  for (const act of [...STEPS, "locate"]) p[act].addEventListener("click", () => acting(p, () => acts[act](p.alarm)));
  parts.set(node, p);
  return node;
}

function truth(word) {
  const t = { icon: el("span", { class: "truth-icon" }), text: el("span", { class: "truth-text" }) };
  t.node = el("li", { data: { truth: word.toLowerCase() } }, t.icon, el("strong", {}, word), t.text);
  return t;
}

/** Run one act with the card's buttons off; a refusal stands in the card. */
async function acting(p, act) {
  const buttons = STEPS.map((step) => p[step]);
  for (const button of buttons) button.disabled = true;
  sayOrHide(p.wrong, "");
  try {
    await act();
  } catch (error) {
    sayOrHide(p.wrong, error instanceof Refused ? error.message : NO_ANSWER);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

function show(node, a, acts) {
  const p = parts.get(node);
  p.alarm = a;
  if (node.dataset.state !== a.state) p.icon.replaceChildren(icon(a.state === "closed" ? "done" : a.test ? "test" : "alarm"));
  node.dataset.state = a.state;
  node.dataset.test = String(a.test);
  node.dataset.form = a.form ?? "alarm";
  say(p.name, a.name || a.device);
  say(p.title, `${a.test ? "Test: " : ""}${alarmTitle(a, acts.keepOut(a))}`);
  say(p.state, STATE[a.state] ?? a.state);
  say(p.at, clock(a.raised_s, nowS()));
  count(p.age, a.raised_s, "ago");
  say(p.number, `No. ${a.id}`);
  say(p.reason, `${alarmReason(a)}.`);
  sayOrHide(p.late, a.late_by_s >= LATE_S ? `Reached the gateway ${duration(a.late_by_s)} after it was raised.` : "");
  const back = eventOf(a, "back");
  sayOrHide(p.back, back ? `Back inside since ${clock(back.at_ms / 1000, nowS())}, as the tracker says.` : "");
  sayOrHide(p.cause, a.closed_cause ? `Closed as: ${a.closed_cause}` : "");
  showPosition(p, a);
  showTruths(p, a);
  sayOrHide(p.todo, a.state === "closed" ? "" : (a.todo ?? ""));
  sayOrHide(p.next, nextCall(a));
  const closed = a.state === "closed";
  p.take.hidden = a.state !== "raised";
  p.go.hidden = closed || !isAlarm(a) || a.state === "on_the_way" || a.state === "at_the_person";
  p.there.hidden = closed || !isAlarm(a) || a.state === "at_the_person";
  p.pass.hidden = closed || !isAlarm(a) || a.test || !(a.next_call || a.called?.length);
  p.close.hidden = closed;
  p.reopen.hidden = !closed;
  p.locate.hidden = !a.position;
  showTimeline(p.timeline, a.timeline);
}

const eventOf = (a, name) => a.timeline.find((e) => e.event === name);

/** Who has been called, and who is next when nobody takes it. */
function nextCall(a) {
  const called = a.called?.length ? `Called: ${a.called.map((c) => c.who).join(", ")}. ` : "";
  if (a.state === "closed") return "";
  return called + (a.next_call ? `Next: ${a.next_call.who} at ${clock(a.next_call.at_ms / 1000, nowS())}.` : "");
}

function showPosition(p, a) {
  const drawn = JSON.stringify([a.position, a.fix_age_s]);
  if (p.position.dataset.drawn === drawn) return;
  p.position.dataset.drawn = drawn;
  if (!a.position) return p.position.replaceChildren(isAlarm(a) ? "No position came with this alarm." : "");
  const age = a.fix_age_s ?? Math.max(0, a.raised_s - a.position.time_s);
  const current = el("span", { class: "age" });
  count(current, a.position.time_s, "nowold");
  p.position.replaceChildren(
    el("strong", {}, `Position ${duration(age)} old, ${accuracy(a.position.accuracy_m)}`), " when raised; ", current,
    el("span", { class: "coordinates" }, coordinates(a.position.lat, a.position.lon)));
}

function showTruths(p, a) {
  const taken = eventOf(a, "taken");
  const at = taken ? `, ${clock(taken.at_ms / 1000, nowS())}` : "";
  tell(p.stored, a.stored_s, `by the gateway, ${clock(a.stored_s ?? 0, nowS())}`, "not yet");
  tell(p.delivered, a.delivered.length, `to ${a.delivered.join(", ")}`, onItsWay(a));
  tell(p.taken, a.taken_by, `by ${a.taken_by}${at}`, a.state === "closed" ? "by nobody" : "by nobody yet");
}

// a sink that only accepts an alarm has not said that anybody has it
function onItsWay(a) {
  return a.accepted?.length ? `to nobody yet; taken on by ${a.accepted.join(", ")}` : "to nobody yet";
}

function tell(t, isTrue, yes, no) {
  const done = Boolean(isTrue);
  if (t.node.dataset.done !== String(done)) t.icon.replaceChildren(icon(done ? "done" : "pending"));
  t.node.dataset.done = String(done);
  say(t.text, done ? yes : no);
}

function showTimeline(list, events) {
  if (list.children.length === events.length) return;
  list.replaceChildren(...events.map((event) => el("li", {},
    el("time", {}, clock(event.at_ms / 1000, nowS())),
    el("span", {}, eventWords(event)))));
}
