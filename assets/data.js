// The Data & models page: which films are shown, one film to watch, which index is in use.
"use strict";
(() => {
  RAL.page("data", ["data"], ({ index, only }) => ({ index, only }));
  RAL.on("data", ({ element, trigger }) => element.addEventListener("click", (event) => {
    const only = event.target.closest("[data-only]"), film = event.target.closest("[data-film]"), use = event.target.closest("[data-index]"), copied = event.target.closest("[data-copy]");
    if (only) RAL.set({ only: only.dataset.only || null });
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
    });
    dialog.addEventListener("close", () => dialog.querySelector("video")?.pause());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  });
})();
