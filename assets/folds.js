// Folded panels: each is asked for when it is opened, and again when what it shows has changed. Which are open stands in the link.
"use strict";
(() => {
  const listed = () => (RAL.state().open || "").split(",").filter(Boolean);
  // `wanted(state)` gives what to send, null for nothing; the panel belongs to the pages `tabs`.
  RAL.fold = (part, tabs, wanted) => {
    const details = () => RAL.parts[part]?.element.querySelector("details");
    const open = () => listed().includes(part);
    const { look, again } = RAL.page(part, tabs, (state) => (open() ? wanted(state) : null));
    const agree = () => { const box = details(); if (box && box.open !== open()) box.open = open(); };
    RAL.on(part, ({ element, watch }) => {
      element.addEventListener("toggle", (event) => {
        if (event.target !== details() || event.target.open === open()) return;
        const others = listed().filter((name) => name !== part);
        RAL.set({ open: [...others, ...(event.target.open ? [part] : [])].join(",") || null });
      }, true);
      watch("value", agree);
      agree();
    });
    RAL.changed(agree);
    return { look, again, open, details };
  };
  // A file made on this page.
  RAL.download = (name, text, type) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  // Links inside panels that open a film at a second stay on this page.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-go]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const card = document.querySelector(`#ral-list .card[data-video="${CSS.escape(link.dataset.go)}"] .card-title`);
    if (card && RAL.tab() === "why") { card.click(); RAL.player.go(Number(link.dataset.second), { play: false }); RAL.glide(document.querySelector(".screen")); } else location.assign(link.href);
  });
})();
