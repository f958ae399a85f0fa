// Cross-entropy of a softmax:  E = −mean log p(label);  ∂E/∂logits = (p − target)/count.

/** Probabilities of each row of `classes` logits. @param {Float32Array} logits @param {number} classes */
export function softmax(logits, classes) {
  const p = new Float32Array(logits.length);
  for (let from = 0; from < logits.length; from += classes) {
    let most = -Infinity, sum = 0;
    for (let k = from; k < from + classes; k++) most = Math.max(most, logits[k]);
    for (let k = from; k < from + classes; k++) sum += Math.exp(logits[k] - most);
    for (let k = from; k < from + classes; k++) p[k] = Math.exp(logits[k] - most) / sum;
  }
  return p;
}

/**
 * @param {Float32Array} logits @param {ArrayLike<number>} labels @param {number} classes
 * @returns {{ loss: number, correct: number, gradient: Float32Array }}
 */
export function crossEntropy(logits, labels, classes) {
  const count = labels.length, gradient = new Float32Array(logits.length);
  let loss = 0, correct = 0;
  for (let n = 0; n < count; n++) {
    const from = n * classes;
    let best = from, sum = 0;
    for (let k = from; k < from + classes; k++) if (logits[k] > logits[best]) best = k;
    for (let k = from; k < from + classes; k++) sum += Math.exp(logits[k] - logits[best]);
    for (let k = from; k < from + classes; k++) gradient[k] = Math.exp(logits[k] - logits[best]) / sum / count;
    gradient[from + labels[n]] -= 1 / count;
    loss += (logits[best] + Math.log(sum) - logits[from + labels[n]]) / count;
    correct += best - from === labels[n] ? 1 : 0;
  }
  return { loss, correct, gradient };
}
