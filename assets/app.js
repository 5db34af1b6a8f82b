// What every page shares: the state in the address bar, pages, light and dark, the key map, and the meeting point of the parts.
"use strict";
window.RAL = (() => {
  const root = document.documentElement;
  const parts = {};
  const waiting = {};

  // ---- parts of the page call attach() when they are drawn; on() says what to do with them
  const attach = (name, element, trigger, watch) => {
    parts[name] = { element, trigger, watch };
    (waiting[name] || []).forEach((act) => act(parts[name]));
  };
  const on = (name, act) => {
    (waiting[name] = waiting[name] || []).push(act);
    if (parts[name]) act(parts[name]);
  };

  // ---- the state of this window is what stands in its address: readable names, one order, nothing that is at its default
  const ORDER = ["tab", "q", "model", "index", "k", "video", "t"];
  const KNOWN = [...ORDER, "models", "off", "on", "rank", "care", "all", "map", "colour", "report", "slice", "a", "b", "metric", "only", "sheet", "seed", "step", "kind", "by", "tag", "length", "share", "open", "fuse", "rival", "labels", "layer", "lines", "round", "about", "__theme"];
  const read = () => Object.fromEntries([...new URLSearchParams(location.search)].filter(([key]) => KNOWN.includes(key)).map(([key, value]) => [key, value.slice(0, 2000)]));
  let state = read();
  const address = (wish = {}) => {
    const all = { ...state, ...wish }, url = new URL(location.origin + location.pathname);
    if (all.tab === "search") delete all.tab;
    const names = [...ORDER.filter((key) => key in all), ...Object.keys(all).filter((key) => !ORDER.includes(key)).sort()];
    for (const key of names) if (all[key] !== null && all[key] !== undefined && all[key] !== "") url.searchParams.set(key, String(all[key]));
    return url;
  };
  const listeners = [];
  const changed = (act) => { listeners.push(act); };
  const tell = () => listeners.forEach((act) => act(state));
  // Write the wish into the address; a step that Back should undo is pushed.
  const set = (wish, { push = false, quiet = false } = {}) => {
    const url = address(wish);
    if (url.href !== location.href) history[push ? "pushState" : "replaceState"](null, "", url);
    state = read();
    if (!quiet) tell();
  };
  addEventListener("popstate", () => { state = read(); paint(); showTab(); tell(); });

  // ---- pages
  const PAGES = ["search", "why", "map", "compare", "benchmark", "data", "about"];
  const tab = () => (PAGES.includes(state.tab) ? state.tab : "search");
  const showTab = () => {
    root.dataset.tab = tab();
    for (const link of document.querySelectorAll(".pages a")) {
      if (link.dataset.tab === tab()) { link.setAttribute("aria-current", "page"); link.scrollIntoView?.({ block: "nearest", inline: "center" }); }
      else link.removeAttribute("aria-current");
    }
    const title = document.querySelector('.pages a[aria-current="page"]')?.textContent;
    document.title = tab() === "search" || !title ? "RAL Explorer" : `${title} · RAL Explorer`;
  };
  const go = (name, wish = {}) => {
    const same = name === tab();
    set({ ...wish, tab: name }, { push: !same, quiet: true });
    showTab();
    if (!same) scrollTo({ top: 0 });
    tell();
  };
  const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-tab][href]");
    if (!link || !plain(event)) return;
    event.preventDefault();
    go(link.dataset.tab);
  });

  // A page that is drawn by the server when it is looked at: `wanted(state)` gives what to send, or null for nothing.
  // It is sent again only when it differs from what is drawn.
  const page = (part, names, wanted) => {
    let drawn = null, asked = -Infinity; // one question at a time: of several that overlap, Gradio repeats the first, not the last
    const look = () => {
      if (!parts[part] || !names.includes(tab())) return;
      const wish = wanted(state);
      if (!wish) { drawn = null; return; }
      const key = JSON.stringify(wish);
      if (key === drawn || performance.now() - asked < 30_000) return;
      drawn = key;
      asked = performance.now();
      parts[part].element.dataset.busy = "";
      parts[part].trigger("submit", wish);
    };
    on(part, ({ element, watch }) => { watch("value", () => { asked = -Infinity; delete element.dataset.busy; look(); }); look(); });
    changed(look);
    return { look, again: () => { drawn = null; look(); } };
  };

  // ---- light or dark: a link's ?__theme, else the reader's choice, else the system's
  const system = matchMedia("(prefers-color-scheme: dark)");
  const named = () => {
    const linked = state.__theme;
    if (linked === "light" || linked === "dark") return linked;
    try { return localStorage.getItem("ral-theme"); } catch { return null; }
  };
  const dress = (theme) => {
    if (root.dataset.theme !== theme) { root.dataset.theme = theme; document.dispatchEvent(new CustomEvent("ral:theme")); }
    if (document.body) document.body.classList.toggle("dark", theme === "dark");
  };
  const paint = () => dress(named() || (system.matches ? "dark" : "light"));
  const switchTheme = () => {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("ral-theme", theme); } catch { /* private window: lasts as long as the page */ }
    if (state.__theme) set({ __theme: null }, { quiet: true });
    dress(theme);
  };
  system.addEventListener("change", paint);
  document.addEventListener("DOMContentLoaded", () => {
    paint();
    // Gradio sets its own class once it starts; ours stays the master.
    new MutationObserver(() => {
      const dark = root.dataset.theme === "dark";
      if (document.body.classList.contains("dark") !== dark) document.body.classList.toggle("dark", dark);
    }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });
  paint();
  root.dataset.tab = tab();

  // ---- header and keys
  const keys = () => document.querySelector("dialog.keys");
  const showKeys = () => { const dialog = keys(); if (dialog && !dialog.open) dialog.showModal(); };
  on("header", ({ element }) => {
    showTab();
    element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-page]");
      if (button?.dataset.page === "theme") switchTheme();
      if (button?.dataset.page === "keys") showKeys();
    });
  });
  const typing = (target) => target instanceof Element && target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable=true]");
  const free = (event) => !(event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]"));
  document.addEventListener("keydown", (event) => {
    if (!free(event)) return;
    if (event.key === "?") { event.preventDefault(); showKeys(); }
    if (event.key === "t") switchTheme();
    if (event.key === "c") go("compare");
    if (event.key === "m") go("map");
    const place = event.key >= "1" && event.key <= "7" ? Number(event.key) - 1 : -1;
    if (place >= 0) document.querySelectorAll(".pages a")[place]?.click();
  });

  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds)), minutes = Math.floor(whole / 60), two = (n) => String(n).padStart(2, "0");
    return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  };
  // Say something once, at the foot of the window and to screen readers.
  let saying = 0;
  const say = (sentence, long = 2600) => {
    const box = document.querySelector(".toast");
    if (!box) return;
    box.textContent = sentence;
    box.hidden = false;
    clearTimeout(saying);
    saying = setTimeout(() => { box.hidden = true; }, long);
  };
  const copy = async (text, done) => {
    try { await navigator.clipboard.writeText(text); say(done); return true; } catch { prompt("Copy this:", text); return false; }
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const glide = (element, block = "nearest") => element?.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block });
  return {
    attach, on, parts, typing, free, clock, say, copy, glide, page, go, tab, set, changed, address, showKeys,
    state: () => state, keysOpen: () => !!document.querySelector("dialog[open]"),
  };
})();
