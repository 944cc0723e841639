// Small things that the stories do not meet: the weight of a first view, what a
// visitor may choose on any page, pages that are not there, sign-ins that fail.
import { weigh } from "./eyes.mjs";
import { Visitor } from "./visitor.mjs";
import { wordsOf } from "./words.mjs";

const heaviest = 100_000; // bytes on the wire, compressed (UI-02)

export function smallThings(world) {
  const visit = async (more, walk) => {
    const v = await Visitor.open(world.browser, { lang: "en", base: world.base, eyes: world.eyes, ...more });
    try {
      await walk(v);
      v.blameless("small things");
    } finally {
      await v.close();
    }
  };
  return [
    { name: "any page", legs: [
      ["a first view weighs less than 100 kB", (note) => weights(world, note)],
      ["language, colours and size of type are chosen and kept", () => visit({}, preferences)],
      ["a page that is not there says so", () => visit({}, missing)],
      ["what needs a sign-in leads to it and back", () => visit({}, (v) => door(v, world))],
      ["a sign-in given up tells so", () => visit({}, (v) => givenUp(v, world))],
      ["printed, nothing but the page is left", () => visit({}, printed)],
    ] },
  ];
}

async function weights(world, note) {
  for (const path of ["/", "/card", "/sign-in"]) {
    const bytes = await weigh(world.browser, world.base + path);
    note(`${path}: ${(bytes / 1000).toFixed(1)} kB`);
    if (bytes >= heaviest) throw new Error(`${path} weighs ${bytes} bytes`);
    if (bytes < 10_000) throw new Error(`${path} weighs ${bytes} bytes: it was not weighed`);
  }
}

async function preferences(v) {
  await v.go("/card");
  for (const lang of ["es", "fr", "en"]) {
    await v.press(`header a[hreflang=${lang}]`);
    v.lang = lang;
    await v.see("card");
  }
  await v.press('header a[href*="type=large"]');
  const size = () => v.page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
  const large = await size();
  await v.see("card, large type");
  await v.press('header a[href*="theme=dark"]');
  const dark = await v.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await v.see("card, dark by choice");
  await v.press('header a[href*="type=normal"]');
  if (!(large > (await size()))) throw new Error(`large type is ${large} px, normal is ${await size()} px`);
  await v.press('header a[href*="theme=light"]');
  if (dark === (await v.page.evaluate(() => getComputedStyle(document.body).backgroundColor))) throw new Error("dark is as light");
  if (new URL(v.page.url()).pathname !== "/card") throw new Error(`a choice led to ${v.page.url()}`);
}

async function missing(v) {
  await v.go("/nowhere");
  await v.see("page not found", { error: true, status: 404 });
}

async function door(v, world) {
  await v.go("/people/new");
  await v.see("sign-in, for a page", { });
  await v.press('main form[action^="/sign-in/"] button[type=submit]');
  await v.press('button[name=subject][value="lucas.petit"]');
  if (v.page.url().startsWith(world.idp)) await v.press("button[name=confirm]");
  if (new URL(v.page.url()).pathname !== "/people/new") throw new Error(`led to ${v.page.url()}`);
}

async function givenUp(v, world) {
  await v.go("/sign-in");
  await v.press('main form[action^="/sign-in/"] button[type=submit]');
  await v.press("button[name=cancel]");
  await v.see("sign-in given up", { error: true, status: 401 });
  if (!v.page.url().startsWith(world.base)) throw new Error(`left at ${v.page.url()}`);
  if (!(await v.words()).includes(wordsOf("en")("signin.failed.text"))) throw new Error("no word of what to do");
}

// printed: what is only for the screen does not reach paper.
async function printed(v) {
  await v.go("/terms");
  await v.page.emulateMedia({ media: "print" });
  for (const part of [".r-prefs", ".r-skip", ".r-nav"]) {
    const shown = await v.page.locator(part).evaluateAll((all) => all.filter((e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden").length);
    if (shown) throw new Error(`${part} is printed`);
  }
  await v.page.emulateMedia({ media: null });
}
