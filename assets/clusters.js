// Names of regions on the map: fetched once for each index, laid over the points, moved with them; the switch stands in the link.
"use strict";
(() => {
  RAL.fold("clusters", ["map"], ({ model, index }) => ({ model, index }));
  const fetched = new Map();
  const take = (index) => {
    if (!fetched.has(index)) fetched.set(index, fetch(`/map/${encodeURIComponent(index)}/clusters.json`).then((answer) => (answer.ok ? answer.json() : { names: [], place: [] })).catch(() => ({ names: [], place: [] })));
    return fetched.get(index);
  };
  const wished = () => RAL.state().labels !== "off";
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const layers = new Map(); // host → [{ x, y, element }]

  // ---- where labels go. Boxes are { x, y, half } (centre and half width in pixels), the largest cluster first; `solid` are
  // circles [x, y, radius] that no label may touch; crowd(left, top, right, bottom) says how much a box would cover.
  // Each label takes the cheapest of a few places near its cluster; one that fits nowhere is left out: null.
  const HALF = 12, GAP = 4, FAR = 4, LED = 20, DOWN = [0, -26, 26, -52, 52], ACROSS = [0, -0.5, 0.5, -1, 1];
  RAL.placeLabels = (boxes, solid, wide, high, crowd = () => 0) => {
    const taken = [];
    return boxes.map(({ x, y, half }) => {
      if (x < 0 || x > wide || y < 0 || y > high) return null; // its cluster is out of sight
      let best = null, least = Infinity;
      for (const down of DOWN) for (const step of ACROSS) {
        const left = Math.min(wide - half - 2, Math.max(half + 2, x + step * (half + 16))), top = Math.min(high - HALF, Math.max(HALF, y + down));
        if (taken.some(([a, b, other]) => Math.abs(a - left) < half + other + GAP && Math.abs(b - top) < 2 * HALF)) continue;
        if (solid.some(([a, b, r]) => Math.hypot(Math.max(0, Math.abs(a - left) - half), Math.max(0, Math.abs(b - top) - HALF)) < r + 1)) continue;
        const cost = crowd(left - half, top - HALF, left + half, top + HALF) + Math.hypot(left - x, top - y) / FAR;
        if (cost < least) { least = cost; best = [left, top]; }
      }
      if (best) taken.push([...best, half]);
      return best;
    });
  };

  // How much lies under a box: a count by cells. The cells hang on the data, not on the window, so that panning changes nothing.
  const CELL = 12, MOST = 4000;
  const crowded = (plane) => {
    const cells = new Map(), [x0, y0] = plane.screen(0, 0), key = (a, b) => a * 65536 + b;
    const cell = (x, y) => [Math.floor((x - x0) / CELL), Math.floor((y - y0) / CELL)];
    const add = (x, y, weight) => { const at = key(...cell(x, y)); cells.set(at, (cells.get(at) || 0) + weight); };
    const step = Math.max(1, Math.ceil(plane.count() / MOST));
    for (let row = 0; row < plane.count(); row += step) add(...plane.screen(...plane.at(row)), 1);
    for (const [x, y] of plane.lines()) add(x, y, 2);
    return (left, top, right, bottom) => {
      let sum = 0;
      const [a0, b0] = cell(left, top), [a1, b1] = cell(right, bottom);
      for (let a = a0; a <= a1; a += 1) for (let b = b0; b <= b1; b += 1) sum += cells.get(key(a, b)) || 0;
      return Math.min(sum, 24);
    };
  };
  const move = (host, plane) => {
    const boxes = layers.get(host);
    if (!boxes?.length) return;
    const seen = boxes.map(({ x, y, half }) => { const [across, down] = plane.screen(x, y); return { x: across, y: down, half }; });
    const places = RAL.placeLabels(seen, plane.solid(), host.clientWidth, host.clientHeight, crowded(plane));
    let led = ""; // a label that had to step aside is led back to the middle of its cluster
    boxes.forEach(({ element, half }, row) => {
      const place = places[row], { x, y } = seen[row];
      element.style.visibility = place ? "visible" : "hidden";
      if (!place) return;
      element.style.transform = `translate(${place[0] - half}px, ${place[1] - HALF}px)`;
      const [a, b] = [Math.min(place[0] + half - 9, Math.max(place[0] - half + 9, x)), place[1] + Math.sign(y - place[1]) * Math.min(9, Math.abs(y - place[1]))];
      if (Math.hypot(a - x, b - y) > LED) led += `M${a.toFixed(1)} ${b.toFixed(1)}L${x.toFixed(1)} ${y.toFixed(1)}`;
    });
    host.querySelector(".plane-leads path").setAttribute("d", led);
  };
  const lay = (host, plane, about) => {
    for (const one of host.querySelectorAll(".plane-labels, .plane-leads")) one.remove();
    layers.delete(host);
    if (!wished() || !about.names.some(Boolean)) return;
    const layer = document.createElement("div");
    layer.className = "plane-labels";
    layer.setAttribute("aria-hidden", "true");
    host.lastElementChild.insertAdjacentHTML("beforebegin", '<svg class="plane-leads" aria-hidden="true"><path></path></svg>'); // under the marks
    host.append(layer); // over them: it keeps clear of those that count, and its halo sets off the rest
    layers.set(host, about.names.map((name, number) => {
      const rows = about.place.flatMap((place, row) => (place === number ? [row] : []));
      if (!name || !rows.length) return null;
      const element = document.createElement("span");
      element.textContent = name;
      layer.append(element);
      return { x: median(rows.map((row) => plane.at(row)[0])), y: median(rows.map((row) => plane.at(row)[1])), element, half: element.offsetWidth / 2 };
    }).filter(Boolean));
    move(host, plane);
  };
  // map.js tells when a plane has its points, scatter.js whenever it has drawn.
  document.addEventListener("ral:points", async ({ detail }) => {
    for (const { host, plane, index } of detail.planes) {
      lay(host, plane, { names: [], place: [] });
      const about = await take(index);
      host.dataset.index = index;
      lay(host, plane, about);
      host.onral = () => move(host, plane);
      if (about.problem) say(about.problem);
    }
    planes = detail.planes;
    paint();
  });
  document.addEventListener("ral:drawn", ({ target }) => target.onral?.());
  let planes = [];
  const say = (sentence) => { const note = document.querySelector(".labels-said"); if (note) note.textContent = sentence; };
  const button = () => document.querySelector('[data-labels="switch"]');
  const paint = () => button()?.setAttribute("aria-pressed", String(wished()));
  document.addEventListener("click", async (event) => {
    if (!event.target.closest?.('[data-labels="switch"]')) return;
    RAL.set({ labels: wished() ? "off" : null }, { quiet: true });
    paint();
    for (const { host, plane, index } of planes) lay(host, plane, await take(index));
  });
})();
