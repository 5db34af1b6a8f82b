// The sweep: other wordings are kept in the link, one a line.
"use strict";
(() => {
  RAL.fold("sweep", ["why"], ({ q, model, index, k, lines }) => (q ? { q, model, index, k, lines } : null));
  RAL.on("sweep", ({ element }) => element.addEventListener("submit", (event) => {
    event.preventDefault();
    RAL.set({ lines: event.target.elements.lines.value.trim() || null });
  }));
})();
