// Two lines of words, and two sets of settings, read from standard input: what differs.
import { readFileSync } from "node:fs";
import { differences, wordsOf } from "../../src/tersenet/web/pages/runs/difference.js";
import { frontOf } from "../../src/tersenet/web/pages/runs/front.js";

const { lines, settings, points } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify({ words: wordsOf(...lines), settings: differences(...settings), front: frontOf(points) }));
