// A map without map tiles: a plain grid whose lines lie a round number of metres apart.

const METRES_PER_DEGREE = 111320;
const WANTED_PX = 80;

/** The round number of metres (1, 2 or 5 times a power of ten) nearest above WANTED_PX on the screen. */
export function spacing(map, lat) {
  const equator = 40075016.686 / 256 / 2 ** map.getZoom();
  const metres = equator * Math.cos((lat * Math.PI) / 180) * WANTED_PX;
  const power = 10 ** Math.floor(Math.log10(metres));
  return power * [1, 2, 5, 10].find((step) => step * power >= metres);
}

/** A Leaflet layer that draws the grid; its lines stay put while the map moves. */
export const Grid = L.GridLayer.extend({
  options: { maxZoom: 22, lat: 0, updateWhenZooming: false },

  createTile(coords) {
    const size = this.getTileSize();
    const tile = document.createElement("canvas");
    const ratio = window.devicePixelRatio || 1;
    tile.width = size.x * ratio;
    tile.height = size.y * ratio;
    const pen = tile.getContext("2d");
    pen.scale(ratio, ratio);
    this._rule(pen, coords, size);
    return tile;
  },

  _rule(pen, coords, size) {
    const metres = spacing(this._map, this.options.lat);
    const colours = getComputedStyle(document.documentElement);
    const corner = coords.scaleBy(size);
    const [north, south] = [0, 1].map((i) => this._map.unproject(corner.add([i * size.x, i * size.y]), coords.z));
    const across = metres / (METRES_PER_DEGREE * Math.cos((this.options.lat * Math.PI) / 180));
    const down = metres / METRES_PER_DEGREE;
    for (const [k, at] of lines(north.lng, south.lng, across)) {
      const x = this._map.project([north.lat, at], coords.z).x - corner.x;
      this._line(pen, colours, k, [x, 0], [x, size.y]);
    }
    for (const [k, at] of lines(south.lat, north.lat, down)) {
      const y = this._map.project([at, north.lng], coords.z).y - corner.y;
      this._line(pen, colours, k, [0, y], [size.x, y]);
    }
  },

  _line(pen, colours, k, from, to) {
    pen.strokeStyle = colours.getPropertyValue(k % 5 ? "--grid" : "--grid-strong");
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(...from);
    pen.lineTo(...to);
    pen.stroke();
  },
});

function lines(low, high, step) {
  const first = Math.ceil(low / step);
  const count = Math.max(0, Math.floor(high / step) - first + 1);
  return Array.from({ length: count }, (_, i) => [first + i, (first + i) * step]);
}
