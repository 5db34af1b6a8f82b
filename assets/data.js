// The Data & models page: which films are shown, one film to watch, which index is in use.
"use strict";
(() => {
  const FIRST = 240; // films that the server sends at once
  RAL.page("data", ["data"], ({ index, only, sheet }) => ({ index, only, ...(Number(sheet) > FIRST && { sheet }) }));
  // The sheet of films shows some rows, or all of them; how many stands in the link.
  let waiting = null; // the place of the first film that was asked for, to go on from there by keyboard
  const unroll = () => {
    const list = document.querySelector("#film-sheet"), button = document.querySelector(".sheet-foot [aria-controls]");
    if (!list || RAL.tab() !== "data") return;
    const all = Number(RAL.state().sheet) >= FIRST;
    list.toggleAttribute("data-unrolled", all);
    button.setAttribute("aria-expanded", String(all));
    button.dataset.label = button.dataset.label || button.textContent;
    button.textContent = all ? "Show fewer" : button.dataset.label;
    for (const next of document.querySelectorAll(".sheet-foot [data-sheet]:not([aria-controls])")) next.hidden = !all;
    button.hidden = !all && list.scrollHeight <= list.clientHeight + 4;
    if (waiting === null || list.children.length <= waiting) return;
    list.children[waiting].querySelector("button").focus({ preventScroll: true });
    waiting = null;
  };
  const turn = (button) => {
    const list = document.querySelector("#film-sheet"), open = button.getAttribute("aria-expanded") === "true";
    waiting = button.hasAttribute("aria-controls") ? null : list.children.length;
    RAL.set({ sheet: open ? null : button.dataset.sheet });
    if (open) RAL.glide(button);
  };
  RAL.on("data", ({ watch }) => watch("value", unroll));
  RAL.changed(unroll);
  addEventListener("resize", unroll);
  RAL.on("data", ({ element, trigger }) => element.addEventListener("click", (event) => {
    const only = event.target.closest("[data-only]"), film = event.target.closest("[data-film]"), use = event.target.closest("[data-index]"), copied = event.target.closest("[data-copy]"), sheet = event.target.closest("[data-sheet]");
    if (sheet) turn(sheet);
    if (only) RAL.set({ only: only.dataset.only || null, sheet: null });
    if (film) trigger("select", { video: film.dataset.film, index: RAL.state().index });
    if (use) location.assign(RAL.address({ tab: "search", index: use.dataset.index, model: use.dataset.model, video: null, t: null, off: null, on: null }));
    if (copied) RAL.copy(copied.dataset.copy, "The command is copied");
  }));
  RAL.on("film", ({ element, watch }) => {
    // The dialog stands outside the drawn value, so that it can open over the page.
    const dialog = document.createElement("dialog");
    dialog.className = "film-dialog";
    dialog.setAttribute("aria-label", "Film");
    watch("value", () => {
      const details = element.querySelector(".film-details, .notice, .nothing");
      if (!details) return;
      dialog.replaceChildren(details.cloneNode(true));
      const close = document.createElement("button");
      close.className = "go";
      close.textContent = "Close";
      close.addEventListener("click", () => dialog.close());
      dialog.append(close);
      element.closest(".gradio-container").append(dialog);
      if (!dialog.open) dialog.showModal();
      RAL.copyIn(dialog);
    });
    dialog.addEventListener("close", () => dialog.querySelector("video")?.pause());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  });
})();
