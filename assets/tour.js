// The two-minute tour: offered once on the first visit, can be left at any step, and never comes by itself again.
"use strict";
(() => {
  const KEY = "ral-tour";
  const seen = () => { try { return localStorage.getItem(KEY); } catch { return "unknown"; } };
  const remember = () => { try { localStorage.setItem(KEY, "seen"); } catch { /* private window */ } };
  const example = () => document.querySelector(".example:nth-of-type(1)")?.dataset.query || "a dog";
  const search = (tab) => { const { q, video } = RAL.state(); RAL.go(tab, q ? {} : { q: example(), video: video || null }); };

  // What to show: where, what to do first, what to say.
  const STEPS = [
    { at: ".bar", go: () => RAL.go("search"), title: "Describe a moment", text: "Type what you remember. Nothing you type leaves this machine. The tour now searches for the first example." },
    { at: ".verdict", go: () => search("search"), title: "Can it be believed?", text: "One line says whether the answer is clear, whether several films are close, or whether the moment is probably in no film at all." },
    { at: ".cards .card", go: () => search("search"), title: "A film, and where in it", text: "z counts how far the score lies above what this film gets for unrelated sentences. The marks are moments; press one to play that second." },
    { at: "#ral-line .seek", go: () => search("search"), title: "Score over time", text: "Orange is what was found. Where the truth is known, it is hatched in blue below: see at once whether they agree." },
    { at: ".heat-body", go: () => search("why"), title: "Every word, every second", text: "A row is a word, a cell a moment. This is what the model matched; the dot is the frame that counts." },
    { at: ".ledger", go: () => search("why"), title: "Switch a gate", text: "The gate weighs the words. Shut one, or open it fully, and the list beside changes places. The blue bars say what is true." },
    { at: ".plane-host", go: () => search("map"), title: "All films at once", text: "The star is your query, the numbers are the films found. Drag, zoom, lasso; press a film to open it." },
    { at: ".lanes", go: () => search("compare"), title: "Who disagrees?", text: "The same query through several models. Crossing lines are films they rank differently. Press ? at any time for all keys. Enjoy." },
  ];

  let box = null, ring = null, place = -1, target = null, before = null;
  const build = () => {
    ring = document.createElement("div");
    ring.className = "tour-ring";
    ring.setAttribute("aria-hidden", "true");
    box = document.createElement("section");
    box.className = "tour-box";
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-labelledby", "tour-title");
    box.innerHTML = '<p class="tour-count"></p><h2 id="tour-title" tabindex="-1"></h2><p class="tour-text" aria-live="polite"></p><div><button type="button" class="quiet" data-tour="end">Skip the tour</button><span class="gap"></span><button type="button" class="quiet" data-tour="back">Back</button><button type="button" class="go" data-tour="next">Next</button></div>';
    document.querySelector(".gradio-container").append(ring, box);
    box.addEventListener("click", (event) => {
      const act = event.target.closest("[data-tour]")?.dataset.tour;
      if (act === "end") end();
      if (act === "next") show(place + 1);
      if (act === "back") show(place - 1);
    });
    box.addEventListener("keydown", (event) => { if (event.key === "Escape") end(); event.stopPropagation(); });
  };
  const settle = () => {
    if (!box) return;
    const rect = target?.isConnected ? target.getBoundingClientRect() : null, wide = Math.min(380, innerWidth - 32);
    ring.hidden = !rect;
    if (rect) Object.assign(ring.style, { left: `${rect.left - 6}px`, top: `${rect.top - 6}px`, width: `${rect.width + 12}px`, height: `${Math.min(rect.height, innerHeight) + 12}px` });
    const below = rect ? rect.bottom + 16 : innerHeight / 3, fits = below + box.offsetHeight < innerHeight - 8;
    const above = rect ? rect.top - box.offsetHeight - 16 : 0, beside = rect && !fits && above < 12 && rect.left > wide + 32;
    const top = fits || !rect ? below : beside ? Math.max(12, rect.top) : Math.max(12, above);
    Object.assign(box.style, { width: `${wide}px`, left: `${Math.max(16, Math.min(innerWidth - wide - 16, !rect ? (innerWidth - wide) / 2 : beside ? rect.left - wide - 20 : rect.left))}px`, top: `${Math.min(top, innerHeight - box.offsetHeight - 12)}px` });
    requestAnimationFrame(settle);
  };
  const show = async (next) => {
    if (next >= STEPS.length) return end();
    place = Math.max(0, next);
    const step = STEPS[place], mine = place;
    if (!box) { before = document.activeElement; build(); requestAnimationFrame(settle); }
    target = null;
    box.querySelector(".tour-count").textContent = `${place + 1} of ${STEPS.length}`;
    box.querySelector("h2").textContent = step.title;
    box.querySelector(".tour-text").textContent = step.text;
    box.querySelector('[data-tour="back"]').hidden = place === 0;
    box.querySelector('[data-tour="next"]').textContent = place === STEPS.length - 1 ? "Done" : "Next";
    step.go();
    box.querySelector("h2").focus({ preventScroll: true });
    for (let tries = 0; tries < 150 && place === mine && box; tries += 1) {
      target = [...document.querySelectorAll(step.at)].find((one) => one.checkVisibility()) || null;
      if (target) { RAL.glide(target, "center"); return; }
      await new Promise((done) => { setTimeout(done, 100); });
    }
  };
  const end = () => {
    remember();
    box?.remove();
    ring?.remove();
    box = ring = target = null;
    place = -1;
    document.querySelector(".invite")?.remove();
    before?.focus?.({ preventScroll: true });
  };

  RAL.on("front", ({ element }) => {
    const invite = element.querySelector(".invite");
    if (!invite) return;
    if (seen()) { invite.remove(); return; }
    invite.hidden = false;
    invite.addEventListener("click", (event) => {
      const act = event.target.closest("[data-tour]")?.dataset.tour;
      if (act === "start") { remember(); show(0); }
      if (act === "no") { remember(); invite.remove(); }
    });
  });
  document.addEventListener("click", (event) => { if (event.target.closest?.('[data-page="tour"]')) { document.querySelector("dialog.keys")?.close(); show(0); } });
})();
