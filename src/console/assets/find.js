// Search as you type, parts of pages that change, and new rows of the timeline. Pages are complete without it.
"use strict";
(() => {
  const load = async (address, signal) => {
    const answer = await fetch(address, { signal, credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.text();
  };
  const announcer = document.querySelector("[data-announcer]");
  const show = (element, html) => {
    element.innerHTML = html;
    window.handset?.refresh(element);
    const said = element.querySelector("[data-said]")?.textContent ?? "";
    if (announcer && announcer.textContent !== said) announcer.textContent = said;
  };

  // Search as you type: the results of the text so far replace those before.
  const search = (form) => {
    const field = form.querySelector("input[type=search]");
    const results = document.getElementById(form.dataset.search);
    if (!field || !results) return;
    let shown = field.value;
    let timer;
    let running;
    const look = async () => {
      if (field.value === shown) return;
      const text = field.value;
      running?.abort();
      running = new AbortController();
      const address = new URL(form.action);
      address.searchParams.set("q", text);
      const page = address.href;
      address.searchParams.set("fragment", "1");
      try {
        const html = await load(address, running.signal);
        shown = text;
        show(results, html);
        history.replaceState(null, "", page);
      } catch (fault) {
        // The button still works. An aborted search has a successor.
        if (fault.name !== "AbortError") shown = undefined;
      }
    };
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(look, 150);
    });
  };

  // Loads a part again each second while it says that it changes, for five minutes at most.
  const live = (part) => {
    let left = 300;
    const tick = async () => {
      if (!part.querySelector("[data-changing]") || left-- <= 0) return;
      if (!document.hidden) {
        try {
          const html = await load(part.dataset.live);
          const before = part.dataset.shown;
          part.dataset.shown = html;
          // Unchanged content stays, so that focus and selection do.
          if (html !== before) show(part, html);
        } catch {
          left -= 10;
        }
      }
      setTimeout(tick, 1000);
    };
    setTimeout(tick, 500);
  };

  // Adds rows that are new, each in its place. Rows that are shown stay, with what is open or focused in them.
  const merge = (section, html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const [rows, fresh] = [section, template.content].map((root) => root.querySelector("[data-rows]"));
    if (!fresh) return;
    if (!rows) return show(section, html);
    let next = rows.firstElementChild;
    for (const row of [...fresh.children]) {
      const known = document.getElementById(row.id);
      if (known) {
        next = known.nextElementSibling;
      } else {
        rows.insertBefore(row, next);
        window.handset?.refresh(row);
      }
    }
    while (rows.children.length > 500) rows.lastElementChild.remove();
  };

  const timeline = (section) => {
    let timer;
    const refresh = () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        try {
          merge(section, await load(section.dataset.fragment));
        } catch {
          // The next event, or the next minute, tries again.
        }
      }, 300);
    };
    const events = new EventSource(section.dataset.stream);
    events.addEventListener("message", refresh);
    // Changes without an event.
    setInterval(() => { if (!document.hidden) refresh(); }, 30000);
    addEventListener("pagehide", () => events.close());
  };

  document.querySelectorAll("form[data-search]").forEach(search);
  document.querySelectorAll("[data-live]").forEach(live);
  document.querySelectorAll("[data-stream]").forEach(timeline);
})();
