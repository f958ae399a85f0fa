// The two small scenes in numbers: what is given comes from standard input as JSON.
import { readFileSync } from "node:fs";
import { inputDifference, normalise } from "../../src/tersenet/web/pages/backprop/scenes/batch_norm.js";
import { convolve, kernelDifference } from "../../src/tersenet/web/pages/backprop/scenes/convolution.js";

const { convolutions, batches } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify({
  convolutions: convolutions.map((given) => ({ ...convolve(given), difference: kernelDifference(given, 0, 1) })),
  batches: batches.map((given) => ({ ...normalise(given), difference: inputDifference(given, 1) })),
}));
