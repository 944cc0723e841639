// Everything on every page works without this file; it only makes it quicker.
// Nothing typed by or about a person is ever stored on the device.
import { filterLists } from "./filter";
import { guardForms } from "./once";
import { liveRegions } from "./live";
import { readAloud } from "./aloud";
import { signatures } from "./signature";

document.documentElement.dataset.script = "on";

// The error summary is where to look after a failed send.
document.querySelector<HTMLElement>("[data-error-summary]")?.focus();

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

guardForms(document);
filterLists(document);
liveRegions(document);
readAloud(document);
signatures(document);
