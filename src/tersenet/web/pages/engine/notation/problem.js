// What is wrong with a notation: the same words as in Python, and the place in the text.

/** A mistake that its writer can fix. */
export class Problem extends Error {
  /**
   * @param {string} problem one sentence
   * @param {{ got?: string | number, expected?: string, hint?: string, start?: number, end?: number }} [more]
   *   `start` and `end` are the place in the text
   */
  constructor(problem, more = {}) {
    super(problem);
    this.got = more.got;
    this.expected = more.expected;
    this.hint = more.hint;
    this.start = more.start;
    this.end = more.end;
  }

  /** The same at a place. @param {number} start @param {number} end @param {string} [problem] */
  at(start, end, problem = this.message) {
    return new Problem(problem, { got: this.got, expected: this.expected, hint: this.hint, start, end });
  }
}
