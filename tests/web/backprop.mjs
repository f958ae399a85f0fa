// Computes problems with the page's own modules: reads jobs as JSON from standard input, writes the answers.
import { readFileSync } from "node:fs";
import { paths, tagsOf } from "../../src/tersenet/web/pages/backprop/chain.js";
import { cell, columnNames, descend, verdict } from "../../src/tersenet/web/pages/backprop/descent.js";
import { finiteDifference, namesOf } from "../../src/tersenet/web/pages/backprop/numbers.js";
import { asNotebook } from "../../src/tersenet/web/pages/backprop/notebook.js";
import { asCommand, asLink, fromLink } from "../../src/tersenet/web/pages/backprop/state.js";

const answers = JSON.parse(readFileSync(0, "utf8")).map(({ problem, rate, steps, link }) => {
  const found = descend(problem, rate, steps), columns = columnNames(problem), last = found[found.length - 1];
  const state = { problem, rate, steps, step: 0, stage: -1, weight: "w1" };
  const parameters = [...namesOf(problem).weights.flat(), ...namesOf(problem).biases.flat()];
  return {
    columns,
    rows: found.map((step) => columns.map((name) => cell(step, name))),
    verdict: verdict(problem, found),
    chains: Object.fromEntries(parameters.map((name) => [name, paths(problem, found[0].v, name).map((path) => path.map(({ child, parent, value }) => [`∂${child}/∂${parent}`, value]))])),
    tags: Object.fromEntries(tagsOf(paths(problem, found[0].v, "w1"))),
    differences: Object.fromEntries(parameters.map((name) => [name, finiteDifference(last.problem, name)])),
    command: asCommand(state),
    notebook: asNotebook(state),
    again: fromLink(asLink(state), { ...state, rate: 5, steps: 3 }),
    read: fromLink(link ?? {}, state),
  };
});
process.stdout.write(JSON.stringify(answers));
