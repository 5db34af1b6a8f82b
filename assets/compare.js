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

  // ---- over the whole split: run files are kept by the server under a key that only this window knows
  const keys = () => { try { return JSON.parse(sessionStorage.getItem("ral-runs")) || []; } catch { return []; } };
  const keep = (list) => { try { sessionStorage.setItem("ral-runs", JSON.stringify(list.slice(-5))); } catch { /* private window: forgotten with the page */ } };
  const split = RAL.page("split", ["compare"], ({ index, models }) => ({ index, models, runs: keys().join(",") }));
  const load = async (file) => {
    const { index } = RAL.state(), where = new URLSearchParams({ name: file.name, ...(index ? { index } : {}) });
    RAL.say(`Reading ${file.name} …`);
    try {
      const answer = await fetch(`/brought?${where}`, { method: "POST", body: file, headers: { "Content-Type": "text/plain" } });
      const said = await answer.json();
      if (!said.key) { RAL.say(said.problem || "This file cannot be read.", 9000); return; }
      keep([...keys(), said.key]);
      RAL.say(`${said.name} is loaded`);
      split.again();
    } catch { RAL.say("The file did not reach the program; is it still running?"); }
  };
  RAL.on("split", ({ element }) => {
    element.addEventListener("change", (event) => { if (event.target.files?.[0]) load(event.target.files[0]); });
    element.addEventListener("dragover", (event) => event.preventDefault());
    element.addEventListener("drop", (event) => { event.preventDefault(); if (event.dataTransfer.files[0]) load(event.dataTransfer.files[0]); });
    element.addEventListener("click", (event) => {
      const away = event.target.closest("[data-forget]"), link = event.target.closest("a[data-compare]");
      if (away) { keep(keys().filter((key) => key !== away.dataset.forget)); split.again(); }
      if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); RAL.set({ q: link.dataset.query, video: null, t: null, off: null, on: null }, { push: true }); scrollTo({ top: 0 }); }
    });
  });
})();
