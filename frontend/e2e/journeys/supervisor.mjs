// What a supervisor does: looks, says why, and is seen to have looked.
import { enter } from "./mediator.mjs";
import { plain, wordsOf } from "./words.mjs";

// search finds the person by name and birth date, then reads their story: the
// mandate, the steps, the stop and the refusal (SU-01).
export async function search({ world, about, supervisor: v, found }) {
  found.supervisor = "Inès Haddad";
  found.purpose = { fr: "Vérification d’un dossier de logement", en: "Checking a housing file", es: "Comprobación de un expediente de vivienda" }[about.lang];
  await v.go("/sign-in");
  await enter(v, world, "ines.haddad");
  if (new URL(v.page.url()).pathname !== "/supervision") await v.go("/supervision");
  await v.see("supervision", { status: 200 });
  const ask = 'main form[action="/supervision/search"] ';
  await v.type(ask + "[name=person_name]", `${about.given} ${about.family}`);
  await v.press(ask + "button[type=submit]");
  await v.see("supervision, no purpose", { error: true, status: 422 });
  if ((await v.value(ask + "[name=person_name]")) !== `${about.given} ${about.family}`) throw new Error("the name was lost");
  await v.type(ask + "[name=purpose]", found.purpose);
  for (const box of ["day", "month", "year"]) await v.type(`${ask}[name=person_birth_date-${box}]`, String(about.birth[box]));
  await v.press(ask + "button[type=submit]");
  await v.see("supervision, results", { status: 200 });
  const t = wordsOf(about.lang);
  const words = plain(await v.page.locator("body").innerText()); // the banner says whom, and where
  for (const w of [about.organisation, about.mediator, `${about.given} ${about.family}`]) {
    if (!words.includes(w)) throw new Error(`the results do not say "${w}": ${words.slice(0, 800)}`);
  }
  await details(v, about, found, t);
}

// details opens the refused step and the person's timeline.
async function details(v, about, found, t) {
  const entry = v.page.locator('main a[href^="/supervision/entries/"]');
  if ((await entry.count()) < 5) throw new Error(`${await entry.count()} entries found`);
  const person = await v.page.locator('a[href^="/supervision/people/"]').first().getAttribute("href");
  await v.press(`a[href="${person}"]`);
  await v.see("supervision, a person", { status: 200 });
  const words = plain(await v.words());
  const steps = ["outcome.prepared", "outcome.submitted", "outcome.answer_received"];
  for (const w of ["event.mandate_signed", "event.mandate_revoked", "supervisor.blocked", "why.mandate_revoked", ...steps].map((key) => t(key))) {
    if (!words.includes(w)) throw new Error(`the timeline does not say "${w}": ${words.slice(0, 1500)}`);
  }
  await v.press(`main a[href^="/supervision/entries/"]:has-text("${t("event.mandate_signed")}")`);
  await v.see("supervision, an entry", { status: 200 });
  await v.press('main a[href^="/supervision/mandates/"]');
  await v.see("supervision, a mandate", { status: 200 });
}
