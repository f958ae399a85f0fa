// `GN4`: each picture by itself, its channels in four groups (Wu and He 2018).

import { volume } from "../layers/layer.js";
import { Problem } from "../notation/problem.js";
import { Normalising } from "./normalising.js";

export class GroupNorm extends Normalising {
  /** @param {import("../layers/layer.js").Fields} fields @param {import("../layers/layer.js").Shape} shape */
  static outputShape(fields, shape) {
    if (shape[0] % fields.groups) {
      throw new Problem("The groups do not divide the channels.", {
        got: `${fields.groups} groups, ${shape[0]} channels`,
        expected: "a number of groups that divides the channels",
      });
    }
    if (volume(shape) === fields.groups) {
      throw new Problem("Each group holds a single value, and a value minus its own mean is always 0.", {
        got: `${fields.groups} groups of ${volume(shape)} values`,
        hint: "use fewer groups, or put it before the maps shrink to 1×1",
      });
    }
    return shape;
  }

  groups() {
    return this.fields.groups;
  }

  /** @param {number} picture @param {number} channel */
  setOf(picture, channel) {
    return picture * this.groups() + Math.floor((channel * this.groups()) / this.channels);
  }

  /** @param {number} count */
  sets(count) {
    return count * this.groups();
  }
}
