// The Map page: feeds the plane. Geometry and names are fetched once for each index; a query only moves the marks.
"use strict";
(() => {
  RAL.page("map", ["map"], ({ q, model, index, k, map, b, seed }) => ({ q: q || "", model, index, k, map, b, seed }));
  const TONES = ["#0b7a6f", "#d5802a", "#3a56c5", "#9a5b9e", "#b03a48", "#5b8c2a", "#8a6d1f", "#2f8fb3", "#7a4b2b", "#c05f93", "#5a6a66", "#1f9d74"];
  const LIGHT_TONES = ["#5ecbb9", "#f2a94e", "#93aeff", "#cf97d6", "#f19a9d", "#a9d672", "#dcc069", "#7fd6ee", "#c79a78", "#f0a3c6", "#a7b5b0", "#7fe0b8"];
  const SCALE = ["#d9c75a", "#a8b95f", "#78a968", "#4b9772", "#2f8279", "#2a6a7d", "#2b4f7e"], DARK_SCALE = ["#f3e27a", "#bfd577", "#8dc67f", "#5fb489", "#469d97", "#4583a6", "#5566ae"];
  const SHAPES = ["●", "■", "◆", "▲"];
  const rgb = (text) => [1, 3, 5].map((place) => parseInt(text.slice(place, place + 2), 16) / 255);
  const dark = () => document.documentElement.dataset.theme === "dark";
  const fetched = new Map();
  const take = (url, how) => { if (!fetched.has(url)) fetched.set(url, fetch(url).then((answer) => { if (!answer.ok) throw new Error(String(answer.status)); return answer[how](); })); return fetched.get(url); };

  let plane = null, second = null, host = null, fields = null, shown = null, data = null, board = null;
  const find = (selector) => host.querySelector(selector);
  const film = (row) => fields.ids[row];

  RAL.on("plane", ({ element }) => {
    host = element;
    const make = (figure) => RAL.scatter(figure.querySelector(".plane-host"), { onHover: hover, onPick: pick, onLasso: caught, label: "Films on a plane; the table below lists the nearest ones" });
    const [first, other] = element.querySelectorAll(".plane");
    plane = make(first);
    second = make(other);
    find("form").addEventListener("submit", (event) => { event.preventDefault(); RAL.set({ q: event.target.elements["map-q"].value, video: null, t: null, off: null, on: null }, { push: true }); });
    find("select[name=colour]").addEventListener("change", (event) => { RAL.set({ colour: event.target.value }, { quiet: true }); dye(); });
    element.addEventListener("click", (event) => {
      const tool = event.target.closest("[data-plane]")?.dataset.plane, chosen = event.target.closest("[data-film]");
      if (tool === "lasso") { const on = event.target.getAttribute("aria-pressed") !== "true"; event.target.setAttribute("aria-pressed", String(on)); plane.lasso(on); second.lasso(on); }
      if (tool === "fit") { plane.fit(); second.fit(); }
      if (tool === "all") release();
      if (chosen) open(chosen.dataset.film);
    });
    draw();
  });
  RAL.on("map", ({ element, watch }) => {
    watch("value", () => { board = element; draw(); });
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-set]"), chosen = event.target.closest("button[data-film]");
      if (button) RAL.set({ [button.dataset.set]: button.dataset.value || null });
      if (chosen) open(chosen.dataset.film);
    });
    element.addEventListener("change", (event) => { if (event.target.dataset.set) RAL.set({ [event.target.dataset.set]: event.target.value || null }); });
    element.addEventListener("pointerover", (event) => {
      const row = fields?.ids.indexOf(event.target.closest("tr[data-film]")?.dataset.film) ?? -1;
      if (plane && fields) { plane.hover(row); second.hover(row); }
    });
  });
  document.addEventListener("ral:theme", () => { if (fields) dye(); });

  const draw = async () => {
    data = board?.querySelector(".map-data") ?? null;
    if (!plane || !data) return;
    const field = find('input[name="map-q"]');
    if (document.activeElement !== field) field.value = RAL.state().q || "";
    const { index, method, second: other } = data.dataset, key = [index, method, other].join("|");
    try {
      if (key !== shown) {
        const [bytes, about] = await Promise.all([take(`/map/${encodeURIComponent(index)}/${method}.bin`, "arrayBuffer"), take(`/map/${encodeURIComponent(index)}/fields.json`, "json")]);
        fields = about;
        shown = key;
        plane.points(new Float32Array(bytes));
        const beside = find(".plane.second");
        beside.hidden = !other;
        if (other) second.points(new Float32Array(await take(`/map/${encodeURIComponent(other)}/${method}.bin?onto=${encodeURIComponent(index)}`, "arrayBuffer")));
        find(".plane figcaption").textContent = other ? index : "";
        find(".plane.second figcaption").textContent = other ? `${other}, turned onto ${index}` : "";
        const select = find("select[name=colour]");
        select.replaceChildren(...Object.keys(fields.colours).map((name) => new Option(name, name)));
        if (fields.colours[RAL.state().colour]) select.value = RAL.state().colour;
        dye();
        const planes = [{ host: find(".plane-host"), plane, index }, ...(other ? [{ host: beside.querySelector(".plane-host"), plane: second, index: other }] : [])];
        document.dispatchEvent(new CustomEvent("ral:points", { detail: { planes } }));
      }
      mark();
    } catch { RAL.say("The map could not be fetched; the terminal says why."); }
  };
  const dye = () => {
    const name = find("select[name=colour]").value, field = fields.colours[name], legend = find(".plane-legend");
    if (!field) { legend.replaceChildren(); return; }
    const tones = field.ordered ? (dark() ? DARK_SCALE : SCALE) : dark() ? LIGHT_TONES : TONES;
    const kinds = Uint8Array.from(field.values);
    for (const one of [plane, second]) one.colour(kinds, tones.map(rgb), !field.ordered);
    legend.replaceChildren(...field.names.map((text, place) => {
      const item = document.createElement("li"), key = document.createElement("span");
      key.textContent = field.ordered ? "●" : SHAPES[place % 4];
      key.style.color = tones[place];
      key.setAttribute("aria-hidden", "true");
      item.append(key, ` ${text}`);
      return item;
    }));
  };
  const mark = () => {
    const marks = JSON.parse(data.dataset.marks), list = []; // hits and right films are rows: of a long film the window that was found
    for (const [x, y] of marks.cloud) list.push({ x, y, kind: "cloud" });
    for (const row of marks.right) { const [x, y] = plane.at(row); list.push({ x, y, kind: "true" }); }
    for (const [row, rank] of [...marks.hits].reverse()) { const [x, y] = plane.at(row); list.push({ x, y, kind: "hit", text: String(rank) }); }
    for (const [x, y] of marks.proxies) list.push({ x, y, kind: "proxy" });
    const links = marks.query && marks.hits.length ? [{ from: marks.query, to: plane.at(marks.hits[0][0]) }] : [];
    if (marks.query) list.push({ x: marks.query[0], y: marks.query[1], kind: "query" });
    plane.mark(list, links);
    second.mark(marks.hits.filter(() => data.dataset.second).map(([row, rank]) => { const [x, y] = second.at(row); return { x, y, kind: "hit", text: String(rank) }; }));
  };
  const hover = (row, at) => {
    const card = find(".plane-card");
    plane.hover(row);
    second.hover(row);
    card.hidden = row < 0;
    if (row < 0) return;
    card.replaceChildren();
    if (fields.posters[row]) { const image = new Image(160, 90); image.src = fields.posters[row]; image.alt = ""; card.append(image); }
    const name = document.createElement("b"), id = document.createElement("small");
    name.textContent = fields.titles[row];
    id.textContent = film(row);
    card.append(name, id);
    const [x, y] = at ? plane.screen(...plane.at(row)) : [0, 0], box = find(".plane-host").getBoundingClientRect(), frame = find(".map-planes").getBoundingClientRect();
    card.style.left = `${Math.min(frame.width - 190, Math.max(0, x + 16))}px`;
    card.style.top = `${find(".map-planes").offsetTop + Math.min(box.height - 140, Math.max(0, y + 14))}px`;
  };
  // With a layer on, the first click chooses a film and the second opens it.
  const pick = (row) => { if (RAL.layers() && RAL.state().video !== film(row)) RAL.set({ video: film(row), t: null }); else open(film(row)); };
  const open = (video) => {
    const { q } = RAL.state();
    if (q) RAL.go("why", { video, t: null, model: board.querySelector(".map-data") ? RAL.state().model : null });
    else RAL.parts.data?.trigger("select", { video, index: data.dataset.index });
  };
  const caught = (rows) => {
    const box = find(".lassoed"), list = document.createElement("ul"), title = document.createElement("h2");
    title.className = "panel-title";
    title.textContent = `${rows.length} film${rows.length === 1 ? "" : "s"} in the lasso${rows.length > 60 ? ", the first 60:" : ""}`;
    list.className = "contact";
    for (const row of rows.slice(0, 60)) {
      const item = document.createElement("li"), button = document.createElement("button"), name = document.createElement("b");
      button.type = "button"; button.className = "tile"; button.dataset.film = film(row);
      if (fields.posters[row]) { const image = new Image(320, 180); image.loading = "lazy"; image.src = fields.posters[row]; image.alt = ""; button.append(image); }
      name.textContent = fields.titles[row];
      button.append(name);
      item.append(button);
      list.append(item);
    }
    box.replaceChildren(title, list);
    box.hidden = false;
    find('[data-plane="all"]').hidden = false;
    plane.filter(rows);
    second.filter(rows);
  };
  const release = () => { plane.filter(null); second.filter(null); find(".lassoed").hidden = true; find('[data-plane="all"]').hidden = true; };
})();
