// What the browser keeps for this visitor: queries asked before, and pinned moments. Nothing of it reaches the server.
"use strict";
RAL.kept = (() => {
  const MOST = { history: 40, pins: 80 };
  const read = (name) => { try { const list = JSON.parse(localStorage.getItem(`ral-${name}`)); return Array.isArray(list) ? list : []; } catch { return []; } };
  const write = (name, list) => { try { localStorage.setItem(`ral-${name}`, JSON.stringify(list.slice(0, MOST[name]))); } catch { /* private window: lasts as long as the page */ } show(); };

  const asked = (q, model, index) => {
    if (!q?.trim()) return;
    write("history", [{ q, model, index }, ...read("history").filter((one) => one.q !== q)]);
  };
  const same = (one, other) => one.video === other.video && one.q === other.q && Math.abs(one.t - other.t) < 0.5;
  const pinned = (pin) => read("pins").some((one) => same(one, pin));
  const toggle = (pin) => {
    const list = read("pins"), there = list.some((one) => same(one, pin));
    write("pins", there ? list.filter((one) => !same(one, pin)) : [pin, ...list]);
    RAL.say(there ? "The pin is gone" : "Pinned; press h for your pins");
    return !there;
  };

  // ---- the box that lists them: text is set as text, so nothing kept can become markup
  const box = () => document.querySelector("dialog.kept");
  const make = (tag, how = {}, ...inside) => { const one = document.createElement(tag); Object.assign(one, how); one.append(...inside); return one; };
  const remove = (name, place) => make("button", { type: "button", className: "quiet", textContent: "remove", ariaLabel: `Remove ${place + 1}`, onclick: () => write(name, read(name).filter((_, number) => number !== place)) });
  const open = (wish, tab) => { box().close(); RAL.go(tab, { off: null, on: null, rank: null, by: null, tag: null, length: null, share: null, ...wish }); };
  const show = () => {
    const dialog = box();
    if (!dialog) return;
    const past = dialog.querySelector('[data-list="history"]'), pins = dialog.querySelector('[data-list="pins"]');
    past.replaceChildren(...read("history").map(({ q, model, index }, place) => make("li", {},
      make("button", { type: "button", className: "linklike", textContent: String(q), onclick: () => open({ q, model, index, video: null, t: null }, "search") }), remove("history", place))));
    pins.replaceChildren(...read("pins").map((pin, place) => {
      const { q, model, index, video, t, title } = pin, still = typeof pin.still === "string" && pin.still.startsWith("/") && !pin.still.startsWith("//") ? pin.still : null;
      const picture = still ? make("img", { src: still, alt: "", loading: "lazy", width: 96, height: 54 }) : make("span", { className: "no-picture" });
      return make("li", {}, picture, make("span", {},
        make("button", { type: "button", className: "linklike", textContent: `${title}, ${RAL.clock(Number(t) || 0)}`, onclick: () => open({ q, model, index, video, t: String(t) }, "search") }), make("small", { textContent: String(q) })), remove("pins", place));
    }));
    for (const list of [past, pins]) list.nextElementSibling.hidden = list.children.length > 0;
  };
  const openBox = () => { show(); if (!box().open) box().showModal(); };
  RAL.on("front", ({ element }) => element.addEventListener("click", (event) => { if (event.target.closest("[data-kept]")) openBox(); }));
  RAL.on("header", ({ element }) => element.addEventListener("click", (event) => {
    if (event.target.closest("[data-clear]")) for (const name of ["history", "pins"]) write(name, []);
  }));
  document.addEventListener("keydown", (event) => { if (event.key === "h" && RAL.free(event)) openBox(); });
  // Earlier queries with the typed words at the beginning of one of theirs, newest first; all of them where nothing is typed.
  const earlier = (typed, most) => {
    const want = typed.trim().toLowerCase();
    const fits = (q) => !want || (q.toLowerCase() !== want && ` ${q.toLowerCase()}`.includes(` ${want}`));
    return read("history").map((one) => String(one.q ?? "")).filter((q) => q && fits(q)).slice(0, most);
  };
  return { asked, toggle, pinned, earlier };
})();
