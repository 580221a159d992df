// The map: fences, last positions with their accuracy and age, tracks, and where alarms were raised.
// A tracker that shares no position has its fence shaded and no dot.

import { count } from "./ages.js";
import { byId, el, say } from "./dom.js";
import { Grid, spacing } from "./grid.js";
import { nowS } from "./gateway.js";
import { accuracy, clock, duration, isStale } from "./words.js";

const OLD_S = 900;
const START = [64.5, 13];
// what lies over what; words lie over all of it, in Leaflet's own pane for markers
const PANES = [["fences", 410], ["tracks", 420], ["spots", 430], ["dots", 440]];
const URGENT = { alarm: 2000, silent: 1000, late: 500 };

/** The map on the page. `page` is /api/session's answer; `choose(device)` is called on a click. */
export class WatchMap {
  constructor(page, choose) {
    this.choose = choose;
    this.drawn = new Map(); // device → {key, layer} for what changes only with new data
    this.tracks = new Map();
    this.spots = new Map();
    this.trackers = [];
    this.fitted = false; // everything has been brought into view once
    this.moved = false; // the operator looks at a place of their own: leave it to them
    this.fitting = false;
    this.map = L.map("map", { center: START, zoom: 5, zoomControl: false, attributionControl: false, zoomSnap: 0.25, maxZoom: 20, zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false });
    L.control.zoom({ position: "topleft" }).addTo(this.map);
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 160 }).addTo(this.map);
    for (const [pane, height] of PANES) this.map.createPane(pane).style.zIndex = height;
    this.grid = new Grid().addTo(this.map);
    if (page.tiles) this.addTiles(page);
    this.map.on("zoomend moveend", () => { this.note(); this.nudge(); });
    this.map.on("dragstart zoomstart", () => { this.moved ||= !this.fitting; });
    this.map.on("resize", () => this.moved || this.showAll());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.grid.redraw());
    new ResizeObserver(() => this.map.invalidateSize()).observe(byId("map"));
  }

  /** Map tiles over the grid; where they cannot be had, the grid shows and the page says so. */
  addTiles(page) {
    const tiles = L.tileLayer(page.tiles, { maxZoom: 20, maxNativeZoom: 19 }).addTo(this.map);
    tiles.on("tileerror", () => { this.noTiles = true; this.note(); });
    tiles.on("tileload", () => { this.noTiles = false; this.note(); });
    this.credit = page.tiles_credit;
    this.tiled = true;
  }

  /** The words under the map: the grid's spacing, or whose map it is. */
  note() {
    const metres = spacing(this.map, this.grid.options.lat);
    const grid = `Grid ${metres < 1000 ? `${metres} m` : `${metres / 1000} km`}`;
    if (!this.tiled) return say(byId("map-note"), grid);
    say(byId("map-note"), this.noTiles ? `The map pictures cannot be fetched. ${grid}` : this.credit);
  }

  /** Draw all trackers; `chosen` stands out. */
  show(trackers, chosen) {
    this.trackers = trackers;
    const now = new Set(trackers.map((t) => t.device));
    for (const [device, { layer }] of this.drawn) if (!now.has(device)) this.drop(device, layer);
    for (const tracker of trackers) this.showOne(tracker, tracker.device === chosen);
    this.nudge();
    if (!this.fitted && this.bounds(trackers)) {
      this.fitted = true;
      this.showAll();
    }
  }

  /** Bring everything known into view. */
  showAll() {
    const bounds = this.bounds(this.trackers);
    if (!bounds) return;
    this.moved = false;
    this.grid.options.lat = Math.round(bounds.getCenter().lat * 10) / 10;
    this.fit(bounds);
    this.grid.redraw();
  }

  /** Bring one tracker, or one position, into view. */
  go(tracker, position = null) {
    const bounds = position ? L.latLng(position.lat, position.lon).toBounds(400) : this.bounds([tracker]);
    if (!bounds) return;
    this.moved = true;
    this.fit(bounds);
  }

  fit(bounds) {
    this.fitting = true;
    this.map.fitBounds(bounds, { ...this.room(), maxZoom: 17, animate: false });
    this.fitting = false;
    this.note();
    this.nudge();
  }

  /** Draw a tracker's track, oldest first; an empty one is taken away. */
  track(device, positions) {
    this.tracks.get(device)?.remove();
    this.tracks.delete(device);
    if (positions.length === 0) return;
    const points = positions.map((p) => [p.lat, p.lon]);
    const line = L.polyline(points, { className: "track", pane: "tracks", interactive: false });
    const steps = positions.map((p) => L.circleMarker([p.lat, p.lon], { radius: 2.5, className: "step", pane: "tracks" }).bindTooltip(el("span", {}, `${clock(p.time_s, nowS())}, ${accuracy(p.accuracy_m)}`)));
    this.tracks.set(device, L.layerGroup([line, ...steps]).addTo(this.map));
  }

  /** A ring where each open alarm was raised. */
  alarms(alarms) {
    const open = alarms.filter((a) => a.state !== "closed" && a.position);
    for (const [id, spot] of this.spots) if (!open.some((a) => a.id === id)) { spot.remove(); this.spots.delete(id); }
    for (const a of open) if (!this.spots.has(a.id)) this.spots.set(a.id, spot(a).addTo(this.map));
  }

  /** Space kept free at the edges for the tools above, the legend below and the words beside a dot. */
  room() {
    const wide = this.map.getSize().x > 480;
    return { paddingTopLeft: [wide ? 56 : 24, 56], paddingBottomRight: [wide ? 90 : 24, wide ? 110 : 84] };
  }

  /** Words that would be cut off at the map's edge are moved inwards. */
  nudge() {
    const edge = byId("map").getBoundingClientRect();
    for (const words of document.querySelectorAll(".map-label")) nudgeOne(words, edge);
  }

  showOne(t, chosen) {
    const drawnAs = JSON.stringify([t.name, t.status, t.position, t.position_withheld, t.fence_state, t.fences, isOld(t), chosen]);
    const old = this.drawn.get(t.device);
    if (old?.key === drawnAs) return;
    old?.layer.remove();
    const layers = [...fenceLayers(t, chosen), ...(t.position && !t.position_withheld ? dotLayers(t, chosen) : [])];
    const layer = L.featureGroup(layers).on("click", () => this.choose(t.device)).addTo(this.map);
    this.drawn.set(t.device, { key: drawnAs, layer });
  }

  drop(device, layer) {
    layer.remove();
    this.drawn.delete(device);
    this.track(device, []);
  }

  bounds(trackers) {
    const all = L.latLngBounds([]);
    for (const t of trackers) {
      for (const fence of t.fences) all.extend(fenceBounds(fence));
      if (t.position && !t.position_withheld) all.extend([t.position.lat, t.position.lon]);
    }
    return all.isValid() ? all : null;
  }
}

function fenceBounds(fence) {
  if (fence.shape === "circle") return L.latLng(fence.lat, fence.lon).toBounds(2 * fence.radius_m);
  return L.latLngBounds(fence.rings[0]);
}

function fenceLayers(t, chosen) {
  const hidden = t.position_withheld;
  const layers = t.fences.map((fence) => fenceLayer(fence, hidden && fence.private && fence.keep === "in", isStale(t), chosen));
  if (!hidden) return layers;
  const home = t.fences.find((fence) => fence.private && fence.keep === "in") ?? t.fences[0];
  return home ? [...layers, label(below(fenceBounds(home)), "private", `${t.name || t.device}:`, ...privateWords(t))] : layers;
}

/** What is known of somebody who shares no position; of a silent tracker, when that was known. */
function privateWords(t) {
  const inside = t.fence_state === "inside";
  if (!isStale(t)) return [`${inside ? "inside, " : ""}position not shared`];
  const age = el("span", { class: "age" });
  count(age, t.last_contact_s, "ago");
  return [`last known ${inside ? "inside" : "there"}`, age, "· position not shared"];
}

const below = (bounds) => L.latLng(bounds.getSouth(), bounds.getCenter().lng);

function fenceLayer(fence, shaded, stale, chosen) {
  const className = ["fence", `fence-${fence.keep}`, shaded ? "fence-shaded" : "", shaded && stale ? "fence-stale" : "", chosen ? "fence-chosen" : ""].join(" ");
  const fill = shaded ? "url(#shade-private)" : fence.keep === "out" ? "url(#hatch-out)" : undefined;
  const style = { className, pane: "fences", fillOpacity: 1, ...(fill ? { fillColor: fill } : {}) };
  const shape = fence.shape === "circle"
    ? L.circle([fence.lat, fence.lon], { radius: fence.radius_m, ...style })
    : L.polygon(fence.rings, style);
  const words = `${fence.keep === "out" ? "Keep out" : "Keep in"}: ${fence.name || `fence ${fence.number}`}${fence.schedule ? `, ${fence.schedule}` : ""}`;
  return shape.bindTooltip(el("span", {}, words), { sticky: true });
}

const isOld = (t) => t.position !== null && nowS() - t.position.time_s > OLD_S;

function dotLayers(t, chosen) {
  const at = [t.position.lat, t.position.lon];
  const className = `status-${t.status}${isOld(t) ? " old" : ""}`;
  const age = el("span", { class: "age" });
  count(age, t.position.time_s, "old");
  return [
    L.circle(at, { radius: t.position.accuracy_m, className: `accuracy ${className}`, pane: "dots", interactive: false }),
    L.circleMarker(at, { radius: chosen ? 9 : 7, className: `dot ${className}`, pane: "dots" }),
    label(at, `dot-label ${className}`, `${t.name || t.device}`, age, accuracy(t.position.accuracy_m)).setZIndexOffset(chosen ? 3000 : URGENT[t.status] ?? 0),
  ];
}

/** Words that stand on the map at a point. */
function label(at, kind, ...words) {
  const text = el("span", { class: `map-label ${kind}` }, ...words.map((word) => (typeof word === "string" ? el("span", {}, word) : word)));
  return L.marker(at, { icon: L.divIcon({ className: "label-anchor", html: text, iconSize: [0, 0] }), keyboard: false });
}

/** Words beside a dot go to its other side, or under it; they never cover it. */
function nudgeOne(words, edge) {
  words.classList.remove("under");
  words.style.marginLeft = "0px";
  const anchor = words.parentElement.getBoundingClientRect().left;
  if (anchor < edge.left || anchor > edge.right) return;
  const box = words.getBoundingClientRect();
  const over = Math.max(0, box.right - edge.right + 14);
  const beside = box.width + 28; // 28: the dot and the gaps on both sides of it
  const flips = over > 0 && words.matches(".dot-label") && box.left - beside > edge.left;
  words.classList.toggle("under", over > 0 && !flips);
  words.style.marginLeft = `${Math.max(0, edge.left + 6 - box.left) - (flips ? beside : over)}px`;
}

function spot(alarm) {
  const words = `${alarm.name || alarm.device}: alarm ${clock(alarm.raised_s, nowS())}, position ${duration(alarm.fix_age_s ?? 0)} old, ${accuracy(alarm.position.accuracy_m)}`;
  return L.circleMarker([alarm.position.lat, alarm.position.lon], { radius: 13, className: "spot", pane: "spots" }).bindTooltip(el("span", {}, words));
}
