// `DW3`: a convolution of each channel by itself, a convolution with as many groups as channels.

import { Convolution } from "./convolution.js";
import { slid } from "./layer.js";

/** @typedef {import("./layer.js").Shape} Shape */
/** @typedef {import("./layer.js").Fields} Fields */

export class Depthwise extends Convolution {
  static setsWidth = false;

  /** @param {Fields} fields @param {Shape} shape @returns {Shape} */
  static outputShape(fields, shape) {
    return [shape[0], ...slid(shape, fields, false)];
  }

  /** @param {Fields} fields @param {Shape} shape */
  static weightShapes(fields, shape) {
    return Convolution.weightShapes({ ...fields, channels: shape[0], groups: shape[0] }, shape);
  }

  /** @param {Fields} fields @param {Shape} shape @param {Shape} output */
  static macs(fields, shape, output) {
    return Convolution.macs({ ...fields, channels: shape[0], groups: shape[0] }, shape, output);
  }

  /** @param {Fields} fields @param {Shape} shape */
  constructor(fields, shape) {
    super({ ...fields, channels: shape[0], groups: shape[0] }, shape);
  }
}
