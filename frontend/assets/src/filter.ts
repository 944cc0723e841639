// A box over a long list of choices that hides those not matching. Accents and
// case are ignored. Chosen ones always stay in sight.
const plain = (s: string): string => s.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// A title whose choices are all hidden says nothing.
function hideEmptyTitles(list: HTMLElement): void {
  let title: HTMLElement | null = null;
  for (const child of Array.from(list.children)) {
    if (!(child instanceof HTMLElement)) continue;
    if (child.matches(".r-options-title")) {
      title = child;
      title.hidden = true;
    } else if (title && !child.hidden) {
      title.hidden = false;
    }
  }
}

export function filterLists(root: ParentNode): void {
  for (const [n, list] of Array.from(root.querySelectorAll<HTMLElement>("[data-filter]")).entries()) {
    const id = `filter-${n}`;
    const wrap = document.createElement("div");
    wrap.className = "ds-field r-field r-filter";
    const label = document.createElement("label");
    label.className = "ds-label";
    label.htmlFor = id;
    label.textContent = list.dataset.filterLabel ?? "";
    const input = document.createElement("input");
    input.className = "ds-input r-input";
    input.type = "search";
    input.id = id;
    input.autocomplete = "off";
    const none = document.createElement("p");
    none.className = "r-hint";
    none.setAttribute("role", "status");
    wrap.append(label, input, none);
    list.before(wrap);

    const options = Array.from(list.querySelectorAll<HTMLElement>(".r-option"), (option) => ({
      option,
      words: plain(option.textContent ?? ""),
      box: option.querySelector<HTMLInputElement>("input"),
    }));
    input.addEventListener("input", () => {
      const wanted = plain(input.value).split(/\s+/);
      let seen = 0;
      for (const { option, words, box } of options) {
        const match = wanted.every((w) => words.includes(w));
        option.hidden = !match && !box?.checked;
        if (match) seen++;
      }
      hideEmptyTitles(list);
      none.textContent = seen === 0 ? (list.dataset.filterNone ?? "") : "";
    });
    // Enter in the box must not send the form half chosen.
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
  }
}
