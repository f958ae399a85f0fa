// One design: its line, what is wrong with it or what it costs, and its training.

import { Network } from "../engine/network.js";
import { fieldsOf } from "../engine/notation/field.js";
import { parse } from "../engine/notation/parse.js";
import { Problem } from "../engine/notation/problem.js";
import { html } from "../pieces/dom.js";
import { grouped } from "../pieces/number.js";

/** @typedef {{ epoch: number, accuracy: number, speed: number, correct?: number, count?: number }} Epoch */
/** @typedef {{ epoch: number, count: number, wrong: number, confusion: number[][], images: Uint8Array,
 *   mistakes: import("../engine/training/trainer.js").Mistake[] }} Seen what is misclassified after an epoch, with the pictures */

const LARGEST = 400_000; // parameters that the page still trains
const MOST_MACS = 20_000_000;

export class Design {
  /** @param {string} name @param {string} tone @param {string} dash @param {import("../engine/notation/table.js").Kinds} kinds @param {() => void} onChange */
  constructor(name, tone, dash, kinds, onChange) {
    this.name = name;
    this.tone = tone;
    this.dash = dash;
    this.kinds = kinds;
    this.onChange = onChange;
    /** @type {Network | null} */
    this.network = null;
    /** @type {import("../engine/notation/field.js").Field[]} */
    this.fields = [];
    /** @type {import("../engine/notation/tree.js").BlockNode | null} */
    this.tree = null;
    /** @type {number[]} */
    this.losses = [];
    /** @type {Epoch[]} */
    this.epochs = [];
    /** @type {Record<string, string> | null} */
    this.tensors = null;
    /** @type {Worker | null} */
    this.worker = null;
    this.steps = 0;
    /** Whether the machine that serves the page trains it. */
    this.remote = false;
    /** What it does besides training, in words. */
    this.state = "";
    /** @type {Seen | null} */
    this.measured = null;
    this.input = html("input", {
      class: "notation", spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-label": `${name} design, in notation`, "aria-describedby": `problem-${name}`,
      input: () => this.read(),
    });
    this.problem = html("pre", { class: "problem", id: `problem-${name}`, role: "status" });
    this.fix = html("button", { type: "button", hidden: true });
    this.bars = html("div", { class: "budget" });
    this.element = html("div", { class: "design" }, this.input, this.problem, this.fix, this.bars);
    this.element.style.setProperty("--tone", `var(--${tone})`);
  }

  /** @param {string} notation */
  set(notation) {
    this.input.value = notation;
    this.read();
  }

  read() {
    const text = this.input.value;
    this.network = this.tree = null;
    this.fields = [];
    this.problem.textContent = "";
    this.fix.hidden = true;
    this.input.removeAttribute("aria-invalid");
    try {
      this.network = new Network(text, this.kinds);
      this.tree = parse(text, this.kinds);
      this.fields = fieldsOf(this.tree);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.complain(problem, text);
    }
    this.showBars();
    this.onChange();
  }

  /** The problem with a caret under its place, and a button where a nearest layer is known. @param {Problem} problem @param {string} text */
  complain(problem, text) {
    const { start = 0, end = 1, got, expected, hint, message } = problem;
    const from = Math.max(0, start - 24), shown = text.slice(from, from + 60).replace(/\s/g, " ");
    const said = [message, `  ${shown}`, `  ${" ".repeat(start - from)}${"^".repeat(Math.max(1, Math.min(end - start, 40)))}`];
    if (got !== undefined) said.push(`got:      ${got}`);
    if (expected && !hint?.startsWith("did you mean")) said.push(`expected: ${expected}`);
    if (hint) said.push(`hint:     ${hint}`);
    this.problem.textContent = said.join("\n");
    this.input.setAttribute("aria-invalid", "true");
    const near = /^did you mean (\S+?)(?: or .*)?\?$/.exec(hint ?? "");
    if (near) {
      this.fix.hidden = false;
      this.fix.textContent = `Write ${near[1]}`;
      this.fix.onclick = () => {
        this.set(text.slice(0, start) + near[1] + text.slice(end));
        this.input.focus();
      };
    }
  }

  /** Parameters, multiply-adds and bytes against what is allowed. */
  showBars() {
    if (!this.network) {
      this.bars.replaceChildren();
      return;
    }
    const parameters = this.network.parameters(), macs = this.network.steps.reduce((sum, step) => sum + step.macs, 0);
    const bar = (/** @type {string} */ what, /** @type {number} */ value, /** @type {number} */ limit, /** @type {string} */ unit) => {
      const met = value <= limit;
      return html("div", { class: "limit" }, html("span", {}, `${what}: ${grouped(value)}${unit} of ${grouped(limit)}${unit}${met ? "" : ", too many"}`),
        html("meter", { min: 0, max: limit, value: Math.min(value, limit), high: limit * 0.999, class: met ? "met" : "missed", "aria-label": what }));
    };
    this.bars.replaceChildren(
      bar("parameters", parameters, 20_000, ""), bar("multiply-adds", macs, 1_000_000, ""), bar("size in float32", (4 * parameters) / 1000, 80, " kB"),
    );
  }

  /** Why it cannot be trained; empty where it can. @param {boolean} elsewhere not in this browser */
  obstacle(elsewhere) {
    if (!this.network) return "The design cannot be trained before its line can be read.";
    if (elsewhere) return "";
    const macs = this.network.steps.reduce((sum, step) => sum + step.macs, 0);
    if (this.network.parameters() > LARGEST || macs > MOST_MACS) {
      return `This network is too large for a page: up to ${grouped(LARGEST)} parameters and ${grouped(MOST_MACS)} multiply-adds. The copied command trains it.`;
    }
    return "";
  }

  get training() {
    return this.worker !== null || this.remote;
  }

  /** Forget the last training. */
  begin() {
    this.stop();
    this.losses = [];
    this.epochs = [];
    this.tensors = this.measured = null;
    this.state = "";
  }

  /** @param {string} source of the worker @param {{ test: { images: Uint8Array, labels: number[] }, train: object, recipe: object, form: object }} order @param {(message: any) => void} onMessage */
  start(source, order, onMessage) {
    this.begin();
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    this.worker = new Worker(address);
    URL.revokeObjectURL(address);
    this.worker.onmessage = ({ data }) => {
      if (data.type === "batch") {
        this.losses.push(data.loss);
        this.steps = data.steps;
      } else if (data.type === "epoch") {
        this.epochs.push(data);
        this.measured = { epoch: data.epoch, count: data.count, wrong: data.count - data.correct, confusion: data.confusion, images: order.test.images, mistakes: data.mistakes };
      } else if (data.type === "done") this.tensors = data.tensors;
      if (data.type === "done" || data.type === "failed") this.stop();
      onMessage(data);
    };
    this.worker.onerror = (event) => onMessage({ type: "failed", message: event.message || "The worker of this page cannot be started." });
    this.worker.postMessage({ type: "start", notation: this.input.value, kinds: this.kinds, ...order });
  }

  stop() {
    this.worker?.terminate();
    this.worker = null;
  }
}
