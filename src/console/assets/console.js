// Times in the viewer's zone, and buttons that copy. Pages are complete without it.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

  // Adds the viewer's time to each time below an element.
  const times = (root) => {
    if (zone === "UTC") return;
    for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.valueOf())) continue;
      time.dataset.local = "";
      const span = document.createElement("span");
      span.className = "local";
      span.textContent = ` (${local.format(at)} ${zone})`;
      time.append(span);
    }
  };

  // Adds a button beside each text that people copy.
  const copies = (root) => {
    if (!navigator.clipboard) return;
    for (const text of root.querySelectorAll("[data-copy]:not([data-copied])")) {
      text.dataset.copied = "";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      const what = text.textContent.trim();
      button.setAttribute("aria-label", `Copy ${what.length > 40 ? `${what.slice(0, 40)}…` : what}`);
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(what);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      });
      text.after(button);
    }
  };

  // For scripts that add parts to a page.
  window.handset = { refresh: (root) => { times(root); copies(root); } };
  window.handset.refresh(document);
})();
