// What every kind of layer has in common.
//
// A batch is one flat array, picture after picture, each [C, H, W] or [N]; shapes are written without the batch.

import { Problem } from "../notation/problem.js";
import { Random } from "../random.js";

/** @typedef {number[]} Shape */
/** @typedef {Record<string, number>} Fields what is written around the letters; a switch is 0 or 1 */
/** @typedef {{ training: boolean, keep: boolean, random: Random, watch?: (layer: Layer, y: Float32Array, x: Float32Array) => void }} Pass
 *   how a pass is meant: `training` switches dropout and batch statistics on, `keep` keeps what the way back needs,
 *   `watch` is shown what each layer gives and was given */
/** @typedef {{ name: string, shape: Shape, values: Float32Array, gradient: Float32Array }} Weight */
/** @typedef {{ name: string, shape: Shape, values: Float32Array }} Buffer */

/** @param {Shape} shape */
export function volume(shape) {
  return shape.reduce((product, size) => product * size, 1);
}

/** A layer; the static methods say what it would be for what it is given, without making it. */
export class Layer {
  static needsMaps = false;
  static setsWidth = false;

  /** Options that are settled by others, and what they may be together. @param {Fields} _fields */
  static settle(_fields) {}

  /** @param {Fields} _fields @param {Shape} shape @returns {Shape} */
  static outputShape(_fields, shape) {
    return shape;
  }

  /** The learned tensors: [name, shape]. @param {Fields} _fields @param {Shape} _shape @returns {[string, Shape][]} */
  static weightShapes(_fields, _shape) {
    return [];
  }

  /** Multiply-adds for one picture. @param {Fields} _fields @param {Shape} _shape @param {Shape} _output */
  static macs(_fields, _shape, _output) {
    return 0;
  }

  /** What the weights are made for. @param {Fields} _fields @param {Shape} _shape @returns {[string, number]} */
  static fits(_fields, _shape) {
    return ["", 0];
  }

  /** @param {Fields} fields @param {Shape} shape */
  constructor(fields, shape) {
    const kind = /** @type {typeof Layer} */ (this.constructor);
    this.fields = fields;
    this.inputShape = shape;
    this.outputShape = kind.outputShape(fields, shape);
    this.inputs = volume(shape);
    this.outputs = volume(this.outputShape);
    /** @type {Weight[]} */
    this.weights = kind.weightShapes(fields, shape).map(([name, sizes]) => ({
      name,
      shape: sizes,
      values: new Float32Array(volume(sizes)),
      gradient: new Float32Array(volume(sizes)),
    }));
    /** @type {Buffer[]} */
    this.buffers = [];
    /** What the way back needs of the last pass. @type {any} */
    this.kept = null;
  }

  /** Use the weights of another layer of this kind. @param {Layer} other */
  share(other) {
    this.weights = other.weights;
    this.buffers = other.buffers;
  }

  /** Initial weights as torch draws them; none here. @param {Random} _random */
  begin(_random) {}

  /** @param {Float32Array} x @param {number} _count @param {Pass} _pass @returns {Float32Array} */
  forward(x, _count, _pass) {
    return x;
  }

  /** ∂E/∂x from ∂E/∂y; adds to the gradients. @param {Float32Array} dy @param {number} _count @returns {Float32Array} */
  backward(dy, _count) {
    return dy;
  }
}

/**
 * Uniform between −1/√fanIn and 1/√fanIn, torch's initial weights of convolutions and dense layers.
 * @param {Weight[]} weights @param {number} fanIn @param {Random} random
 */
export function drawUniform(weights, fanIn, random) {
  const bound = 1 / Math.sqrt(fanIn);
  for (const { values } of weights) for (let i = 0; i < values.length; i++) values[i] = random.between(-bound, bound);
}

/** What weights fit that are there once for each channel or value. @param {Shape} shape @returns {[string, number]} */
export function channelsOf(shape) {
  return [shape.length === 3 ? "channels" : "plain values", shape[0]];
}

/**
 * The height and width that a sliding window leaves of maps.
 * @param {Shape} shape @param {Fields} fields @param {boolean} pooling @returns {[number, number]}
 */
export function slid(shape, fields, pooling) {
  const { kernel, padding, stride, dilation = 1 } = fields;
  const [, height, width] = shape;
  const reach = dilation * (kernel - 1) + 1;
  const dilated = dilation > 1 ? ` (dilated over ${reach}×${reach})` : "";
  if (padding > reach) {
    throw new Problem("The padding is wider than the kernel, so most positions would see nothing of the picture.", {
      got: `padding ${padding}, kernel ${kernel}×${kernel}${dilated}`,
      expected: `a padding of up to ${reach}`,
      hint: reach % 2 ? `p${(reach - 1) / 2} keeps the size of the maps` : undefined,
    });
  }
  const least = Math.min(height, width);
  if (reach > least + 2 * padding) {
    const padded = padding ? `, padded by ${padding}` : "";
    const needed = Math.floor((reach - least + 1) / 2);
    throw new Problem("The kernel is larger than its input.", {
      got: `kernel ${kernel}×${kernel}${dilated}, input ${height}×${width}${padded}`,
      hint: pooling
        ? "shrink the maps less before it, or use GAP or GMP for the whole map"
        : `pad it (p${needed}), or shrink the maps less before it`,
    });
  }
  const left = (/** @type {number} */ size) => Math.floor((size + 2 * padding - reach) / stride) + 1;
  return [left(height), left(width)];
}
