// A design as PyTorch code that stands alone.

import { isBlock } from "../engine/notation/tree.js";

/** @typedef {import("../engine/network.js").Network} Network */
/** @typedef {import("../engine/notation/tree.js").BlockNode} BlockNode */
/** @typedef {import("../engine/notation/shapes.js").Step} Step */

const CLASSES = {
  Residual: `class Residual(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)
`,
  Sum: `class Sum(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return sum(branch(x) for branch in self.branches)
`,
  Join: `class Join(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)
`,
  Shared: `class Shared(nn.Module):
    def __init__(self, body, times):
        super().__init__()
        self.body, self.times = body, times

    def forward(self, x):
        for _ in range(self.times):
            x = self.body(x)
        return x
`,
};

/** @param {BlockNode} tree @param {Step[]} steps of the same tree */
export function asPytorch(tree, steps) {
  const used = new Set();
  let at = 0;
  /** @param {BlockNode} block @param {string} indent @param {number} times @returns {string[]} */
  const inside = (block, indent, times = 1) =>
    Array.from({ length: times }, () => block.layers.flatMap((node) => {
      if (!isBlock(node)) return layerLines(steps[at++]).map((line) => `${indent}${line},`);
      if (node.block === "repeat") return inside(node, indent, node.times);
      const name = { residual: "Residual", sum: "Sum", join: "Join", shared: "Shared" }[/** @type {string} */ (node.block)] ?? "";
      used.add(name);
      const deeper = `${indent}    `;
      if (node.block === "sum" || node.block === "join") {
        const branches = node.layers.flatMap((branch) => [`${deeper}nn.Sequential(`, ...inside(/** @type {BlockNode} */ (branch), `${deeper}    `), `${deeper}),`]);
        return [`${indent}${name}(`, ...branches, `${indent}),`];
      }
      const body = inside(node, `${deeper}    `);
      if (node.block === "shared") at += (body.length ? countOf(node) : 0) * (node.times - 1);
      return [`${indent}${name}(`, `${deeper}nn.Sequential(`, ...body, `${deeper}),`, ...(node.block === "shared" ? [`${deeper}${node.times},`] : []), `${indent}),`];
    })).flat();
  const lines = inside(tree, "    ");
  const classes = Object.entries(CLASSES).filter(([name]) => used.has(name)).map(([, text]) => `\n\n${text}`);
  const flat = steps[steps.length - 1].output.length === 3 ? ["    nn.Flatten(),"] : [];
  return `import torch\nfrom torch import nn\n${classes.join("")}\n\nmodel = nn.Sequential(\n${[...lines, ...flat].join("\n")}\n)\nprint(model(torch.zeros(2, 1, 28, 28)).shape)\n`;
}

/** Steps inside a block, once through. @param {BlockNode} block @returns {number} */
function countOf(block) {
  return block.layers.reduce((sum, node) => sum + (isBlock(node) ? node.times * countOf(node) : 1), 0);
}

/** @param {Step} step @returns {string[]} */
function layerLines({ node: { kind, fields }, input }) {
  const { channels, kernel, padding, stride, dilation, groups, bias, units, rate, slope } = fields, inputs = input[0];
  const window = () => [
    ...(stride !== 1 ? [`stride=${stride}`] : []), ...(padding ? [`padding=${padding}`] : []), ...(dilation > 1 ? [`dilation=${dilation}`] : []),
  ];
  const call = (/** @type {string} */ name, /** @type {(string | number)[]} */ ...words) => [`nn.${name}(${words.join(", ")})`];
  switch (kind) {
    case "C": return call("Conv2d", inputs, channels, kernel, ...window(), ...(groups > 1 ? [`groups=${groups}`] : []), ...(bias ? [] : ["bias=False"]));
    case "DW": return call("Conv2d", inputs, inputs, kernel, ...window(), `groups=${inputs}`, ...(bias ? [] : ["bias=False"]));
    case "BN": return call(input.length === 3 ? "BatchNorm2d" : "BatchNorm1d", inputs);
    case "GN": return call("GroupNorm", fields.groups, inputs);
    case "LN": return input.length === 3 ? call("GroupNorm", 1, inputs) : call("LayerNorm", inputs);
    case "LR": return call("LeakyReLU", slope);
    case "PR": return call("PReLU", inputs);
    case "D": return call("Dropout", rate);
    case "DD": return call("Dropout2d", rate);
    case "MP": return call("MaxPool2d", kernel, `stride=${stride}`, `padding=${padding}`);
    case "AP": return call("AvgPool2d", kernel, `stride=${stride}`, `padding=${padding}`);
    case "GAP": return call("AdaptiveAvgPool2d", 1);
    case "GMP": return call("AdaptiveMaxPool2d", 1);
    case "N": return [...(input.length === 3 ? call("Flatten") : []), ...call("Linear", input.reduce((product, size) => product * size, 1), units, ...(bias ? [] : ["bias=False"]))];
    default: return call(/** @type {Record<string, string>} */ ({ R: "ReLU", ELU: "ELU", HS: "Hardswish", S: "Sigmoid", SiLU: "SiLU", GELU: "GELU", T: "Tanh" })[kind]);
  }
}
