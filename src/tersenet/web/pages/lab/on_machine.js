// Trainings of the designs on the machine that serves this page, one after the other; a page that comes later joins in.

import { ask } from "../pieces/server.js";
import { ALIVE, Machine } from "./machine.js";

/** @typedef {import("./design.js").Design} Design */
/** @typedef {import("./machine.js").Told} Told */
/** @typedef {{ onChange: () => void, onMistakes: (design: Design) => void, onTrouble: (text: string) => void, onRun: (told: Told) => void,
 *   unpack: (sprite: string, count: number, columns: number) => Promise<Uint8Array> }} Page */

export class OnMachine {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {Design | null} */
    this.design = null;
    /** @type {Design[]} */
    this.waiting = [];
    /** @type {(design: Design) => object} */
    this.orderOf = () => ({});
    this.stopped = false;
    this.asking = false;
    this.machine = new Machine((told, losses) => this.show(told, losses));
  }

  /** @param {Design[]} designs @param {(design: Design) => object} orderOf */
  async train(designs, orderOf) {
    this.stopped = false;
    this.waiting = [...designs];
    this.orderOf = orderOf;
    await this.next();
  }

  async next() {
    while (this.waiting.length && !this.stopped) {
      const design = /** @type {Design} */ (this.waiting.shift());
      design.begin();
      this.design = design;
      await this.run(() => this.machine.start(this.orderOf(design)));
    }
  }

  async goOn() {
    this.stopped = false;
    await this.run(() => this.machine.goOn());
    await this.next();
  }

  /** Interrupt the training; its folder can be continued, and so can what waits. */
  async pause() {
    this.stopped = true;
    await this.machine.stop();
  }

  async stop() {
    this.waiting = [];
    await this.pause();
  }

  /** Follow what the machine trains already, as this design. @param {Design} design */
  async join(design) {
    /** @type {Told} */
    const told = await ask("training.json");
    if (!ALIVE.has(told.state)) return;
    design.set(told.notation);
    design.begin();
    this.design = design;
    await this.run(() => this.machine.follow().then(() => ""));
  }

  /** @param {() => Promise<string>} act */
  async run(act) {
    const { design } = this;
    if (!design) return;
    design.remote = true;
    this.page.onChange();
    try {
      const refused = await act();
      if (refused) this.page.onTrouble(refused);
    } catch {
      this.page.onTrouble("The server has ended; the run folder keeps what was reached.");
    } finally {
      design.remote = false;
      this.page.onChange();
    }
  }

  /** @param {Told} told @param {number[]} losses */
  show(told, losses) {
    const { design, page } = this;
    if (!design) return;
    design.losses = losses;
    design.steps = told.planned * told.batches;
    const before = design.epochs.length;
    design.epochs = told.epochs.map((each) => ({ epoch: each.epoch, accuracy: each.held_out_accuracy / 100, speed: each.images_per_second }));
    design.state = told.state === "preparing" ? "The data are read …" : told.state === "running" && told.epochs.length === told.planned ? "The report is written …" : "";
    if (told.problem) page.onTrouble(told.problem);
    page.onRun(told);
    page.onChange();
    if (design.epochs.length > before) this.look(design);
  }

  /** The mistakes with the weights of the last epoch; one question at a time. @param {Design} design */
  async look(design) {
    if (this.asking) return;
    this.asking = true;
    const epoch = design.epochs.length;
    try {
      /** @type {import("./machine.js").Mistakes} */
      const found = await ask("training/mistakes.json");
      const images = await this.page.unpack(found.sprite, found.mistakes.length, found.columns);
      design.measured = { epoch, count: found.count, wrong: found.wrong, confusion: found.confusion, images, mistakes: found.mistakes.map((mistake, place) => ({ ...mistake, place })) };
      this.page.onMistakes(design);
    } catch {
      // No weights yet, or the server has ended, which the news say.
    } finally {
      this.asking = false;
    }
    if (design.epochs.length > epoch) await this.look(design);
  }
}
