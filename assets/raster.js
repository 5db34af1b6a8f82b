// Points painted into a picture, without WebGL: what scatter.js falls back on where there is no graphics card. Software
// WebGL takes ten times as long; a point here is a stamp of some pixels, made once for each size and shape.
"use strict";
RAL.raster = (canvas) => {
  const pen = canvas.getContext("2d"), OPAQUE = 0.82, FULL = Math.round(255 * OPAQUE) << 24, MARGIN = 24; // px around the picture, so that no stamp needs cutting
  let picture = null, cells = null, stamps = { size: 0 };
  const DISTANCE = [ // from the middle of a shape to its edge (1): disc, square, diamond, triangle; as in scatter.js
    (x, y) => Math.hypot(x, y), (x, y) => Math.max(Math.abs(x), Math.abs(y)) * 1.12,
    (x, y) => Math.abs(x) + Math.abs(y), (x, y) => Math.max(Math.abs(x) * 1.1 - y * 0.62 + 0.2, y + 0.1),
  ];
  // A stamp: how far each of its pixels lies from the first one, and how much of it is covered (0-255).
  const stamp = (size, wide, distance) => {
    const at = [], cover = [], whole = Math.ceil(size);
    for (let b = 0; b < whole; b += 1) for (let a = 0; a < whole; a += 1) {
      const edge = distance((2 * (a + 0.5)) / size - 1, (2 * (b + 0.5)) / size - 1), part = Math.min(1, Math.max(0, (1.12 - edge) / 0.28));
      if (part > 0.04) { at.push(b * wide + a); cover.push(Math.round(255 * OPAQUE * part)); }
    }
    const order = cover.map((_, place) => place).sort((a, b) => cover[b] - cover[a]); // those that are covered whole come first
    return { at: Int32Array.from(order, (place) => at[place]), cover: Uint8Array.from(order, (place) => cover[place]), whole: cover.filter((part) => part === FULL >>> 24).length };
  };
  return ({ xy, order, kinds, shown, palette, shapes, size, centre, zoom }) => {
    const wide = canvas.width + 2 * MARGIN, high = canvas.height + 2 * MARGIN;
    if (picture?.width !== wide || picture?.height !== high) {
      picture = new ImageData(wide, high);
      cells = new Uint32Array(picture.data.buffer);
      stamps = { size: 0 };
    } else cells.fill(0);
    size = Math.min(MARGIN, Math.max(2, Math.round(size)));
    if (stamps.size !== size) stamps = { size, shapes: DISTANCE.map((one) => stamp(size, wide, one)) };
    const colours = palette.map((colour) => colour.reduce((all, part, place) => all | (Math.round(255 * part) << (8 * place)), 0));
    const x0 = wide / 2 - centre[0] * zoom - size / 2, y0 = high / 2 + centre[1] * zoom - size / 2;
    const right = wide - MARGIN, low = high - MARGIN, count = colours.length;
    for (let n = 0; n < order.length; n += 1) {
      const row = order[n], x = Math.round(x0 + xy[2 * row] * zoom), y = Math.round(y0 - xy[2 * row + 1] * zoom);
      if (x < 0 || y < 0 || x > right || y > low || (shown && !shown[row])) continue; // off the picture, or not wanted
      const kind = kinds[row], one = stamps.shapes[kind % shapes], { at, cover, whole } = one, first = y * wide + x, colour = colours[kind % count], full = colour | FULL;
      for (let k = 0; k < whole; k += 1) cells[first + at[k]] = full;
      for (let k = whole; k < at.length; k += 1) {
        const cell = first + at[k];
        if (cells[cell] >>> 24 < cover[k]) cells[cell] = colour | (cover[k] << 24); // a soft edge never thins a point below it
      }
    }
    pen.putImageData(picture, -MARGIN, -MARGIN);
  };
};
