// The page of backpropagation: what is shown, and what happens when something is touched.

import { byId, html, pageData, stillness } from "../pieces/dom.js";
import { copyButton, readLink, writeLink } from "../pieces/link.js";
import { Curve } from "../pieces/curve.js";
import { short } from "../pieces/number.js";
import { MOST_PATHS, pathCount, paths, tagsOf } from "./chain.js";
import { chainPanel } from "./chain_panel.js";
import { cell, columnNames, descend, verdict } from "./descent.js";
import { derivativesTable } from "./derivatives.js";
import { Drawing } from "./drawing.js";
import { asNotebook } from "./notebook.js";
import { namesOf } from "./numbers.js";
import { batchNormScene, convolutionScene } from "./scenes/scenes.js";
import { stagesOf } from "./stages.js";
import { asCommand, asLink, fromLink, MOST_STEPS, readSizes, settled } from "./state.js";
import { Table } from "./table.js";

/** @typedef {import("./numbers.js").Problem} Problem */
/** @typedef {import("./state.js").State} State */

const { examples, errata } = pageData("data");

/** @type {State} */
const USUAL = { problem: examples.course, rate: 1, steps: 68, step: 0, stage: -1, weight: "w1" };
let state = fromLink(readLink(), USUAL);
let steps = descend(state.problem, state.rate, state.steps);
let stages = stagesOf(state.problem);
let playing = 0;
let tableIsOld = 0;
/** @type {string | null} */
let pointed = null;
const details = (/** @type {string} */ id) => byId(id, HTMLDetailsElement);
const narrow = matchMedia("(max-width: 760px)");
const input = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const button = (/** @type {string} */ id) => byId(id, HTMLButtonElement);
const place = (/** @type {string} */ id) => byId(id, HTMLElement);

/** @type {Drawing} */
let drawing;
const curve = new Curve(place("curve"), (step) => goTo(step));
const table = new Table(place("table"), (step) => goTo(step));

function draw() {
  drawing = new Drawing(place("network"), state.problem, narrow.matches, (name, leave) => {
    pointed = leave ? null : name;
    if (!leave) state.weight = name;
    show();
  });
}

/** The state changed in what is computed: everything anew. */
function compute() {
  steps = descend(state.problem, state.rate, state.steps);
  state.step = Math.min(state.step, state.steps);
  clearTimeout(tableIsOld);
  tableIsOld = window.setTimeout(showTable, 120);
  show();
}

/** Another network: its drawing and its fields too. */
function rebuild() {
  stages = stagesOf(state.problem);
  const names = namesOf(state.problem), known = [...names.weights.flat(), ...names.biases.flat()];
  if (!known.includes(state.weight)) state.weight = known[0];
  state.stage = -1;
  draw();
  showSettings();
  compute();
}

function showTable() {
  const course = JSON.stringify(state.problem) === JSON.stringify(settled(examples.course)) && state.rate === 1;
  const every = table.show(steps, course ? errata : []);
  place("note").textContent = [
    every > 1 ? `Every ${every}th row is shown; the CSV has all.` : "",
    course ? "† marks a number that the course’s own table prints incorrectly." : "",
  ].join(" ").trim();
  mark(false);
}

/** @param {boolean} scroll */
function mark(scroll) {
  const stage = state.stage < 0 ? null : stages[state.stage];
  const names = new Set(stage ? [...stage.values, ...stage.slopes.map((name) => `dE/d${name}`)] : [state.weight, `dE/d${state.weight}`]);
  table.mark(state.step, names, scroll);
}

function show() {
  const step = steps[state.step], quiz = details("exercise").open;
  const all = state.stage < 0, done = all ? stages : stages.slice(0, state.stage + 1);
  const known = new Set(done.flatMap((stage) => stage.values)), sloped = new Set(quiz ? [] : done.flatMap((stage) => stage.slopes));
  const now = new Set(all ? [] : [...stages[state.stage].values, ...stages[state.stage].slopes]);
  const coloured = all || pointed !== null;
  const found = pathCount(state.problem, state.weight) <= MOST_PATHS ? paths(state.problem, step.v, state.weight) : [];
  const tags = tagsOf(found);
  drawing.update({ v: step.v, d: step.d, known, sloped, now, tags: coloured ? tags : new Map(), chosen: coloured ? state.weight : "" });
  place("told").textContent = all
    ? `After ${state.step} update${state.step === 1 ? "" : "s"}: E_total = ${short(step.v.E_total, 9)}`
    : `${state.stage + 1} of ${stages.length}. ${stages[state.stage].title}. ${stages[state.stage].words}`;
  place("lines").replaceChildren(...(all || (quiz && stages[state.stage].slopes.length) ? [] : stages[state.stage].lines(step, state.rate).map((line) => html("div", { class: "formula" }, line))));
  place("chain-title").textContent = `The chain rule for ${state.weight}`;
  place("chain").replaceChildren(...(quiz ? [html("p", {}, "Hidden while you compute.")] : chainPanel(step, state.weight, tags)));
  if (details("derivatives").open) place("derivatives-table").replaceChildren(quiz ? html("p", {}, "Hidden while you compute.") : derivativesTable(step));
  place("asked").textContent = state.weight;
  showCurve();
  input("rate").value = String(Math.log10(state.rate));
  if (document.activeElement !== input("rate-number")) input("rate-number").value = short(state.rate, 4).replaceAll(",", "");
  place("workbook").textContent = asCommand(state).replace("backprop table", "backprop workbook").replace(" --all --every 1", "") + " descent.xlsx";
  writeLink(asLink(state), asLink(USUAL));
  mark(false);
}

function showCurve() {
  const losses = steps.map((each) => each.v.E_total), said = verdict(state.problem, steps);
  curve.show({
    lines: [{ name: "E_total", values: losses, tone: "blue" }], across: "update", up: "E_total", log: input("log").checked, at: state.step,
    low: input("log").checked ? undefined : 0, label: `The error by update at learning rate ${state.rate}: ${said}, ${short(losses[0], 4)} at first, ${short(losses[losses.length - 1], 4)} after ${state.steps} updates`,
  });
  place("verdict").textContent = `Learning rate ${short(state.rate, 4)}: ${said}. E_total ${short(losses[0], 6)} at first, ${short(losses[state.step], 6)} at update ${state.step}, ${short(losses[losses.length - 1], 6)} after ${state.steps}.`;
}

function showSettings() {
  const { problem } = state, names = namesOf(problem);
  input("sizes").value = problem.sizes.join("-");
  byId("activation", HTMLSelectElement).value = problem.activations[0] === "softmax" ? "sigmoid" : problem.activations[0];
  byId("loss", HTMLSelectElement).value = problem.loss;
  input("biases").checked = problem.biases.length > 0;
  input("steps").value = String(state.steps);
  const group = (/** @type {string} */ title, /** @type {string[]} */ labels, /** @type {"inputs" | "targets" | "weights" | "biases"} */ field, /** @type {number} */ from) =>
    html("fieldset", {}, html("legend", {}, title), ...labels.map((name, offset) => html("label", {}, `${name} `, html("input", {
      type: "number", step: "any", "data-name": name, value: problem[field][from + offset],
      change: (/** @type {Event} */ event) => edit(field, from + offset, /** @type {HTMLInputElement} */ (event.target)),
      focus: () => { if (field === "weights" || field === "biases") { state.weight = name; show(); } },
    }))));
  let weight = 0, bias = 0;
  const layers = names.weights.flatMap((labels, layer) => {
    const made = [group(`weights ${layer + 1}`, labels, "weights", weight), ...(names.biases[layer].length ? [group(`biases ${layer + 1}`, names.biases[layer], "biases", bias)] : [])];
    weight += labels.length;
    bias += names.biases[layer].length;
    return made;
  });
  place("numbers").replaceChildren(group("inputs", names.inputs, "inputs", 0), group("targets", names.targets, "targets", 0), ...layers);
}

/** @param {"inputs" | "targets" | "weights" | "biases"} field @param {number} at @param {HTMLInputElement} box */
function edit(field, at, box) {
  const value = box.valueAsNumber;
  if (!Number.isFinite(value) || Math.abs(value) > 1e9) {
    place("complaint").textContent = "A number between −1,000,000,000 and 1,000,000,000 is needed here.";
    box.value = String(state.problem[field][at]);
    return;
  }
  place("complaint").textContent = "";
  const numbers = [...state.problem[field]];
  numbers[at] = value;
  state.problem = { ...state.problem, [field]: numbers };
  state.step = 0;
  place("edited").textContent = "These are the numbers before the first update; the descent begins again from them.";
  compute();
}

/** @param {number} step */
function goTo(step) {
  state.step = Math.min(state.steps, Math.max(0, step));
  state.stage = -1;
  show();
  mark(true);
}

function nextStage() {
  if (state.stage < stages.length - 1) state.stage++;
  else {
    if (state.step >= state.steps) return stop();
    state.step++;
    state.stage = 0;
  }
  show();
}

function nextUpdate() {
  if (state.step >= state.steps) return stop();
  goTo(state.step + 1);
}

function play() {
  if (playing) return stop();
  // With less motion asked for, play moves in whole updates and slowly.
  const pause = Math.max(Number(byId("speed", HTMLSelectElement).value), stillness() ? 1600 : 0);
  playing = window.setInterval(() => (state.stage < 0 ? nextUpdate() : nextStage()), pause);
  button("play").setAttribute("aria-pressed", "true");
  button("play").textContent = "❚❚ Pause";
}

function stop() {
  clearInterval(playing);
  playing = 0;
  button("play").setAttribute("aria-pressed", "false");
  button("play").textContent = "▶ Play";
}

function reset() {
  stop();
  state.step = 0;
  state.stage = -1;
  place("complaint").textContent = place("edited").textContent = "";
  show();
  mark(true);
}

const actions = {
  pass: nextStage, update: nextUpdate, play, reset,
  back: () => {
    if (state.stage > 0) state.stage--;
    else if (state.stage === 0 && state.step > 0) [state.step, state.stage] = [state.step - 1, stages.length - 1];
    else if (state.stage < 0 && state.step > 0) state.step--;
    show();
  },
};
for (const [id, act] of Object.entries(actions)) button(id).addEventListener("click", act);
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && input("rate") !== event.target;
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = { s: actions.pass, n: actions.update, p: actions.play, r: actions.reset, b: actions.back }[event.key.toLowerCase()];
  if (act) act();
});
button("play").addEventListener("blur", () => document.hidden && stop());
document.addEventListener("visibilitychange", () => document.hidden && stop());

input("rate").addEventListener("input", () => {
  state.rate = Number((10 ** input("rate").valueAsNumber).toPrecision(3));
  compute();
});
input("rate-number").addEventListener("change", () => {
  const rate = input("rate-number").valueAsNumber;
  if (rate > 0 && rate <= 1e6) state.rate = rate;
  compute();
});
input("steps").addEventListener("change", () => {
  state.steps = Math.round(Math.min(MOST_STEPS, Math.max(1, input("steps").valueAsNumber || 68)));
  input("steps").value = String(state.steps);
  compute();
});
input("log").addEventListener("change", showCurve);
for (const example of document.querySelectorAll("[data-example]")) {
  example.addEventListener("click", () => {
    state = { ...state, problem: settled(examples[example.getAttribute("data-example") ?? "course"]), step: 0 };
    rebuild();
  });
}
for (const id of ["sizes", "activation", "loss", "biases"]) {
  place(id).addEventListener("change", () => {
    const sizes = readSizes(input("sizes").value);
    place("complaint").textContent = sizes ? "" : "Sizes are 2 to 5 numbers from 1 to 4, such as 2-3-2. Larger networks: tersenet backprop table.";
    if (!sizes) return;
    const biases = input("biases").checked ? (state.problem.biases.length ? state.problem.biases : [0.1]) : [];
    state.problem = settled({
      ...state.problem, sizes, biases, activations: [byId("activation", HTMLSelectElement).value], loss: byId("loss", HTMLSelectElement).value, trainBiases: true,
    });
    state.step = 0;
    rebuild();
  });
}
for (const id of ["exercise", "derivatives"]) place(id).addEventListener("toggle", show);
for (const [id, scene] of /** @type {[string, (host: HTMLElement) => void][]} */ ([["convolution", convolutionScene], ["batch-norm", batchNormScene]])) {
  place(id).addEventListener("toggle", () => scene(place(`${id}-scene`)), { once: true });
}
byId("answer-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const given = Number(input("answer").value.replace("−", "-").replace(",", ".")), right = steps[state.step].d[state.weight];
  const size = Math.max(Math.abs(right), 1e-12);
  place("answered").textContent = !input("answer").value.trim() || Number.isNaN(given)
    ? "This is not a number."
    : Math.abs(given - right) <= 0.005 * size ? "Correct."
      : Math.abs(given + right) <= 0.005 * size ? "Only the sign differs: is it a − t, or t − a?" : "Not yet: multiply along each path, then add the paths.";
});
copyButton(button("copy-link"), () => location.href, place("copied"));
copyButton(button("copy-command"), () => asCommand(state), place("copied"));
/** @param {string} name @param {string} text @param {string} type */
function save(name, text, type) {
  const link = html("a", { download: name, href: URL.createObjectURL(new Blob([text], { type })) });
  link.click();
  URL.revokeObjectURL(link.href);
}
button("notebook").addEventListener("click", () => save("backpropagation.ipynb", asNotebook(state), "application/json"));
button("csv").addEventListener("click", () => {
  const columns = columnNames(state.problem);
  const lines = [["step", ...columns].join(","), ...steps.map((step, number) => [number, ...columns.map((name) => cell(step, name))].join(","))];
  save("descent.csv", lines.join("\n") + "\n", "text/csv");
});
narrow.addEventListener("change", () => {
  draw();
  show();
});
window.addEventListener("hashchange", () => {
  state = fromLink(readLink(), USUAL);
  rebuild();
});

const { stage } = state;
rebuild();
state.stage = Math.min(stage, stages.length - 1);
show();
