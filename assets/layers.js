// What can be laid over the map: where the captions go as queries, and the way of one film's clips. Off by default; which
// are on stands in the link (`layer=sentences,clips`), the chosen film as `video`. Places come from the server, once each.
"use strict";
(() => {
  const NAMES = ["sentences", "clips"], LISTED = 60;
  const fetched = new Map();
  const take = (url) => {
    if (!fetched.has(url)) fetched.set(url, fetch(url).then((answer) => answer.json()).catch(() => ({ problem: "The layer could not be fetched; the terminal says why." })));
    return fetched.get(url);
  };
  const find = (selector) => document.querySelector(selector);
  const wished = () => NAMES.filter((name) => (RAL.state().layer || "").split(",").includes(name));
  const node = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);
  RAL.layers = () => wished().length > 0;

  let map = null, turn = 0, all = [], shown = [], path = [], drawn = null, known = "";
  // The sentences whose film is on the screen; with a chosen film there are no others.
  const visible = () => {
    const { host, plane } = map, inside = ([x, y]) => x >= 0 && y >= 0 && x <= host.clientWidth && y <= host.clientHeight, seen = new Map();
    const on = (row) => { if (!seen.has(row)) seen.set(row, inside(plane.screen(...plane.at(row)))); return seen.get(row); };
    return RAL.state().video ? all : all.filter(({ row }) => on(row));
  };
  const lay = () => {
    if (!map) return;
    const now = visible(), same = now.length === shown.length && now.every((one, place) => one === shown[place]) && path === drawn;
    if (same) return; // an overlay that is laid anew is drawn anew, and says so
    shown = now;
    drawn = path;
    map.plane.overlay(shown.map(({ at }) => at), path.map(({ at, second }, place) => ({ at, text: place === 0 || place === path.length - 1 ? RAL.clock(second) : "" })));
    list();
  };
  const list = () => {
    const box = find(".layer-list"), { video } = RAL.state(), parts = [];
    const now = JSON.stringify([shown.length, shown[0]?.text, shown.at(-1)?.text, path.length, path[0]?.at, video]);
    if (!box || now === known) return;
    known = now;
    box.hidden = !shown.length && !path.length;
    if (shown.length) {
      const title = node("h2", `${shown.length} sentence${shown.length === 1 ? "" : "s"} of ${video ? `film ${video}` : "the films on the map"}${shown.length > LISTED ? `, the first ${LISTED}` : ""}`, { className: "panel-title" }), items = document.createElement("ul");
      for (const { text, film } of shown.slice(0, LISTED)) {
        const item = document.createElement("li"), button = node("button", text, { type: "button", className: "linklike" });
        button.dataset.ask = text;
        item.append(button, node("small", ` ${film}`));
        items.append(item);
      }
      parts.push(title, items);
    }
    if (path.length) {
      const table = document.createElement("table");
      table.className = "board";
      table.innerHTML = '<thead><tr><th scope="col">clip at</th><th scope="col">across</th><th scope="col">up</th></tr></thead><tbody></tbody>';
      for (const { second, at } of path) { const line = table.tBodies[0].insertRow(); line.append(node("th", RAL.clock(second), { scope: "row" }), node("td", at[0].toFixed(2)), node("td", at[1].toFixed(2))); }
      const fold = document.createElement("details"), scroll = document.createElement("div");
      scroll.className = "scroll";
      scroll.append(table);
      fold.append(node("summary", `Places of the ${path.length} clips of film ${video}, in the order of time`), scroll);
      parts.push(fold);
    }
    box.replaceChildren(...parts);
  };
  const refresh = async () => {
    if (!map || !find(".map-data")) return;
    const mine = ++turn, on = wished(), { video } = RAL.state(), about = [], base = `/map/${encodeURIComponent(map.index)}/${map.method}`;
    for (const button of document.querySelectorAll("[data-layer]")) if (NAMES.includes(button.dataset.layer)) button.setAttribute("aria-pressed", String(on.includes(button.dataset.layer)));
    const of = video ? `?film=${encodeURIComponent(video)}` : "";
    const said = on.includes("sentences") ? await take(`${base}/sentences.json${of}`) : { sentences: [] };
    const way = on.includes("clips") && video ? await take(`${base}/clips.json${of}`) : { clips: [] };
    if (mine !== turn) return; // somebody asked again meanwhile
    all = said.sentences || [];
    path = way.clips || [];
    about.push(...new Set([said.problem, way.problem].filter(Boolean)));
    if (on.includes("clips") && !video) about.push("Click a film: its clips are drawn as a way through the map.");
    if (on.includes("sentences") && video) about.push(`Only the sentences of film ${video}.`);
    const note = find(".layers-said"), every = find('[data-layer="every"]');
    if (note) note.textContent = about.join(" ");
    if (every) every.hidden = !(on.length && video);
    lay();
  };

  const card = (n, at) => {
    const box = find(".plane-card"), one = shown[n];
    box.hidden = !one;
    if (!one) return;
    box.replaceChildren(node("b", one.text), node("small", `${one.film} · click to search this sentence`));
    const frame = find(".map-planes");
    box.style.left = `${Math.min(frame.clientWidth - 190, Math.max(0, at[0] + 16))}px`;
    box.style.top = `${frame.offsetTop + Math.min(frame.clientHeight - 140, Math.max(0, at[1] + 14))}px`;
  };
  const ask = (text) => RAL.set({ q: text, t: null, off: null, on: null }, { push: true });
  document.addEventListener("ral:points", ({ detail }) => {
    const { host, plane, index } = detail.planes[0];
    map = { host, plane, index, method: find(".map-data").dataset.method };
    plane.calls.cross = card;
    plane.calls.crossed = (n) => ask(shown[n].text);
    all = []; path = []; drawn = null;
    refresh();
  });
  let due = 0;
  document.addEventListener("ral:drawn", ({ target }) => {
    if (!map || target !== map.host || !all.length || RAL.state().video) return;
    clearTimeout(due);
    due = setTimeout(lay, 150);
  });
  RAL.changed(refresh);
  document.addEventListener("click", (event) => {
    const name = event.target.closest?.("[data-layer]")?.dataset.layer, text = event.target.closest?.("[data-ask]")?.dataset.ask;
    if (text && event.target.closest(".layer-list")) ask(text);
    if (name === "every") RAL.set({ video: null, t: null });
    else if (NAMES.includes(name)) { const on = wished(); RAL.set({ layer: NAMES.filter((one) => on.includes(one) !== (one === name)).join(",") || null }); }
  });
})();
