// Hands with a mouse, or a finger.
export class Mouse {
  constructor(page) {
    this.page = page;
  }

  async reach(what) {
    await what.scrollIntoViewIfNeeded();
  }

  async press(what) {
    await what.click();
  }

  async type(field, text) {
    await field.fill(text);
  }

  async choose(box) {
    await box.check();
  }

  async select(list, value) {
    await list.selectOption(value);
  }

  async attach(field, file) {
    await field.setInputFiles(file);
  }

  // draw signs with two strokes, as a hand does: many points, some time.
  async draw(pad) {
    await pad.scrollIntoViewIfNeeded();
    const box = await pad.boundingBox();
    const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
    for (const [from, to, lift] of [[0.1, 0.5, 0.25], [0.5, 0.9, -0.25]]) {
      await this.page.mouse.move(...at(from, 0.5));
      await this.page.mouse.down();
      for (let i = 1; i <= 12; i++) {
        const t = i / 12;
        await this.page.mouse.move(...at(from + (to - from) * t, 0.5 + lift * Math.sin(t * Math.PI * 2)));
      }
      await this.page.mouse.up();
    }
  }
}
