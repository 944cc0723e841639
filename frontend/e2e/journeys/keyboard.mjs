// Hands on a keyboard only: Tab, arrows, space, Enter and letters. On the way
// to what is wanted, every stop must show where one is, with a line of 3 px at
// least, inside the window, and the way must have an end (WCAG 2.4.3, 2.4.7,
// 2.4.11, 2.1.2).
const furthest = 160;

// here describes what has the focus; it runs in the page.
function here([wanted]) {
  const e = document.activeElement;
  if (!e || e === document.body) return { nowhere: true };
  const style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  const label = e.id ? document.querySelector(`label[for="${CSS.escape(e.id)}"]`) : null;
  const ring = (x) => (x && getComputedStyle(x).outlineStyle !== "none" ? parseFloat(getComputedStyle(x).outlineWidth) : 0);
  const shadow = style.boxShadow !== "none";
  const middle = { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  const top = document.elementFromPoint(middle.x, middle.y);
  return {
    name: `${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}${e.getAttribute("name") ? `[name=${e.getAttribute("name")}]` : ""} "${(e.textContent || "").trim().slice(0, 40)}"`,
    is: e === wanted,
    group: e.type === "radio" && wanted.type === "radio" && e.name === wanted.name && e.form === wanted.form,
    ring: Math.max(ring(e), ring(label), ring(e.closest(".r-option, .r-card")), shadow ? 3 : 0),
    inside: box.width === 0 || (box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth),
    covered: Boolean(top && box.width && !e.contains(top) && !top.contains(e) && !top.closest("label")),
  };
}

export class Keyboard {
  constructor(page) {
    this.page = page;
  }

  // reach tabs to something; the skip link goes past the head of the page.
  async reach(what) {
    await what.waitFor({ state: "attached" });
    const wanted = await what.elementHandle();
    const seen = [];
    for (let i = 0; i < furthest; i++) {
      const at = await this.page.evaluate(here, [wanted]);
      if (at.is || at.group) return at;
      if (!at.nowhere) {
        this.mustShow(at);
        seen.push(at.name);
      }
      const skip = i < 3 && !at.nowhere && at.name.includes('"') && (await this.onSkipLink()) && (await what.evaluate((e) => Boolean(e.closest("main"))));
      await this.page.keyboard.press(skip ? "Enter" : "Tab");
    }
    throw new Error(`cannot be reached with Tab: ${what}; passed ${seen.slice(-12).join(", ")}`);
  }

  onSkipLink() {
    return this.page.evaluate(() => document.activeElement?.matches('a[href="#main"]') ?? false);
  }

  mustShow(at) {
    if (at.name.startsWith("main")) return; // reached by the skip link; not a stop
    if (at.ring < 3) throw new Error(`focus cannot be seen on ${at.name}: a line of ${at.ring} px`);
    if (!at.inside) throw new Error(`focus is outside the window on ${at.name}`);
    if (at.covered) throw new Error(`something lies over ${at.name}`);
  }

  async press(what) {
    await this.reach(what);
    await this.page.keyboard.press("Enter");
  }

  async type(field, text) {
    await this.reach(field);
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.insertText(text);
  }

  async choose(box) {
    const at = await this.reach(box);
    for (let i = 0; i < 40 && !at.is; i++) {
      if (await box.evaluate((e) => e === document.activeElement)) break;
      await this.page.keyboard.press("ArrowDown");
    }
    if (!(await box.isChecked())) await this.page.keyboard.press("Space");
    if (!(await box.isChecked())) throw new Error(`cannot be chosen with the keyboard: ${box}`);
  }

  async select(list, value) {
    await this.reach(list);
    const label = await list.locator(`option[value="${value}"]`).innerText();
    await this.page.keyboard.type(label.slice(0, 4));
    for (let i = 0; i < 30 && (await list.inputValue()) !== value; i++) await this.page.keyboard.press("ArrowDown");
    if ((await list.inputValue()) !== value) throw new Error(`cannot be chosen with the keyboard: ${value} in ${list}`);
  }

  async attach(field, file) {
    await this.reach(field);
    const [chooser] = await Promise.all([this.page.waitForEvent("filechooser"), this.page.keyboard.press("Space")]);
    await chooser.setFiles(file);
  }

  draw() {
    throw new Error("a signature cannot be drawn with the keyboard: take another way of signing");
  }
}
