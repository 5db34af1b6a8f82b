// The fusion slider: both scores of every film are on the page, so the list is ranked anew at once, without the server.
"use strict";
(() => {
  const SHOWN = 10;
  const fold = RAL.fold("fusion", ["why"], ({ q, model, index, off, on, rank, fuse }) => (q ? { q, model, index, off, on, rank, fuse } : null));
  const box = () => fold.details()?.querySelector(".fusion");
  const number = (value, digits = 2) => { const text = value.toFixed(digits); return Number(text) === 0 ? (0).toFixed(digits) : text.replace("-", "−"); };
  // A long film stands in the parts once for each window, and counts by its best.
  const ranked = (parts, share) => {
    const films = new Map();
    for (const [video, title, clip, frame] of parts) {
      const score = share * clip + (1 - share) * frame, known = films.get(video);
      if (!known) films.set(video, { video, title, clip, frame, before: films.size + 1, score });
      else if (score > known.score) Object.assign(known, { clip, frame, score });
    }
    return [...films.values()].sort((one, other) => other.score - one.score || one.before - other.before);
  };

  const arrow = (before, rank) => ARROWS[before === rank ? "same" : rank < before ? "up" : "down"].replace("#", String(Math.abs(before - rank)));
  const icon = (drawing) => `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${drawing}</svg>`;
  const ARROWS = {
    up: `<span class="move up">${icon('<path d="M12 19V6M6 11l6-6 6 6"/>')}#<span class="sr-only"> up</span></span>`,
    down: `<span class="move down">${icon('<path d="M12 5v13M6 13l6 6 6-6"/>')}#<span class="sr-only"> down</span></span>`,
    same: `<span class="move same">${icon('<path d="M6 9h12M6 15h12"/>')}<span class="sr-only">unmoved</span></span>`,
  };
  const escaped = (text) => { const host = document.createElement("i"); host.textContent = text; return host.innerHTML.replaceAll('"', "&quot;"); };

  const draw = (share) => {
    const host = box();
    if (!host) return;
    const parts = JSON.parse(host.dataset.parts), usual = Number(host.dataset.usual), right = JSON.parse(host.dataset.right || "null");
    const films = ranked(parts, share), first = films.slice(0, SHOWN);
    host.querySelector("output").textContent = `clip ${number(share)}, frames ${number(1 - share)}`;
    host.querySelector("tbody").innerHTML = first.map((film, place) => `<tr data-video="${escaped(film.video)}"><td>${place + 1}</td><td>${arrow(film.before, place + 1)}</td><th scope="row">${escaped(film.title)}`
      + `${right?.includes(film.video) ? ` ${icon('<path d="M5 12.5l4.5 4.5L19 7.5"/>')}` : ""}</th><td>${number(film.score, 3)}</td><td>${number(film.clip, 3)}</td><td>${number(film.frame, 3)}</td></tr>`).join("");
    const moved = first.filter((film, place) => film.before !== place + 1).length;
    host.querySelector(".said").textContent = moved ? `${moved} of the first ${first.length} ranks change.` : `The first ${first.length} films stand where the model’s own share puts them.`;
    const reigns = JSON.parse(host.dataset.reigns);
    host.querySelectorAll(".reigns button").forEach((piece, place) => piece.toggleAttribute("data-here", reigns[place][1] <= share && (share < reigns[place][2] || place === reigns.length - 1)));
    // The list beside the player follows, as it does with changed gates.
    if (Math.abs(share - usual) < 0.005) delete host.dataset.moves;
    else host.dataset.moves = JSON.stringify(Object.fromEntries(films.slice(0, 100).map((film, place) => [film.video, [place + 1, film.before]])));
    RAL.follow?.();
  };
  const asked = () => {
    const host = box(), share = Number(RAL.state().fuse);
    return host && RAL.state().fuse !== undefined && Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : Number(host?.dataset.usual);
  };
  let keeping = 0;
  const keep = (share) => {
    clearTimeout(keeping);
    keeping = setTimeout(() => RAL.set({ fuse: Math.abs(share - Number(box()?.dataset.usual)) < 0.005 ? null : String(share) }, { quiet: true }), 200);
  };
  RAL.on("fusion", ({ element, watch }) => {
    element.addEventListener("input", (event) => { if (event.target.name === "fuse") { draw(Number(event.target.value)); keep(Number(event.target.value)); } });
    element.addEventListener("keydown", (event) => { if (event.target.name === "fuse") event.stopPropagation(); }); // its arrows are not the player's
    element.addEventListener("click", (event) => {
      const wish = event.target.closest("[data-fuse]")?.dataset.fuse;
      if (!wish) return;
      const share = Math.round(100 * (wish === "usual" ? Number(box().dataset.usual) : Number(wish))) / 100;
      element.querySelector("input[name=fuse]").value = String(share);
      draw(share);
      keep(share);
    });
    element.addEventListener("toggle", () => { if (!fold.open()) { delete box()?.dataset.moves; RAL.follow?.(); } else if (box()) draw(asked()); }, true);
    watch("value", () => { if (box()) draw(asked()); });
  });
})();
