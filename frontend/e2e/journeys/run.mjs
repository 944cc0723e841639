// Runs the journeys in one browser against a demonstration that is up, and says
// on standard output, a line of JSON each, how every leg went. The Go test
// starts it; RELAIS_E2E holds the addresses.
import { openBrowser } from "./browser.mjs";
import { services } from "./benefits.mjs";
import { Eyes } from "./eyes.mjs";
import { Outbox } from "./outbox.mjs";
import { rights } from "./rights.mjs";
import { rounds } from "./rounds.mjs";
import { stories } from "./story.mjs";
import { smallThings } from "./small.mjs";

const given = JSON.parse(process.env.RELAIS_E2E);
const only = process.env.RELAIS_E2E_ONLY ? new RegExp(process.env.RELAIS_E2E_ONLY) : null;
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

const world = { ...given, browser: await openBrowser(), eyes: new Eyes({ shots: given.shots }), outbox: new Outbox(given.outbox) };

// A journey is a name and legs, walked in order; after one that failed, the
// rest of the journey is not reached, and says so.
const journeys = [...smallThings(world), ...stories(world), ...services(world), ...rights(world), ...rounds(world)].filter((j) => !only || only.test(`${j.name}/${j.legs[0][0]}`));
say({ plan: journeys.flatMap((j) => j.legs.map(([name]) => `${j.name}/${name}`)) });

for (const journey of journeys) {
  let lost = "";
  for (const [name, walk] of journey.legs) {
    const leg = { name: `${journey.name}/${name}`, ok: false, notes: [] };
    const began = Date.now();
    try {
      if (lost) throw new Error(`not reached: ${lost} failed`);
      await walk((note) => leg.notes.push(note));
      leg.ok = true;
    } catch (e) {
      lost ||= name;
      leg.error = e.message.split("\n").slice(0, 30).join("\n");
      leg.where = (e.stack ?? "").split("\n").filter((l) => l.includes("journeys/")).slice(0, 4).join("\n");
    }
    say({ ...leg, ms: Date.now() - began });
  }
  await journey.end?.().catch(() => {});
}
say({ done: true, audits: world.eyes.count });
await world.browser.close();
