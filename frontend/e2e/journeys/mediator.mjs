// What a mediator does.
import { code } from "./outbox.mjs";
import { plain, wordsOf } from "./words.mjs";

const submit = (action) => `main form[action="${action}"] button[type=submit]`;
const mostActs = 12; // UI-05
const mostSeconds = 90;

// signIn goes through the demonstration's provider, as anybody of staff.
export async function signIn({ world, about, mediator: v }) {
  await v.go("/");
  await v.see("public home");
  await v.press('main a[href="/sign-in"]');
  await v.see("sign-in");
  await enter(v, world, about.subject);
  if (await v.page.locator('main a[href="/organisation/switch"]').count()) {
    await v.see("home without an organisation");
    await v.press('main a[href="/organisation/switch"]');
    await v.see("choose an organisation");
    await v.press(`main button:has-text("${about.organisation}")`);
  }
  if (!new URL(v.page.url()).pathname.startsWith("/home")) await v.go("/home");
  await v.see("mediator home", { status: 200 });
}

// enter presses one's own name at the provider.
export async function enter(v, world, subject) {
  await v.press('main form[action^="/sign-in/"] button[type=submit]');
  if (!v.page.url().startsWith(world.idp)) throw new Error(`the provider was not reached: ${v.page.url()}`);
  await v.see("provider", { foreign: true });
  await v.press(`button[name=subject][value="${subject}"]`);
  await confirm(v, world);
}

// confirm gives the second factor where it is asked for.
async function confirm(v, world) {
  if (v.page.url().startsWith(world.idp)) {
    await v.see("provider, second factor", { foreign: true });
    await v.press("button[name=confirm]");
  }
}

// record adds somebody who comes for the first time (BE-01).
export async function record({ about, mediator: v, found }) {
  await v.press('main a[href="/people?then=mandate"]');
  await v.see("people, to begin a mandate");
  await v.type("main [name=q]", `${about.given} ${about.family}`);
  await v.press('main form[role=search] button[type=submit]');
  await v.see("people, nobody found");
  await v.press('main a[href^="/people/new"]');
  await v.see("new person");
  await v.press(submit("/people/new"));
  await v.see("new person, nothing typed", { error: true, status: 422 });
  v.acts = v.typed = 0;
  await v.type("[name=given_names]", about.given);
  await v.type("[name=family_name]", about.family);
  for (const box of ["day", "month", "year"]) await v.type(`[name=birth_date-${box}]`, String(about.birth[box]));
  await v.choose("[name=identity_check]");
  await v.choose("[name=protection][value=none]");
  await v.type("[name=phone]", about.phone);
  await v.choose("[name=channel][value=sms]");
  await v.select("[name=language]", about.lang);
  await v.press(submit("/people/new"));
  found.acts = v.acts;
  found.typed = v.typed;
}

// mandate is made in five steps, the first of which is who (MA-01, UI-05).
export async function mandate(all, note) {
  const { about, mediator: v, found, world } = all;
  const began = Date.now();
  v.acts = v.typed = 0;
  await scope(v);
  await sign(all);
  found.code = await cardCode(v);
  found.mandate = v.page.url().match(/\/mandates\/([0-9a-f-]+)/)[1];
  const seconds = (Date.now() - began) / 1000;
  const hand = v.acts * 2.65 + v.typed * 0.28; // keystroke-level model: think, reach, press; an average typist
  const whole = hand + found.acts * 2.65 + found.typed * 0.28;
  note(`the mandate took ${v.acts} acts; by the keystroke-level model ${hand.toFixed(0)} s, ${whole.toFixed(0)} s with the ${found.acts} acts of a new person's page; here ${seconds.toFixed(1)} s with axe on every page`);
  if (v.acts > mostActs) throw new Error(`the mandate took ${v.acts} acts, more than ${mostActs}`);
  if (about.sign === "drawn" && whole > mostSeconds) throw new Error(`the mandate takes a practised hand ${whole.toFixed(0)} s, more than ${mostSeconds}`);
  await world.outbox.next(about.phone, /./, new Set()); // MA-01: the person is told
}

// scope is what for, how long, and the text read together.
export async function scope(v, more = true) {
  if (more) await v.see("mandate, what for");
  await v.choose("[name=grants][value=housing]");
  await v.press('main form[action$="/what"] button[type=submit]');
  if (more) await v.see("mandate, how long");
  await v.choose('[name=duration][value="31"]');
  await v.choose("[name=protection][value=none]");
  await v.choose("[name=conflict]");
  await v.press('main form[action$="/how-long"] button[type=submit]');
  if (more) await v.see("mandate, read together");
  await v.press('main a[href$="/sign"]');
}

// sign signs in one of the ways; a fresh sign-in may be asked for first.
async function sign({ world, about, mediator: v }, more = true) {
  await afresh(v, world, about);
  if (more) await v.see("mandate, sign");
  const since = await world.outbox.marks();
  switch (about.sign) {
    case "drawn":
      await v.draw("[data-signature] canvas");
      await v.press("button[name=do][value=drawn]");
      break;
    case "scan":
      await v.choose("[name=method][value=scan]");
      await v.press("button[name=do][value=scan]");
      await v.see("mandate, sign, no scan", { error: true, status: 422 });
      await v.choose("[name=method][value=scan]");
      await v.attach("[name=scan]", { name: "page.png", mimeType: "image/png", buffer: await v.page.screenshot() });
      await v.press("button[name=do][value=scan]");
      break;
    case "phone_code":
      await v.choose("[name=method][value=phone_code]");
      await v.press("button[name=do][value=phone_code]");
      await v.see("mandate, the person's code");
      await v.type("main [name=code]", code(await world.outbox.next(about.phone, /\d{3}.?\d{3}/, since)));
      await v.press('main form:has([name=code]) button[type=submit]');
      break;
  }
  if (more) await v.see("mandate, signed", { status: 200 });
}

// afresh signs in once more when the page asks for it (AU-08).
export async function afresh(v, world, about) {
  if (!v.page.url().startsWith(world.idp)) return;
  const acts = v.acts;
  await v.see("provider, fresh sign-in", { foreign: true });
  const own = `button[name=subject][value="${about.subject}"]`;
  if (await v.page.locator(own).count()) await v.press(own);
  await confirm(v, world);
  v.acts = acts; // a provider's own pages are not ours to count
}

// cardCode reads the code as the page shows it, this once.
export async function cardCode(v) {
  const groups = await v.page.locator(".r-code-value .r-code-group").allInnerTexts();
  if (groups.join("").replace(/\W/g, "").length < 8) throw new Error(`no code of a card on the page: ${groups}`);
  return groups.join("-");
}

// work opens a housing-benefit case and logs what is done (ST-01).
export async function work({ about, mediator: v, found }, note) {
  await v.press('main a[href^="/cases/new"]');
  await v.see("new case");
  await v.choose(`[name=procedure][value="${about.procedure}"]`);
  await v.press(submit("/cases/new"));
  found.case = v.page.url();
  await v.see("case, opened", { status: 200 });
  found.receipt = `AR-${about.phone.replace(/\D/g, "").slice(-4)}-77`;
  const steps = [
    { action: "prepare", outcome: "prepared" },
    { action: "submit", outcome: "submitted", receipt: found.receipt },
    { action: "view", outcome: "answer_received" },
  ];
  for (const [i, step] of steps.entries()) {
    v.acts = 0;
    await tick(v, "action", step.action);
    await tick(v, "outcome", step.outcome);
    if (step.receipt) await v.type("[name=receipt_number]", step.receipt);
    await v.press('main form[action$="/steps"] button[type=submit]');
    const presses = v.acts - (step.receipt ? 1 : 0);
    note(`${step.action}: ${presses} presses`);
    if (presses > 3) throw new Error(`${step.action} took ${presses} presses`);
    await v.see(`case, step ${i + 1}`, { status: 200 });
  }
  const words = await v.words("#done");
  if (!words.includes(found.receipt)) throw new Error(`the receipt number is not on the case: ${words.slice(0, 400)}`);
}

// tick chooses what is not chosen already.
async function tick(v, name, value) {
  const box = `main form[action$="/steps"] [name=${name}][value="${value}"]`;
  if (!(await v.checked(box))) await v.choose(box);
}

// prepare fills the next step in, and stays on the page.
export async function prepare({ about, mediator: v, found }) {
  await v.go(found.case);
  found.typed = { note: `Zut ! “${about.family}” — ${"pièce à joindre; ".repeat(3)}`.trim(), receipt: "AR-0000-88" };
  await tick(v, "action", "correspond");
  await tick(v, "outcome", "waiting");
  await v.type("[name=receipt_number]", found.typed.receipt);
  await v.type("[name=note]", found.typed.note);
  await v.choose("[name=present]");
}

// refused presses the button of the page that was open all the while (ST-03).
export async function refused({ about, mediator: v, found }) {
  await v.press('main form[action$="/steps"] button[type=submit]');
  await v.see("case, step refused", { error: true, status: 403 });
  const form = 'main form[action$="/steps"] ';
  const kept = {
    note: await v.value(form + "[name=note]"), receipt: await v.value(form + "[name=receipt_number]"),
    present: await v.checked(form + "[name=present]"), action: await v.checked(form + '[name=action][value="correspond"]'), outcome: await v.checked(form + '[name=outcome][value="waiting"]'),
  };
  for (const [name, want] of Object.entries({ ...found.typed, present: true, action: true, outcome: true })) {
    if (kept[name] !== want) throw new Error(`lost: ${name} is ${JSON.stringify(kept[name])}, was ${JSON.stringify(want)}`);
  }
  const t = wordsOf(about.lang);
  const words = await v.words();
  for (const key of ["reason.mandate_revoked", "case.refused.kept"]) {
    if (!words.includes(plain(t(key)))) throw new Error(`the page does not say "${t(key)}": ${words.slice(0, 500)}`);
  }
}

// again: from the first page to a signed mandate, for somebody known (UI-05).
export { knownAgain as again };
async function knownAgain(all, note) {
  const { about, mediator: v } = all;
  await v.go("/home");
  v.acts = v.typed = 0;
  const began = Date.now();
  await v.press('main a[href="/people?then=mandate"]');
  await v.type("main [name=q]", about.family);
  await v.press('main form[role=search] button[type=submit]');
  await v.press('main form[action$="/mandates"] button[type=submit]');
  await scope(v, false);
  await sign(all, false);
  await cardCode(v);
  note(`${v.acts} acts from the first page, ${((Date.now() - began) / 1000).toFixed(1)} s`);
  if (v.acts > mostActs + 1) throw new Error(`${v.acts} acts`);
}
