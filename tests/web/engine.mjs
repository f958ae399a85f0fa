// Runs jobs in the browser's engine: reads {kinds, jobs} as JSON from standard input, writes the answers.
import { readFileSync } from "node:fs";
import { parse } from "../../src/tersenet/web/pages/engine/notation/parse.js";
import { inferShapes } from "../../src/tersenet/web/pages/engine/notation/shapes.js";
import { Problem } from "../../src/tersenet/web/pages/engine/notation/problem.js";
import { printed } from "../../src/tersenet/web/pages/engine/notation/tree.js";
import { base64, floats, loadNetwork, Network } from "../../src/tersenet/web/pages/engine/network.js";
import { crossEntropy } from "../../src/tersenet/web/pages/engine/training/loss.js";
import { makeOptimizer } from "../../src/tersenet/web/pages/engine/training/optimizers.js";
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
