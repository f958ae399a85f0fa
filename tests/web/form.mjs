// Brings pictures into MNIST's form with the page's own modules: reads [{width, height, colours}], writes the forms.
import { readFileSync } from "node:fs";
import { findForm } from "../../src/tersenet/web/pages/draw/mnist_form.js";
import { floats } from "../../src/tersenet/web/pages/engine/network.js";

const answers = JSON.parse(readFileSync(0, "utf8")).map(({ width, height, colours }) => {
  const form = findForm({ width, height, colours: floats(colours) });
  return form && { image: [...form.image], secondMark: form.secondMark };
});
process.stdout.write(JSON.stringify(answers));
