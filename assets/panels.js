// Small folded panels that need little more than to be asked for.
"use strict";
(() => {
  RAL.fold("collapse", ["benchmark"], ({ index }) => ({ index }));
  RAL.on("collapse", ({ element }) => element.addEventListener("click", (event) => {
    const bar = event.target.closest("[data-pairs]"), said = element.querySelector("[data-pair-said]");
    if (!bar || !said) return;
    const { at, within, between } = JSON.parse(bar.dataset.pairs);
    said.textContent = [`Cosine ${at}.`, within && `One film: ${within}.`, between && `Two films: ${between}.`].filter(Boolean).join(" ");
    for (const one of element.querySelectorAll("[data-pairs][data-lit]")) delete one.dataset.lit;
    bar.dataset.lit = "";
  }));
})();
