// The story of Relais, from the mandate to the supervisor, told in each
// language and in each way of using a computer.
import { Company } from "./company.mjs";
import * as mediator from "./mediator.mjs";
import * as person from "./person.mjs";
import * as supervisor from "./supervisor.mjs";

const french = { subject: "sofia.benali", mediator: "Sofia Benali", procedure: "housing.apl", organisation: "Centre social Les Tilleuls" };
const spanish = { subject: "pablo.suarez", mediator: "Pablo Suárez", procedure: "housing.rent-aid", organisation: "Asociación Camín" };

// Names as they are met: accents, Arabic, mark-up, eighty characters.
const tellings = [
  { name: "fr", lang: "fr", sign: "drawn", phone: "06 00 00 09 01", family: "Quélennec-Müller", ...french },
  { name: "en", lang: "en", sign: "drawn", phone: "06 00 00 09 02", family: "O’Connor Ashworth", again: true, ...french },
  { name: "es", lang: "es", sign: "drawn", phone: "600 000 903", family: "Llamazares Ñáñez", ...spanish },
  { name: "fr by keyboard", lang: "fr", keys: true, sign: "phone_code", phone: "06 00 00 09 04", family: "الحداد بن علي", ...french },
  { name: "en without scripts", lang: "en", js: false, sign: "scan", phone: "06 00 00 09 05", family: "<script>alert(1)</script>", ...french },
  { name: "es without scripts", lang: "es", js: false, sign: "phone_code", phone: "600 000 906",
    family: "Wolfeschlegelsteinhausenbergerdorff-Vorkampf-Fernández-de-la-Vega-y-Sáenz-Cuesta", ...spanish },
];

export const stories = (world) => tellings.map((t, i) => story(world, { given: "Zéphyrine", birth: { day: 3 + i, month: 3, year: 1951 + i }, ...t }));

function story(world, about) {
  const company = new Company(world, about);
  const leg = (who, walk) => company.leg(who, walk);
  return {
    name: about.name,
    legs: [
      ["the mediator signs in", leg("mediator", mediator.signIn)],
      ["records somebody new", leg("mediator", mediator.record)],
      ["and their mandate", leg("mediator", mediator.mandate)],
      ["opens a case and logs three steps", leg("mediator", mediator.work)],
      ["the person opens their space with the card", leg("person", person.open)],
      ["reads what was done, with a code from their phone", leg("person", person.read)],
      ["the mediator prepares the next step", leg("mediator", mediator.prepare)],
      ["the person stops the mandate", leg("person", person.stop)],
      ["the next step is refused and nothing typed is lost", leg("mediator", mediator.refused)],
      ["the supervisor signs in and finds all of it", leg("supervisor", supervisor.search)],
      ["the person sees the supervisor's look", leg("person", person.looks)],
      ...(about.again ? [["a mandate for somebody known takes 12 acts from the first page", leg("mediator", mediator.again)]] : []),
    ],
    end: () => company.leave(),
  };
}
