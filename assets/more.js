// Paging: "show 10 more" below the last card. Nothing that is on the page moves: new cards come below, the player plays on.
"use strict";
(() => {
  const results = () => document.querySelector("#ral-list .results");
  const select = () => document.querySelector(".front form")?.elements.k;
  // A link, or the button below the cards, may ask for another number of films than the control offers.
  const offer = (k) => {
    const control = select(), valid = /^\d{1,3}$/.test(k ?? "") && Number(k) % 5 === 0 && Number(k) > 0 && Number(k) <= 100;
    if (!control || !valid) return;
    const options = [...control.options];
    if (!options.some((one) => one.value === k)) control.insertBefore(new Option(`${k} films`, k), options.find((one) => Number(one.value) > Number(k)) ?? null);
    control.value = k;
  };
  RAL.on("front", () => offer(RAL.state().k));

  const ask = (button) => {
    const { query, model, index, chosen } = results().dataset, { by, tag, length, share } = RAL.state();
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Looking …";
    RAL.parts.more.trigger("submit", { q: query, model, index, k: button.dataset.more, video: chosen, by, tag, length, share });
  };
  RAL.on("list", ({ element }) => element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-more]");
    if (button && button.getAttribute("aria-disabled") !== "true") ask(button);
  }));
  const same = (one, other) => ["query", "model", "index"].every((name) => one.dataset[name] === other.dataset[name]);
  RAL.on("more", ({ element, watch }) => watch("value", () => {
    const template = element.querySelector("template"), box = results(), waiting = box?.querySelector("[data-more]");
    const longer = template?.content.querySelector(".results");
    if (!box || !waiting || waiting.getAttribute("aria-disabled") !== "true") return; // another search came between
    if (!longer?.querySelector(".cards") || !same(box, longer)) {
      waiting.removeAttribute("aria-disabled");
      waiting.textContent = "Show more";
      if (!longer) RAL.say(element.textContent.trim() || "There was no answer; try again.", 6000);
      return;
    }
    const list = box.querySelector(".cards"), known = new Map([...list.querySelectorAll(".card")].map((card) => [card.dataset.video, card]));
    const rows = [...longer.querySelector(".cards").children], added = rows.filter((row) => row.matches(".card") && !known.has(row.dataset.video));
    const held = scrollY;
    list.replaceChildren(...rows.map((row) => known.get(row.dataset.video) ?? row));
    const next = longer.querySelector(".more");
    if (next) box.querySelector(".more").replaceWith(next);
    else box.querySelector(".more").remove();
    box.dataset.k = longer.dataset.k;
    offer(box.dataset.k);
    RAL.set({ k: box.dataset.k }, { quiet: true });
    RAL.showPins();
    RAL.beside();
    added[0]?.querySelector(".card-title").focus({ preventScroll: true });
    if (scrollY !== held) scrollTo({ top: held, behavior: "instant" });
    RAL.say(`${added.length} more film${added.length === 1 ? "" : "s"}`);
  }));
})();
