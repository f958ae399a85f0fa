// The page of designing and training.

import { byId, html, pageData } from "../pieces/dom.js";
import { Curve } from "../pieces/curve.js";
import { copyText, readLink, writeLink } from "../pieces/link.js";
import { grouped, percent, short } from "../pieces/number.js";
import { takeToken } from "../pieces/server.js";
import { Design } from "./design.js";
import { OnMachine } from "./on_machine.js";
import { asPytorch } from "./pytorch.js";
import { confusionTable, mapsOf, mistakesOf, paintField } from "./views.js";

/** @type {{ kinds: any, examples: { group: string, name: string, notation: string }[], train: { sprite: string, labels: number[] },
 *   test: { sprite: string, labels: number[] }, columns: number, mean: number, deviation: number, worker: string, sets: string[] | null }} `sets`: what a server can train on */
const data = pageData("data");
const USUAL = { a: data.examples[0].notation, b: "", epochs: "8", batch: "50", optimizer: "sgd", rate: "0.1", augmentation: "0.3", where: data.sets ? "machine" : "browser", data: data.sets?.[0] ?? "synthetic" };
const input = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const button = (/** @type {string} */ id) => byId(id, HTMLButtonElement);
const place = (/** @type {string} */ id) => byId(id, HTMLElement);
const optimizer = byId("optimizer", HTMLSelectElement), where = byId("where", HTMLSelectElement), set = byId("data-set", HTMLSelectElement), examples = byId("examples", HTMLSelectElement);

const designs = [new Design("First", "blue", "", data.kinds, () => changed(0)), new Design("Second", "orange", "7 4", data.kinds, () => changed(1))];
let both = false, chosen = 0, paused = false, drawing = 0, pointed = 0;
/** @type {Promise<{ train: Uint8Array, test: Uint8Array }> | null} */
let digits = null;
/** @type {Uint8Array | null} */
let tested = null;
const losses = new Curve(place("losses")), accuracies = new Curve(place("accuracies"));

/** The bytes of a sprite's digits, one after another. @param {string} address @param {number} count @param {number} columns */
async function unpack(address, count, columns) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = html("canvas", { width: image.width, height: image.height }), context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(image, 0, 0);
  const { data: pixels } = context.getImageData(0, 0, image.width, image.height), bytes = new Uint8Array(784 * count);
  for (let digit = 0; digit < count; digit++) {
    const left = (digit % columns) * 28, top = Math.floor(digit / columns) * 28;
    for (let at = 0; at < 784; at++) bytes[784 * digit + at] = pixels[4 * ((top + Math.floor(at / 28)) * image.width + left + (at % 28))];
  }
  return bytes;
}

async function loadDigits() {
  digits ??= Promise.all([unpack(data.train.sprite, data.train.labels.length, data.columns), unpack(data.test.sprite, data.test.labels.length, data.columns)]).then(([train, test]) => ({ train, test }));
  const found = await digits;
  tested = found.test;
  return found;
}

const onMachine = () => data.sets !== null && where.value === "machine";
const machine = new OnMachine({
  onChange: later, onMistakes: showMistakes, unpack,
  onTrouble: (text) => (place("trouble").textContent = text),
  onRun: ({ run, state, notice }) => place("as-run").replaceChildren(...(run ? [
    "This is the run ", html("a", { href: `runs.html#chosen=${encodeURIComponent(run)}` }, run), state === "finished" ? ", finished." : state === "interrupted" ? ", interrupted: Go on continues it." : ".", notice ? ` ${notice}` : "",
  ] : [])),
});

const active = () => (both ? designs : designs.slice(0, 1));

/** @param {number} which */
function changed(which) {
  chosen = which;
  showNetwork();
  remember();
}

function showNetwork() {
  const design = designs[chosen];
  place("maps").replaceChildren(...mapsOf(design, showField));
  pointed = Math.min(pointed, Math.max(0, design.fields.length - 1));
  if (design.network) showField(pointed);
  else place("field-said").textContent = "The line cannot be read yet.";
}

/** @param {number} step */
function showField(step) {
  const design = designs[chosen];
  if (!design.network) return;
  pointed = step;
  const { output, word } = design.network.steps[step];
  const digit = tested ? tested.subarray(0, 784) : null;
  place("field-said").textContent = paintField(byId("field", HTMLCanvasElement), digit, design.fields[step], output, word);
}

function showBoth() {
  place("designs").replaceChildren(...active().map((design) => design.element));
  button("beside").setAttribute("aria-pressed", String(both));
  button("beside").textContent = both ? "One design only" : "A second design beside it";
}

function remember() {
  writeLink({
    a: designs[0].input.value, b: both ? designs[1].input.value : "", epochs: input("epochs").value, batch: input("batch").value,
    optimizer: optimizer.value, rate: String(rate()), augmentation: input("augmentation").value,
    where: data.sets ? where.value : "browser", data: data.sets ? set.value : "synthetic",
  }, USUAL);
}

function rate() {
  return Number((10 ** input("rate").valueAsNumber).toPrecision(2));
}

function recipe() {
  const within = (/** @type {string} */ id, /** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ usual) => {
    const value = Math.round(input(id).valueAsNumber);
    const used = value >= low && value <= high ? value : usual;
    input(id).value = String(used);
    return used;
  };
  return {
    epochs: within("epochs", 1, 50, 8), batch: within("batch", 2, 500, 50), optimizer: optimizer.value, rate: rate(), momentum: 0.9, nesterov: true,
    decay: 5e-4, augmentation: input("augmentation").valueAsNumber, seed: 1,
  };
}

async function train() {
  const trouble = active().map((design) => design.obstacle(onMachine())).find(Boolean) ?? "";
  place("trouble").textContent = trouble;
  if (trouble) return;
  paused = false;
  if (onMachine()) {
    const { epochs, batch, rate: highest, augmentation } = recipe();
    await machine.train(active(), ({ network }) => ({ notation: network?.notation, data: set.value, epochs, batch, optimizer: optimizer.value, rate: highest, augmentation }));
    return;
  }
  place("as-run").replaceChildren();
  if (typeof Worker === "undefined") {
    place("trouble").textContent = "This browser has no workers, which training here needs; the copied command trains without a browser.";
    return;
  }
  place("progress").textContent = "Unpacking the digits …";
  const { train: images, test } = await loadDigits();
  for (const design of active()) {
    design.start(data.worker, {
      train: { images, labels: data.train.labels }, test: { images: test, labels: data.test.labels }, recipe: recipe(),
      form: { mean: data.mean, deviation: data.deviation, classes: 10 },
    }, (message) => {
      if (message.type === "failed") place("trouble").textContent = message.message;
      if (message.type === "epoch") showMistakes(design);
      later();
    });
  }
  later();
}

/** What changes with every batch is drawn once in a frame. */
function later() {
  if (drawing) return;
  drawing = requestAnimationFrame(() => {
    drawing = 0;
    showTraining();
  });
}

function showTraining() {
  const shown = active(), running = shown.some((design) => design.training);
  button("train").disabled = shown.some((design) => design.remote);
  button("pause").disabled = !running && !paused;
  button("stop").disabled = !running;
  button("pause").setAttribute("aria-pressed", String(paused));
  button("pause").textContent = paused ? "Go on" : "Pause";
  button("save").disabled = !designs[chosen].tensors;
  const line = (/** @type {Design} */ design, /** @type {number[]} */ values) => ({ name: design.name, values, tone: design.tone, dash: design.dash });
  const last = Math.max(10, ...shown.map((design) => design.steps));
  losses.show({ lines: shown.map((design) => line(design, smooth(design.losses))), across: "batch", up: "loss", low: 0, high: 2.4, last, label: "Loss of each batch, averaged over ten" });
  const reached = shown.map((design) => design.epochs.map((epoch) => 100 * epoch.accuracy)), low = Math.min(95, ...reached.flat().map((value) => Math.floor(value / 10) * 10));
  accuracies.show({
    lines: shown.map((design, at) => line(design, [NaN, ...reached[at]])), across: "epoch", up: "test accuracy, %", low, high: 100, first: 1, last: Math.max(2, input("epochs").valueAsNumber || 1),
    label: `Test accuracy after each epoch: ${reached.map((values) => values.map((value) => value.toFixed(1)).join(", ")).join("; ")}`,
  });
  place("progress").textContent = shown.map((design) => {
    const epoch = design.epochs[design.epochs.length - 1], done = design.steps ? design.losses.length / design.steps : 0;
    const counts = epoch?.count ? `${epoch.correct}/${epoch.count} (${percent(epoch.accuracy)})` : percent(epoch?.accuracy ?? 0);
    const so = epoch ? `${counts} after epoch ${epoch.epoch}, ${grouped(epoch.speed)} pictures a second` : "first epoch";
    if (design.state) return design.state;
    return design.losses.length ? `${both ? `${design.name}: ` : ""}${percent(done, 0)} of the batches, loss ${short(design.losses[design.losses.length - 1], 3)}; ${so}.` : "";
  }).filter(Boolean).join(" ");
}

/** The mean of each ten batches. @param {number[]} values */
function smooth(values) {
  let sum = 0;
  return values.map((value, at) => {
    sum += value - (at >= 10 ? values[at - 10] : 0);
    return sum / Math.min(at + 1, 10);
  });
}

/** @param {Design} design whose mistakes are new: they are shown where that design is the chosen one */
function showMistakes(design = designs[chosen]) {
  if (design !== designs[chosen]) return;
  const seen = design.measured;
  place("mistakes-of").textContent = seen ? `${both ? `of the ${design.name.toLowerCase()} design ` : ""}after epoch ${seen.epoch}: ${grouped(seen.wrong)} of ${grouped(seen.count)}` : "";
  place("mistakes").replaceChildren(...(seen ? mistakesOf(seen) : []));
  place("confusion").replaceChildren(...(seen ? [confusionTable(seen.confusion)] : []));
}

function showSliders() {
  place("rate-said").textContent = short(rate(), 3);
  place("augmentation-said").textContent = input("augmentation").valueAsNumber ? `${short(input("augmentation").valueAsNumber, 2)} × the usual` : "off";
}

button("train").addEventListener("click", train);
button("pause").addEventListener("click", () => {
  paused = !paused;
  if (onMachine()) (paused ? machine.pause() : machine.goOn()).catch(() => undefined);
  for (const design of active()) design.worker?.postMessage({ type: paused ? "pause" : "go" });
  showTraining();
});
button("stop").addEventListener("click", () => {
  paused = false;
  if (onMachine()) machine.stop();
  for (const design of designs) design.stop();
  showTraining();
});
for (const id of ["rate", "augmentation"]) {
  input(id).addEventListener("input", () => {
    showSliders();
    for (const design of designs) design.worker?.postMessage({ type: "set", rate: rate(), augmentation: input("augmentation").valueAsNumber });
    remember();
  });
}
for (const id of ["epochs", "batch", "optimizer", "where", "data-set"]) place(id).addEventListener("change", remember);
button("beside").addEventListener("click", () => {
  both = !both;
  if (both && !designs[1].input.value) designs[1].set(data.examples[1].notation);
  if (!both) designs[1].stop();
  chosen = both ? 1 : 0;
  showBoth();
  showNetwork();
  remember();
});
designs.forEach((design, which) => design.input.addEventListener("focus", () => {
  chosen = which;
  showNetwork();
  showMistakes();
}));
examples.addEventListener("change", () => {
  designs[chosen].set(data.examples[Number(examples.value)].notation);
  examples.selectedIndex = 0;
});

/** @param {string} id @param {() => string} text */
function copies(id, text) {
  button(id).addEventListener("click", async () => {
    const copied = text(), done = await copyText(copied);
    place("copied").textContent = `${done ? "Copied:\n" : ""}${copied}`;
  });
}
const command = () => {
  const { epochs, batch, augmentation } = recipe(), { network } = designs[chosen];
  const moves = augmentation === 1 ? [] : Object.entries({ rotation: 8, scale: 0.08, shift: 0.06, shear: 0.08 }).map(([name, most]) => `--set ${name}=${Number((most * augmentation).toPrecision(6))}`);
  const from = onMachine() ? [`--data ${set.value}`] : [];
  return [`tersenet train "${network?.notation}"`, ...from, `--epochs ${epochs} --batch-size ${batch} --optimizer ${optimizer.value} --lr ${rate()}`, ...moves].join(" ");
};
const unreadable = "The line cannot be read yet.";
copies("copy-link", () => location.href);
copies("copy-pytorch", () => { const { network, tree } = designs[chosen]; return network && tree ? asPytorch(tree, network.steps) : unreadable; });
copies("copy-command", () => (designs[chosen].network ? command() : unreadable));
button("save").addEventListener("click", () => {
  const { network, tensors } = designs[chosen];
  if (!network || !tensors) return;
  const json = { notation: network.notation, input: [1, 28, 28], classes: [..."0123456789"], mean: [data.mean], deviation: [data.deviation], tensors };
  const link = html("a", { download: "network.json", href: URL.createObjectURL(new Blob([JSON.stringify(json)], { type: "application/json" })) });
  link.click();
  URL.revokeObjectURL(link.href);
});

const groups = [...new Set(data.examples.map((example) => example.group))];
examples.replaceChildren(html("option", { value: "" }, "an example …"), ...groups.map((group) => html("optgroup", { label: group }, ...data.examples.flatMap((example, at) => (example.group === group ? [html("option", { value: at }, example.name)] : [])))));
place("kinds").replaceChildren(html("table", {}, html("tbody", {}, ...Object.values(data.kinds).map((/** @type {any} */ kind) => html("tr", {}, html("th", { scope: "row" }, html("code", {}, kind.example)), html("td", { class: "words" }, kind.words))))));
function showPlace() {
  place("about-data").textContent = onMachine()
    ? "The compiled engine of this machine trains it as an ordinary run, with a report. The sliders hold from the next training on."
    : `${grouped(data.train.labels.length)} digits to learn from and ${grouped(data.test.labels.length)} to test on, drawn by Tersenet; they are not MNIST, and accuracies on MNIST are others.`;
  place("sets").hidden = !onMachine();
}
where.addEventListener("change", showPlace);
place("places").hidden = data.sets === null;
set.replaceChildren(...(data.sets ?? []).map((name) => html("option", { value: name }, name === "synthetic" ? "digits that Tersenet draws" : name)));
takeToken();
const link = { ...USUAL, ...readLink() };
for (const id of ["epochs", "batch", "augmentation"]) input(id).value = /** @type {Record<string, string>} */ (link)[id];
if ([...optimizer.options].some((option) => option.value === link.optimizer)) optimizer.value = link.optimizer;
if (data.sets?.includes(link.data)) set.value = link.data;
if (data.sets) where.value = link.where === "browser" ? "browser" : "machine";
input("rate").value = String(Math.log10(Number(link.rate) || 0.1));
both = link.b !== "";
if (both) designs[1].set(link.b);
designs[0].set(link.a);
showBoth();
showSliders();
showPlace();
showTraining();
if (data.sets) machine.join(designs[0]).catch(() => undefined);
requestAnimationFrame(() => loadDigits().then(() => showField(pointed)));
