// Who takes part in one journey: each comes when their first leg begins, stays
// until the last, and shares what is found.
import { Visitor } from "./visitor.mjs";

export class Company {
  // own gives what one of them has otherwise than the journey's `about` says.
  constructor(world, about, own = () => ({})) {
    this.all = { world, about, found: {} };
    this.own = own;
    this.here = [];
  }

  async call(who) {
    const { world, about } = this.all;
    const v = await Visitor.open(world.browser, { lang: about.lang, js: about.js, keys: about.keys, base: world.base, eyes: world.eyes, ...this.own(who) });
    this.here.push(v);
    return v;
  }

  // leg is one walk of one of them, who met nothing that nobody should.
  leg(who, walk) {
    return async (note) => {
      this.all[who] ??= await this.call(who);
      await walk(this.all, note);
      this.all[who].blameless(who);
    };
  }

  async leave() {
    for (const v of this.here) await v.close();
  }
}
