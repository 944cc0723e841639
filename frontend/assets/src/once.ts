// A second press of a button within a few seconds is a double click, not a
// second wish. The server is safe either way; this spares people a puzzling
// answer.
const pause = 4000;

export function guardForms(root: ParentNode): void {
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-once]")) {
    let sent = 0;
    form.addEventListener("submit", (event) => {
      const now = performance.now();
      if (sent && now - sent < pause) {
        event.preventDefault();
        return;
      }
      sent = now;
      const button = (event as SubmitEvent).submitter;
      button?.setAttribute("aria-busy", "true");
      window.setTimeout(() => button?.removeAttribute("aria-busy"), pause);
    });
  }
  // Coming back with the browser's button: the form is usable again.
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });
}
