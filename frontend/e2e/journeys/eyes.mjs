// Eyes look at every page that a visitor meets: what every page owes everybody,
// and axe for WCAG 2.2 AA. Axe looks at each state with scripts and without, and once
// also in the dark and at 320 px, which is 1280 px at 400 %, some in forced
// colours (UI-01); the rest is looked at each time, in each language.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { plain, prefixes, wordsOf } from "./words.mjs";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const colours = ["color-contrast", "link-in-text-block"];
// Forced colours are the system's own; these pages hold every component there is.
const forced = new Set(["mediator home", "new person, nothing typed", "mandate, sign", "case, step 3", "my mandates", "supervision, results"]);
const wide = { width: 1366, height: 768 };
const narrow = { width: 320, height: 640 };

// facts says what any page must have. It runs in the page.
function facts(known) {
  const visible = (e) => e.getClientRects().length > 0;
  const first = document.querySelector("a[href], button, input, select, textarea, [tabindex='0'], summary");
  const text = document.body.innerText;
  const keys = [...text.matchAll(/(^|[\s(«"“:])([a-z_]+)(\.[a-z0-9_-]+)+(?=$|[\s),:;»"”?!])/gm)].filter((m) => known.includes(m[2])).map((m) => m[0].trim());
  return {
    title: document.title,
    lang: document.documentElement.lang,
    dir: document.documentElement.dir,
    headings: [...document.querySelectorAll("h1")].filter(visible).length,
    heading: document.querySelector("h1")?.innerText ?? "",
    skip: Boolean(first?.matches('a[href="#main"]')),
    main: document.querySelectorAll("main#main").length,
    keys,
    raw: text.match(/\{\{|<no value>|%!|\bundefined\b|\[object /)?.[0] ?? "",
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    names: [...document.querySelectorAll("main *")].filter((e) => e.id).map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i),
  };
}

// widest names what sticks out on the right. It runs in the page.
function widest() {
  const width = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > width + 1 && !e.closest(".ds-sr-only"));
  return out.filter((e) => !out.some((x) => x !== e && e.contains(x))).slice(0, 3).map((e) => `${e.tagName.toLowerCase()}.${e.className} in ${e.parentElement.className} "${e.textContent.trim().slice(0, 40)}"`).join(", ");
}

export class Eyes {
  constructor({ shots }) {
    this.looked = new Set(); // state, scripts: axe in light
    this.deeply = new Set(); // state: dark, forced colours, narrow
    this.shots = shots;
    this.count = 0;
    if (shots) mkdirSync(shots, { recursive: true });
  }

  async look(visitor, state, { error = false, status, title, foreign = false, deep = state } = {}) {
    const { page, lang } = visitor;
    const seen = await page.evaluate(facts, prefixes);
    seen.title = plain(seen.title);
    const wrong = [];
    const must = (good, what) => good || wrong.push(what);
    must(seen.title.trim() !== "", "no title");
    must(foreign || seen.lang === lang, `in ${seen.lang}, not ${lang}`);
    must(seen.headings === 1, `${seen.headings} headings of level 1`);
    must(seen.skip, "the first stop is no skip link");
    must(seen.main === 1, "no main part with the id of the skip link");
    must(seen.keys.length === 0, `words missing: ${seen.keys.slice(0, 5)}`);
    must(seen.raw === "", `a raw ${seen.raw}`);
    must(seen.names.length === 0, `an id twice: ${seen.names.slice(0, 3)}`);
    must(foreign || seen.title.includes(wordsOf(lang)("shell.service")), `the title is not the service's: ${seen.title}`);
    if (title) must(seen.title.includes(title), `the title is ${seen.title}, without ${title}`);
    if (status) must(visitor.status === status, `status ${visitor.status}, not ${status}`);
    const opening = wordsOf(lang)("shell.error_title").split("{{")[0];
    must(foreign || seen.title.startsWith(opening) === error, error ? `the title does not begin with "${opening}": ${seen.title}` : `the title tells of an error: ${seen.title} · ${(await visitor.words()).slice(0, 300)}`);
    if (error && visitor.js && (await page.locator("[data-error-summary]").count())) {
      must(await page.evaluate(() => document.activeElement?.matches("[data-error-summary]")), "the summary of errors has not got the focus");
    }
    must(seen.wider <= 0, `wider than the window by ${seen.wider} px`);
    await this.audit(visitor, state, wrong, deep);
    if (wrong.length) {
      await this.shoot(page, `wrong-${state}-${lang}`, true);
      throw new Error(`${state} (${new URL(page.url()).pathname}): ${wrong.join("; ")}`);
    }
  }

  // audit runs axe, as far as this state still needs it.
  async audit(visitor, state, wrong, deep) {
    const { page, lang, js } = visitor;
    const key = `${state}|${js}`;
    if (this.looked.has(key)) return;
    this.looked.add(key);
    await this.scripts(visitor, async () => {
      await page.evaluate(axeSource);
      wrong.push(...(await this.axe(page, "light")));
      await this.shoot(page, `${state}-${lang}`);
      if (!js || this.deeply.has(deep)) return;
      this.deeply.add(deep);
      await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
      wrong.push(...(await this.axe(page, "dark", colours)));
      await this.shoot(page, `${state}-${lang}-dark`);
      if (forced.has(state)) {
        await page.emulateMedia({ colorScheme: "light", forcedColors: "active", reducedMotion: "reduce" });
        wrong.push(...(await this.axe(page, "forced colours", colours)));
        await this.shoot(page, `${state}-${lang}-forced`);
      }
      await page.emulateMedia({ colorScheme: null, forcedColors: null, reducedMotion: null });
      await page.setViewportSize(narrow);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wider > 0) wrong.push(`at 320 px: ${wider} px wider than the window: ${await page.evaluate(widest)}`);
      wrong.push(...(await this.axe(page, "320 px")));
      await this.shoot(page, `${state}-${lang}-320`);
      await page.setViewportSize(wide);
    });
  }

  // scripts runs axe in a page without scripts: they are let in for axe only;
  // those of the page stay out.
  async scripts(visitor, run) {
    if (visitor.js) return run();
    const session = await visitor.context.newCDPSession(visitor.page);
    const allow = (yes) => session.send("Emulation.setScriptExecutionDisabled", { value: !yes });
    await allow(false);
    await allow(true);
    try {
      return await run();
    } finally {
      await allow(false);
    }
  }

  async axe(page, where, rules) {
    this.count++;
    const options = rules ? { runOnly: { type: "rule", values: rules } } : { runOnly: { type: "tag", values: tags } };
    const found = await page.evaluate((o) => window.axe.run(document, { ...o, resultTypes: ["violations"] }).then((r) => r.violations.map((v) => ({
      id: v.id,
      nodes: v.nodes.slice(0, 3).map((n) => `${n.target.join(" ")} (${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? n.failureSummary})`),
    }))), options);
    return found.map((v) => `axe, ${where}: ${v.id}: ${v.nodes.join(" | ")}`);
  }

  async shoot(page, name, always = false) {
    if (!this.shots || !(always || process.env.RELAIS_E2E_ALL_SHOTS)) return;
    await page.screenshot({ path: `${this.shots}/${name.replace(/[^a-z0-9-]+/gi, "_")}.png`, fullPage: true }).catch(() => {});
  }
}

// weigh counts the bytes on the wire of a first visit, nothing cached (UI-02).
export async function weigh(browser, address) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    let bytes = 0;
    await session.send("Network.enable");
    session.on("Network.loadingFinished", (e) => { bytes += e.encodedDataLength; });
    await page.goto(address, { waitUntil: "networkidle" });
    return bytes;
  } finally {
    await context.close();
  }
}
