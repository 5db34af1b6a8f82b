// Points on a plane, drawn by WebGL: 100,000 of them pan and zoom smoothly. The geometry is handed over once;
// colours, filters and marks are small updates. Without a graphics card raster.js paints the same points.
"use strict";
// Whether a graphics card draws WebGL; software that pretends to be one is slower than raster.js.
RAL.graphics = () => {
  if (RAL.card !== undefined) return RAL.card;
  const gl = document.createElement("canvas").getContext("webgl", { failIfMajorPerformanceCaveat: true }), named = gl?.getExtension("WEBGL_debug_renderer_info");
  RAL.card = !!gl && !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return RAL.card;
};
RAL.scatter = (host, { onHover, onPick, onLasso, label }) => {
  const base = document.createElement("canvas"), top = document.createElement("canvas");
  base.setAttribute("aria-hidden", "true");
  top.tabIndex = 0;
  top.setAttribute("role", "img");
  top.setAttribute("aria-label", label);
  host.replaceChildren(base, top);
  const gl = RAL.graphics() && base.getContext("webgl", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true });
  const paint = gl ? null : RAL.raster(base), pen = top.getContext("2d");
  const ratio = () => Math.min(2, devicePixelRatio || 1);

  let xy = new Float32Array(), kinds = new Uint8Array(), shown = null, palette = [[0.5, 0.5, 0.5]], size = 6;
  let marks = [], links = [], crosses = [], way = [], crossed = -1, hovered = -1, grid = null, order = new Uint32Array(), lasso = null, lassoOn = false;
  const RADIUS = { hit: 11, query: 13, proxy: 7, true: 15 }; // of marks, px
  const view = { x: 0, y: 0, zoom: 1 }; // centre in data units; zoom in pixels a unit
  let home = { x: 0, y: 0, zoom: 1 };

  // ---- WebGL
  let shapes = 1;
  let program = null, buffers = null, places = null;
  const shader = (kind, text) => { const one = gl.createShader(kind); gl.shaderSource(one, text); gl.compileShader(one); return one; };
  if (gl) {
    program = gl.createProgram();
    gl.attachShader(program, shader(gl.VERTEX_SHADER, `
      attribute vec2 at; attribute float kind; uniform vec2 centre, scale; uniform float size, shapes; uniform vec3 colours[16]; varying lowp vec3 colour; varying mediump float shape;
      void main() { gl_Position = kind > 254.5 ? vec4(9.0, 9.0, 0.0, 1.0) : vec4((at - centre) * scale, 0.0, 1.0); gl_PointSize = size; colour = colours[int(min(kind, 15.0))]; shape = mod(kind, shapes); }`));
    gl.attachShader(program, shader(gl.FRAGMENT_SHADER, `
      precision mediump float; varying lowp vec3 colour; varying mediump float shape;
      void main() {
        vec2 p = gl_PointCoord * 2.0 - 1.0; float d;
        if (shape < 0.5) d = length(p); else if (shape < 1.5) d = max(abs(p.x), abs(p.y)) * 1.12;
        else if (shape < 2.5) d = abs(p.x) + abs(p.y); else d = max(abs(p.x) * 1.1 - p.y * 0.62 + 0.2, p.y + 0.1);
        float inside = 1.0 - smoothstep(0.78, 1.0, d); if (inside < 0.02) discard;
        float alpha = inside * 0.82; gl_FragColor = vec4(colour * alpha, alpha);
      }`));
    gl.linkProgram(program);
    buffers = { at: gl.createBuffer(), kind: gl.createBuffer() };
    places = Object.fromEntries(["centre", "scale", "size", "shapes", "colours"].map((name) => [name, gl.getUniformLocation(program, name)]));
  }
  const upload = () => {
    if (!gl) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers.at);
    gl.bufferData(gl.ARRAY_BUFFER, xy, gl.STATIC_DRAW);
    paintKinds();
  };
  const paintKinds = () => {
    if (!gl) return;
    const seen = shown ? Uint8Array.from(kinds, (kind, row) => (shown[row] ? kind : 255)) : kinds;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers.kind);
    gl.bufferData(gl.ARRAY_BUFFER, seen, gl.STATIC_DRAW);
  };
  const drawPoints = () => {
    const width = base.width, height = base.height, k = ratio(), wide = size * k * Math.min(2.2, Math.max(1, Math.sqrt(view.zoom / home.zoom)));
    if (!gl) return paint({ xy, order, kinds, shown, palette, shapes, size: wide, centre: [view.x, view.y], zoom: view.zoom * k });
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(program);
    for (const [name, width_, kind] of [["at", 2, gl.FLOAT], ["kind", 1, gl.UNSIGNED_BYTE]]) {
      const place = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, width_, kind, false, 0, 0);
    }
    gl.uniform2f(places.centre, view.x, view.y);
    gl.uniform2f(places.scale, (2 * view.zoom * k) / width, (2 * view.zoom * k) / height);
    gl.uniform1f(places.size, wide);
    gl.uniform1f(places.shapes, shapes);
    const all = new Float32Array(48);
    palette.slice(0, 16).forEach((colour, place) => all.set(colour, 3 * place));
    gl.uniform3fv(places.colours, all);
    gl.drawArrays(gl.POINTS, 0, kinds.length);
  };

  // ---- marks, hover ring and lasso lie on a canvas of their own
  const onScreen = (x, y) => [top.clientWidth / 2 + (x - view.x) * view.zoom, top.clientHeight / 2 - (y - view.y) * view.zoom];
  const inData = (a, b) => [view.x + (a - top.clientWidth / 2) / view.zoom, view.y - (b - top.clientHeight / 2) / view.zoom];
  const css = (name) => getComputedStyle(host).getPropertyValue(name).trim() || "#888";
  // Other things than films, laid over them: small crosses, and a way with its stations.
  const drawOverlay = (ink, paper, tone) => {
    const seen = crosses.map((at) => onScreen(...at)).filter(([x, y]) => x > -5 && y > -5 && x < top.clientWidth + 5 && y < top.clientHeight + 5);
    const many = seen.length > 400, r = many ? 2 : 3;
    pen.beginPath();
    for (const [x, y] of seen) { pen.moveTo(x - r, y - r); pen.lineTo(x + r, y + r); pen.moveTo(x - r, y + r); pen.lineTo(x + r, y - r); }
    if (!many) { pen.strokeStyle = paper; pen.lineWidth = 3.4; pen.stroke(); }
    pen.globalAlpha = many ? 0.5 : 1;
    pen.strokeStyle = ink; pen.lineWidth = many ? 1 : 1.3; pen.stroke();
    pen.globalAlpha = 1;
    if (crossed >= 0 && crosses[crossed]) { const [x, y] = onScreen(...crosses[crossed]); pen.beginPath(); pen.arc(x, y, 7, 0, 7); pen.lineWidth = 2; pen.stroke(); }
    if (!way.length) return;
    const stations = way.map(({ at }) => onScreen(...at));
    for (const [colour, wide] of [[paper, 5], [tone, 2]]) { pen.beginPath(); stations.forEach(([x, y]) => pen.lineTo(x, y)); pen.strokeStyle = colour; pen.lineWidth = wide; pen.stroke(); }
    stations.forEach(([x, y], place) => { pen.beginPath(); pen.arc(x, y, way[place].text ? 5 : 3, 0, 7); pen.fillStyle = tone; pen.strokeStyle = paper; pen.lineWidth = 1.4; pen.fill(); pen.stroke(); });
    pen.font = '600 12.5px "Source Sans Pro", sans-serif';
    stations.forEach(([x, y], place) => { if (!way[place].text) return; pen.strokeStyle = paper; pen.lineWidth = 4; pen.lineJoin = "round"; pen.strokeText(way[place].text, x, y - 13); pen.fillStyle = ink; pen.fillText(way[place].text, x, y - 13); });
  };
  const drawMarks = () => {
    const k = ratio();
    pen.setTransform(k, 0, 0, k, 0, 0);
    pen.clearRect(0, 0, top.clientWidth, top.clientHeight);
    const ink = css("--ink"), paper = css("--surface"), found = css("--found"), truth = css("--true");
    const colour = { query: found, proxy: found, cloud: found, hit: ink, true: truth, lasso: css("--accent"), other: css("--frame") };
    pen.lineWidth = 1.2;
    for (const { from, to } of links) {
      pen.strokeStyle = found;
      pen.globalAlpha = 0.55;
      pen.beginPath(); pen.moveTo(...onScreen(...from)); pen.lineTo(...onScreen(...to)); pen.stroke();
    }
    pen.globalAlpha = 1;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    drawOverlay(ink, paper, css("--frame"));
    for (const mark of marks) {
      const [x, y] = onScreen(mark.x, mark.y);
      pen.beginPath();
      pen.strokeStyle = paper;
      pen.fillStyle = colour[mark.kind] || ink;
      if (mark.kind === "cloud") { pen.globalAlpha = 0.3; pen.arc(x, y, 2.4, 0, 7); pen.fill(); pen.globalAlpha = 1; continue; }
      if (mark.kind === "query") { // a star: the only one
        for (let i = 0; i < 10; i += 1) { const r = i % 2 ? 5 : 12, a = (Math.PI * i) / 5 - Math.PI / 2; pen.lineTo(x + r * Math.cos(a), y + r * Math.sin(a)); }
        pen.closePath();
        pen.lineWidth = 3; pen.stroke(); pen.fill();
        continue;
      }
      if (mark.kind === "proxy") { pen.moveTo(x, y - 6); pen.lineTo(x + 6, y); pen.lineTo(x, y + 6); pen.lineTo(x - 6, y); pen.closePath(); pen.lineWidth = 2; pen.stroke(); pen.fill(); continue; }
      if (mark.kind === "true") { pen.strokeStyle = truth; pen.lineWidth = 2.4; pen.setLineDash([4, 3]); pen.arc(x, y, 14, 0, 7); pen.stroke(); pen.setLineDash([]); continue; }
      pen.arc(x, y, mark.text ? 10 : 5, 0, 7);
      pen.lineWidth = 2; pen.fill(); pen.stroke();
      if (mark.text) { pen.fillStyle = paper; pen.font = '600 11.5px "Source Sans Pro", sans-serif'; pen.fillText(mark.text, x, y + 0.5); }
    }
    if (hovered >= 0) {
      const [x, y] = onScreen(xy[2 * hovered], xy[2 * hovered + 1]);
      pen.beginPath(); pen.arc(x, y, 8, 0, 7); pen.strokeStyle = ink; pen.lineWidth = 2; pen.stroke();
    }
    if (lasso) {
      pen.beginPath();
      lasso.forEach(([a, b]) => pen.lineTo(a, b));
      pen.closePath();
      pen.fillStyle = colour.lasso; pen.globalAlpha = 0.12; pen.fill(); pen.globalAlpha = 1;
      pen.strokeStyle = colour.lasso; pen.lineWidth = 1.6; pen.setLineDash([5, 4]); pen.stroke(); pen.setLineDash([]);
    }
  };
  let due = 0, stale = true; // hovering draws the marks alone
  const drawn = () => host.dispatchEvent(new CustomEvent("ral:drawn", { bubbles: true }));
  const soon = () => { if (!due) due = requestAnimationFrame(() => { due = 0; if (stale) drawPoints(); drawMarks(); if (stale) drawn(); stale = false; }); };
  const draw = () => { stale = true; soon(); };
  const resize = () => {
    const k = ratio();
    for (const canvas of [base, top]) { canvas.width = Math.round(host.clientWidth * k); canvas.height = Math.round(host.clientHeight * k); }
    if (host.clientWidth) { const before = home; fitHome(); if (before.zoom === view.zoom && before.x === view.x) Object.assign(view, home); draw(); }
  };
  new ResizeObserver(resize).observe(host);

  // ---- finding the nearest point: rows by cell of a coarse grid
  const CELLS = 64;
  let bounds = { left: 0, right: 1, low: 0, high: 1 };
  const cellOf = (x, y) => {
    const a = Math.floor((CELLS * (x - bounds.left)) / (bounds.right - bounds.left || 1)), b = Math.floor((CELLS * (y - bounds.low)) / (bounds.high - bounds.low || 1));
    return [Math.min(CELLS - 1, Math.max(0, a)), Math.min(CELLS - 1, Math.max(0, b))];
  };
  const index = () => {
    grid = Array.from({ length: CELLS * CELLS }, () => []);
    for (let row = 0; row < kinds.length; row += 1) { const [a, b] = cellOf(xy[2 * row], xy[2 * row + 1]); grid[a * CELLS + b].push(row); }
    order = Uint32Array.from(grid.flat()); // neighbours one after the other: quick to paint
  };
  const nearest = (a, b, reach = 14) => {
    const [x, y] = inData(a, b), r = reach / view.zoom, [a0, b0] = cellOf(x - r, y - r), [a1, b1] = cellOf(x + r, y + r);
    let best = -1, least = r * r;
    for (let i = a0; i <= a1; i += 1) for (let j = b0; j <= b1; j += 1) for (const row of grid[i * CELLS + j]) {
      if (shown && !shown[row]) continue;
      const d = (xy[2 * row] - x) ** 2 + (xy[2 * row + 1] - y) ** 2;
      if (d < least) { least = d; best = row; }
    }
    return best;
  };
  // The cross under the pointer, unless a film (`row`) is nearer.
  const crossAt = (a, b, row) => {
    let best = -1, least = 9 ** 2;
    if (row >= 0) { const [x, y] = onScreen(xy[2 * row], xy[2 * row + 1]); least = Math.min(least, (x - a) ** 2 + (y - b) ** 2); }
    crosses.forEach((at, n) => { const [x, y] = onScreen(...at), d = (x - a) ** 2 + (y - b) ** 2; if (d < least) { least = d; best = n; } });
    return best;
  };
  const calls = {}; // cross(n, at): the pointer is over a cross, or (-1) over none any more; crossed(n): it was clicked
  const inside = (polygon) => {
    const corners = polygon.map(([a, b]) => inData(a, b)), rows = [];
    for (let row = 0; row < kinds.length; row += 1) {
      if (shown && !shown[row]) continue;
      const x = xy[2 * row], y = xy[2 * row + 1];
      let odd = false;
      for (let i = 0, j = corners.length - 1; i < corners.length; j = i, i += 1) {
        const [xi, yi] = corners[i], [xj, yj] = corners[j];
        if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
      }
      if (odd) rows.push(row);
    }
    return rows;
  };
  const fitHome = () => {
    home = { x: (bounds.left + bounds.right) / 2, y: (bounds.low + bounds.high) / 2, zoom: 0.92 * Math.min(host.clientWidth / (bounds.right - bounds.left || 1), host.clientHeight / (bounds.high - bounds.low || 1)) };
  };
  const fit = () => { fitHome(); Object.assign(view, home); draw(); };
  const zoomAt = (factor, a, b) => {
    const [x, y] = inData(a, b), zoom = Math.min(60 * home.zoom, Math.max(0.5 * home.zoom, view.zoom * factor));
    view.x = x - ((x - view.x) * view.zoom) / zoom;
    view.y = y - ((y - view.y) * view.zoom) / zoom;
    view.zoom = zoom;
    draw();
  };

  // ---- pointer and keys
  const fingers = new Map();
  let moved = 0, spread = 0;
  const where = (event) => { const rect = top.getBoundingClientRect(); return [event.clientX - rect.left, event.clientY - rect.top]; };
  top.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, where(event));
    top.setPointerCapture(event.pointerId);
    moved = 0;
    if (fingers.size === 1 && (lassoOn || event.shiftKey)) lasso = [where(event)];
    if (fingers.size === 2) { lasso = null; const [p, q] = [...fingers.values()]; spread = Math.hypot(p[0] - q[0], p[1] - q[1]); }
  });
  top.addEventListener("pointermove", (event) => {
    const now = where(event), before = fingers.get(event.pointerId);
    if (!before) {
      const near = nearest(...now), other = crossAt(...now, near), row = other >= 0 ? -1 : near;
      if (other !== crossed) { crossed = other; top.style.cursor = other >= 0 ? "pointer" : "grab"; if (row === hovered) calls.cross?.(other, now); soon(); }
      if (other >= 0) { if (hovered >= 0) { hovered = -1; onHover?.(-1, now); } calls.cross?.(other, now); return; }
      if (row !== hovered) { hovered = row; top.style.cursor = row >= 0 ? "pointer" : lassoOn ? "crosshair" : "grab"; onHover?.(row, now); soon(); }
      return;
    }
    fingers.set(event.pointerId, now);
    moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (lasso) { lasso.push(now); return soon(); }
    if (fingers.size === 2) {
      const [p, q] = [...fingers.values()], wide = Math.hypot(p[0] - q[0], p[1] - q[1]);
      if (spread > 0) zoomAt(wide / spread, (p[0] + q[0]) / 2, (p[1] + q[1]) / 2);
      spread = wide;
      return;
    }
    if (moved > 3 && hovered >= 0) { hovered = -1; onHover?.(-1, now); }
    view.x -= (now[0] - before[0]) / view.zoom;
    view.y += (now[1] - before[1]) / view.zoom;
    draw();
  });
  const lifted = (event) => {
    const now = fingers.get(event.pointerId);
    fingers.delete(event.pointerId);
    if (lasso) {
      const rows = lasso.length > 4 ? inside(lasso) : [];
      if (rows.length) onLasso?.(rows);
      lasso = null;
      return draw();
    }
    if (now && moved < 5) { const row = nearest(...now, 18), other = crossAt(...now, row); if (other >= 0) calls.crossed?.(other); else if (row >= 0) onPick?.(row); }
  };
  top.addEventListener("pointerup", lifted);
  top.addEventListener("pointercancel", (event) => { fingers.delete(event.pointerId); lasso = null; draw(); });
  top.addEventListener("pointerleave", () => { if (crossed >= 0) { crossed = -1; calls.cross?.(-1); soon(); } if (hovered >= 0 && !fingers.size) { hovered = -1; onHover?.(-1); soon(); } });
  top.addEventListener("wheel", (event) => { event.preventDefault(); zoomAt(Math.exp(-event.deltaY * 0.0015), ...where(event)); }, { passive: false });
  top.addEventListener("dblclick", fit);
  top.addEventListener("keydown", (event) => {
    const step = 40 / view.zoom, to = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (to) { view.x += to[0]; view.y += to[1]; draw(); }
    else if (event.key === "+" || event.key === "=") zoomAt(1.3, top.clientWidth / 2, top.clientHeight / 2);
    else if (event.key === "-") zoomAt(1 / 1.3, top.clientWidth / 2, top.clientHeight / 2);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("ral:theme", () => draw());

  return {
    // Hand over where the points are (once), and what kind each is: its colour and its shape.
    points(places_, kinds_) {
      xy = places_;
      kinds = kinds_ || new Uint8Array(xy.length / 2);
      shown = null;
      bounds = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity };
      for (let row = 0; row < kinds.length; row += 1) {
        bounds.left = Math.min(bounds.left, xy[2 * row]); bounds.right = Math.max(bounds.right, xy[2 * row]);
        bounds.low = Math.min(bounds.low, xy[2 * row + 1]); bounds.high = Math.max(bounds.high, xy[2 * row + 1]);
      }
      size = kinds.length > 60000 ? 3 : kinds.length > 20000 ? 4 : kinds.length > 3000 ? 6 : 9;
      index(); upload(); resize(); fit();
    },
    colour(kinds_, palette_, shaped = false) { kinds = kinds_; palette = palette_; shapes = shaped ? 4 : 1; paintKinds(); draw(); },
    filter(rows) { shown = rows ? (() => { const flags = new Uint8Array(kinds.length); for (const row of rows) flags[row] = 1; return flags; })() : null; paintKinds(); draw(); },
    mark(marks_, links_ = []) { marks = marks_; links = links_; draw(); },
    overlay(crosses_, way_) { crosses = crosses_; way = way_; crossed = -1; draw(); }, // crosses [x, y]; stations { at: [x, y], text }
    calls,
    lasso(on) { lassoOn = on; top.style.cursor = on ? "crosshair" : "grab"; },
    hover(row) { hovered = row; soon(); },
    at: (row) => [xy[2 * row], xy[2 * row + 1]],
    // For whoever lays words over the plane: marks that must not be covered [x, y, radius], thin ones as points on the screen.
    solid: () => marks.filter(({ kind }) => RADIUS[kind]).map(({ x, y, kind, text }) => [...onScreen(x, y), kind === "hit" && !text ? 6 : RADIUS[kind]]),
    lines: () => {
      const along = ([a, b], [c, d]) => { const steps = Math.min(200, Math.ceil(Math.hypot(c - a, d - b) / 8)); return Array.from({ length: steps + 1 }, (_, n) => [a + ((c - a) * n) / steps, b + ((d - b) * n) / steps]); };
      const stations = way.map(({ at }) => onScreen(...at));
      return [
        ...marks.filter(({ kind }) => kind === "cloud").map(({ x, y }) => onScreen(x, y)), ...crosses.map((at) => onScreen(...at)),
        ...links.flatMap(({ from, to }) => along(onScreen(...from), onScreen(...to))), ...stations.slice(1).flatMap((to, place) => along(stations[place], to)),
      ];
    },
    count: () => kinds.length,
    screen: onScreen, view, fit, draw,
    now() { drawPoints(); if (gl) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); drawMarks(); }, // all of it, waited for
  };
};
