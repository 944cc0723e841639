// What Relais sent, as the demonstration's outbox shows it.
const wait = 40_000;

export class Outbox {
  constructor(address) {
    this.address = address;
  }

  async messages() {
    const answer = await fetch(`${this.address}/messages.json`);
    return (await answer.json()) ?? [];
  }

  // next waits for a message to somebody that was not there at `since` and fits.
  async next(to, fits, since) {
    const end = Date.now() + wait;
    const tail = digits(to).slice(-9);
    while (Date.now() < end) {
      const found = (await this.messages()).find((m) => digits(m.To).endsWith(tail) && fits.test(m.Text) && !since.has(m.ID));
      if (found) return found.Text;
      await new Promise((done) => setTimeout(done, 150));
    }
    throw new Error(`no message to ${to} like ${fits} within ${wait / 1000} s`);
  }

  // marks remembers what is there, to tell what comes after.
  async marks() {
    return new Set((await this.messages()).map((m) => m.ID));
  }
}

// code is the six digits of a message.
export function code(text) {
  return text.match(/\b(\d{3})[   ]?(\d{3})\b/).slice(1).join("");
}

const digits = (s) => s.replace(/\D/g, "");
