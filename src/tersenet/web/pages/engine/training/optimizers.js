// The optimisers by the names that a recipe gives them.

import { Adam } from "./adam.js";
import { SGD } from "./sgd.js";

/** @typedef {import("../layers/layer.js").Weight} Weight */
/** @typedef {{ optimizer: string, momentum: number, nesterov: boolean, decay: number }} Settings */

/** @param {Weight[]} weights @param {Settings} settings @returns {SGD | Adam} */
export function makeOptimizer(weights, settings) {
  if (settings.optimizer === "sgd") return new SGD(weights, settings);
  return new Adam(weights, { ...settings, apart: settings.optimizer === "adamw" });
}
