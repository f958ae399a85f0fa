// The page of runs: a table that sorts and filters, and the curves of the chosen ones laid over each other.

import { byId, html, pageData } from "../pieces/dom.js";
import { Curve } from "../pieces/curve.js";
import { copyButton, readLink, writeLink } from "../pieces/link.js";
import { grouped } from "../pieces/number.js";
import { takeToken } from "../pieces/server.js";
import { comparison } from "./compare.js";
import { showFront } from "./front.js";

/** @typedef {{ run: string, state: string, network: string, data: string, parameters: number | null, epochs: number | null,
 *   planned_epochs: number, seconds: number | null, accuracy: number | null, deviation: number | null, seeds: number, settings: number, report: boolean }} Row */
/** @typedef {{ live: boolean, rows: Row[], curves: Record<string, { accuracy: (number | null)[], loss: number[] }[]>,
 *   settings: Record<string, any>[], records: { name: string, parameters: number, accuracy: number, how: string }[],
 *   notations: Record<string, string>, damaged: { run: string, problem: string }[] }} Data */

const TONES = ["blue", "vermilion", "green", "orange", "purple", "sky"], DASHES = ["", "8 4", "3 3", "12 3 3 3", "2 5", "14 5"];
const NEWS = 2000; // milliseconds between two looks at the folder
const USUAL = { sort: "run", down: "", filter: "", chosen: "", front: "" };
/** @type {[keyof Row, string, (row: Row) => string][]} */
const COLUMNS = [
  ["run", "run", (row) => row.run],
  ["state", "state", (row) => row.state],
  ["network", "network", (row) => row.network],
  ["data", "data", (row) => row.data],
  ["parameters", "parameters", (row) => (row.parameters === null ? "–" : grouped(row.parameters))],
  ["accuracy", "test accuracy, %", (row) => (row.accuracy === null ? "–" : row.accuracy.toFixed(2) + (row.deviation === null ? "" : ` ± ${row.deviation.toFixed(2)}`))],
  ["seeds", "seeds", (row) => String(row.seeds)],
  ["epochs", "epochs", (row) => (row.epochs === null ? String(row.planned_epochs) : `${row.epochs}/${row.planned_epochs}`)],
  ["seconds", "seconds", (row) => (row.seconds === null ? "–" : row.seconds.toFixed(1))],
];
const TEXTS = new Set(["run", "state", "network", "data"]);

/** @type {Data} */
let data = pageData("data");
if (data.live) takeToken(); // the address that the server prints opens here; the Lab needs the token
const state = { ...USUAL, ...readLink() };
/** @type {string[]} */
let chosen = state.chosen.split(",").filter(Boolean);
/** @type {string | null} which two runs are compared now */
let compared = null;
const front = byId("front-data", HTMLSelectElement);
const filter = byId("filter", HTMLInputElement), host = byId("table", HTMLElement);
const accuracies = new Curve(byId("accuracies", HTMLElement)), losses = new Curve(byId("losses", HTMLElement));

function shownRows() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = data.rows.filter((row) => words.every((word) => `${row.run} ${row.network} ${row.data} ${row.state}`.toLowerCase().includes(word)));
  const column = /** @type {keyof Row} */ (COLUMNS.some(([name]) => name === state.sort) ? state.sort : "run"), sign = state.down ? -1 : 1;
  return kept.sort((one, other) => {
    const a = one[column], b = other[column];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1; // what has no figure comes last either way
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
  });
}

function show() {
  const rows = shownRows();
  const head = html("tr", {}, html("th", { scope: "col" }, "curve"), ...COLUMNS.map(([name, title]) => html(
    "th", { scope: "col", class: TEXTS.has(name) ? "words" : undefined, "aria-sort": state.sort === name ? (state.down ? "descending" : "ascending") : undefined },
    html("button", { type: "button", click: () => sortBy(name) }, `${title}${state.sort === name ? (state.down ? " ▾" : " ▴") : ""}`),
  )));
  const body = rows.map((row) => html("tr", {},
    html("td", {}, html("input", { type: "checkbox", checked: chosen.includes(row.run), "aria-label": `curve of ${row.run}`, change: () => choose(row.run) })),
    ...COLUMNS.map(([name, , text]) => html("td", { class: [TEXTS.has(name) ? "words" : "", name === "state" ? `state-${row.state}` : ""].join(" ").trim() },
      name === "run" && data.live && row.report ? html("a", { href: `report?run=${encodeURIComponent(row.run)}`, title: "its report" }, text(row)) : text(row)))));
  host.replaceChildren(html("table", {}, html("caption", { class: "unseen" }, "Runs and groups of seeds"), html("thead", {}, head), html("tbody", {}, ...body)));
  const running = data.rows.filter((row) => row.state === "running").length;
  byId("summary", HTMLElement).textContent = data.rows.length
    ? `${grouped(rows.length)} of ${grouped(data.rows.length)} runs and groups${running ? `, ${running} running` : ""}.${data.live ? "" : " As they were when these pages were written."}`
    : "There are no runs here yet. tersenet train makes one.";
  byId("damaged", HTMLElement).replaceChildren(...(data.damaged.length ? [html("h2", {}, "Cannot be read"), html("ul", {}, ...data.damaged.map(({ run, problem }) => html("li", {}, html("code", {}, run), ` ${problem}`)))] : []));
  showCurves();
  showFrontier();
}

function showFrontier() {
  const sets = [...new Set(data.rows.filter((row) => row.accuracy !== null && row.parameters).map((row) => row.data))].sort();
  const set = sets.includes(state.front) ? state.front : sets.includes("mnist") ? "mnist" : sets[0] ?? "mnist";
  front.replaceChildren(...(sets.length ? sets : ["mnist"]).map((name) => html("option", { value: name, selected: name === set }, name)));
  const ours = data.rows.filter((row) => row.data === set && row.accuracy !== null && row.parameters).map((row) => ({
    name: row.run, parameters: row.parameters ?? 0, accuracy: row.accuracy ?? 0, how: row.seeds > 1 ? `mean of ${row.seeds} seeds` : "one seed, last epoch", ours: true,
  }));
  showFront(byId("front", HTMLElement), [...ours, ...(set === "mnist" ? data.records.map((record) => ({ ...record, ours: false })) : [])]);
}

function showComparison() {
  const [one, other] = chosen.map((name) => data.rows.find((row) => row.run === name)).filter((row) => row !== undefined);
  const text = one && other ? `${one.run} ${other.run} ${one.settings} ${other.settings}` : "";
  if (compared === text) return; // what is open in it stays open
  compared = text;
  byId("comparison", HTMLElement).replaceChildren(...(one && other
    ? comparison(one, other, data.settings, (row) => data.notations[row.network] ?? row.network, data.live)
    : [html("h2", {}, "Two runs compared"), html("p", { class: "note" }, "Tick two runs: what differs in their recipes and networks is shown here, and which pictures the second repairs and breaks.")]));
}

function showCurves() {
  showComparison();
  const known = chosen.filter((name) => name in data.curves);
  const shown = known.length ? known : shownRows().slice(0, 3).map((row) => row.run);
  const lines = shown.slice(0, TONES.length).flatMap((name, at) => data.curves[name].map((curve) => ({ name, curve, tone: TONES[at], dash: DASHES[at] })));
  const values = lines.flatMap(({ curve }) => curve.accuracy).filter((value) => value !== null);
  accuracies.show({
    lines: lines.map(({ name, curve, tone, dash }) => ({ name, tone, dash, values: [NaN, ...curve.accuracy.map((value) => value ?? NaN)] })),
    across: "epoch", up: "held-out accuracy, %", first: 1, low: values.length ? Math.floor(Math.min(...values)) : 0, high: 100, label: `Held-out accuracy by epoch of ${shown.join(", ")}`,
  });
  losses.show({
    lines: lines.map(({ name, curve, tone, dash }) => ({ name, tone, dash, values: [NaN, ...curve.loss] })),
    across: "epoch", up: "training loss", first: 1, low: 0, label: `Training loss by epoch of ${shown.join(", ")}`,
  });
  byId("legend", HTMLElement).replaceChildren(...shown.slice(0, TONES.length).flatMap((name, at) => {
    const mark = html("span", { class: "swatch" });
    mark.style.background = `var(--${TONES[at]})`;
    return [mark, ` ${name}   `];
  }), shown.length > TONES.length ? `and ${shown.length - TONES.length} more, which are not drawn` : "");
}

/** @param {string} name */
function sortBy(name) {
  state.down = state.sort === name ? (state.down ? "" : "1") : TEXTS.has(name) ? "" : "1";
  state.sort = name;
  changed();
}

/** @param {string} name */
function choose(name) {
  chosen = chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name];
  remember();
  showCurves();
}

function remember() {
  writeLink({ ...state, filter: filter.value, chosen: chosen.join(",") }, USUAL);
}

function changed() {
  remember();
  show();
}

/** The folder is looked at again; the table stays as it is where nothing is new. */
async function news() {
  if (!document.hidden) {
    try {
      const answer = await fetch("runs.json");
      const text = await answer.text();
      if (answer.ok && text !== JSON.stringify(data)) {
        const focused = document.activeElement?.getAttribute("aria-label");
        data = JSON.parse(text);
        show();
        if (focused) [...host.querySelectorAll("input")].find((box) => box.getAttribute("aria-label") === focused)?.focus();
      }
    } catch {
      byId("summary", HTMLElement).textContent = "The server has ended: what is shown is what it last said.";
    }
  }
  setTimeout(news, NEWS);
}

front.addEventListener("change", () => {
  state.front = front.value;
  remember();
  showFrontier();
});
filter.value = state.filter;
filter.addEventListener("input", changed);
copyButton(byId("copy-link", HTMLButtonElement), () => location.href, byId("copied", HTMLElement));
byId("csv", HTMLButtonElement).addEventListener("click", () => {
  const quoted = (/** @type {string | number | null} */ value) => `"${String(value ?? "").replaceAll('"', '""').replace(/^([=+@-])/, "'$1")}"`;
  const lines = [COLUMNS.map(([name]) => name).join(","), ...shownRows().map((row) => COLUMNS.map(([name]) => (typeof row[name] === "number" ? row[name] : quoted(/** @type {string | null} */ (row[name])))).join(","))];
  const link = html("a", { download: "runs.csv", href: URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" })) });
  link.click();
  URL.revokeObjectURL(link.href);
});
show();
if (data.live) setTimeout(news, NEWS);
