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
})();
