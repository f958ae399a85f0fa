// The worker that trains: the page stays alive while it computes. It listens between two batches.

import { base64 } from "./network.js";
import { Trainer } from "./training/trainer.js";

/** @typedef {{ type: "start", notation: string, kinds: any, train: any, test: any, recipe: any, form: any }} Start */
/** @typedef {Start | { type: "pause" } | { type: "go" } | { type: "stop" } | { type: "set", rate: number, augmentation: number }} Order */

/** @type {Trainer | null} */
let trainer = null;
let paused = false;
let run = 0;

onmessage = (/** @type {MessageEvent<Order>} */ { data }) => {
  if (data.type === "start") {
    const { notation, kinds, train, test, recipe, form } = data;
    try {
      trainer = new Trainer(notation, kinds, train, test, recipe, form);
    } catch (problem) {
      postMessage({ type: "failed", message: problem instanceof Error ? problem.message : String(problem) });
      return;
    }
    paused = false;
    work(trainer, ++run);
  } else if (data.type === "pause") paused = true;
  else if (data.type === "go" && trainer) {
    paused = false;
    work(trainer, ++run);
  } else if (data.type === "stop") run++;
  else if (data.type === "set" && trainer) Object.assign(trainer.recipe, { rate: data.rate, augmentation: data.augmentation });
};

/** Batch after batch until paused, stopped or done. @param {Trainer} now @param {number} mine */
async function work(now, mine) {
  let begun = performance.now(), pictures = 0;
  while (!paused && mine === run && !now.done) {
    const rate = now.rate(), { loss, accuracy } = now.next();
    pictures += now.recipe.batch;
    if (!Number.isFinite(loss)) {
      postMessage({ type: "failed", message: `The loss is no longer a number after ${now.step} batches: lower the learning rate.` });
      return;
    }
    postMessage({ type: "batch", step: now.step, steps: now.steps, loss, accuracy, rate });
    if (now.step % now.batches === 0) {
      const seconds = (performance.now() - begun) / 1000;
      postMessage({ type: "epoch", epoch: now.step / now.batches, speed: pictures / seconds, ...now.measure() });
      begun = performance.now();
      pictures = 0;
    }
    await new Promise((listen) => setTimeout(listen));
  }
  if (now.done && mine === run) {
    const tensors = Object.fromEntries(now.network.tensors().map(({ name, values }) => [name, base64(values)]));
    postMessage({ type: "done", tensors });
  }
}
