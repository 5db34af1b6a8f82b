// The blind duel: votes are kept by this browser only, counted by the same function as on the command line, and taken away as JSONL.
"use strict";
(() => {
  const fold = RAL.fold("duel", ["compare"], ({ q, index, round, about }) => ({ q: q || "", index, round, about: q ? about : "caption" }));
  const box = () => fold.details()?.querySelector(".blind");
  const kept = () => { try { const list = JSON.parse(localStorage.getItem("ral-votes")); return Array.isArray(list) ? list : []; } catch { return []; } };
  const keep = (list) => { try { localStorage.setItem("ral-votes", JSON.stringify(list)); } catch { RAL.say("This browser keeps nothing; the vote is lost with the page"); } };
  const lines = () => kept().map((vote) => JSON.stringify(vote)).join("\n") + "\n";
  const per = (value) => `${Math.round(100 * value)}`;
  const cell = (row, text, kind = "td") => { const one = document.createElement(kind); one.textContent = text; if (kind === "th") one.scope = "row"; row.append(one); };

  const count = async () => {
    const host = box(), votes = kept();
    if (!host) return;
    for (const name of ["save", "forget"]) host.querySelector(`[data-blind="${name}"]`).hidden = !votes.length;
    host.querySelector('[data-blind="save"] span').textContent = `${votes.length} vote${votes.length === 1 ? "" : "s"} (JSONL)`;
    host.querySelector('[data-blind="about"]').hidden = !RAL.state().q;
    host.querySelector('[data-blind="about"] span').textContent = RAL.state().about === "caption" ? "about my query" : "about drawn captions";
    const place = host.querySelector("[data-tally]");
    if (!votes.length) { place.replaceChildren(); return; }
    let said = {};
    try { said = await (await fetch("/duel/tally", { method: "POST", body: lines(), headers: { "Content-Type": "text/plain" } })).json(); } catch { return; }
    if (said.problem) { place.textContent = said.problem; return; }
    const scroll = document.createElement("div"), table = document.createElement("table"), body = document.createElement("tbody");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Your votes");
    table.className = "board";
    table.innerHTML = "<caption>Your votes</caption><thead><tr><th scope=col>model</th><th scope=col>won, % of decided</th><th scope=col>95 % interval</th><th scope=col>won</th><th scope=col>lost</th><th scope=col>both good</th><th scope=col>both bad</th></tr></thead>";
    for (const one of said.standings) {
      const row = document.createElement("tr");
      cell(row, said.titles[one.model], "th");
      cell(row, one.rate === null ? "–" : per(one.rate));
      cell(row, one.rate === null ? "–" : `${per(one.low)}–${per(one.high)}`);
      for (const name of ["wins", "losses", "both", "neither"]) cell(row, String(one[name]));
      body.append(row);
    }
    table.append(body);
    scroll.append(table);
    place.replaceChildren(scroll);
  };
  RAL.on("duel", ({ element, watch }) => {
    element.addEventListener("click", (event) => {
      const vote = event.target.closest("[data-vote]"), act = event.target.closest("[data-blind]")?.dataset.blind;
      if (vote) {
        keep([...kept(), { ...JSON.parse(vote.dataset.vote), at: new Date().toISOString() }]);
        for (const one of element.querySelectorAll("[data-vote]")) { one.disabled = true; one.setAttribute("aria-pressed", String(one === vote)); }
        const told = element.querySelector("[data-told]");
        told.textContent = told.dataset.told;
        count();
      }
      if (act === "next") RAL.set({ round: String(1 + Math.floor(Math.random() * 999_999)) });
      if (act === "about") RAL.set({ about: RAL.state().about === "caption" ? null : "caption", round: String(1 + Math.floor(Math.random() * 999_999)) });
      if (act === "save") RAL.download("votes.jsonl", lines(), "application/jsonl");
      if (act === "forget" && confirm("Forget all votes of this browser?")) { keep([]); count(); }
    });
    watch("value", count);
  });
})();
