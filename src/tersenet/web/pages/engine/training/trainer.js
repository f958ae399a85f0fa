// Training in the browser: epochs of batches in random order, the rate rising first and then falling to 0.

import { Network } from "../network.js";
import { Random } from "../random.js";
import { moved } from "./augment.js";
import { crossEntropy, softmax } from "./loss.js";
import { makeOptimizer } from "./optimizers.js";

/** @typedef {{ images: Uint8Array, labels: ArrayLike<number> }} Digits pictures of 28×28 bytes, one after another */
/** @typedef {{ epochs: number, batch: number, optimizer: string, rate: number, momentum: number, nesterov: boolean,
 *   decay: number, augmentation: number, seed: number }} Recipe */
/** @typedef {{ place: number, label: number, guess: number, probability: number }} Mistake */
/** @typedef {{ accuracy: number, loss: number, correct: number, count: number, confusion: number[][], mistakes: Mistake[] }} Measured */

const SIDE = 28, WARMUP = 0.15, TESTED = 100; // part of all steps in which the rate rises; pictures measured at a time

export class Trainer {
  /**
   * @param {string} notation @param {import("../notation/table.js").Kinds} kinds @param {Digits} train @param {Digits} test
   * @param {Recipe} recipe @param {{ mean: number, deviation: number, classes: number }} form
   */
  constructor(notation, kinds, train, test, recipe, form) {
    this.network = new Network(notation, kinds, [1, SIDE, SIDE], form.classes);
    this.network.begin(recipe.seed);
    this.train = train;
    this.test = test;
    this.recipe = recipe;
    this.form = form;
    this.random = new Random(recipe.seed + 1);
    this.optimizer = makeOptimizer(this.network.weights(), recipe);
    this.batches = Math.floor(train.labels.length / recipe.batch);
    this.steps = recipe.epochs * this.batches;
    this.step = 0;
    /** @type {Uint32Array} */
    this.order = new Uint32Array();
  }

  get done() {
    return this.step >= this.steps;
  }

  /** The rate of a step: it rises to the recipe's and then falls to 0. */
  rate() {
    const part = (this.step + 1) / this.steps;
    return this.recipe.rate * (part < WARMUP ? part / WARMUP : (1 - part) / (1 - WARMUP) + 1 / this.steps);
  }

  /** One batch. @returns {{ loss: number, accuracy: number }} */
  next() {
    const { batch, augmentation } = this.recipe, { network } = this, pixels = SIDE * SIDE, within = this.step % this.batches;
    if (within === 0) this.order = this.random.order(this.train.labels.length);
    const x = new Float32Array(batch * pixels), labels = new Uint8Array(batch);
    for (let n = 0; n < batch; n++) {
      const place = this.order[within * batch + n];
      labels[n] = this.train.labels[place];
      if (augmentation > 0) moved(this.train.images, place, SIDE, augmentation, this.random, x, n * pixels);
      else for (let at = 0; at < pixels; at++) x[n * pixels + at] = this.train.images[place * pixels + at] / 255;
    }
    this.normalise(x);
    const logits = network.forward(x, { training: true, keep: true, random: this.random });
    const { loss, correct, gradient } = crossEntropy(logits, labels, network.outputs);
    network.clearGradients();
    network.backward(gradient);
    this.optimizer.step(this.rate());
    this.step++;
    return { loss, accuracy: correct / batch };
  }

  /** @param {Float32Array} x */
  normalise(x) {
    const { mean, deviation } = this.form;
    for (let at = 0; at < x.length; at++) x[at] = (x[at] - mean) / deviation;
  }

  /** The test pictures: accuracy, loss, confusions, mistakes. @returns {Measured} */
  measure() {
    const { network, test } = this, k = network.outputs, pixels = SIDE * SIDE, count = test.labels.length;
    const confusion = Array.from({ length: k }, () => new Array(k).fill(0));
    /** @type {Mistake[]} */
    const mistakes = [];
    let loss = 0, correct = 0;
    for (let from = 0; from < count; from += TESTED) {
      const to = Math.min(count, from + TESTED);
      const x = Float32Array.from(test.images.subarray(from * pixels, to * pixels), (byte) => byte / 255);
      this.normalise(x);
      const logits = network.forward(x), p = softmax(logits, k), labels = Array.from({ length: to - from }, (_, n) => test.labels[from + n]);
      const found = crossEntropy(logits, labels, k);
      loss += (found.loss * labels.length) / count;
      correct += found.correct;
      labels.forEach((label, n) => {
        const row = [...p.subarray(n * k, (n + 1) * k)], guess = row.indexOf(Math.max(...row));
        confusion[label][guess]++;
        if (guess !== label) mistakes.push({ place: from + n, label, guess, probability: row[guess] });
      });
    }
    return { accuracy: correct / count, loss, correct, count, confusion, mistakes };
  }
}
