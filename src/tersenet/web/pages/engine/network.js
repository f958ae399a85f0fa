// A network from its notation: the layers, their weights under torch's names, the passes both ways.

import { Chain } from "./blocks/chain.js";
import { Join } from "./blocks/join.js";
import { Residual } from "./blocks/residual.js";
import { Sum } from "./blocks/sum.js";
import { LAYERS } from "./kinds.js";
import { Layer, volume } from "./layers/layer.js";
import { parse } from "./notation/parse.js";
import { inferShapes } from "./notation/shapes.js";
import { isBlock, printed, size } from "./notation/tree.js";
import { Random } from "./random.js";

/** @typedef {import("./notation/table.js").Kinds} Kinds */
/** @typedef {import("./notation/shapes.js").Step} Step */
/** @typedef {import("./layers/layer.js").Pass} Pass */
/** @typedef {{ notation: string, input: number[], classes: string[], mean: number[], deviation: number[],
 *   tensors: Record<string, string> }} NetworkJson tensors are float32, little-endian, base64, by torch's names */

export class Network {
  /**
   * @param {string} notation @param {Kinds} kinds @param {number[]} [input] @param {number | null} [classes]
   * raises Problem where the notation or its shapes cannot work
   */
  constructor(notation, kinds, input = [1, 28, 28], classes = 10) {
    const tree = parse(notation, kinds);
    this.notation = printed(tree, kinds);
    this.input = input;
    this.inputs = volume(input);
    this.steps = inferShapes(tree, kinds, input, classes);
    /** The layer of each step; those of a shared block have the same weights at each pass. @type {Layer[]} */
    this.layers = [];
    this.chain = this.chainOf(tree);
    this.outputs = volume(this.steps[this.steps.length - 1].output);
  }

  /** @param {import("./notation/tree.js").BlockNode} block @returns {Chain} */
  chainOf(block) {
    return new Chain(block.layers.map((node) => (isBlock(node) ? this.blockOf(node) : this.layerOf(node))));
  }

  /** @param {import("./notation/tree.js").BlockNode} block @returns {import("./blocks/chain.js").Part} */
  blockOf(block) {
    if (block.block === "residual") return new Residual(this.chainOf(block));
    if (block.block === "repeat") {
      return new Chain(Array.from({ length: block.times }, () => this.chainOf(block)));
    }
    if (block.block === "shared") {
      const first = this.layers.length, width = size(block) / block.times;
      return new Chain(
        Array.from({ length: block.times }, (_, time) => {
          const chain = this.chainOf(block);
          for (let at = first + time * width; time && at < this.layers.length; at++) {
            this.layers[at].share(this.layers[at - time * width]);
          }
          return chain;
        }),
      );
    }
    const before = this.steps[this.layers.length].input;
    const branches = [], widths = [];
    for (const branch of block.layers) {
      const from = this.layers.length;
      branches.push(this.chainOf(/** @type {import("./notation/tree.js").BlockNode} */ (branch)));
      const empty = this.layers.length === from;
      widths.push(volume(empty ? before : this.steps[this.layers.length - 1].output));
    }
    return block.block === "sum" ? new Sum(branches) : new Join(branches, widths);
  }

  /** @param {import("./notation/tree.js").LayerNode} node */
  layerOf(node) {
    const step = this.steps[this.layers.length];
    const layer = new LAYERS[node.kind](node.fields, step.input);
    this.layers.push(layer);
    return layer;
  }

  /** Every layer that has weights of its own, with the name that torch gives it. @returns {{ name: string, layer: Layer }[]} */
  named() {
    const seen = new Set();
    return this.layers.flatMap((layer, place) => {
      const { owner } = this.steps[place];
      if (seen.has(owner)) return [];
      seen.add(owner);
      return [{ name: `layers.${owner}`, layer }];
    });
  }

  /** All weights, with torch's names. */
  weights() {
    return this.named().flatMap(({ name, layer }) =>
      layer.weights.map((weight) => ({ ...weight, name: `${name}.${weight.name}` })),
    );
  }

  /** All weights and running statistics, with torch's names. */
  tensors() {
    return this.named().flatMap(({ name, layer }) =>
      [...layer.weights, ...layer.buffers].map(({ name: own, values }) => ({ name: `${name}.${own}`, values })),
    );
  }

  /** The number of learned numbers. */
  parameters() {
    return this.steps.reduce((sum, step) => sum + step.parameters, 0);
  }

  /** New initial weights. @param {number} seed */
  begin(seed) {
    const random = new Random(seed);
    for (const { layer } of this.named()) layer.begin(random);
  }

  /** @param {Record<string, string>} tensors */
  load(tensors) {
    for (const { name, values } of this.tensors()) {
      if (!(name in tensors)) throw new Error(`The network lacks the tensor ${name}.`);
      const found = floats(tensors[name]);
      if (found.length !== values.length) {
        throw new Error(`The tensor ${name} has ${found.length} numbers instead of ${values.length}.`);
      }
      values.set(found);
    }
  }

  /**
   * Logits of a batch.
   * @param {Float32Array} x @param {Partial<Pass>} [pass]
   */
  forward(x, pass = {}) {
    const count = x.length / this.inputs;
    return this.chain.forward(x, count, { training: false, keep: false, random: new Random(0), ...pass });
  }

  /** ∂E/∂x from ∂E/∂logits; adds to the gradients. @param {Float32Array} dy */
  backward(dy) {
    return this.chain.backward(dy, dy.length / this.outputs);
  }

  clearGradients() {
    for (const { layer } of this.named()) for (const weight of layer.weights) weight.gradient.fill(0);
  }

  /** What every step is given and gives for one picture, in the order of calls. @param {Float32Array} picture */
  observe(picture) {
    /** @type {{ layer: Layer, x: Float32Array, y: Float32Array }[]} */
    const found = [];
    this.forward(picture, { watch: (layer, y, x) => found.push({ layer, x, y }) });
    return found;
  }
}

/** @param {NetworkJson} json @param {Kinds} kinds */
export function loadNetwork(json, kinds) {
  const network = new Network(json.notation, kinds, json.input, json.classes.length);
  network.load(json.tensors);
  return network;
}

/** @param {string} base64 float32, little-endian */
export function floats(base64) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/** @param {Float32Array} values @returns {string} base64 */
export function base64(values) {
  let text = "";
  for (const byte of new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) text += String.fromCharCode(byte);
  return btoa(text);
}

