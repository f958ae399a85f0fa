// Runs jobs in the browser's engine: reads {kinds, jobs} as JSON from standard input, writes the answers.
import { readFileSync } from "node:fs";
import { parse } from "../../src/tersenet/web/pages/engine/notation/parse.js";
import { inferShapes } from "../../src/tersenet/web/pages/engine/notation/shapes.js";
import { Problem } from "../../src/tersenet/web/pages/engine/notation/problem.js";
import { printed } from "../../src/tersenet/web/pages/engine/notation/tree.js";
import { base64, floats, loadNetwork, Network } from "../../src/tersenet/web/pages/engine/network.js";
import { crossEntropy } from "../../src/tersenet/web/pages/engine/training/loss.js";
import { makeOptimizer } from "../../src/tersenet/web/pages/engine/training/optimizers.js";
import { fieldsOf } from "../../src/tersenet/web/pages/engine/notation/field.js";
import { asPytorch } from "../../src/tersenet/web/pages/lab/pytorch.js";
import { Trainer } from "../../src/tersenet/web/pages/engine/training/trainer.js";
import { Random } from "../../src/tersenet/web/pages/engine/random.js";

const { kinds, jobs } = JSON.parse(readFileSync(0, "utf8"));

const tasks = {
  read({ text, input, classes }) {
    try {
      const tree = parse(text, kinds);
      const steps = inferShapes(tree, kinds, input, classes);
      return {
        printed: printed(tree, kinds),
        steps: steps.map(({ word, output, parameters, macs }) => [word, output, parameters, macs]),
        fields: fieldsOf(tree),
        pytorch: asPytorch(tree, steps),
        tensors: new Network(text, kinds, input, classes).tensors().map(({ name, values }) => [name, values.length]),
      };
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      const { message, got, expected, hint, start, end } = problem;
      return { problem: message, got, expected, hint, start, end };
    }
  },

  logits({ network, x }) {
    return base64(loadNetwork(network, kinds).forward(floats(x)));
  },

  gradients({ network, x, dy }) {
    const model = loadNetwork(network, kinds);
    const y = model.forward(floats(x), { training: true, keep: true, random: new Random(1) });
    const dx = model.backward(floats(dy));
    const weights = Object.fromEntries(model.weights().map(({ name, gradient }) => [name, base64(gradient)]));
    const buffers = Object.fromEntries(model.tensors().map(({ name, values }) => [name, base64(values)]));
    return { y: base64(y), dx: base64(dx), weights, buffers };
  },

  learn({ notation, images, labels, tested, recipe }) {
    const bytes = Uint8Array.from(atob(images), (sign) => sign.charCodeAt(0)), from = labels.length - tested;
    const train = { images: bytes.subarray(0, from * 784), labels: labels.slice(0, from) };
    const test = { images: bytes.subarray(from * 784), labels: labels.slice(from) };
    const trainer = new Trainer(notation, kinds, train, test, recipe, { mean: 0.1307, deviation: 0.3081, classes: 10 });
    const rates = [], losses = [], begun = performance.now();
    while (!trainer.done) {
      rates.push(trainer.rate());
      losses.push(trainer.next().loss);
    }
    return { rates, losses, seconds: (performance.now() - begun) / 1000, ...trainer.measure() };
  },

  train({ network, x, labels, batch, rates, settings }) {
    const model = loadNetwork(network, kinds), pictures = floats(x);
    const optimizer = makeOptimizer(model.weights(), settings);
    const losses = [];
    rates.forEach((rate, step) => {
      const from = (step * batch) % labels.length;
      const logits = model.forward(pictures.subarray(from * model.inputs, (from + batch) * model.inputs), {
        training: true,
        keep: true,
      });
      const { loss, gradient } = crossEntropy(logits, labels.slice(from, from + batch), model.outputs);
      model.clearGradients();
      model.backward(gradient);
      optimizer.step(rate);
      losses.push(loss);
    });
    return { losses, tensors: Object.fromEntries(model.tensors().map(({ name, values }) => [name, base64(values)])) };
  },
};

process.stdout.write(JSON.stringify(jobs.map(({ task, ...job }) => tasks[task](job))));
