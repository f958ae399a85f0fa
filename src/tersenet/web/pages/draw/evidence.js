// Where a class has its evidence: each region of the picture is blanked in turn, and the change of the logit is noted.

/** @typedef {import("../engine/network.js").Network} Network */

const REGION = 6, STEP = 2;

/**
 * How much each region adds to what is asked of the logits; blanking it would take that away.
 * @param {Network} network @param {Float32Array} picture @param {number} blank the value of a pixel without ink
 * @param {(logits: Float32Array) => number} asked @returns {{ sides: number, values: Float32Array, largest: { y: number, x: number, value: number } | null }}
 */
export function evidence(network, picture, blank, asked) {
  const [, height, width] = network.input, sides = Math.floor((width - REGION) / STEP) + 1, count = sides * sides;
  const batch = new Float32Array(count * network.inputs);
  const filled = new Uint8Array(count);
  for (let place = 0; place < count; place++) {
    const from = place * network.inputs, top = Math.floor(place / sides) * STEP, left = (place % sides) * STEP;
    batch.set(picture, from);
    for (let y = top; y < Math.min(height, top + REGION); y++) {
      for (let x = left; x < left + REGION; x++) {
        if (batch[from + y * width + x] > blank) filled[place] = 1;
        batch[from + y * width + x] = blank;
      }
    }
  }
  const whole = asked(network.forward(picture)), logits = network.forward(batch), k = network.outputs;
  const values = new Float32Array(count);
  let largest = null;
  for (let place = 0; place < count; place++) {
    if (!filled[place]) continue;
    values[place] = whole - asked(logits.subarray(place * k, (place + 1) * k));
    if (!largest || Math.abs(values[place]) > Math.abs(largest.value)) largest = { y: Math.floor(place / sides), x: place % sides, value: values[place] };
  }
  return { sides, values, largest };
}

/** Where a region lies, in words. @param {{ y: number, x: number }} place @param {number} sides */
export function whereabouts({ y, x }, sides) {
  const third = (/** @type {number} */ at) => Math.min(2, Math.floor((3 * at) / sides));
  const down = ["top", "middle", "bottom"][third(y)], across = ["left", "", "right"][third(x)];
  return down === "middle" ? (across ? `the middle ${across}` : "the middle") : `the ${down}${across ? ` ${across}` : ""}`;
}
