// What somebody may do who cannot sign, whose card another tries, who does not
// agree with what was done, and who wants to be forgotten.
import { Company } from "./company.mjs";
import * as mediator from "./mediator.mjs";
import * as person from "./person.mjs";
import { plain, wordsOf } from "./words.mjs";

const about = {
  lang: "fr", given: "Zéphyrine", family: "Kerdoncuff", birth: { day: 9, month: 2, year: 1939 }, sign: "witness", phone: "06 00 00 09 21",
  subject: "sofia.benali", mediator: "Sofia Benali", procedure: "housing.apl", organisation: "Centre social Les Tilleuls",
};
const witness = "julien.moreau";
const referent = "martine.lefevre";
const objection = "Je n’ai jamais demandé cela ; on ne m’en a rien dit.";
const answer = "Vous avez raison : la démarche a été retirée, et on vous le confirme par courrier.";

export function rights(world) {
  const company = new Company(world, about, (who) => ({ js: who !== "referent" }));
  const leg = (who, walk) => company.leg(who, walk);
  return [{
    name: "rights",
    legs: [
      ["the mediator signs in", leg("mediator", mediator.signIn)],
      ["records somebody who cannot sign", leg("mediator", mediator.record)],
      ["asks a colleague to witness", leg("mediator", askWitness)],
      ["the colleague sees, hears and signs", leg("witness", bearWitness)],
      ["the mandate is signed on the mediator's page", leg("mediator", signed)],
      ["a case is opened and three steps logged", leg("mediator", mediator.work)],
      ["the person opens their space with the card", leg("person", person.open)],
      ["reads what was done, with a code from their phone", leg("person", person.read)],
      ["and does not agree with a step", leg("person", disagree)],
      ["the referent answers", leg("referent", reply)],
      ["the person reads the answer", leg("person", answered)],
      ["somebody who tries the card five times locks it", leg("stranger", lock)],
      ["the person stops the mandate all the same", leg("person", person.stop)],
      ["the referent erases the person", leg("referent", erase)],
      ["whose space is closed", leg("person", closed)],
    ],
    end: () => company.leave(),
  }];
}

const t = wordsOf(about.lang);

async function says(v, ...wanted) {
  const words = await v.words();
  for (const w of wanted) {
    if (!words.includes(plain(w))) throw new Error(`${new URL(v.page.url()).pathname} does not say "${w}": ${words.slice(0, 600)}`);
  }
}

async function askWitness(all) {
  const { mediator: v, found } = all;
  await mediator.scope(v);
  await mediator.afresh(v, all.world, about);
  await v.choose("[name=method][value=witness]");
  await v.see("mandate, sign with a witness");
  await v.press("button[name=do][value=witness]");
  found.witnessed = v.page.url().match(/\/mandates\/[0-9a-f-]+/)[0];
  await v.see("mandate, waiting for a witness", { status: 200 });
  await says(v, t("mandate.wait.witness_title"));
}

// bearWitness: not having looked is no witness.
async function bearWitness({ world, witness: v, found }) {
  await v.go("/sign-in");
  await mediator.enter(v, world, witness);
  await v.go(`${found.witnessed}/witness`);
  await mediator.afresh(v, world, { subject: witness });
  await v.see("being a witness", { status: 200 });
  const form = `main form[action="${found.witnessed}/witness"] `;
  await v.press(form + "button[type=submit]");
  await v.see("being a witness, nothing ticked", { error: true, status: 422 });
  await v.choose(form + "[name=saw]");
  await v.press(form + "button[type=submit]");
  await v.see("witnessed", { status: 200 });
  found.code = await mediator.cardCode(v); // the witness is with the person, and hands the card over
}

// signed: the waiting page goes on by itself.
async function signed({ mediator: v, found }) {
  await v.page.waitForURL(`**${found.witnessed}`);
  await v.page.waitForLoadState("load");
  await v.see("mandate, signed before a witness", { status: 200 });
  await says(v, "Julien Moreau");
}

async function disagree({ person: v }) {
  await says(v, t("story.witnessed_mandate_signed"));
  await v.press('main a[href$="/disagree"]');
  await v.see("do not agree", { status: 200 });
  const form = 'main form[action$="/disagree"] ';
  await v.press(form + "button[type=submit]");
  await v.see("do not agree, no words", { error: true, status: 422 });
  await v.type(form + "[name=text]", objection);
  await v.press(form + "button[type=submit]");
  await v.see("my history, with a disagreement", { status: 200 });
  await says(v, objection, t("portal.dispute.title"));
}

async function reply({ world, referent: v }) {
  await v.go("/sign-in");
  await mediator.enter(v, world, referent);
  await v.go("/organisation/disputes");
  await v.see("disagreements", { status: 200 });
  await v.press(`main a[href^="/organisation/disputes/"]:has-text("${about.family}")`);
  await v.see("a disagreement", { status: 200 });
  await says(v, objection);
  const form = 'main form[action^="/organisation/disputes/"] ';
  await v.type(form + "[name=answer]", answer);
  await v.press(form + "button[type=submit]");
  await v.see("disagreements, one answered", { status: 200 });
}

async function answered({ person: v }) {
  await v.go("/mine/history");
  await v.see("my history, answered", { status: 200 });
  await says(v, answer, "Martine Lefèvre");
}

// lock: five wrong years close the card, for whoever knows the right one too
// (PO-01); what the person has open stays open.
async function lock({ stranger: v, found }) {
  const enter = async (year) => {
    await v.go("/card");
    await v.type("[name=code]", found.code);
    await v.type("[name=birth_year]", String(year));
    await v.press('main form[action="/card"] button[type=submit]');
  };
  for (let i = 1; i <= 5; i++) {
    await enter(1950 + i);
    if (v.status < 400) throw new Error(`a wrong year answered ${v.status}`);
  }
  await enter(about.birth.year);
  await v.see("card, locked", { error: true });
  await says(v, t("public.card.locked_title"));
}

// erase: what stands in the way was ended by the person.
async function erase({ referent: v }) {
  await v.go(`/people?q=${encodeURIComponent(`${about.given} ${about.family}`)}`);
  await v.press(`main a[href^="/people/"]:has-text("${about.family}")`);
  await v.press('main a[href$="/erase"]');
  await v.see("erase somebody", { status: 200 });
  await says(v, t("mediator.erase.stays"));
  await v.press('main form[action$="/erase"] button[type=submit]');
  await v.see("erased", { status: 200 });
  if ((await v.words()).includes(about.family)) throw new Error("the name is still on the page");
}

async function closed({ person: v }) {
  await v.go("/mine/history");
  if ((await v.words("body")).includes(objection)) throw new Error("the history is still there");
  await v.see("my space, closed", { error: v.status >= 400 });
}
