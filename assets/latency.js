// How long this window waited for its searches, from the press of the button to the list, kept until the window is closed.
"use strict";
(() => {
  const fold = RAL.fold("latency", ["why"], ({ q, model, index }) => (q ? { q, model, index } : null));
  const MOST = 200;
  const kept = () => { try { const list = JSON.parse(sessionStorage.getItem("ral-waits")); return Array.isArray(list) ? list.filter(Number.isFinite) : []; } catch { return []; } };
  const keep = (list) => { try { sessionStorage.setItem("ral-waits", JSON.stringify(list.slice(-MOST))); } catch { /* private window: only this page counts */ } };
  const rank = (values, share) => [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1];
  let started = 0;
  const show = () => {
    const said = fold.details()?.querySelector("[data-waits]"), waits = kept();
    if (!said) return;
    said.textContent = waits.length
      ? `In this window: ${waits.length} search${waits.length === 1 ? "" : "es"}, p50 ${Math.round(rank(waits, 0.5))} ms, p95 ${Math.round(rank(waits, 0.95))} ms from the press of the button to the list, the network and the explanation of the first film included.`
      : "This window has not searched yet.";
  };
  RAL.on("front", (part) => {
    const send = part.trigger;
    part.trigger = (name, data) => { if (name === "submit") started = performance.now(); return send(name, data); };
  });
  RAL.on("list", ({ watch }) => watch("value", () => {
    if (!started) return;
    keep([...kept(), performance.now() - started]);
    started = 0;
    show();
  }));
  RAL.on("latency", ({ watch }) => watch("value", show));
})();
