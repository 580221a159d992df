// Drawing a tracker's fences on the map: circles and corners, clicked; the whole set is ordered at once.
// What is fit for a tracker the gateway judges; its sentence is shown, and nothing drawn is lost.

import { byId, el, say, sayOrHide } from "./dom.js";

const HINT = {
  circle: ["Click the middle of the circle.", "Click elsewhere to move it; then Add."],
  polygon: ["Click each corner, in their order.", "Three corners or more; then Add."],
};

/** One drawing at a time. `order(device, fences)` gives a promise that is refused with a sentence. */
export class Drawing {
  constructor(map, order) {
    this.map = map;
    this.order = order;
    this.tracker = null;
    this.layer = L.layerGroup().addTo(map);
    map.on("click", (event) => this.tracker && this.clicked(event.latlng));
    const form = byId("drawing");
    form.addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    form.addEventListener("input", (event) => { if (event.target.name === "shape") this.points = []; this.draw(); });
    byId("drawing-add").addEventListener("click", () => this.add());
    byId("drawing-undo").addEventListener("click", () => { this.points.pop(); this.draw(); });
    byId("drawing-cancel").addEventListener("click", () => this.end());
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && this.tracker) this.end(); });
  }

  /** Begin with the fences that the tracker has. */
  begin(tracker) {
    this.tracker = tracker;
    this.fences = tracker.fences.map((fence) => ({ ...fence }));
    this.points = [];
    say(byId("drawing-title"), `Fences of ${tracker.name || tracker.device}`);
    byId("drawing-name").value = this.fences.length ? "" : "home";
    sayOrHide(byId("drawing-problem"), "");
    byId("drawing").hidden = false;
    document.body.dataset.drawing = "yes";
    this.draw();
    byId("drawing-name").focus();
  }

  /** Draw no more; what was not ordered is gone. */
  end() {
    this.tracker = null;
    this.layer.clearLayers();
    byId("drawing").hidden = true;
    delete document.body.dataset.drawing;
  }

  get shape() {
    return document.querySelector("#drawing input[name=shape]:checked").value;
  }

  clicked(at) {
    const point = [round(at.lat), round(at.lng)];
    this.points = this.shape === "circle" ? [point] : [...this.points, point];
    this.draw();
  }

  /** The fence that is being drawn, null while there is too little of it. */
  drawn() {
    const name = byId("drawing-name").value.trim();
    const keep = byId("drawing-keep").value;
    const head = { number: this.nextNumber(), name: name || `fence ${this.nextNumber()}`, keep, private: keep === "in" && byId("drawing-private").checked };
    if (this.shape === "circle") {
      const radius = Number(byId("drawing-radius").value);
      if (!this.points.length || !(radius > 0)) return null;
      return { ...head, shape: "circle", lat: this.points[0][0], lon: this.points[0][1], radius_m: radius };
    }
    return this.points.length < 3 ? null : { ...head, shape: "polygon", rings: [this.points] };
  }

  nextNumber() {
    const taken = new Set(this.fences.map((fence) => fence.number));
    let number = 1;
    while (taken.has(number)) number += 1;
    return number;
  }

  add() {
    const fence = this.drawn();
    if (!fence) return sayOrHide(byId("drawing-problem"), HINT[this.shape][0]);
    this.fences.push(fence);
    this.points = [];
    byId("drawing-name").value = "";
    this.draw();
  }

  remove(number) {
    this.fences = this.fences.filter((fence) => fence.number !== number);
    this.draw();
  }

  async send() {
    if (this.points.length && this.drawn()) this.add();
    const { device } = this.tracker;
    try {
      if (await this.order(device, this.fences)) this.end();
    } catch (error) {
      sayOrHide(byId("drawing-problem"), error.message);
    }
  }

  draw() {
    if (!this.tracker) return;
    sayOrHide(byId("drawing-problem"), "");
    const circle = this.shape === "circle";
    byId("drawing-radius-row").hidden = !circle;
    byId("drawing-private-row").hidden = byId("drawing-keep").value !== "in";
    byId("drawing-undo").hidden = circle || !this.points.length;
    say(byId("drawing-hint"), HINT[this.shape][this.points.length ? 1 : 0]);
    byId("drawing-list").replaceChildren(...this.fences.map((fence) => this.row(fence)));
    this.layer.clearLayers();
    for (const point of this.points) L.circleMarker(point, { radius: 5, className: "drawn-corner", interactive: false }).addTo(this.layer);
    for (const fence of [...this.fences, this.drawn()].filter(Boolean)) outline(fence).addTo(this.layer);
    if (!circle && this.points.length === 2) L.polyline(this.points, { className: "drawn", interactive: false }).addTo(this.layer);
  }

  row(fence) {
    const size = fence.shape === "circle" ? `circle of ${Math.round(fence.radius_m)} m` : `${fence.rings[0].length} corners`;
    const words = `${fence.keep === "out" ? "Keep out of" : "Keep in"} ${fence.name}, ${size}`;
    return el("li", {}, el("span", {}, words),
      el("button", { type: "button", class: "quiet", "aria-label": `Remove ${fence.name}`, onclick: () => this.remove(fence.number) }, "Remove"));
  }
}

function outline(fence) {
  const style = { className: fence.keep === "out" ? "drawn drawn-out" : "drawn", interactive: false };
  return fence.shape === "circle" ? L.circle([fence.lat, fence.lon], { radius: fence.radius_m, ...style }) : L.polygon(fence.rings, style);
}

const round = (degrees) => Math.round(degrees * 1e6) / 1e6;
