// What pages do beyond links and forms. Without it everything can still be read.
"use strict";
(() => {
  // Buttons that only a script makes work are shown only with it.
  document.documentElement.classList.add("js");
  const MOST_LINES = 6000;
  const all = (selector, root = document) => root.querySelectorAll(selector);
  const remembered = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private window */ } };

  // Times: the words are those of the server's `words.rs`.
  const two = (large, unit, small, smallUnit) => small ? `${large} ${unit} ${small} ${smallUnit}` : `${large} ${unit}`;
  const duration = (ms) => {
    const s = Math.floor(ms / 1000);
    if (s < 60) return `${(Math.max(ms, 0) / 1000).toFixed(1)} s`;
    if (s < 3600) return two(Math.floor(s / 60), "min", s % 60, "s");
    if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor(s % 3600 / 60), "min");
    return two(Math.floor(s / 86400), "d", Math.floor(s % 86400 / 3600), "h");
  };
  const ago = (ms) => {
    const s = Math.floor(ms / 1000);
    if (s < 5) return "just now";
    if (s < 60) return `${s} s ago`;
    if (s < 3600) return `${Math.floor(s / 60)} min ago`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ago`;
    return `${Math.floor(s / 86400)} d ago`;
  };
  const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const tick = () => {
    const now = Date.now();
    for (const time of all("[data-since]")) say(time, duration(now - time.dataset.since));
    for (const text of all("[data-running]")) say(text, `running · ${duration(now - text.dataset.running)}`);
    for (const time of all("[data-ago]")) if (now - time.dataset.ago < 30 * 86400e3) say(time, ago(now - time.dataset.ago));
  };
  setInterval(tick, 1000);

  // The log: follow until one scrolls up, wrap, and never more lines than a browser likes.
  const lines = () => document.querySelector(".lines");
  const button = (name) => document.querySelector(`[data-toggle=${name}]`);
  const pressed = (name) => button(name)?.getAttribute("aria-pressed") === "true";
  const press = (name, on) => button(name)?.setAttribute("aria-pressed", String(on));
  const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  const toEnd = () => { const box = lines(); if (box && pressed("follow")) box.scrollTop = box.scrollHeight; };
  const trim = (box) => {
    const rows = all(":scope > div", box);
    if (rows.length <= MOST_LINES || !pressed("follow")) return;
    const cut = rows.length - MOST_LINES / 2;
    const link = rows[cut].querySelector("a").search;
    all(":scope > .more", box).forEach((more) => more.remove());
    for (let i = 0; i < cut; i++) rows[i].remove();
    const earlier = document.createElement("a");
    earlier.className = "more";
    earlier.href = link;
    earlier.textContent = "Earlier lines";
    box.prepend(earlier);
  };
  // After a lost connection the server begins where the page began: what is there already is not added again.
  const unique = (box) => {
    let last = 0;
    for (const row of all(":scope > div", box)) {
      const number = Number(row.id.slice(1));
      if (number <= last) row.remove(); else last = number;
    }
  };
  // Whoever reads further up is not carried off to the next action's log; following again catches up.
  let leftBehind = false;
  const catchUp = () => { if (leftBehind && pressed("follow")) location.reload(); };
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const reads = button("follow") && !pressed("follow");
    if (event.detail.type === "panel" && reads) leftBehind = true;
    if (leftBehind && ["panel", "log"].includes(event.detail.type)) event.preventDefault();
  });
  let lastTop = 0;
  const openLog = () => {
    const box = lines();
    if (!box || box.dataset.ready) return;
    box.dataset.ready = "yes";
    // A phone shows a third of a line.
    const wrap = (remembered("wrap") ?? String(matchMedia("(max-width: 760px)").matches)) === "true";
    box.classList.toggle("wrap", wrap);
    press("wrap", wrap);
    box.addEventListener("scroll", () => {
      if (box.scrollTop < lastTop - 2 && !atEnd(box)) press("follow", false);
      else if (atEnd(box) && box.scrollTop > lastTop) { press("follow", true); catchUp(); }
      lastTop = box.scrollTop;
    }, { passive: true });
    const marked = box.querySelector(".marked, div:target");
    if (marked) box.scrollTop = marked.offsetTop - box.offsetTop - 60;
    else if ("live" in box.dataset) toEnd();
    else if (!location.search.includes("line=")) box.scrollTop = box.scrollHeight;
    lastTop = box.scrollTop;
  };

  // A narrow screen shows a part of the stages: the one that the log belongs to, or that has the focus.
  let shownNode = "";
  const reveal = (node) => {
    const box = node.closest(".graph");
    const at = node.getBoundingClientRect(), frame = box.getBoundingClientRect();
    box.scrollLeft += at.left - frame.left - (frame.width - at.width) / 2;
  };
  const showNode = () => {
    const node = document.querySelector(".graph .node.selected");
    if (!node || node.id === shownNode) return;
    shownNode = node.id;
    reveal(node);
  };
  document.addEventListener("focusin", (event) => {
    const node = event.target.closest(".graph .node");
    if (node) reveal(node);
  });

  // The lines of a log are one stop of Tab: within, arrows lead from line to line.
  const lineKeys = (event, box) => {
    const number = event.target.closest(".lines div > a"), row = number?.parentElement;
    const rows = all(":scope > div", box), top = box.getBoundingClientRect().top;
    const firstShown = () => [...rows].find((row) => row.getBoundingClientRect().top >= top);
    const next = {
      Enter: () => !row && firstShown(),
      ArrowDown: () => row?.nextElementSibling,
      ArrowUp: () => row?.previousElementSibling,
      Home: () => row && rows[0],
      End: () => row && rows[rows.length - 1],
    }[event.key]?.();
    const goal = next && next.querySelector("a");
    if (goal) goal.focus();
    else if (event.key === "Escape" && row) box.focus();
    else return;
    event.preventDefault();
  };

  // Those who hear the page are told what now stands otherwise.
  const MOST_TOLD = 3;
  let said = null;
  const tell = () => {
    const now = new Set([...all("[data-say]")].map((element) => element.dataset.say));
    const fresh = said ? [...now].filter((sentence) => !said.has(sentence)) : [];
    said = now;
    if (!fresh.length) return;
    const more = fresh.length > MOST_TOLD ? [`and ${fresh.length - MOST_TOLD} more`] : [];
    say(document.getElementById("told"), [...fresh.slice(0, MOST_TOLD), ...more].join(". "));
  };

  // A question takes the focus when it is asked, and keeps it until it is answered or put away. It itself has it
  // first, as a key held down on its button must not press the next one.
  const questionOf = (open) => open.querySelector("[role=dialog]");
  const ask = (open) => (questionOf(open).querySelector("input:not([type=checkbox])") ?? questionOf(open)).focus();
  const putAway = (open) => { open.open = false; open.querySelector("summary").focus(); };
  const stay = (event, open) => {
    const stops = [...all("summary, input, button", open)];
    const [first, last] = [stops[0], stops[stops.length - 1]];
    if (event.target === (event.shiftKey ? first : last)) { event.preventDefault(); (event.shiftKey ? last : first).focus(); }
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".confirm") && event.target.open) ask(event.target);
  }, true);

  const ready = () => {
    showNode();
    openLog();
    tick();
    tell();
  };
  document.addEventListener("DOMContentLoaded", ready);
  document.addEventListener("htmx:afterSettle", ready);
  // A question that somebody is reading stays, as long as it can still be asked.
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const asking = event.target.querySelector(".confirm[open]");
    if (asking && event.detail.data.includes('class="confirm"')) event.preventDefault();
  });
  // A button without an id loses the focus when what is around it is drawn anew.
  let copying = null;
  document.addEventListener("htmx:beforeSwap", () => { copying = document.activeElement?.dataset?.copy; });
  document.addEventListener("htmx:afterSettle", () => {
    if (copying && document.activeElement === document.body) document.querySelector(`[data-copy="${CSS.escape(copying)}"]`)?.focus();
  });
  // What a page shows may be gone, as a project is that was deleted meanwhile.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 404 && event.detail.target?.id === "live") location.assign("/");
  });
  document.addEventListener("htmx:sseMessage", (event) => {
    const box = lines();
    if (event.detail.type === "log" && box) { unique(box); trim(box); toEnd(); }
    ready();
  });

  document.addEventListener("click", async (event) => {
    const toggle = event.target.closest("[data-toggle]");
    if (toggle) {
      const name = toggle.dataset.toggle, on = toggle.getAttribute("aria-pressed") !== "true";
      press(name, on);
      if (name === "wrap") { lines()?.classList.toggle("wrap", on); remember("wrap", on); }
      toEnd();
      catchUp();
      return;
    }
    const copy = event.target.closest(".copy");
    if (copy) {
      await navigator.clipboard.writeText(copy.dataset.copy);
      copy.classList.add("done");
      setTimeout(() => copy.classList.remove("done"), 1500);
      return;
    }
    const number = event.target.closest(".lines div > a");
    if (number && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      all(".lines .marked").forEach((row) => row.classList.remove("marked"));
      number.parentElement.classList.add("marked");
      history.replaceState(null, "", number.href);
      press("follow", false);
      return;
    }
    for (const open of all(".confirm[open]")) if (!open.contains(event.target)) open.open = false;
  });

  document.addEventListener("keydown", (event) => {
    const asking = document.querySelector(".confirm[open]"), box = event.target.closest?.(".lines");
    if (asking && event.key === "Escape") putAway(asking);
    else if (asking && event.key === "Tab") stay(event, asking);
    else if (box) lineKeys(event, box);
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = document.querySelector("#logq, input[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  });
})();
