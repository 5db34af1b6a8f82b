// What every page shares: light and dark, the key map, and the meeting point of the page's parts.
"use strict";
window.RAL = (() => {
  const root = document.documentElement;
  const parts = {};
  const waiting = {};

  // Light or dark: a link's ?__theme, else the reader's choice, else the system's.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const named = () => {
    const linked = new URLSearchParams(location.search).get("__theme");
    if (linked === "light" || linked === "dark") return linked;
    try { return localStorage.getItem("ral-theme"); } catch { return null; }
  };
  const paint = () => {
    const theme = named() || (system.matches ? "dark" : "light");
    if (root.dataset.theme !== theme) root.dataset.theme = theme;
    if (document.body) document.body.classList.toggle("dark", theme === "dark");
  };
  const switchTheme = () => {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("ral-theme", theme); } catch { /* private window: lasts as long as the page */ }
    const url = new URL(location.href);
    if (url.searchParams.has("__theme")) { url.searchParams.delete("__theme"); history.replaceState(null, "", url); }
    root.dataset.theme = theme;
    document.body.classList.toggle("dark", theme === "dark");
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

  const keys = () => document.querySelector("dialog.keys");
  const showKeys = () => { const dialog = keys(); if (dialog && !dialog.open) dialog.showModal(); };

  // Parts of the page call attach() when they are drawn; on() says what to do with them.
  const attach = (name, element, trigger, watch) => {
    parts[name] = { element, trigger, watch };
    (waiting[name] || []).forEach((act) => act(parts[name]));
  };
  const on = (name, act) => {
    (waiting[name] = waiting[name] || []).push(act);
    if (parts[name]) act(parts[name]);
  };
  on("header", ({ element }) => element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-page]");
    if (button?.dataset.page === "theme") switchTheme();
    if (button?.dataset.page === "keys") showKeys();
  }));

  const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable=true]");
  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds)), minutes = Math.floor(whole / 60), two = (n) => String(n).padStart(2, "0");
    return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "?") { event.preventDefault(); showKeys(); }
    if (event.key === "t") switchTheme();
  });
  return { attach, on, parts, typing, clock, keysOpen: () => !!keys()?.open };
})();
