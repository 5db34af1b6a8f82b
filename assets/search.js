// The Search page: the query bar, the list, links, keys. The answers are drawn by the server.
"use strict";
(() => {
  let root = null; // carries data-answered and data-busy for the style sheet
  const player = RAL.player;
  let bar = null, list = null, form = null;

  const results = () => list?.element.querySelector(".results");
  const cards = () => [...(list?.element.querySelectorAll(".card") ?? [])];
  const chosen = () => list?.element.querySelector('.card[aria-current="true"]');

  // ---- asking
  RAL.on("front", (part) => {
    bar = part;
    root = part.element.closest(".gradio-container");
    form = part.element.querySelector("form");
    form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
    for (const name of ["model", "k"]) form.elements[name].addEventListener("change", () => { if (root.dataset.answered !== undefined) ask(); });
    part.element.addEventListener("click", (event) => {
      const example = event.target.closest(".example");
      if (example) { form.elements.q.value = example.dataset.query; ask(); }
    });
    start();
  });
  // Where several collections are open, each choice of a model says which index it means.
  const picked = () => form.elements.model.selectedOptions[0]?.dataset.index;
  const pick = ({ model, index }) => {
    const options = [...form.elements.model.options], same = (option) => !option.dataset.index || !index || option.dataset.index === index;
    const found = options.find((option) => option.value === model && same(option)) ?? (index && options.find((option) => option.dataset.index === index));
    if (found) found.selected = true;
  };
  const ask = (wish = {}) => {
    root.dataset.busy = "";
    const state = RAL.state();
    bar.trigger("submit", { q: form.elements.q.value, model: form.elements.model.value, k: form.elements.k.value, index: picked() ?? state.index, by: state.by, tag: state.tag, length: state.length, share: state.share, ...wish });
  };
  RAL.ask = (wish) => ask(wish);
  const idle = () => { delete root.dataset.busy; };

  // ---- links: read once, checked against what the page offers; the server checks again
  const start = () => {
    const asked = RAL.state(), q = asked.q;
    const offers = (name, value) => [...form.elements[name].options].some((option) => option.value === value);
    if (offers("k", asked.k)) form.elements.k.value = asked.k;
    pick(asked);
    if (q) form.elements.q.value = q;
    else if (RAL.tab() === "search" && matchMedia("(hover: hover)").matches) form.elements.q.focus({ preventScroll: true });
    follow(asked);
  };
  // The address may name another query than the one that is answered: a link, the Back button, a query typed on another page.
  let answered = null, pending = null;
  const key = ({ q, model, index }) => [q, model, index].join("\n");
  const follow = (state) => {
    if (!form || !state.q || !["search", "why"].includes(RAL.tab()) || [answered, pending].includes(key(state))) return;
    pending = key(state);
    form.elements.q.value = state.q;
    pick(state);
    const second = Number(state.t), wish = {};
    if (state.video) wish.video = state.video;
    if (state.t && Number.isFinite(second) && second >= 0) wish.t = second;
    ask(wish);
  };
  RAL.changed(follow);
  const rounded = (second) => (second === null || second === undefined ? null : String(Math.round(10 * second) / 10));
  const here = (video, second) => {
    const box = results();
    return { q: box.dataset.query, model: box.dataset.model, ...(picked() && { index: box.dataset.index }), k: box.dataset.k, video: video || null, t: video ? rounded(second) : null };
  };
  const remember = (video, second) => {
    const wish = here(video, second), before = RAL.state();
    if (before.q !== wish.q || (before.model && before.model !== wish.model)) Object.assign(wish, { off: null, on: null });
    answered = key({ ...before, ...wish });
    RAL.set(wish);
  };

  // ---- answers
  RAL.on("list", (part) => {
    list = part;
    part.watch("value", () => {
      idle();
      const box = results();
      if (!box) return;
      root.dataset.answered = "";
      showAll();
      RAL.kept.asked(box.dataset.query, box.dataset.model, box.dataset.index);
      RAL.showPins();
      const second = box.dataset.second === undefined ? null : Number(box.dataset.second);
      const card = cards().find((one) => one.dataset.video === box.dataset.chosen);
      if (!card) return remember();
      mark(card);
      show(card, { place: placeAt(card, second), second, play: false });
      remember(card.dataset.video, second ?? Number(card.dataset.start));
    });
    part.element.addEventListener("click", clicked);
    part.element.addEventListener("change", (event) => {
      const name = event.target.dataset?.filter;
      if (name) { RAL.set({ [name]: event.target.value || null }, { quiet: true }); ask(); }
    });
    part.element.addEventListener("pointermove", leaf);
    part.element.addEventListener("pointerout", (event) => event.target.closest(".still")?.classList.remove("leafing"));
  });
  RAL.on("notice", ({ watch }) => watch("value", idle));
  RAL.on("reasons", ({ element }) => element.addEventListener("click", (event) => {
    const word = event.target.closest("[data-seek]");
    if (word) { player.go(Number(word.dataset.seek), { play: true }); bringPlayer(); }
  }));

  const moments = (card) => [...card.querySelectorAll("[data-moment]")].map((one) => ({ start: Number(one.dataset.start), end: Number(one.dataset.end) }));
  // The best moment of each film, or all of them.
  const showAll = () => {
    const all = RAL.state().all === "1";
    results()?.toggleAttribute("data-all", all);
    list?.element.querySelector("button[data-all]")?.setAttribute("aria-pressed", String(all));
  };
  const switchAll = () => { RAL.set({ all: RAL.state().all === "1" ? null : "1" }, { quiet: true }); showAll(); };
  RAL.changed(showAll);
  const placeAt = (card, second) => {
    if (second === null) return 0;
    const place = moments(card).findIndex((one) => second >= one.start - 0.06 && second < one.end);
    return place < 0 ? 0 : place;
  };
  const show = (card, how) => {
    document.querySelector(".player").dataset.missing = results().dataset.missing ?? "";
    player.open({
      video: card.dataset.video, title: card.dataset.title, film: card.dataset.film, still: card.dataset.still, peek: card.querySelector(".still > img")?.getAttribute("src"),
      rank: card.dataset.rank, duration: Number(card.dataset.duration), moments: moments(card),
    }, how);
  };
  const mark = (card) => {
    for (const one of cards()) one.removeAttribute("aria-current");
    card.setAttribute("aria-current", "true");
  };
  const explain = (video) => { const { query, model, index } = results().dataset; if (query) list.trigger("select", { q: query, model, index, video }); };
  // A film that is not in the list, such as one like another.
  RAL.show = (film) => {
    for (const one of cards()) one.removeAttribute("aria-current");
    player.open(film, { play: true });
    remember(film.video, film.moments[0].start);
    explain(film.video);
    bringPlayer();
  };
  // Choose a film: the player turns to it at once, the reasons follow from the server.
  const choose = (card, { place = 0, play = true } = {}) => {
    const before = chosen();
    mark(card);
    show(card, { place, play });
    remember(card.dataset.video, moments(card)[place]?.start ?? 0);
    if (before === card) return;
    explain(card.dataset.video);
  };
  const clicked = (event) => {
    if (event.target.closest("button[data-all]")) return switchAll();
    if (event.target.closest("button[data-filter]")) { RAL.set({ tag: null, length: null, share: null }, { quiet: true }); return ask(); }
    const card = event.target.closest(".card");
    if (!card) return;
    const moment = event.target.closest(".mark"), act = event.target.closest("[data-act]")?.dataset.act;
    if (moment) return choose(card, { place: [...card.querySelectorAll(".mark")].indexOf(moment) });
    const named = event.target.closest("[data-moment]");
    if (named) { choose(card, { place: Number(named.dataset.moment) }); return bringPlayer(); }
    if (act === "copy") return copy(card);
    if (act === "pin") return pin(card);
    if (act === "alike") return RAL.alike(card.dataset.video, card === chosen() ? Number(RAL.state().t) : Number(card.dataset.start), results().dataset);
    choose(card, { play: act !== "why" });
    if (act === "why") why();
    else bringPlayer();
  };
  const why = () => RAL.go("why");
  const pinOf = (card) => ({ ...here(card.dataset.video, null), index: results().dataset.index, t: Number(card === chosen() ? RAL.state().t ?? card.dataset.start : card.dataset.start), title: card.dataset.title, still: card.dataset.still });
  const showPin = (card, on) => card.querySelector('[data-act="pin"]').setAttribute("aria-pressed", String(on));
  RAL.showPins = () => { for (const card of cards()) showPin(card, RAL.kept.pinned(pinOf(card))); };
  const pin = (card) => showPin(card, RAL.kept.toggle(pinOf(card)));
  const bringPlayer = () => {
    const screen = document.querySelector(".screen"), rect = screen.getBoundingClientRect();
    if (rect.top < 0 || rect.bottom > innerHeight) RAL.glide(screen);
  };
  const copy = async (card) => RAL.copy(String(RAL.address(here(card.dataset.video, card === chosen() ? Number(RAL.state().t) : Number(card.dataset.start)))), "The link is copied");
  // Moving over a still leafs through the film.
  const leaf = (event) => {
    const still = event.target.closest?.(".still[data-strip]");
    if (!still || event.pointerType === "touch") return;
    const rect = still.getBoundingClientRect(), count = Number(still.dataset.pictures) || 1, sheet = still.querySelector(".leaf");
    if (!sheet.style.backgroundImage) { sheet.style.backgroundImage = `url("${still.dataset.strip}")`; sheet.style.backgroundSize = `${100 * count}% 100%`; }
    const picture = Math.min(count - 1, Math.max(0, Math.floor((count * (event.clientX - rect.left)) / rect.width)));
    sheet.style.backgroundPosition = `${count > 1 ? (100 * picture) / (count - 1) : 0}% 0`;
    still.classList.add("leafing");
  };
  document.addEventListener("ral:moment", ({ detail }) => { if (results()) remember(detail.video, detail.second); });

  // ---- keys
  const step = (by) => {
    const all = cards(), now = all.indexOf(chosen()), next = all[Math.min(all.length - 1, Math.max(0, now + by))];
    if (!next || next === all[now]) return;
    choose(next, { play: false });
    next.querySelector(".card-title").focus({ preventScroll: true });
    RAL.glide(next);
  };
  const keys = {
    j: () => step(1), k: () => step(-1), n: () => player.acts.next(), p: () => player.acts.previous(), r: () => player.repeat(),
    f: () => player.acts.full(), g: switchAll, x: () => player.acts.cut(), b: () => { const card = chosen(); if (card) pin(card); }, e: why, ArrowLeft: () => player.nudge(-1), ArrowRight: () => player.nudge(1),
    y: () => { const card = chosen(); if (card) copy(card); else RAL.copy(location.href, "The link is copied"); },
    Enter: () => player.toPlace(player.shown()?.place ?? 0), " ": () => player.toggle(),
  };
  document.addEventListener("keydown", (event) => {
    if (!RAL.free(event)) return;
    if (event.key === "/" && form) {
      event.preventDefault();
      if (!["search", "why"].includes(RAL.tab())) RAL.go("search");
      form.elements.q.focus(); form.elements.q.select();
      return;
    }
    const seen = form && form.offsetParent !== null && results();
    const pressing = event.target.closest?.("button, a, summary, [role=slider]") && (event.key === "Enter" || event.key === " ");
    if (!seen || pressing || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
})();
