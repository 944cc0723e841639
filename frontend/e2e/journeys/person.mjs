// What the person helped does, in their own space.
import { code } from "./outbox.mjs";
import { plain, wordsOf } from "./words.mjs";

async function says(v, ...wanted) {
  const words = await v.words();
  for (const w of wanted) {
    if (!words.includes(plain(w))) throw new Error(`${new URL(v.page.url()).pathname} does not say "${w}": ${words.slice(0, 600)}`);
  }
}

// open types the card's code, as people do: lower case, other spaces (PO-01).
export async function open({ about, person: v, found }) {
  await v.go("/");
  await v.press('main a[href="/card"]');
  await v.see("card");
  await v.type("[name=code]", found.code);
  await v.type("[name=birth_year]", String(about.birth.year - 1));
  await v.press('main form[action="/card"] button[type=submit]');
  await v.see("card, wrong year", { error: true });
  await v.type("[name=code]", found.code.toLowerCase().replaceAll("-", " "));
  await v.type("[name=birth_year]", String(about.birth.year));
  await v.press('main form[action="/card"] button[type=submit]');
  await v.see("my mandates", { status: 200 });
  await says(v, about.organisation, about.mediator);
}

// read asks for a code by SMS and reads the history (PO-02).
export async function read({ world, about, person: v, found }) {
  await v.press('main a[href="/mine/code"]');
  await v.see("my code");
  const since = await world.outbox.marks();
  await v.press('main form[action="/mine/code/send"] button[type=submit]');
  await v.see("my code, sent");
  await v.type("main [name=code]", "000 000");
  await v.press('main form[action="/mine/code"] button[type=submit]');
  await v.see("my code, wrong", { error: true, status: 422 });
  await v.type("main [name=code]", code(await world.outbox.next(about.phone, /\d{3}.?\d{3}/, since)));
  await v.press('main form[action="/mine/code"] button[type=submit]');
  await v.see("my history", { status: 200 });
  await says(v, about.mediator, found.receipt);
}

// stop revokes the whole mandate: two presses from one's mandates (PO-01).
export async function stop({ world, about, person: v }, note) {
  await v.press('a[href="/mine"]');
  await v.see("my mandates, with the phone");
  const since = await world.outbox.marks();
  v.acts = 0;
  const whole = (await v.page.locator('main a[href^="/mine/stop/"]').evaluateAll((all) => all.map((a) => a.getAttribute("href")))).find((h) => h.split("/").length === 4);
  await v.press(`main a[href="${whole}"]`);
  await v.see("stop a mandate");
  await v.press('main form[action^="/mine/stop/"] button[type=submit]');
  note(`${v.acts} presses to stop a mandate`);
  await v.see("mandate stopped", { status: 200 });
  await says(v, wordsOf(about.lang)("portal.stopped.next"));
  await world.outbox.next(about.phone, /./, since);
}

// looks: the person reads that somebody looked, and why (PO-02).
export async function looks({ about, person: v, found }) {
  await v.go("/mine/history");
  await v.see("my history, with a look", { status: 200 });
  await says(v, found.purpose, found.supervisor);
  await v.go("/mine");
  await v.see("my mandates, none left", { status: 200 });
  await says(v, wordsOf(about.lang)("portal.mine.none"));
}
