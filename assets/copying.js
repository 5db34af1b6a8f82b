// Films that the browser does not play: the server makes a playable copy when asked, and the page shows how far it is.
"use strict";
(() => {
  const PAUSE = 600;
  const make = (tag, how = {}, ...inside) => { const one = document.createElement(tag); Object.assign(one, how); one.append(...inside); return one; };
  const address = (index, video) => `/copy/${encodeURIComponent(index)}/${video.split("/").map(encodeURIComponent).join("/")}`;
  const asked = async (index, video, method = "GET") => {
    try { const reply = await fetch(address(index, video), { method }); return reply.ok ? await reply.json() : null; } catch { return null; }
  };
  const offer = (copy, begin) => {
    const button = make("button", { type: "button", className: "pill", onclick: begin }, copy.state === "failed" ? "Try again" : "Make a playable copy");
    const said = copy.state === "failed" ? copy.problem : `This film is here, but ${copy.why}.`;
    return [make("p", { role: "status" }, said), button];
  };
  const bar = (copy) => [
    make("p", {}, `Making a playable copy: ${Math.round(100 * copy.share)} %`),
    make("progress", { max: 1, value: copy.share, ariaLabel: "Playable copy" }),
  ];
  // Show in `place` how it stands, until the copy is there or the place is gone; `done` gets its address.
  RAL.copying = async (place, { index, video }, done) => {
    place.dataset.video = video; // which film it is about now; an answer about another one comes too late
    let copy = await asked(index, video), drawn = null;
    if (!copy || copy.state === "none" || place.dataset.video !== video) return;
    const begin = async () => { copy = (await asked(index, video, "POST")) ?? copy; place.querySelector("button")?.blur(); follow(); };
    const follow = async () => {
      while (place.isConnected && place.dataset.video === video) {
        place.hidden = copy.state === "done";
        if (copy.state === "done") { RAL.say("The film can be played now"); return done(copy.film); }
        if (copy.state !== "making" || drawn !== "making") place.replaceChildren(...(copy.state === "making" ? bar(copy) : offer(copy, begin)));
        else { place.firstChild.textContent = bar(copy)[0].textContent; place.lastChild.value = copy.share; }
        drawn = copy.state;
        if (copy.state !== "making") return;
        await new Promise((ready) => { setTimeout(ready, PAUSE); });
        copy = (await asked(index, video)) ?? copy;
      }
    };
    follow();
  };

  // In the player: below the sentence that says why nothing plays.
  const place = make("div", { className: "copying", hidden: true });
  document.addEventListener("ral:film", ({ detail: film }) => {
    const screen = document.querySelector(".screen"), index = document.querySelector("#ral-list .results")?.dataset.index;
    place.hidden = true;
    place.dataset.video = "";
    if (film.film || !index) return;
    screen.append(place);
    RAL.copying(place, { index, video: film.video }, (address) => {
      const card = document.querySelector(`#ral-list .card[data-video="${CSS.escape(film.video)}"]`);
      if (card) card.dataset.film = address;
      const shown = RAL.player.shown();
      if (shown?.video === film.video) RAL.player.open({ ...shown, film: address }, { place: shown.place });
    });
  });
  // In the box of one film.
  RAL.copyIn = (box) => {
    for (const place of box.querySelectorAll("[data-copying]")) {
      RAL.copying(place, { index: place.dataset.index, video: place.dataset.copying }, (address) => {
        const film = make("video", { controls: true, preload: "metadata", src: address, playsInline: true });
        film.setAttribute("aria-label", place.dataset.title);
        box.querySelector(".empty")?.remove();
        place.replaceWith(film);
      });
    }
  };
})();
