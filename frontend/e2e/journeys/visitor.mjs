// A visitor is one person at one browser window: a mediator, the person helped,
// a supervisor. Hands do what they ask; eyes look at every page they meet.
import { isOurs, locales } from "./browser.mjs";
import { Keyboard } from "./keyboard.mjs";
import { Mouse } from "./mouse.mjs";
import { plain } from "./words.mjs";

const patience = 40_000; // a machine that builds and tests beside is slow

export class Visitor {
  // open begins a visit. js: scripts run; keys: no mouse is touched.
  static async open(browser, { lang, js = true, keys = false, base, eyes, ...more }) {
    const context = await browser.newContext({ locale: locales[lang], javaScriptEnabled: js, viewport: { width: 1366, height: 768 }, baseURL: base, ...more });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    const v = new Visitor({ context, page, lang, js, keys, eyes });
    v.watch();
    return v;
  }

  constructor(fields) {
    Object.assign(this, fields);
    this.hands = this.keys ? new Keyboard(this.page) : new Mouse(this.page);
    this.faults = [];
    this.acts = 0; // presses, fields typed, signatures drawn: UI-05 counts them
    this.typed = 0; // characters
  }

  // watch collects what nobody should meet: requests to third parties, refused
  // sub-resources, scripts that fail, policies violated, failures of ours.
  watch() {
    this.context.on("request", (r) => {
      if (!isOurs(r.url())) this.faults.push(`asked ${new URL(r.url()).host} from ${this.page.url()}`);
    });
    this.context.on("response", (r) => {
      const page = r.request().isNavigationRequest();
      if (r.status() >= 500 || (!page && r.status() >= 400)) this.faults.push(`${r.status()} for ${r.url()}`);
      if (page && r.frame() === this.page.mainFrame()) this.status = r.status();
    });
    this.page.on("pageerror", (e) => this.faults.push(`script failed on ${this.page.url()}: ${e.message}`));
    this.page.on("console", (m) => {
      if (m.type() === "error" && !m.text().startsWith("Failed to load resource")) this.faults.push(`console on ${this.page.url()}: ${m.text()}`);
    });
  }

  async go(path) {
    await this.page.goto(path, { waitUntil: "load" });
  }

  at(selector) {
    return this.page.locator(selector).first();
  }

  // press acts on a link or a button that leads to another page.
  async press(selector) {
    this.acts++;
    const before = this.page.url();
    try {
      await this.hands.reach(this.at(selector));
      await Promise.all([this.page.waitForNavigation({ waitUntil: "load", timeout: patience }), this.hands.press(this.at(selector))]);
    } catch (e) {
      throw new Error(`press ${selector} on ${before}: ${e.message}`);
    }
  }

  async type(selector, text) {
    this.acts++;
    this.typed += text.length;
    await this.hands.type(this.at(selector), text);
  }

  async choose(selector) {
    this.acts++;
    await this.hands.choose(this.at(selector));
  }

  async select(selector, value) {
    this.acts++;
    await this.hands.select(this.at(selector), value);
  }

  async attach(selector, file) {
    this.acts++;
    await this.hands.attach(this.at(selector), file);
  }

  async draw(selector) {
    this.acts++;
    await this.hands.draw(this.at(selector));
  }

  // value of the first field that fits, as it is on the page now.
  value(selector) {
    return this.at(selector).inputValue();
  }

  checked(selector) {
    return this.at(selector).isChecked();
  }

  // words of the main part.
  async words(selector = "main") {
    return plain(await this.at(selector).innerText());
  }

  // see looks at the page reached: everything every page owes everybody. state
  // names it, for the report and so that the same look is not taken twice.
  async see(state, expected = {}) {
    await this.eyes.look(this, state, expected);
    this.blameless(state);
  }

  blameless(state) {
    if (this.faults.length) throw new Error(`${state}: ${this.faults.splice(0).join("; ")}`);
  }

  async close() {
    await this.context.close();
  }
}
