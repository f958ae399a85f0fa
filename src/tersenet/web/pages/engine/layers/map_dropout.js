// `DD.05`: dropout of whole maps.

import { Problem } from "../notation/problem.js";
import { ValueDropout } from "./dropout.js";

export class MapDropout extends ValueDropout {
  /** @param {import("./layer.js").Fields} _fields @param {import("./layer.js").Shape} shape */
  static outputShape(_fields, shape) {
    if (shape.length === 1) {
      throw new Problem("This dropout drops whole maps, but a dense layer before it has flattened them.", {
        got: `${shape[0]} plain values`,
        hint: "use D, which drops single values",
      });
    }
    return shape;
  }

  together() {
    return this.inputShape[1] * this.inputShape[2];
  }
}
