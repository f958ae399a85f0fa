// Every picture moved a little at random: turned, scaled, sheared and shifted in one resampling, outside is 0.

/** @typedef {import("../random.js").Random} Random */

const ROTATION = 8, SCALE = 0.08, SHEAR = 0.08, SHIFT = 0.06; // degrees, and parts: those of Tersenet's own recipe

/**
 * @param {Uint8Array} images @param {number} place which picture @param {number} side @param {number} strength of the moves; 1 is
 * the usual @param {Random} random @param {Float32Array} out @param {number} at where it goes in `out`, scaled to 0..1
 */
export function moved(images, place, side, strength, random, out, at) {
  const from = place * side * side;
  const draw = (/** @type {number} */ most) => random.between(-most, most) * strength;
  const angle = (draw(ROTATION) * Math.PI) / 180, wide = 1 + draw(SCALE), high = 1 + draw(SCALE), shear = draw(SHEAR);
  const right = draw(SHIFT) * side, down = draw(SHIFT) * side, cos = Math.cos(angle), sin = Math.sin(angle), middle = (side - 1) / 2;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const u = (x - middle - right) / wide, v = (y - middle - down) / high;
      const sx = cos * u + (sin + shear) * v + middle, sy = -sin * u + cos * v + middle;
      const left = Math.floor(sx), top = Math.floor(sy), fx = sx - left, fy = sy - top;
      let sum = 0;
      if (left >= -1 && top >= -1 && left < side && top < side) {
        for (let dy = 0; dy < 2; dy++) {
          for (let dx = 0; dx < 2; dx++) {
            const px = left + dx, py = top + dy;
            if (px >= 0 && py >= 0 && px < side && py < side) sum += images[from + py * side + px] * (dx ? fx : 1 - fx) * (dy ? fy : 1 - fy);
          }
        }
      }
      out[at + y * side + x] = sum / 255;
    }
  }
}
