// How alike two words are: twice the matching letters over all letters, as Python's difflib counts them.

/** @param {string} one @param {string} other */
export function likeness(one, other) {
  const letters = one.length + other.length;
  return letters ? (2 * matching(one, other)) / letters : 1;
}

/** @param {string} one @param {string} other @returns {number} */
function matching(one, other) {
  let best = 0, from = 0, to = 0;
  for (let i = 0; i < one.length; i++) {
    for (let j = 0; j < other.length; j++) {
      let length = 0;
      while (i + length < one.length && j + length < other.length && one[i + length] === other[j + length]) length++;
      if (length > best) [best, from, to] = [length, i, j];
    }
  }
  if (!best) return 0;
  return best + matching(one.slice(0, from), other.slice(0, to)) + matching(one.slice(from + best), other.slice(to + best));
}

/**
 * The nearest of some words, at most `most`, the best first; of equals the later in the alphabet, as difflib does.
 * @param {string} word @param {string[]} words @param {number} most @param {number} least
 */
export function nearest(word, words, most, least) {
  const scored = words.map((each) => ({ each, score: likeness(each, word) })).filter(({ score }) => score >= least);
  scored.sort((a, b) => b.score - a.score || (a.each < b.each ? 1 : -1));
  return scored.slice(0, most).map(({ each }) => each);
}
