// A mediator acts for somebody at a real service: the demonstration's benefits
// office, on another address, which knows Relais by its protocols only.
import { readFileSync } from "node:fs";
import { Company } from "./company.mjs";
import * as mediator from "./mediator.mjs";
import * as person from "./person.mjs";
import { plain } from "./words.mjs";

// The service's own words: it is another party, with files of its own.
const spoken = (lang) => JSON.parse(readFileSync(new URL(`../../../cmd/demo/benefits/locales/${lang}.json`, import.meta.url), "utf8"));

const tellings = [
  { name: "at a service, fr", lang: "fr", sign: "drawn", phone: "06 00 00 09 11", family: "Diallo" },
  { name: "at a service, es without scripts", lang: "es", js: false, sign: "phone_code", phone: "06 00 00 09 12", family: "N’Diaye Ñuñez" },
];

export const services = (world) => tellings.map((t, i) => service(world, { given: "Zéphyrine", birth: { day: 7 + i, month: 5, year: 1948 + i },
  subject: "sofia.benali", mediator: "Sofia Benali", procedure: "housing.apl", organisation: "Centre social Les Tilleuls", ...t }));

function service(world, about) {
  const company = new Company(world, about);
  const leg = (who, walk) => company.leg(who, walk);
  return {
    name: about.name,
    legs: [
      ["the mediator signs in", leg("mediator", mediator.signIn)],
      ["records somebody new", leg("mediator", mediator.record)],
      ["and their mandate", leg("mediator", mediator.mandate)],
      ["comes from the service, signs in, chooses, and is back for that person", leg("mediator", arrive)],
      ["fills the application", leg("mediator", fill)],
      ["asks for the bank account, which the mandate does not lend", leg("mediator", account)],
      ["sends it, after the service asked once more", leg("mediator", send)],
      ["the steps are in the case, reported by the service", leg("mediator", steps)],
      ["a second application is filled", leg("mediator", second)],
      ["the person opens their space with the card", leg("person", person.open)],
      ["and stops the mandate", leg("person", person.stop)],
      ["the send is refused, and nothing typed is lost", leg("mediator", refused)],
      ["the service's own log tells it", leg("mediator", journal)],
    ],
    end: () => company.leave(),
  };
}

const door = "main a[href='/act']";
const next = "main form button.main";

async function says(v, ...wanted) {
  const words = await v.words("body");
  for (const w of wanted) {
    if (!words.includes(plain(w))) throw new Error(`${v.page.url()} does not say "${w}": ${words.slice(0, 800)}`);
  }
}

// at looks at a page of the service: both names are on every page of an
// application.
async function at({ about, mediator: v, world }, state, status = 200) {
  if (!v.page.url().startsWith(world.benefits)) throw new Error(`${state}: at ${v.page.url()}: ${(await v.words()).slice(0, 400)}`);
  if (v.status !== status) throw new Error(`${state}: status ${v.status}, not ${status}: ${(await v.words()).slice(0, 400)}`);
  await v.see(`benefits, ${state}`, { foreign: true });
  const lang = await v.page.evaluate(() => document.documentElement.lang);
  if (lang !== about.lang) throw new Error(`${state}: in ${lang}`);
  if (v.page.url().includes("/applications/")) await says(v, about.family, about.mediator, about.organisation);
}

// arrive comes from the service in a browser without a session (OP-01).
async function arrive(all) {
  const { world, about, mediator: v } = all;
  await v.context.clearCookies();
  await v.go(world.benefits);
  await at(all, "home");
  await v.press(door);
  if (!v.page.url().startsWith(world.base)) throw new Error(`not at Relais: ${v.page.url()}`);
  await v.see("sign-in, from a service");
  await mediator.enter(v, world, about.subject);
  await choose(all);
  await at(all, "household");
  await says(v, spoken(about.lang)["acting.for"].replace("{person}", `${about.given} ${about.family}`));
}

// choose is Relais's three pages: who, what, and what the service will receive.
async function choose({ about, mediator: v }) {
  await find({ about, mediator: v });
  await v.see("act, what for", { status: 200 });
  await v.press('main form[action$="/what"] button[type=submit]');
  await v.see("act, what the service receives", { status: 200 });
  await v.press('main form[action$="/confirm"] button[type=submit]');
}

async function find({ about, mediator: v }) {
  await v.see("act, for whom", { status: 200 });
  await v.type("main [name=q]", about.family);
  await v.press('main form[role=search] button[type=submit]');
  await v.see("act, found", { status: 200 });
  await v.press('main form[action$="/person"]:has([name=beneficiary]) button[type=submit]');
}

async function fill(all) {
  const { mediator: v } = all;
  await v.press(next);
  await at(all, "household, nothing typed", 422);
  await v.choose("[name=living][value=alone]");
  await v.type("[name=children]", "1");
  await v.press(next);
  await at(all, "home and rent");
  for (const [name, text] of Object.entries({ street: "12 rue du Moulin", postcode: "45000", town: "Orléans", rent: "512,40", landlord: "SCI du Fort",
    "moved_in-day": "1", "moved_in-month": "9", "moved_in-year": "2024" })) await v.type(`[name="${name}"]`, text);
  await v.choose("[name=dwelling][value=flat]");
  await v.press(next);
  await at(all, "resources");
  await v.type("[name=pension]", "812,50");
  await v.choose("[name=changed][value=no]");
  await v.press(next);
  await at(all, "check");
  await says(v, "SCI du Fort", "Orléans");
}

// account: the token does not allow it, the page says how to ask, and the
// mandate does not lend it either (OP-02).
async function account(all) {
  const { about, mediator: v, world } = all;
  await v.press('main a[href$="/payment"]');
  await at(all, "not allowed", 403);
  await says(v, spoken(about.lang)["ask.change_payment"]);
  await v.press('main a.button[href^="/act?"]');
  await find(all);
  await v.see("act, what for, one thing lacking", { status: 200 });
  if (await v.page.locator('main input[value="change_payment"]').count()) throw new Error("Relais offers what the mandate does not lend");
  await v.press('main form[action$="/decline"] button[type=submit]');
  if (!v.page.url().startsWith(world.benefits)) throw new Error(`not back at the service: ${v.page.url()}`);
  await at(all, "back without an authorisation");
  await v.press('main a[href^="/applications/"]');
  await at(all, "check, again");
}

async function send(all) {
  const { about, mediator: v, found } = all;
  await v.press(next);
  await at(all, "check, not agreed", 422);
  await v.choose("[name=agreed]");
  await v.press(next);
  await at(all, "sent");
  found.receipt = (await v.words()).match(/RIVE-\d{8}-\w{6}/)[0];
  await says(v, spoken(about.lang)["sent.reported"]);
}

// steps: what the service reported is in the case at Relais (OP-07).
async function steps({ about, mediator: v, found, world }) {
  await v.go(`${world.base}/people?q=${encodeURIComponent(about.family)}`);
  await v.press('main a[href^="/people/"]:not([href^="/people/new"])');
  await v.press('main a[href^="/cases/"]:not([href^="/cases/new"])');
  await v.see("case, steps reported by a service", { status: 200 });
  await says(v, found.receipt, "Rive-sur-Loire");
}

async function second(all) {
  const { mediator: v, world } = all;
  await v.go(world.benefits);
  await v.press(door);
  await choose(all);
  await fill(all);
  await v.choose("[name=agreed]");
}

// refused: the page was open all the while (OP-05, OP-06).
async function refused(all) {
  const { about, mediator: v } = all;
  await v.press(next);
  await at(all, "send refused", 403);
  await says(v, spoken(about.lang)["refused.title"], "SCI du Fort", "812");
}

// journal: what came from Relais is there within seconds.
async function journal(all) {
  const { about, mediator: v, world } = all;
  const t = spoken(about.lang);
  for (let i = 0; ; i++) {
    await v.go(`${world.benefits}/journal`);
    const words = await v.words();
    if (words.includes(plain(t["event.mandate-revoked"])) && words.includes(`${about.given} ${about.family}`)) break;
    if (i === 120) throw new Error(`no event: ${words.slice(0, 800)}`);
    await new Promise((done) => setTimeout(done, 250));
  }
  await at(all, "journal");
  await v.press('main a[href="/"], header a[href="/"]');
  await v.press('main a[href^="/applications/"]:has-text("Zéphyrine")');
  await at(all, "stopped", 403);
  await says(v, t["stopped.mandate.title"], "SCI du Fort");
}
