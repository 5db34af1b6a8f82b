// The Compare page: which models, one film followed through all columns.
"use strict";
(() => {
  RAL.page("compare", ["compare"], ({ q, index, k, models }) => ({ q: q || "", index, k, models }));
  const select = (element, trigger, video) => {
    for (const one of element.querySelectorAll("[data-video]")) {
      const same = one.dataset.video === video;
      one.toggleAttribute("data-lit", same);
      if (one.matches("button")) one.setAttribute("aria-pressed", String(same));
    }
    const { q, index, models } = RAL.state();
    RAL.set({ video }, { quiet: true });
    trigger("select", { q, index, models, video });
  };
  RAL.on("compare", ({ element, trigger, watch }) => {
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      RAL.set({ q: event.target.elements["compare-q"].value, video: null, t: null, off: null, on: null }, { push: true });
    });
    element.addEventListener("change", (event) => {
      if (event.target.name !== "model") return;
      const boxes = [...element.querySelectorAll('input[name="model"]')], chosen = boxes.filter((box) => box.checked);
      if (chosen.length > 5) { event.target.checked = false; RAL.say("Five models fit side by side"); return; }
      RAL.set({ models: chosen.length === boxes.length ? null : chosen.map((box) => box.value).join(",") || "none" });
    });
    element.addEventListener("click", (event) => {
      const entry = event.target.closest(".entry");
      if (!entry) return;
      if (entry.hasAttribute("data-lit")) RAL.go("why", { video: entry.dataset.video, model: entry.dataset.model, t: entry.dataset.second });
      else select(element, trigger, entry.dataset.video);
    });
    element.addEventListener("pointerover", (event) => {
      const video = event.target.closest("[data-video]")?.dataset.video;
      for (const one of element.querySelectorAll("path[data-video]")) one.toggleAttribute("data-near", one.dataset.video === video);
    });
    watch("value", () => {
      const { video } = RAL.state(), first = element.querySelector(".entry");
      const wanted = [...element.querySelectorAll(".entry")].find((one) => one.dataset.video === video) || first;
      if (wanted) select(element, trigger, wanted.dataset.video);
    });
  });
})();
