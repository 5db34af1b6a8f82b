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
    refocus = { place: `[data-gate="${place}"]`, top: element.querySelector(".ledger > .scroll").scrollTop };
  }));
  // The panel is drawn anew after each switch; the focus stays on the word, and the word where it is.
  let refocus = null;
  RAL.on("side", ({ element, watch }) => watch("value", () => {
    if (!refocus) return;
    const scroll = element.querySelector(".ledger > .scroll");
    if (scroll) scroll.scrollTop = refocus.top;
    element.querySelector(refocus.place)?.focus({ preventScroll: true });
    refocus = null;
  }));
  // The list beside the player follows the changed gates: cards change places and say from where they came.
  const follow = () => {
    const list = document.querySelector("#ral-list .cards"), said = document.querySelector("#ral-fusion [data-moves]") || document.querySelector("#ral-side [data-moves]");
    if (!list) return;
    const places = said && RAL.tab() === "why" ? JSON.parse(said.dataset.moves) : null;
    const rank = (card) => (places ? places[card.dataset.video]?.[0] ?? 1000 : Number(card.dataset.rank));
    const cards = [...list.querySelectorAll(".card")].sort((one, other) => rank(one) - rank(other));
    for (const cut of list.querySelectorAll(".cut")) cut.hidden = !!places;
    if ([...list.querySelectorAll(".card")].some((card, place) => card !== cards[place])) for (const card of cards) list.append(card);
    if (!places) { const cut = list.querySelector(".cut"), under = list.querySelector(".card.under"); if (cut && under) list.insertBefore(cut, cards.find((card, place) => card.classList.contains("under") && cards.slice(place).every((one) => one.classList.contains("under"))) || null); }
    for (const card of cards) {
      const badge = card.querySelector(".rank"), now = rank(card), before = Number(card.dataset.rank);
      badge.dataset.before = badge.dataset.before || badge.textContent;
      badge.textContent = places ? (now === 1000 ? "off" : String(now)) : String(before);
      badge.dataset.move = !places || now === before ? "" : now < before ? `▲${before - now}` : now === 1000 ? "▼" : `▼${now - before}`;
    }
  };
  RAL.follow = follow;
  RAL.on("side", ({ watch }) => watch("value", follow));
  RAL.on("list", ({ watch }) => watch("value", () => setTimeout(follow)));
  RAL.changed(follow);
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
