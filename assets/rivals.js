// The rival panel: another rival, a click that opens a film, and the visitor's own judgements, which stay in this browser.
"use strict";
(() => {
  const fold = RAL.fold("rivals", ["why"], ({ q, model, index, video, rival }) => (q ? { q, model, index, video, rival } : null));
  const box = () => fold.details()?.querySelector(".rivals");
  const name = () => `ral-marks ${box()?.dataset.collection ?? ""}`;
  const marks = () => { try { const kept = JSON.parse(localStorage.getItem(name())); return Array.isArray(kept) ? kept.filter((line) => typeof line === "string") : []; } catch { return []; } };
  const keep = (list) => { try { localStorage.setItem(name(), JSON.stringify(list)); } catch { RAL.say("This browser keeps nothing; the mark is lost with the page"); } };
  const show = () => {
    const host = box(), list = marks(), save = host?.querySelector("[data-marks]");
    const button = host?.querySelector("[data-mark]");
    button?.setAttribute("aria-pressed", String(list.includes(button.dataset.mark)));
    if (!save) return;
    save.hidden = !list.length;
    save.querySelector("span").textContent = `judgements with ${list.length} mark${list.length === 1 ? "" : "s"} (TREC qrels)`;
  };
  const download = async (button) => {
    const answer = await fetch(button.dataset.from);
    if (!answer.ok) { RAL.say("The judgements of this collection cannot be read"); return; }
    const lines = (await answer.text()).trimEnd().split("\n");
    RAL.download("corrected.qrels", [...new Set([...lines, ...marks()])].join("\n") + "\n", "text/plain");
  };
  RAL.on("rivals", ({ element, watch }) => {
    element.addEventListener("change", (event) => { if (event.target.name === "rival") RAL.set({ rival: event.target.value }); });
    element.addEventListener("click", (event) => {
      const mark = event.target.closest("[data-mark]")?.dataset.mark, save = event.target.closest("[data-marks]");
      if (mark) { keep(marks().includes(mark) ? marks().filter((line) => line !== mark) : [...marks(), mark]); show(); }
      if (save) download(save);
    });
    watch("value", show);
  });
  // Another query has other rivals.
  let asked = RAL.state().q;
  RAL.changed(({ q, rival }) => { if (q !== asked && rival) RAL.set({ rival: null }, { quiet: true }); asked = q; });
})();
