// Rounds: each role walks to every page that its own pages lead to, one of each
// kind. Every link must lead somewhere, and every page is looked at (UI-01).
import { readFileSync } from "node:fs";
import { enter } from "./mediator.mjs";
import { Visitor } from "./visitor.mjs";

// Who walks, in which language, beginning where.
const walkers = [
  { name: "anybody", lang: "es", from: ["/"] },
  { name: "mediator", lang: "en", subject: "julien.moreau", from: ["/home"] },
  { name: "mediator not trained yet", lang: "fr", subject: "lucas.petit", from: ["/home"] },
  { name: "mediator suspended", lang: "en", subject: "hugo.blanc", from: ["/home"] },
  { name: "referent", lang: "es", subject: "carmen.alvarez", from: ["/organisation/people"] },
  { name: "operator", lang: "fr", subject: "camille.durand", from: ["/operator/organisations"] },
  { name: "supervisor", lang: "es", subject: "ines.haddad", from: ["/supervision"], search: "Sofia Benali" },
  { name: "the person", lang: "fr", card: true, from: ["/mine"] },
];
const most = 45; // pages of a round
const everybodys = /^\/(card.*|sign-in|accessibility|privacy|terms|status|verify)?$/; // walked once, by anybody

export function rounds(world) {
  return walkers.map((w) => ({ name: "rounds", legs: [[w.name, (note) => walk(world, w, note)]] }));
}

async function walk(world, who, note) {
  const v = await Visitor.open(world.browser, { lang: who.lang, base: world.base, eyes: world.eyes });
  const wrong = [];
  try {
    if (who.subject) {
      await v.go("/sign-in");
      await enter(v, world, who.subject);
    }
    if (who.card) await openCard(v, world);
    const found = who.search ? await lookFor(v, who.search) : [];
    const kinds = await around(v, world, { ...who, from: [...who.from, ...found] }, wrong);
    note(`${kinds.size} kinds of pages: ${[...kinds].join(" ")}`);
    if (kinds.size < 2) wrong.push("led nowhere");
  } finally {
    await v.close();
  }
  if (wrong.length) throw new Error(wrong.join("\n"));
}

// openCard opens the space of the person of the seeded story, whose language is
// the page's then.
async function openCard(v, world) {
  const card = JSON.parse(readFileSync(world.cards, "utf8")).find((c) => c.Name === "Fatima Haddad");
  await v.go("/card");
  await v.type("[name=code]", card.Code);
  await v.type("[name=birth_year]", card.BirthYear);
  await v.press('main form[action="/card"] button[type=submit]');
}

// lookFor searches what somebody did: results come by a form, which a round does
// not press. The first result of each kind is where it goes on.
async function lookFor(v, mediator) {
  await v.go("/supervision");
  await v.type("main [name=purpose]", "Ronda por todas las páginas");
  await v.type("main [name=mediator]", mediator);
  await v.press('main form[action="/supervision/search"] button[type=submit]');
  await v.see("supervision, results of a mediator", { status: 200 });
  const all = await v.page.locator('main a[href^="/supervision/"]').evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  return all.filter((way, i) => kind(way) !== "/supervision" && all.findIndex((x) => kind(x) === kind(way)) === i);
}

// around goes breadth first; one page of each kind, the first that is met.
async function around(v, world, who, wrong) {
  const kinds = new Set(who.from.map(kind));
  const queue = [...who.from];
  for (let i = 0; queue.length && i < most; i++) {
    const path = queue.shift();
    try {
      await v.go(path);
      if (!v.page.url().startsWith(world.base)) continue; // a fresh sign-in is asked for
      const refused = v.status === 403;
      if (v.status >= 400 && !refused) throw new Error(`status ${v.status}`);
      await v.see(`round of ${who.name}, ${kind(path)}`, { error: refused, deep: kind(path) });
    } catch (e) {
      wrong.push(`${path}: ${e.message}`);
      v.faults = [];
      continue;
    }
    for (const next of await v.page.locator("a[href]").evaluateAll((all) => all.map((a) => a.href))) {
      const url = new URL(next);
      if (url.origin !== world.base || /\.pdf$|\/evidence\/|^\/log\/|\/mine\/papers\//.test(url.pathname) || /lang=|theme=|type=/.test(url.search)) continue;
      const way = url.pathname + url.search;
      if (who.from[0] !== "/" && everybodys.test(url.pathname)) continue;
      if (!kinds.has(kind(way))) {
        kinds.add(kind(way));
        queue.push(way);
      }
    }
  }
  return kinds;
}

// kind is an address without what is particular: ids, cursors, what was typed.
function kind(path) {
  const url = new URL(path, "http://localhost");
  const then = url.searchParams.get("then");
  return url.pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ":id") + (then ? `?then=${then}` : "");
}
