// A button that prints is only of use where scripts run.
for (const b of document.querySelectorAll("[data-print]")) {
  b.hidden = false;
  b.addEventListener("click", () => window.print());
}
document.querySelector(".faults")?.setAttribute("tabindex", "-1");
document.querySelector(".faults")?.focus();
