// Maps as pictures: the channels of a layer side by side on one canvas; blue is positive, orange negative.

import { html } from "./dom.js";

/** @typedef {{ channel: number, y: number, x: number }} Cell */

const GAP = 1; // cells between two maps

/** The red, green and blue of a palette's variable. @param {string} name */
export function tone(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return [1, 3, 5].map((from) => parseInt(text.slice(from, from + 2), 16));
}

export class Tiles {
  /** @param {number[]} shape [C, H, W] or [N] @param {string} label @param {(cell: Cell) => void} onCell */
  constructor(shape, label, onCell) {
    const [channels, height, width] = shape.length === 3 ? shape : [shape[0], 1, 1];
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.onCell = onCell;
    this.label = label;
    /** @type {Cell | null} */
    this.chosen = null;
    this.columns = 1;
    /** @type {Float32Array | null} */
    this.values = null;
    this.canvas = html("canvas", { class: "tiles", tabindex: 0, role: "img", "aria-label": label });
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {Float32Array} values @param {number} wide CSS pixels that there are */
  show(values, wide) {
    this.values = values;
    const cell = Math.max(2, Math.min(14, Math.floor(56 / this.width))), tile = (this.width + GAP) * cell;
    this.columns = Math.max(1, Math.min(this.channels, Math.floor(wide / tile)));
    const rows = Math.ceil(this.channels / this.columns);
    const across = this.columns * (this.width + GAP) - GAP, down = rows * (this.height + GAP) - GAP;
    this.canvas.width = across;
    this.canvas.height = down;
    this.canvas.style.width = `${across * cell}px`;
    this.canvas.style.height = `${down * cell}px`;
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const image = context.createImageData(across, down), most = values.reduce((best, value) => Math.max(best, Math.abs(value)), 1e-9);
    const paper = tone("card"), high = tone("blue"), low = tone("orange");
    for (let channel = 0; channel < this.channels; channel++) {
      const left = (channel % this.columns) * (this.width + GAP), top = Math.floor(channel / this.columns) * (this.height + GAP);
      for (let y = 0; y < this.height; y++) {
        for (let x = 0; x < this.width; x++) {
          const value = values[(channel * this.height + y) * this.width + x], part = Math.abs(value) / most;
          const colour = value < 0 ? low : high, at = 4 * ((top + y) * across + left + x);
          for (let c = 0; c < 3; c++) image.data[at + c] = paper[c] + (colour[c] - paper[c]) * part;
          image.data[at + 3] = 255;
        }
      }
    }
    context.putImageData(image, 0, 0);
    if (this.chosen) {
      const { left, top } = this.corner(this.chosen), ink = tone("vermilion");
      context.fillStyle = `rgb(${ink.join()})`;
      context.fillRect(left + this.chosen.x, top + this.chosen.y, 1, 1);
    }
  }

  /** @param {Cell} cell */
  corner({ channel }) {
    return { left: (channel % this.columns) * (this.width + GAP), top: Math.floor(channel / this.columns) * (this.height + GAP) };
  }

  /** @param {PointerEvent} event */
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) * this.canvas.width) / box.width), y = Math.floor(((event.clientY - box.top) * this.canvas.height) / box.height);
    const channel = Math.floor(y / (this.height + GAP)) * this.columns + Math.floor(x / (this.width + GAP));
    const cell = { channel, y: y % (this.height + GAP), x: x % (this.width + GAP) };
    if (channel < this.channels && cell.y < this.height && cell.x < this.width) this.choose(cell);
  }

  /** The arrow keys move the chosen cell; Page Up and Page Down change the map. @param {KeyboardEvent} event */
  key(event) {
    const now = this.chosen ?? { channel: 0, y: 0, x: 0 };
    const moved = {
      ArrowRight: { ...now, x: now.x + 1 }, ArrowLeft: { ...now, x: now.x - 1 }, ArrowDown: { ...now, y: now.y + 1 }, ArrowUp: { ...now, y: now.y - 1 },
      PageDown: { ...now, channel: now.channel + 1 }, PageUp: { ...now, channel: now.channel - 1 }, Enter: now,
    }[event.key];
    if (!moved) return;
    event.preventDefault();
    const within = (/** @type {number} */ value, /** @type {number} */ size) => Math.min(size - 1, Math.max(0, value));
    this.choose({ channel: within(moved.channel, this.channels), y: within(moved.y, this.height), x: within(moved.x, this.width) });
  }

  /** @param {Cell} cell */
  choose(cell) {
    this.chosen = cell;
    this.onCell(cell);
  }
}
