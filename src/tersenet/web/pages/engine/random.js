// Random numbers from a seed, the same on every machine.

/** Mulberry32 of T. Ettinger: one 32-bit state, fast, good enough to draw weights and to shuffle. */
export class Random {
  /** @param {number} seed a whole number */
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A number in [low, high). @param {number} low @param {number} high */
  between(low, high) {
    return low + (high - low) * this.next();
  }

  /** The numbers 0 to n − 1 in a random order (Fisher and Yates). @param {number} n */
  order(n) {
    const places = Uint32Array.from({ length: n }, (_, place) => place);
    for (let last = n - 1; last > 0; last--) {
      const other = Math.floor(this.next() * (last + 1));
      [places[last], places[other]] = [places[other], places[last]];
    }
    return places;
  }
}
