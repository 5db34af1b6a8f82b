// The list under the search field: this visitor's earlier queries, then how the captions go on. Typing never waits for it.
"use strict";
(() => {
  const PAUSE = 140, LEAST = 2, EARLIER = 3, RECENT = 6;
  let form = null, field = null, box = null, list = null, count = null;
  let active = -1, timer = 0, asking = null, answer = { typed: null, items: [] };

  const options = () => [...list.children];
  const open = () => !box.hidden;
  const close = () => {
    clearTimeout(timer);
    asking?.abort();
    if (!field) return;
    box.hidden = true;
    active = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const mark = (place) => {
    active = place;
    options().forEach((one, number) => one.setAttribute("aria-selected", String(number === place)));
    if (place < 0) { field.removeAttribute("aria-activedescendant"); return; }
    field.setAttribute("aria-activedescendant", options()[place].id);
    options()[place].scrollIntoView({ block: "nearest" });
  };
  // Text is set as text, so that no caption and no query can become markup.
  const option = ({ text, from, said }, place) => {
    const line = document.createElement("li"), words = document.createElement("span"), rest = document.createElement("b"), note = document.createElement("small");
    Object.assign(line, { id: `ral-offer-${place}`, role: "option", ariaSelected: "false" });
    Object.assign(line.dataset, { text, from });
    const typed = answer.typed, own = typed && text.toLowerCase().startsWith(typed.toLowerCase()) ? typed.length : 0;
    rest.textContent = text.slice(own);
    words.append(text.slice(0, own), rest);
    note.textContent = said;
    line.append(words, note);
    return line;
  };
  const show = (items) => {
    list.replaceChildren(...items.map(option));
    active = -1;
    field.removeAttribute("aria-activedescendant");
    box.hidden = !items.length;
    field.setAttribute("aria-expanded", String(!!items.length));
    count.textContent = items.length ? `${items.length} way${items.length === 1 ? "" : "s"} to go on; arrow keys choose` : "";
  };
  const earlier = (typed, most) => RAL.kept.earlier(typed, most).map((text) => ({ text, from: "earlier", said: "asked before" }));
  const look = async () => {
    const typed = field.value, words = typed.replace(/\s+/g, " ").trimStart();
    if (words.trim().length < LEAST) return close();
    asking?.abort();
    asking = new AbortController();
    const index = form.elements.model.selectedOptions[0]?.dataset.index ?? RAL.state().index;
    try {
      const reply = await fetch(`/complete?${new URLSearchParams({ q: typed, ...(index && { index }) })}`, { signal: asking.signal });
      const { completions = [] } = reply.ok ? await reply.json() : {};
      if (field.value !== typed || document.activeElement !== field) return;
      const own = earlier(words, EARLIER), known = own.map(({ text }) => text.toLowerCase());
      const fresh = completions.filter(({ text }) => !known.includes(text.toLowerCase()));
      answer = { typed: words };
      show([...own, ...fresh.map(({ text, count: times }) => ({ text, from: "captions", said: `${times.toLocaleString("en")} caption${times === 1 ? "" : "s"}` }))]);
    } catch (problem) { if (problem.name !== "AbortError") close(); }
  };
  const take = (place) => {
    field.value = options()[place].dataset.text;
    field.setSelectionRange(field.value.length, field.value.length);
    field.scrollLeft = field.scrollWidth;
  };
  const search = (place) => { take(place); close(); form.requestSubmit(); };
  const step = (by) => {
    const all = options().length;
    mark(active < 0 ? (by > 0 ? 0 : all - 1) : active + by < 0 || active + by >= all ? -1 : active + by);
  };
  const keys = {
    ArrowDown: () => { if (open()) step(1); else if (field.value.trim()) look(); else { answer = { typed: "" }; show(earlier("", RECENT)); } return true; },
    ArrowUp: () => { if (open()) step(-1); return open(); },
    ArrowRight: () => { if (active < 0 || field.selectionEnd < field.value.length) return false; take(active); look(); return true; },
    Enter: () => { if (active < 0) { close(); return false; } search(active); return true; },
    Escape: () => { const was = open(); close(); return was; },
    Tab: () => { close(); return false; },
  };

  RAL.on("front", ({ element }) => {
    form = element.querySelector("form");
    field = form.elements.q;
    box = form.querySelector(".offers");
    list = box.querySelector("ul");
    count = form.querySelector("[data-offers-count]");
    field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, PAUSE); if (field.value.trim().length < LEAST) close(); });
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      if (keys[event.key]()) { event.preventDefault(); event.stopPropagation(); }
    });
    field.addEventListener("blur", close);
    form.addEventListener("submit", close);
    form.elements.model.addEventListener("change", close);
    box.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    box.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => { const line = event.target.closest("li"); if (line) search(options().indexOf(line)); });
  });
})();
