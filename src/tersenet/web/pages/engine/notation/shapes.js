// Shapes without running anything: what each layer gives, and at which layer a network cannot work.

import { LAYERS } from "../kinds.js";
import { volume } from "../layers/layer.js";
import { Problem } from "./problem.js";
import { isBlock, printed } from "./tree.js";

/** @typedef {import("./table.js").Kinds} Kinds */
/** @typedef {import("./tree.js").Node} Node */
/** @typedef {import("./tree.js").BlockNode} BlockNode */
/** @typedef {import("./tree.js").LayerNode} LayerNode */
/** @typedef {import("../layers/layer.js").Shape} Shape */
/** @typedef {{ node: LayerNode, word: string, input: Shape, output: Shape, parameters: number, macs: number,
 *   owner: string }} Step one layer in the order of calls; `parameters` is 0 where its weights were counted already */

const MAX_PARAMETERS = 20_000_000, MAX_OUTPUTS = 20_000_000, MAX_MACS = 20_000_000_000;

/** A shape as people write it: 16×26×26. @param {Shape} shape */
export function shapeText(shape) {
  return shape.join("×");
}

/**
 * @param {BlockNode} tree @param {Kinds} kinds @param {Shape} [input] @param {number | null} [classes]
 * @returns {Step[]} raises Problem, with the place of the layer that cannot work
 */
export function inferShapes(tree, kinds, input = [1, 28, 28], classes = 10) {
  const walk = new Walk(kinds);
  const final = walk.block(tree, "", input);
  if (classes !== null) walk.checkClasses(final, classes);
  return walk.steps;
}

class Walk {
  /** @param {Kinds} kinds */
  constructor(kinds) {
    this.kinds = kinds;
    /** @type {Step[]} */
    this.steps = [];
    this.parameters = this.outputs = this.macs = 0;
    /** @type {Map<string, [string, number]>} */
    this.fitted = new Map();
    /** @type {{ now: number, of: number }[]} */
    this.passes = [];
    /** @type {Node | null} */
    this.last = null;
    /** @type {Node | null} */
    this.widened = null;
  }

  /** @param {Node} node @param {Problem} problem */
  fail(node, problem) {
    const later = this.passes.filter(({ now }) => now > 1).map(({ now, of }) => `pass ${now} of ${of}`);
    const said = later.length
      ? `${problem.message.replace(/\.$/, "")} (in ${later.join(", ")} through its block).`
      : problem.message;
    return problem.at(node.start, node.end, said);
  }

  /** @param {BlockNode} block @param {string} owner whose weights these are @param {Shape} shape @returns {Shape} */
  block(block, owner, shape) {
    if (block.block === "sum" || block.block === "join") return this.branches(block, owner, shape);
    const given = shape;
    const pass = { now: 1, of: block.times };
    this.passes.push(pass);
    for (; pass.now <= block.times; pass.now++) {
      const own = block.block === "repeat" ? `${owner}.${pass.now - 1}` : owner;
      block.layers.forEach((layer, index) => {
        const name = own ? `${own}.${index}` : String(index);
        shape = isBlock(layer) ? this.block(layer, inside(layer, name), shape) : this.layer(layer, name, shape);
      });
    }
    this.passes.pop();
    if (block.block === "residual" && shapeText(shape) !== shapeText(given)) {
      throw this.fail(
        block,
        new Problem("A residual block must keep the shape of its input: x + f(x).", {
          got: `${shapeText(given)} in, ${shapeText(shape)} out`,
          hint: "pad the convolutions inside (3×3: p1) and end on the channels of its input",
        }),
      );
    }
    return shape;
  }

  /** @param {BlockNode} block @param {string} owner @param {Shape} shape @returns {Shape} */
  branches(block, owner, shape) {
    const branches = /** @type {BlockNode[]} */ (block.layers);
    const made = branches.map((branch, index) => this.block(branch, `${owner}.${index}`, shape));
    const joined = block.block === "join", from = joined ? 1 : 0, first = made[0];
    made.forEach((other, index) => {
      if (other.length === first.length && shapeText(other.slice(from)) === shapeText(first.slice(from))) return;
      const [one, two] = [0, index].map((place) => shortened(printed(branches[place], this.kinds) || "the input"));
      throw this.fail(
        branches[index].layers.length ? branches[index] : block,
        new Problem(
          joined
            ? "Branches that are joined must give maps of one size."
            : "Branches that are added must give one shape.",
          { got: `${shapeText(first)} from ${one}, ${shapeText(other)} from ${two}`, hint: mended(first, other) },
        ),
      );
    });
    return joined ? [made.reduce((sum, each) => sum + each[0], 0), ...first.slice(1)] : first;
  }

  /** @param {LayerNode} node @param {string} owner @param {Shape} shape @returns {Shape} */
  layer(node, owner, shape) {
    const kind = LAYERS[node.kind];
    if (kind.needsMaps && shape.length === 1) {
      throw this.fail(
        node,
        new Problem("This layer needs maps, but a dense layer before it has flattened them.", {
          got: `${shape[0]} plain values`,
          hint: "put it before the dense layer",
        }),
      );
    }
    /** @type {Shape} */
    let output;
    try {
      output = kind.outputShape(node.fields, shape);
    } catch (problem) {
      throw problem instanceof Problem ? this.fail(node, problem) : problem;
    }
    let parameters = kind.weightShapes(node.fields, shape).reduce((sum, [, sizes]) => sum + volume(sizes), 0);
    const macs = kind.macs(node.fields, shape, output);
    const madeFor = kind.fits(node.fields, shape), before = this.fitted.get(owner);
    if (before) {
      if (before.join() !== madeFor.join()) {
        throw this.fail(
          node,
          new Problem("The block is shared, so its weights must fit at every pass.", {
            got: `${madeFor[1]} ${madeFor[0]}`,
            expected: `${before[1]} ${before[0]}, as in the first pass`,
            hint: "let the block end on the channels that it begins with, or use x for weights of their own",
          }),
        );
      }
      parameters = 0;
    }
    if (madeFor[0]) this.fitted.set(owner, madeFor);
    this.parameters += parameters;
    this.outputs += volume(output);
    this.macs += macs;
    for (const [what, value, limit] of /** @type {[string, number, number][]} */ ([
      ["parameters", this.parameters, MAX_PARAMETERS],
      ["values between its layers for one picture", this.outputs, MAX_OUTPUTS],
      ["multiplications for one picture", this.macs, MAX_MACS],
    ])) {
      if (value > limit) {
        throw this.fail(
          node,
          new Problem(`The network has too many ${what}.`, {
            got: value.toLocaleString("en"),
            expected: `up to ${limit.toLocaleString("en")}`,
          }),
        );
      }
    }
    if (kind.setsWidth) this.widened = node;
    this.last = node;
    const word = printed(node, this.kinds);
    this.steps.push({ node, word, input: shape, output, parameters, macs, owner });
    return output;
  }

  /** @param {Shape} final @param {number} classes */
  checkClasses(final, classes) {
    if (volume(final.slice(1)) !== 1) {
      throw this.fail(
        /** @type {Node} */ (this.last),
        new Problem("The network ends in maps larger than 1×1, but one value per class is needed.", {
          got: shapeText(final),
          expected: `${classes}×1×1 or ${classes}`,
          hint: "end with GAP, or with a dense layer such as 10Nb",
        }),
      );
    }
    if (final[0] !== classes) {
      throw this.fail(
        /** @type {Node} */ (this.widened ?? this.last),
        new Problem("The network ends in the wrong number of classes.", {
          got: final[0],
          expected: String(classes),
          hint: `end on a layer with ${classes} outputs, such as ${classes}Nb`,
        }),
      );
    }
  }
}

/**
 * The name that torch gives to what is inside a block.
 * @param {BlockNode} block @param {string} name
 */
function inside(block, name) {
  if (block.block === "repeat") return name;
  return block.block === "sum" || block.block === "join" ? `${name}.branches` : `${name}.body`;
}

/** @param {string} text */
function shortened(text) {
  return text.length <= 30 ? text : `${text.slice(0, 29).trimEnd()}…`;
}

/** @param {Shape} first @param {Shape} other */
function mended(first, other) {
  if (first.length !== other.length) return "a dense layer flattens the maps: put it behind the branches";
  if (shapeText(first.slice(1)) !== shapeText(other.slice(1))) {
    return "give them the same strides, and pad them alike (3×3: p1, 1×1: none)";
  }
  return `end both on the same number of ${first.length === 3 ? `channels (1×1: ${first[0]}C1)` : "values"}`;
}
