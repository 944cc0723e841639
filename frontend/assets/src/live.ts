// Keeps a region fresh: asks its address for the new fragment every few
// seconds while the page is looked at, and backs off when the network fails.
// The answer comes from our own origin and was escaped by the server.
// "X-Relais-Location" in the answer leads to another page (the wait is over).
export function liveRegions(root: ParentNode): void {
  for (const region of root.querySelectorAll<HTMLElement>("[data-live]")) {
    const url = region.dataset.live;
    const seconds = Math.max(2, Number(region.dataset.liveSeconds) || 5);
    if (!url) continue;
    let failures = 0;
    let last = "";

    const look = async (): Promise<void> => {
      if (document.visibilityState === "visible" && !region.contains(document.activeElement)) {
        try {
          const answer = await fetch(url, { headers: { "X-Relais-Fragment": "1" }, credentials: "same-origin", redirect: "error" });
          const next = answer.headers.get("X-Relais-Location");
          if (next && next.startsWith("/") && !next.startsWith("//")) {
            window.location.assign(next);
            return;
          }
          if (!answer.ok) throw new Error(String(answer.status));
          const html = await answer.text();
          if (html !== last) {
            const parsed = new DOMParser().parseFromString(html, "text/html");
            region.replaceChildren(...Array.from(parsed.body.childNodes));
            last = html;
          }
          failures = 0;
        } catch {
          failures++;
        }
      }
      window.setTimeout(look, Math.min(60, seconds * 2 ** failures) * 1000);
    };
    window.setTimeout(look, seconds * 1000);
  }
}
