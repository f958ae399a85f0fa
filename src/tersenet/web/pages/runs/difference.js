// What differs between two runs: settings, and the network's line word by word.

/** @typedef {string | number | boolean | (string | number)[] | undefined} Setting */
/** @typedef {{ word: string, kind: "same" | "gone" | "new" }} Word */

/** The settings that differ, by name. @param {Record<string, Setting>} one @param {Record<string, Setting>} other @returns {[string, Setting, Setting][]} */
export function differences(one, other) {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return names.filter((name) => JSON.stringify(one[name]) !== JSON.stringify(other[name])).map((name) => [name, one[name], other[name]]);
}

/** Two lines of words as one: what both have, what is gone and what is new, by the longest common words. @param {string} before @param {string} after @returns {Word[]} */
export function wordsOf(before, after) {
  const a = before.split(/\s+/).filter(Boolean), b = after.split(/\s+/).filter(Boolean);
  const common = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
  }
  /** @type {Word[]} */
  const found = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      found.push({ word: a[i++], kind: "same" });
      j++;
    } else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) found.push({ word: a[i++], kind: "gone" });
    else found.push({ word: b[j++], kind: "new" });
  }
  return found;
}
