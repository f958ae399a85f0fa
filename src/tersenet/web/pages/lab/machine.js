// Training on the machine that serves this page: a run folder of its own, by the compiled engine.

import { ask, tell } from "../pieces/server.js";

/** @typedef {{ epoch: number, held_out_accuracy: number, train_loss: number, images_per_second: number }} Measured */
/** @typedef {{ state: string, number: number, run: string | null, notation: string, command: string, losses: number[], first: number,
 *   epochs: Measured[], planned: number, epoch: number, batch: number, batches: number, rate: number, notice: string | null, problem: string | null }} Told */
/** @typedef {{ count: number, correct: number, wrong: number, confusion: number[][], sprite: string, columns: number,
 *   mistakes: { label: number, guess: number, probability: number }[] }} Mistakes */

const NEWS = 250; // milliseconds between two questions while a training goes on
export const ALIVE = new Set(["preparing", "running"]);

export class Machine {
  /** @param {(told: Told, losses: number[]) => void} onNews the losses are those of all batches so far */
  constructor(onNews) {
    this.onNews = onNews;
    /** @type {number[]} */
    this.losses = [];
    this.number = 0;
    this.following = false;
    /** @type {() => void} */
    this.onEnd = () => undefined;
  }

  /** Begin, and follow it to its end. @param {object} order @returns {Promise<string>} empty, or why it was not begun */
  async start(order) {
    const refused = await tell("training/start", order);
    if (!refused) await this.follow();
    return refused;
  }

  stop() {
    return tell("training/stop", {});
  }

  /** Continue what was stopped, to its end. @returns {Promise<string>} */
  async goOn() {
    const refused = await tell("training/go-on", {});
    if (!refused) await this.follow();
    return refused;
  }

  /** Ask for news until the training has ended. */
  async follow() {
    if (this.following) return;
    this.following = true;
    try {
      for (;;) {
        /** @type {Told} */
        const told = await ask(`training.json?number=${this.number}&since=${this.losses.length}`);
        this.losses = [...this.losses.slice(0, told.first), ...told.losses];
        this.number = told.number;
        this.onNews(told, this.losses);
        if (!ALIVE.has(told.state)) return;
        await new Promise((done) => setTimeout(done, NEWS));
      }
    } finally {
      this.following = false;
    }
  }
}
