// What follows a search: deciding words under the verdict, firm or loose ranks on the cards, films alike in a box of their own.
"use strict";
(() => {
  const results = () => document.querySelector("#ral-list .results");
  let asides = null;
  // The list is there first; these follow without moving anything.
  RAL.beside = () => {
    const box = results();
    const { query, model, index, k } = box?.dataset ?? {};
    if (!query || !box.querySelector(".card") || !asides) return;
    const { tag, length, share } = RAL.state();
    asides.trigger("submit", { q: query, model, index, k, tag, length, share, kind: box.querySelector(".decide") ? "decide" : "steady" });
  };
  RAL.on("list", ({ watch }) => watch("value", RAL.beside));
  // The room for words is kept from the start, so that nothing moves when they come; those that find none are left out.
  const fit = (place) => {
    const pills = [...place.querySelectorAll(".pill")];
    while (pills.length > 1 && place.scrollHeight > place.clientHeight + 2) pills.pop().remove();
  };
  RAL.on("asides", (part) => {
    asides = part;
    part.watch("value", () => {
      const said = part.element.querySelector("[data-steady]"), box = results();
      if (!box || (said && said.dataset.query !== box.dataset.query)) return;
      const place = box.querySelector(".decide"), words = said?.querySelector(".deciders");
      if (place) place.replaceChildren(...(words ? [words.cloneNode(true)] : []));
      if (place) fit(place);
      if (!said) return;
      const steady = JSON.parse(said.dataset.steady);
      for (const card of box.querySelectorAll(".card")) {
        const found = steady[card.dataset.video], when = card.querySelector(".when");
        if (!found || when.querySelector(".steady-badge")) continue;
        const badge = document.createElement("span");
        badge.className = "steady-badge";
        badge.textContent = `ranks ${found[0]}`;
        badge.title = found[1];
        when.append(" ", badge);
      }
    });
  });
  RAL.on("list", ({ element }) => element.addEventListener("click", (event) => {
    const word = event.target.closest(".decide [data-query]");
    if (word) RAL.set({ q: word.dataset.query, video: null, t: null, off: null, on: null, rank: null }, { push: true });
  }));

  // ---- more like this
  const dialog = document.createElement("dialog");
  dialog.className = "film-dialog";
  dialog.setAttribute("aria-label", "More like this");
  RAL.alike = (video, t, { model, index }) => RAL.parts.alike?.trigger("submit", { video, t, model, index });
  RAL.on("alike", ({ element, watch }) => watch("value", () => {
    const inside = element.querySelector(".film-details, .notice");
    if (!inside) return;
    const close = document.createElement("button");
    close.className = "go";
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    dialog.replaceChildren(inside.cloneNode(true), close);
    element.closest(".gradio-container").append(dialog);
    if (!dialog.open) dialog.showModal();
  }));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) return dialog.close();
    const tile = event.target.closest(".tile");
    if (!tile) return;
    const { video, title, film, still, start, end, duration } = tile.dataset, moments = [{ start: Number(start), end: Number(end) }];
    dialog.close();
    RAL.show({ video, title, film, still, rank: "–", duration: Number(duration), moments });
  });
})();
