// The notation: one line of text to a tree, with the rules and the words of Python's parser.

import { likeness, nearest } from "./likeness.js";
import { Problem } from "./problem.js";
import { LAYERS } from "../kinds.js";
import { depth, MAX_DEPTH, MAX_LAYERS, MAX_TIMES, size } from "./tree.js";

/** @typedef {import("./table.js").Kind} Kind */
/** @typedef {import("./table.js").Kinds} Kinds */
/** @typedef {import("./table.js").Written} Written */
/** @typedef {import("./tree.js").Node} Node */
/** @typedef {import("./tree.js").BlockNode} BlockNode */
/** @typedef {import("./tree.js").LayerNode} LayerNode */

const MAX_TEXT = 100_000, MAX_WORD = 500;
const LAYER = /^([0-9]*)([A-Z]+)([0-9.]*)((?:[A-Z][0-9]*)*)$/i;
const WORD = /[^\s|()[\]+&-]+/y;

/** @param {string} text @param {Kinds} kinds @returns {BlockNode} raises Problem, with the place */
export function parse(text, kinds) {
  if (text.length > MAX_TEXT) {
    throw new Problem("The notation is too long.", {
      got: `${text.length.toLocaleString("en")} characters`,
      expected: `up to ${MAX_TEXT.toLocaleString("en")}`,
    });
  }
  const reader = new Reader(text, kinds);
  const [layers] = reader.layers("", 0);
  return reader.block("network", 0, text.length, layers);
}

class Reader {
  /** @param {string} text @param {Kinds} kinds */
  constructor(text, kinds) {
    this.text = text;
    this.kinds = kinds;
    this.at = 0;
    this.depth = 0;
  }

  /**
   * @param {string} problem @param {number} start @param {number} end
   * @param {{ got?: string | number, expected?: string, hint?: string }} [more]
   */
  fail(problem, start, end, more = {}) {
    return new Problem(problem, { ...more, start, end });
  }

  /**
   * A block that has been checked.
   * @param {BlockNode["block"]} block @param {number} start @param {number} end @param {Node[]} layers @param {number} [times]
   * @returns {BlockNode}
   */
  block(block, start, end, layers, times = 1) {
    if (block === "sum" || block === "join") {
      if (layers.filter((layer) => "layers" in layer && !layer.layers.length).length > 1) {
        throw this.fail("More than one branch has no layers.", start, end, {
          expected: "at most one, which passes on what it is given",
        });
      }
    } else if (!layers.length && block !== "branch") {
      throw this.fail("There is no layer here.", start, end, { expected: "at least one layer, such as 16C3" });
    }
    const node = { block, start, end, layers, times };
    if (!(times >= 1 && times <= MAX_TIMES)) {
      throw this.fail("The number of times is out of range.", start, end, { got: times, expected: "1 to 1,000" });
    }
    if (depth(node) > MAX_DEPTH) {
      throw this.fail("Blocks are nested too deeply.", start, end, { got: depth(node), expected: `up to ${MAX_DEPTH}` });
    }
    const count = size(node);
    if (count > MAX_LAYERS) {
      throw this.fail("The network has too many layers.", start, end, {
        got: `${count.toLocaleString("en")} layers`,
        expected: `up to ${MAX_LAYERS.toLocaleString("en")}`,
      });
    }
    return node;
  }

  /**
   * The layers up to the closing bracket, to the + or & before the next branch, or to the end of the text; and the
   * sign that ended them.
   * @param {string} closing @param {number} openedAt @returns {[Node[], string]}
   */
  layers(closing, openedAt) {
    const { text } = this;
    /** @type {Node[]} */
    const found = [];
    let separated = true;
    for (;;) {
      const start = this.at;
      while (this.at < text.length && /[\s|-]/.test(text[this.at])) this.at++;
      separated ||= this.at > start;
      if (this.at === text.length) {
        if (closing) {
          throw this.fail(`This bracket is never closed by ${closing}`, openedAt, openedAt + 1, { hint: `add ${closing}` });
        }
        return [found, ""];
      }
      const sign = text[this.at];
      if (sign === "+" || sign === "&") {
        if (closing !== "]") {
          throw this.fail(
            "This sign stands between the branches of a block, and here is no such block.", this.at, this.at + 1,
            { got: sign, expected: "square brackets around the branches: [8C3p1 + 8C1]" },
          );
        }
        this.at++;
        return [found, sign];
      }
      if (sign === ")" || sign === "]") {
        if (sign !== closing) {
          throw this.fail("This bracket closes nothing.", this.at, this.at + 1, { got: sign, expected: closing || "a layer" });
        }
        this.at++;
        return [found, closing];
      }
      if (!separated) {
        throw this.fail("A separator is missing between two layers.", this.at, this.at + 1, {
          expected: "a blank, - or | before this",
        });
      }
      found.push(sign === "(" || sign === "[" ? this.brackets() : this.layer());
      separated = false;
    }
  }

  /** `(…)x3`, `(…)*3`, `[…]`, `[… + …]` or `[… & …]`. @returns {Node} */
  brackets() {
    const start = this.at, opening = this.text[start];
    this.at++;
    this.depth++;
    if (this.depth >= MAX_DEPTH) {
      throw this.fail("Blocks are nested too deeply.", start, start + 1, { expected: `up to ${MAX_DEPTH}` });
    }
    if (opening === "[") {
      const block = this.branches(start);
      this.depth--;
      return block;
    }
    const [inside] = this.layers(")", start);
    this.depth--;
    const word = this.word();
    const times = /^([x*])([0-9]{1,9})$/i.exec(word);
    if (!times) {
      throw this.fail(
        "A block in round brackets needs a count after it.", word ? this.at : this.at - 1, this.at + word.length,
        { got: word || undefined, expected: "x3 (three blocks, each with its own weights) or *3 (one block applied three times)" },
      );
    }
    this.at += word.length;
    return this.block(times[1] === "*" ? "shared" : "repeat", start, this.at, inside, Number(times[2]));
  }

  /** @param {number} start @returns {Node} */
  branches(start) {
    /** @type {Node[]} */
    const branches = [];
    let joined = "";
    for (;;) {
      const begin = this.at;
      const [inside, sign] = this.layers("]", start);
      if (sign === "]" && !branches.length) return this.block("residual", start, this.at, inside);
      const [from, to] = inside.length ? [inside[0].start, inside[inside.length - 1].end] : [begin, this.at - 1];
      branches.push(this.block("branch", from, to, inside));
      if (sign === "]") return this.block(joined === "+" ? "sum" : "join", start, this.at, branches);
      joined ||= sign;
      if (sign !== joined) {
        throw this.fail("Branches of one block are either added or joined.", this.at - 1, this.at, {
          got: sign,
          expected: joined,
          hint: "use brackets inside brackets: [[A + B] & C]",
        });
      }
    }
  }

  /** The word that begins here. */
  word() {
    WORD.lastIndex = this.at;
    return WORD.exec(this.text)?.[0] ?? "";
  }

  /** @returns {LayerNode} */
  layer() {
    const start = this.at, word = this.word() || this.text[start];
    this.at += word.length;
    if (word.length > MAX_WORD) {
      throw this.fail("This word is too long for a layer.", start, this.at, { expected: "a layer: 16C3" });
    }
    const match = LAYER.exec(word);
    const letters = match ? match[2].toUpperCase() : "";
    if (match && !Object.hasOwn(this.kinds, letters)) {
      // Letters without a number after them run into the options: 10Nb.
      for (let split = letters.length - 1; split > 0; split--) {
        const kind = this.kinds[letters.slice(0, split)];
        if (!kind) continue;
        if (kind.options.length && (match[1] || !kind.before)) {
          return this.form(kind, start, word, match[1], "", word.slice(match[1].length + split));
        }
        break;
      }
    }
    if (!match || !Object.hasOwn(this.kinds, letters)) {
      const near = nearestForms(word, this.kinds);
      throw this.fail("There is no such layer.", start, this.at, {
        got: word,
        expected: "one of " + Object.values(this.kinds).map((kind) => kind.example).join(" "),
        hint: near.length ? `did you mean ${near.join(" or ")}?` : undefined,
      });
    }
    return this.form(this.kinds[letters], start, word, match[1], match[3], match[4]);
  }

  /**
   * @param {Kind} kind @param {number} start @param {string} word @param {string} before @param {string} after
   * @param {string} options @returns {LayerNode}
   */
  form(kind, start, word, before, after, options) {
    const end = start + word.length;
    const misfit = (/** @type {string} */ problem) => this.fail(problem, start, end, { got: word, expected: kind.form });
    /** @type {Record<string, number>} */
    const given = {};
    for (const [place, number] of /** @type {["before" | "after", string][]} */ ([["before", before], ["after", after]])) {
      const how = kind[place];
      if (!how) {
        if (number) throw misfit(`These letters take no number ${place === "before" ? "in front" : "after them"}.`);
        continue;
      }
      if (how.decimal && !/^[0-9]*\.?[0-9]+$/.test(number)) throw misfit("These letters need a number after them.");
      if (!how.decimal && !/^[0-9]+$/.test(number)) {
        throw misfit(`These letters need the ${how.what} ${place === "before" ? "in front" : "after them"}.`);
      }
      if (number.length > how.longest) throw misfit("The number is too long.");
      given[how.name] = Number(number);
    }
    this.options(kind, options, end, misfit, given);
    const fields = Object.fromEntries(
      [kind.before, kind.after, ...kind.options].flatMap((how) => {
        const value = how && (given[how.name] ?? how.default);
        return how && value !== null ? [[how.name, value]] : [];
      }),
    );
    for (const how of [kind.before, kind.after, ...kind.options]) {
      if (how && how.name in fields) this.range(kind, how, fields[how.name], start, end);
    }
    try {
      LAYERS[kind.letters].settle(fields);
    } catch (problem) {
      throw problem instanceof Problem ? problem.at(start, end) : problem;
    }
    return { kind: kind.letters, fields, start, end };
  }

  /** @param {Kind} kind @param {Written} how @param {number} value @param {number} start @param {number} end */
  range(kind, how, value, start, end) {
    if (how.switch || (value >= how.low && value <= how.high && !(how.below && value === how.high))) return;
    throw this.fail(`The ${how.what} is out of range.`, start, end, {
      got: how.decimal && Number.isInteger(value) ? value.toFixed(1) : value,
      expected: how.below
        ? `a number in [${how.low}, ${how.high}), such as ${kind.example}`
        : `${how.low.toLocaleString("en")} to ${how.high.toLocaleString("en")}`,
    });
  }

  /**
   * @param {Kind} kind @param {string} text @param {number} end @param {(problem: string) => Problem} misfit
   * @param {Record<string, number>} given
   */
  options(kind, text, end, misfit, given) {
    for (const match of text.matchAll(/([A-Z])([0-9]*)/gi)) {
      const letter = match[1].toLowerCase(), number = match[2];
      const start = end - text.length + match.index, place = /** @type {const} */ ([start, start + match[0].length]);
      const how = kind.options.find((option) => option.letter === letter);
      if (!how) {
        const names = kind.options.map((option) => `${option.letter} (${option.what})`).join(", ");
        throw this.fail("There is no such option here.", ...place, { got: match[0], expected: names || "no option" });
      }
      if (how.name in given) throw this.fail("The same option is given twice.", ...place, { got: match[0] });
      if (how.switch && number) throw misfit(`The option ${letter} (${how.what}) has no number.`);
      if (!how.switch && !(number.length > 0 && number.length <= how.longest)) {
        throw this.fail("An option is one letter and its number.", ...place, { got: match[0], expected: letter + how.shown });
      }
      given[how.name] = how.switch ? 1 : Number(number);
    }
  }
}

/**
 * Layers that an unknown word may have meant, the nearest first, with the word's own numbers where they fit.
 * @param {string} word @param {Kinds} kinds @returns {string[]}
 */
export function nearestForms(word, kinds) {
  const cut = word.slice(0, 40), numbers = cut.match(/[0-9]+/g) ?? [];
  /** @type {Map<string, string>} */
  const candidates = new Map();
  for (const kind of Object.values(kinds)) for (const name of kind.alsoCalled) candidates.set(name, kind.example);
  for (const kind of Object.values(kinds)) {
    let used = 0;
    const text = kind.example.replace(/[0-9]+/g, (number) => numbers[used++] ?? number);
    candidates.set(text.toUpperCase(), text);
  }
  const letters = onlyLetters(cut);
  const names = [...candidates.keys()].filter((name) => {
    const others = onlyLetters(name);
    return (letters.length === 1 && others.length === 1) || likeness(letters, others) >= 0.5;
  });
  const near = nearest(cut.toUpperCase(), names, 3, 0.5);
  const best = [...new Set(near.map((name) => /** @type {string} */ (candidates.get(name))))];
  return best.length && likeness(word.toUpperCase(), near[0]) >= 0.75 ? best.slice(0, 1) : best;
}

/** @param {string} word */
function onlyLetters(word) {
  return word.toUpperCase().replace(/[^\p{L}]/gu, "");
}
