// The Benchmark page: which split, which cut, which number.
"use strict";
(() => {
  RAL.page("benchmark", ["benchmark"], ({ index, report, slice, metric, a, b, kind }) => ({ index, report, slice, metric, a, b, kind }));
  RAL.on("benchmark", ({ element }) => {
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-set]");
      if (button) RAL.set({ [button.dataset.set]: button.dataset.value });
    });
    element.addEventListener("change", (event) => { if (event.target.dataset.set) RAL.set({ [event.target.dataset.set]: event.target.value }); });
    // A click on a column's name sorts by it.
    element.addEventListener("click", (event) => {
      const head = event.target.closest(".board thead th");
      if (!head) return;
      const table = head.closest("table"), place = head.cellIndex, body = table.tBodies[0];
      const number = (row) => Number.parseFloat(row.cells[place].textContent.replace("−", "-").replace(",", ""));
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].filter((row) => !row.classList.contains("ceiling"));
      rows.sort((one, other) => {
        const a = number(one), b = number(other);
        const order = Number.isNaN(a) || Number.isNaN(b) ? other.cells[place].textContent.localeCompare(one.cells[place].textContent) : b - a;
        return down ? order : -order;
      });
      body.prepend(...rows);
    });
  });
})();
