// What a report does in a browser: its tables sort, its curves and its confusion matrix answer the pointer and the keyboard.
// Without scripts, and in print, the page is whole all the same. Text only ever goes in as text.

/** @typedef {{ box: number[], places: { x: number, y: number[], says: string }[] }} Panel */
/** @typedef {{ row: number, column: number, says: string, pictures: [number, string][] }} Cell */
/** @typedef {{ number: number, box: number[], cells: Cell[], sprite: string, columns: number, width: number, height: number }} Cells */

for (const table of document.querySelectorAll("table.sorts")) sorts(/** @type {HTMLTableElement} */ (table));
for (const data of document.querySelectorAll("script.alive")) {
  const figure = /** @type {HTMLElement} */ (data.closest("figure")), alive = JSON.parse(data.textContent ?? "null");
  if (alive.kind === "readouts") answersPointer(figure, alive.panels);
  else if (alive.cells.length) showsPictures(figure, alive);
}

/** Each head becomes a button that sorts its column, the other way round when it is pressed again. @param {HTMLTableElement} table */
function sorts(table) {
  const body = table.tBodies[0], heads = [...(table.tHead?.rows[0].cells ?? [])];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => ({ row, text: row.cells[column].textContent ?? "" }));
      rows.sort((a, b) => (down ? -1 : 1) * compared(a.text, b.text));
      body.append(...rows.map(({ row }) => row));
    });
  });
}

/** By number where both begin with one, else by words. @param {string} a @param {string} b */
function compared(a, b) {
  const [one, other] = [a, b].map((text) => parseFloat(text.replaceAll("−", "-").replaceAll(",", "")));
  return Number.isNaN(one) || Number.isNaN(other) ? a.localeCompare(b, "en", { numeric: true }) : one - other;
}

/** A part of the page over the drawing of a figure, whose size it keeps. @param {HTMLElement} figure */
function stageOver(figure) {
  const drawing = /** @type {SVGElement} */ (figure.querySelector("svg")), stage = document.createElement("div"), over = document.createElement("div");
  stage.className = "stage";
  over.className = "over";
  drawing.replaceWith(stage);
  stage.append(drawing, over);
  const place = () => {
    const style = getComputedStyle(drawing), edge = parseFloat(style.paddingLeft) + parseFloat(style.borderLeftWidth), box = drawing.getBoundingClientRect();
    over.style.left = over.style.top = `${edge}px`;
    over.style.width = `${box.width - 2 * edge}px`;
    over.style.height = `${box.height - 2 * edge}px`;
  };
  new ResizeObserver(place).observe(drawing);
  place();
  return over;
}

/** A line under the figure that is read aloud when it changes. @param {HTMLElement} figure @param {string} first */
function saidUnder(figure, first) {
  const said = document.createElement("p");
  said.className = "readout";
  said.setAttribute("role", "status");
  said.textContent = first;
  figure.append(said);
  return said;
}

/** @param {HTMLElement} figure @param {Panel[]} panels */
function answersPointer(figure, panels) {
  const over = stageOver(figure), said = saidUnder(figure, "Point at a curve, or use the arrow keys on it.");
  for (const { box: [left, top, right, bottom], places } of panels) {
    const panel = document.createElement("div"), line = document.createElement("div"), dots = places[0].y.map(() => document.createElement("div"));
    panel.className = "panel";
    panel.tabIndex = 0;
    panel.setAttribute("role", "slider");
    panel.setAttribute("aria-label", "place on the curve");
    panel.setAttribute("aria-valuemin", "0");
    panel.setAttribute("aria-valuemax", String(places.length - 1));
    Object.assign(panel.style, { left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top) });
    line.className = "line";
    line.hidden = true;
    for (const dot of dots) dot.className = "dot";
    line.append(...dots);
    panel.append(line);
    over.append(panel);
    let at = places.length - 1;
    const show = (/** @type {number} */ place) => {
      at = Math.min(places.length - 1, Math.max(0, place));
      const { x, y, says } = places[at];
      line.hidden = false;
      line.style.left = percent((x - left) / (right - left));
      dots.forEach((dot, which) => (dot.style.top = percent((y[which] - top) / (bottom - top))));
      said.textContent = says;
      panel.setAttribute("aria-valuenow", String(at));
      panel.setAttribute("aria-valuetext", says);
    };
    panel.setAttribute("aria-valuenow", String(at));
    panel.setAttribute("aria-valuetext", places[at].says);
    panel.addEventListener("pointermove", (event) => {
      const box = panel.getBoundingClientRect(), x = left + ((event.clientX - box.left) / box.width) * (right - left);
      show(places.reduce((best, place, which) => (Math.abs(place.x - x) < Math.abs(places[best].x - x) ? which : best), 0));
    });
    panel.addEventListener("focus", () => show(at));
    panel.addEventListener("keydown", (event) => {
      const moved = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: places.length - 1 }[event.key];
      if (moved === undefined) return;
      show(moved);
      event.preventDefault();
    });
  }
}

/** @param {HTMLElement} figure @param {Cells} alive */
function showsPictures(figure, { number, box: [left, top, right, bottom], cells, sprite, columns, width, height }) {
  const over = stageOver(figure), said = saidUnder(figure, "Press a coloured cell to see its pictures."), shown = document.createElement("div");
  const all = new Image();
  all.src = sprite;
  shown.className = "shown";
  figure.append(shown);
  /** @type {HTMLButtonElement | null} */
  let pressed = null;
  for (const { row, column, says, pictures } of cells) {
    const button = document.createElement("button"), wide = (right - left) / number, high = (bottom - top) / number;
    button.type = "button";
    button.className = "cell";
    button.setAttribute("aria-label", says);
    button.setAttribute("aria-pressed", "false");
    Object.assign(button.style, { left: percent(left + column * wide), top: percent(top + row * high), width: percent(wide), height: percent(high) });
    button.addEventListener("click", async () => {
      pressed?.setAttribute("aria-pressed", "false");
      pressed = button;
      button.setAttribute("aria-pressed", "true");
      said.textContent = `${says}${pictures.length < Number(/(\d+) picture/.exec(says)?.[1]) ? `; the ${pictures.length} most confident ones` : ""}.`;
      await all.decode();
      shown.replaceChildren(...pictures.map(([place, sure]) => {
        const one = document.createElement("div"), canvas = document.createElement("canvas");
        canvas.width = width;
        canvas.height = height;
        canvas.getContext("2d")?.drawImage(all, (place % columns) * width, Math.floor(place / columns) * height, width, height, 0, 0, width, height);
        one.append(canvas, sure);
        return one;
      }));
    });
    over.append(button);
  }
}

/** @param {number} part */
function percent(part) {
  return `${(100 * part).toFixed(3)}%`;
}
