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

  const move = (host, plane) => {
    const placed = [], boxes = layers.get(host) || [], { clientWidth: wide, clientHeight: high } = host;
    for (const { x, y, element, half } of boxes) {
      const [across, down] = plane.screen(x, y), left = Math.min(wide - half - 2, Math.max(half + 2, across)), top = Math.min(high - 12, Math.max(12, down));
      // A label that would lie over a larger cluster's is left out until there is room, one of a cluster out of sight as well.
      const over = placed.some(([a, b, other]) => Math.abs(a - left) < half + other + 6 && Math.abs(b - top) < 24);
      const gone = over || across < 0 || across > wide || down < 0 || down > high;
      element.style.visibility = gone ? "hidden" : "visible";
      element.style.transform = `translate(${left - half}px, ${top - 12}px)`;
      if (!gone) placed.push([left, top, half]);
    }
  };
  const lay = (host, plane, about) => {
    host.querySelector(".plane-labels")?.remove();
    layers.delete(host);
    if (!wished() || !about.names.some(Boolean)) return;
    const layer = document.createElement("div");
    layer.className = "plane-labels";
    layer.setAttribute("aria-hidden", "true");
    host.insertBefore(layer, host.lastElementChild); // under the marks
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
