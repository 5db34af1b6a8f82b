// The one player: shows a film at a second, follows moments, drives the time line's playhead.
"use strict";
RAL.player = (() => {
  let box = null, video = null;
  let film = null; // what is shown: {video, title, film, still, rank, duration, moments: [{start, end}], place}
  let stopAt = null; // the end of the moment that is being played; null once the reader takes over

  const find = (selector) => box.querySelector(selector);
  const moment = () => film?.moments[film.place];

  RAL.on("player", ({ element }) => {
    box = element.querySelector(".player");
    video = box.querySelector("video");
    box.addEventListener("click", (event) => {
      const act = event.target.closest("[data-act]")?.dataset.act;
      if (act) acts[act]?.();
      else if (event.target === video) toggle();
    });
    box.querySelector(".speed select").addEventListener("change", (event) => { video.playbackRate = Number(event.target.value); });
    for (const name of ["play", "pause", "ended"]) video.addEventListener(name, showState);
    video.addEventListener("play", () => peek(null));
    for (const name of ["timeupdate", "seeking", "seeked", "loadedmetadata"]) video.addEventListener(name, showTime);
    video.addEventListener("loadedmetadata", () => { // a film that is nearly as wide as the screen fills it
      find(".screen").toggleAttribute("data-fits", Math.abs(video.videoWidth / video.videoHeight / (16 / 9) - 1) < 0.03);
    });
    video.addEventListener("playing", () => { sound(); frame(); });
    video.addEventListener("error", () => { if (video.getAttribute("src")) explain("This film cannot be played here: the browser does not read its file."); });
  });

  const sound = () => {
    const heard = video.mozHasAudio || video.webkitAudioDecodedByteCount > 0 || video.audioTracks?.length > 0;
    if (heard) find('[data-act="mute"]').hidden = false;
  };
  const frame = () => {
    if (!video.paused) { showTime(); requestAnimationFrame(frame); }
  };
  // Until it plays, a found moment shows the picture that fits it best, with its second; the clock stands where it begins.
  const peek = (picture) => {
    const cover = find(".peek"), second = picture && Number(new URL(picture, location.href).searchParams.get("t"));
    cover.hidden = !picture;
    if (!picture) return;
    cover.firstElementChild.src = picture;
    cover.lastElementChild.textContent = second ? `fits best at ${RAL.clock(second)}` : "";
  };
  const explain = (sentence) => {
    const note = find(".no-film");
    note.textContent = sentence || "";
    note.hidden = !sentence;
    find(".big-play").hidden = !!sentence;
  };

  // Show a film at one of its moments, or at `second`; play it if asked.
  const open = (next, { place = 0, second = null, play = false } = {}) => {
    const same = film && film.film === next.film;
    film = { ...next, place };
    explain(next.film ? "" : box.dataset.missing || "The video file of this film is not here, so it cannot be played. Scores and times still hold.");
    document.dispatchEvent(new CustomEvent("ral:film", { detail: film }));
    find(".now-title").textContent = next.title;
    find(".time .whole").textContent = RAL.clock(next.duration);
    find('[data-act="mute"]').hidden = true;
    if (!same) {
      video.removeAttribute("poster");
      if (next.still) video.poster = next.still;
      if (next.film) video.src = next.film; else { video.removeAttribute("src"); video.load(); }
    }
    const from = second ?? moment()?.start ?? 0, found = place === 0 && Math.abs(from - (moment()?.start ?? -1)) < 0.1;
    go(from, { play, until: inside(second) ? moment()?.end : null });
    if (!play && found && next.film && next.peek && video.paused) peek(next.peek);
  };
  const inside = (second) => second === null || (moment() && second >= moment().start - 0.01 && second < moment().end);

  // Jump to a second. The file may not be there yet, so the last wish waits for it.
  const go = (second, { play = false, until = null } = {}) => {
    stopAt = until;
    peek(null);
    showMoment();
    if (!film?.film) return;
    const act = () => {
      video.currentTime = Math.min(second, Math.max(0, (video.duration || film.duration) - 0.05));
      if (play) video.play().catch(() => {});
    };
    video.ralWish = act;
    if (video.readyState >= 1) act();
    else video.addEventListener("loadedmetadata", () => video.ralWish?.(), { once: true });
    if (play && video.readyState < 1) video.play().catch(() => {});
  };
  const toPlace = (place, play = true) => {
    if (!film || !film.moments[place]) return;
    film.place = place;
    go(moment().start, { play, until: moment().end });
    document.dispatchEvent(new CustomEvent("ral:moment", { detail: { video: film.video, second: moment().start } }));
  };
  const toggle = () => {
    if (!film?.film) return;
    if (!video.paused) return video.pause();
    if (stopAt !== null && video.currentTime >= stopAt - 0.05) stopAt = null; // played to its end once: now go on
    video.play().catch(() => {});
  };
  const repeat = () => {
    const button = find('[data-act="repeat"]'), now = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(now));
    if (now && moment()) stopAt = moment().end;
  };
  const full = () => (document.fullscreenElement ? document.exitFullscreen() : find(".screen").requestFullscreen?.());
  const mute = () => { video.muted = !video.muted; find('[data-act="mute"]').setAttribute("aria-pressed", String(!video.muted)); };
  const nudge = (by) => { if (film?.film) { stopAt = null; peek(null); video.currentTime = Math.max(0, Math.min(video.duration || 0, video.currentTime + by)); } };
  const cut = () => { const link = find("[data-cut]"); if (!link.hidden) link.click(); };
  const acts = {
    toggle, repeat, full, mute, cut,
    next: () => film && toPlace((film.place + 1) % Math.max(1, film.moments.length)),
    previous: () => film && toPlace((film.place - 1 + film.moments.length) % Math.max(1, film.moments.length)),
  };

  const icons = {};
  const showState = () => {
    const playing = !video.paused && !video.ended, button = find('.controls [data-act="toggle"]');
    box.toggleAttribute("data-playing", playing);
    button.setAttribute("aria-label", playing ? "Pause (space)" : "Play (space)");
    button.title = button.getAttribute("aria-label");
    icons.play = icons.play || button.querySelector(".icon").innerHTML;
    button.querySelector(".icon").innerHTML = playing ? '<path d="M8 5v14M16 5v14" stroke-width="3.4"/>' : icons.play;
  };
  const showTime = () => {
    const now = video.currentTime;
    if (stopAt !== null && now >= stopAt && !video.seeking) {
      const again = find('[data-act="repeat"]').getAttribute("aria-pressed") === "true";
      if (again && moment()) video.currentTime = moment().start;
      else if (!video.paused) { video.pause(); }
    }
    find(".time .at").textContent = RAL.clock(now);
    for (const track of tracks()) {
      const whole = Number(track.dataset.duration);
      track.querySelector(".playhead").style.left = `${(100 * Math.min(now, whole)) / whole}%`;
      if (track.getAttribute("role") !== "slider") continue;
      track.setAttribute("aria-valuenow", now.toFixed(1));
      track.setAttribute("aria-valuetext", `${RAL.clock(now)} of ${RAL.clock(whole)}`);
    }
  };
  const showMoment = () => {
    const now = moment(), when = find(".now-when");
    when.textContent = "";
    const cut = find("[data-cut]");
    cut.hidden = !film?.film || !now;
    if (!film || !now) return;
    if (film.film) cut.href = `${film.film.replace("/media/", "/cut/")}?start=${now.start.toFixed(2)}&end=${now.end.toFixed(2)}`;
    const stretch = document.createElement("b");
    stretch.textContent = `${RAL.clock(now.start)}–${RAL.clock(Math.ceil(now.end))}`;
    when.append(stretch, film.moments.length > 1 ? ` · moment ${film.place + 1} of ${film.moments.length}` : "", ` · rank ${film.rank}`);
  };

  // Time lines and heat strips are drawn anew for each film; all of them seek by pointer, and the first also by keys.
  const tracks = () => document.querySelectorAll(".seek[data-duration]");
  for (const name of ["line", "heat"]) RAL.on(name, ({ watch }) => watch("value", () => { if (video) showTime(); }));
  const at = (track, event) => {
    const rect = track.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - rect.left) / rect.width));
  };
  let dragged = null;
  document.addEventListener("pointerdown", (event) => {
    const track = event.button === 0 && event.target.closest?.(".seek[data-duration]");
    if (!track) return;
    dragged = track;
    go(at(track, event) * Number(track.dataset.duration), { play: !video.paused });
  });
  document.addEventListener("pointermove", (event) => {
    const track = dragged || event.target.closest?.(".seek[data-duration]");
    for (const other of tracks()) if (other !== track) other.querySelector(".ghost").hidden = true;
    if (!track?.isConnected) return;
    const share = at(track, event), ghost = track.querySelector(".ghost"), second = share * Number(track.dataset.duration);
    ghost.hidden = event.pointerType === "touch";
    ghost.style.left = `${100 * share}%`;
    ghost.classList.toggle("late", share > 0.85);
    ghost.firstElementChild.textContent = RAL.clock(second);
    if (dragged) go(second, { play: !video.paused });
  });
  addEventListener("pointerup", () => { dragged = null; });
  document.addEventListener("keydown", (event) => {
    const track = event.target.closest?.('.seek[role="slider"]'), by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!track) return;
    if (by) nudge(by);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(Number(track.dataset.duration));
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  return { open, go, toPlace, toggle, repeat, nudge, acts, shown: () => film, second: () => video?.currentTime ?? 0 };
})();
