// The pad: strokes of mouse, pen or finger on white paper.

/** @typedef {{ width: number, points: [number, number][] }} Stroke */

export const PAD = 256; // pixels a side, as large as MNIST's form looks at

export class Pad {
  /** @param {HTMLCanvasElement} canvas @param {(done: boolean) => void} onChange `done`: the pen was lifted */
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.onChange = onChange;
    this.pen = 20;
    /** @type {Stroke[]} */
    this.strokes = [];
    /** What lies under the strokes: a picture of the user's. @type {CanvasImageSource | null} */
    this.under = null;
    /** @type {Stroke | null} */
    this.open = null;
    canvas.width = canvas.height = PAD;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => this.end());
    this.paint();
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * PAD) / box.width, ((event.clientY - box.top) * PAD) / box.height];
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.open = { width: this.pen, points: [this.place(event)] };
    this.strokes.push(this.open);
    this.paint();
    this.onChange(false);
  }

  /** @param {PointerEvent} event */
  go(event) {
    if (!this.open) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const each of passed.length ? passed : [event]) this.open.points.push(this.place(each));
    this.paint();
    this.onChange(false);
  }

  end() {
    if (!this.open) return;
    this.open = null;
    this.onChange(true);
  }

  undo() {
    this.strokes.pop();
    this.paint();
    this.onChange(true);
  }

  clear() {
    this.strokes = [];
    this.under = null;
    this.paint();
    this.onChange(true);
  }

  /** @param {CanvasImageSource & { width: number, height: number }} picture */
  lay(picture) {
    this.clear();
    this.under = picture;
    this.paint();
    this.onChange(true);
  }

  paint() {
    const { context } = this;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, PAD, PAD);
    if (this.under) {
      const { width, height } = /** @type {{ width: number, height: number }} */ (this.under), scale = PAD / Math.max(width, height);
      context.drawImage(this.under, (PAD - width * scale) / 2, (PAD - height * scale) / 2, width * scale, height * scale);
    }
    context.strokeStyle = "#000";
    context.lineCap = context.lineJoin = "round";
    for (const { width, points } of this.strokes) {
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(...points[0]);
      if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
      for (const point of points.slice(1)) context.lineTo(...point);
      context.stroke();
    }
  }

  /** The drawing as colours in 0..1. @returns {import("./ink.js").Picture} */
  picture() {
    const { data } = this.context.getImageData(0, 0, PAD, PAD), colours = new Float32Array(3 * PAD * PAD);
    for (let at = 0; at < PAD * PAD; at++) for (let c = 0; c < 3; c++) colours[3 * at + c] = data[4 * at + c] / 255;
    return { width: PAD, height: PAD, colours };
  }
}
