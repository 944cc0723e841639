// Drawing a signature. What is kept is what a handwriting examiner needs: the
// strokes with their times and pressure, and the picture. Points are in pad
// units, 0–1000 across and 0–360 down, whatever the screen.
type Point = [x: number, y: number, ms: number, pressure: number];

const across = 1000;
const down = 360;
const mostPoints = 6000; // about a minute of writing; more is not a signature

export function signatures(root: ParentNode): void {
  for (const pad of root.querySelectorAll<HTMLElement>("[data-signature]")) setUp(pad);
}

function setUp(pad: HTMLElement): void {
  const canvas = pad.querySelector("canvas");
  const pen = canvas?.getContext("2d");
  const strokesField = pad.querySelector<HTMLInputElement>("[data-signature-strokes]");
  const pngField = pad.querySelector<HTMLInputElement>("[data-signature-png]");
  const state = pad.querySelector<HTMLElement>("[data-signature-state]");
  if (!canvas || !pen || !strokesField || !pngField || !state) return;
  pad.hidden = false;

  let strokes: Point[][] = [];
  let points = 0;
  let drawing: number | null = null;
  let began = 0;

  const clear = (): void => {
    strokes = [];
    points = 0;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, across, down);
    strokesField.value = pngField.value = "";
    state.textContent = pad.dataset.undone ?? "";
  };

  const at = (event: PointerEvent): Point => {
    const box = canvas.getBoundingClientRect();
    const round = (v: number): number => Math.round(v * 10) / 10;
    return [
      round(((event.clientX - box.left) / box.width) * across),
      round(((event.clientY - box.top) / box.height) * down),
      Math.round(event.timeStamp - began),
      round(event.pressure || 0.5),
    ];
  };

  const draw = (from: Point, to: Point): void => {
    pen.strokeStyle = "#0b1d3a";
    pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = 3 + to[3] * 5;
    pen.beginPath();
    pen.moveTo(from[0], from[1]);
    pen.lineTo(to[0], to[1]);
    pen.stroke();
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (drawing !== null || event.button !== 0) return;
    event.preventDefault();
    drawing = event.pointerId;
    canvas.setPointerCapture(drawing);
    if (!strokes.length) began = event.timeStamp;
    const p = at(event);
    strokes.push([p]);
    points++;
    draw(p, p);
  });
  canvas.addEventListener("pointermove", (event) => {
    const stroke = strokes.at(-1);
    if (event.pointerId !== drawing || !stroke) return;
    for (const e of event.getCoalescedEvents?.() ?? [event]) {
      if (points >= mostPoints) return;
      const p = at(e);
      const before = stroke.at(-1);
      if (!before || Math.hypot(p[0] - before[0], p[1] - before[1]) < 1) continue;
      draw(before, p);
      stroke.push(p);
      points++;
    }
  });
  const lift = (event: PointerEvent): void => {
    if (event.pointerId !== drawing) return;
    drawing = null;
    strokesField.value = JSON.stringify(strokes);
    pngField.value = canvas.toDataURL("image/png");
    state.textContent = pad.dataset.done ?? "";
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  pad.querySelector("[data-signature-clear]")?.addEventListener("click", clear);
  clear();
}
