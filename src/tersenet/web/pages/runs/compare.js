// The first two chosen runs side by side: settings, network, and the pictures that the second repairs and breaks.

import { html } from "../pieces/dom.js";
import { short } from "../pieces/number.js";
import { ask } from "../pieces/server.js";
import { differences, wordsOf } from "./difference.js";

/** @typedef {import("./main.js").Row} Row */
/** @typedef {Record<string, any>} Settings */
/** @typedef {{ count: number, pictures: { label: string, one: string, other: string }[], sprite: string, columns: number, height: number, width: number }} Some */
/** @typedef {{ one: string, other: string, count: number, p: number, repaired: Some, broken: Some, neither: Some }} Pictures */

/** @param {Row} one @param {Row} other @param {Settings[]} settings @param {(row: Row) => string} lineOf @param {boolean} live @returns {Node[]} */
export function comparison(one, other, settings, lineOf, live) {
  const found = differences(settings[one.settings], settings[other.settings]);
  const said = (/** @type {any} */ value) => (value === undefined ? "not set" : Array.isArray(value) ? value.join(", ") : String(value));
  const rows = found.map(([name, before, after]) => html("tr", {}, html("th", { scope: "row" }, html("code", {}, name)), html("td", { class: "words" }, said(before)), html("td", { class: "words" }, said(after))));
  const head = html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "setting"), html("th", { scope: "col" }, one.run), html("th", { scope: "col" }, other.run)));
  const words = wordsOf(lineOf(one), lineOf(other)).flatMap(({ word, kind }) => [kind === "same" ? word : html(kind === "gone" ? "del" : "ins", {}, word), " "]);
  const pictures = html("div", {}), button = html("button", { type: "button", disabled: !live || one.data !== other.data }, "Show the pictures repaired and broken");
  button.addEventListener("click", async () => {
    button.disabled = true;
    pictures.replaceChildren(html("p", { role: "status" }, "Both networks classify the test set …"));
    try {
      pictures.replaceChildren(...(await shownPictures(await ask(`pictures.json?one=${encodeURIComponent(one.run)}&other=${encodeURIComponent(other.run)}`))));
    } catch (error) {
      pictures.replaceChildren(html("p", { class: "complaint", role: "alert" }, error instanceof Error ? error.message : String(error)));
      button.disabled = false;
    }
  });
  const why = !live ? "Only tersenet serve can let the networks classify the pictures." : one.data !== other.data ? "They were measured on different data." : "";
  return [
    html("h2", {}, `${one.run} and ${other.run}`),
    html("p", { class: "network-words" }, html("span", { class: "note" }, "Network, from the first to the second: "), html("code", {}, ...words)),
    rows.length ? html("div", { class: "table", tabindex: 0, role: "region", "aria-label": "Settings that differ" }, html("table", {}, head, html("tbody", {}, ...rows))) : html("p", {}, "Their settings are the same; seeds and names are not compared."),
    html("p", {}, button, why ? html("span", { class: "note" }, ` ${why}`) : null), pictures,
  ];
}

/** @param {Pictures} found @returns {Promise<Node[]>} */
async function shownPictures({ one, other, count, p, repaired, broken, neither }) {
  const sure = p < 0.05 ? "a difference beyond chance at the 5 % level" : "no more than chance would give";
  const kinds = /** @type {[string, Some][]} */ ([[`Repaired by ${other}`, repaired], [`Broken by ${other}`, broken], ["Misclassified by both", neither]]);
  const parts = await Promise.all(kinds.map(async ([title, some]) => html("div", {}, html("h3", {}, `${title}: ${some.count}`), html("div", { class: "mistakes" }, ...(await tiles(some))))));
  return [
    html("p", { role: "status" }, `Of ${count.toLocaleString("en")} pictures ${other} repairs ${repaired.count} that ${one} misclassifies, and breaks ${broken.count}: ${sure} (McNemar, p = ${short(p, 2)}).`),
    ...parts,
  ];
}

/** @param {Some} some */
async function tiles({ pictures, sprite, columns, height, width }) {
  const all = new Image();
  all.src = sprite;
  await all.decode();
  return pictures.map(({ label, one, other }, place) => {
    const canvas = html("canvas", { width, height, "aria-hidden": "true" });
    canvas.getContext("2d")?.drawImage(all, (place % columns) * width, Math.floor(place / columns) * height, width, height, 0, 0, width, height);
    return html("figure", {}, canvas, html("figcaption", {}, html("b", {}, label), html("br"), `${one} → ${other}`));
  });
}
