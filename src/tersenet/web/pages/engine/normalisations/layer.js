// `LN`: each picture over all its channels and pixels (Ba et al. 2016): group normalisation with one group.

import { volume } from "../layers/layer.js";
import { Problem } from "../notation/problem.js";
import { GroupNorm } from "./group.js";

export class LayerNorm extends GroupNorm {
  /** @param {import("../layers/layer.js").Fields} _fields @param {import("../layers/layer.js").Shape} shape */
  static outputShape(_fields, shape) {
    if (volume(shape) === 1) {
      throw new Problem("A single value minus its own mean is always 0.", { hint: "remove the normalisation" });
    }
    return shape;
  }

  groups() {
    return 1;
  }
}
