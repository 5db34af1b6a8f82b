// The Why page: words whose gates can be switched, and the panels about the chosen film.
"use strict";
(() => {
  const wanted = ({ q, model, index, k, video, off, on, rank, care }) => (q && video ? { q, model, index, k, video, off, on, rank, care } : null);
  RAL.page("side", ["why"], wanted);

  const list = (name) => (RAL.state()[name] || "").split(",").filter(Boolean).map(Number);
  const NEXT = { auto: "off", off: "on", on: "auto" };
  RAL.on("side", ({ element }) => element.addEventListener("click", (event) => {
    const one = event.target.closest("[data-gate]"), all = event.target.closest("[data-gates]");
    if (all) RAL.set({ off: null, on: null, rank: all.dataset.gates === "even" ? "even" : null });
    if (!one) return;
    const place = Number(one.dataset.gate), next = NEXT[one.dataset.how];
    const off = list("off").filter((other) => other !== place), on = list("on").filter((other) => other !== place);
    if (next === "off") off.push(place);
    if (next === "on") on.push(place);
    RAL.set({ off: off.join(",") || null, on: on.join(",") || null, rank: null });
    refocus = `[data-gate="${place}"]`;
  }));
  // The panel is drawn anew after each switch; the focus stays on the word.
  let refocus = null;
  RAL.on("side", ({ element, watch }) => watch("value", () => { if (refocus) element.querySelector(refocus)?.focus({ preventScroll: true }); refocus = null; }));
  // Pointing at a word in one place lights it in the others.
  document.addEventListener("pointerover", (event) => {
    const place = event.target.closest?.("[data-word]")?.dataset.word;
    for (const row of document.querySelectorAll("[data-word]")) row.toggleAttribute("data-lit", place !== undefined && row.dataset.word === place);
  });
  RAL.on("heat", ({ element }) => element.addEventListener("click", (event) => {
    const word = event.target.closest("[data-seek]");
    if (word) RAL.player.go(Number(word.dataset.seek), { play: false });
  }));
})();
