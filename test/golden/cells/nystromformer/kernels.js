function query_means(queryLengths, q, sliceStart, heads, kvHeads, length) {
  // The mean of each of 64 segments of the rows of q.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const queryRows = Math.max(Math.min(queryLengths[~~batchItem], length), 1);
  const short = Math.floor((queryRows + 0.5) / 64);
  const shorter = (short + 1) * 64 - queryRows;
  const longerUpTo = Math.max(this.thread.y + 1, shorter) - shorter;
  const longerBefore = Math.max(this.thread.y, shorter) - shorter;
  const size = short + longerUpTo - longerBefore;
  const first = this.thread.y * short + longerBefore;
  let sum = 0;
  for (let r2 = 0; r2 < size; r2++) {
    sum += q[(~~queryHead * length + ~~first + r2) * 64 + this.thread.x];
  }
  return sum / Math.max(size, 1);
}

function key_means(lengths, k, sliceStart, kvHeads, keyLength) {
  // The mean of each of 64 segments of the rows of k.
  const keyGroup = sliceStart + this.thread.z;
  const batchItem = Math.floor((keyGroup + 0.5) / kvHeads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const short = Math.floor((visible + 0.5) / 64);
  const shorter = (short + 1) * 64 - visible;
  const longerUpTo = Math.max(this.thread.y + 1, shorter) - shorter;
  const longerBefore = Math.max(this.thread.y, shorter) - shorter;
  const size = short + longerUpTo - longerBefore;
  const first = this.thread.y * short + longerBefore;
  let sum = 0;
  for (let r2 = 0; r2 < size; r2++) {
    sum += k[(~~keyGroup * keyLength + ~~first + r2) * 64 + this.thread.x];
  }
  return sum / Math.max(size, 1);
}

function summarize_exponents(lengths, queryMeans, k, sliceStart, heads, kvHeads, keyLength) {
  // The exponent of κ for each key and query row.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  let value = -1e30;
  if (this.thread.x < visible) {
    let dotKQ = 0;
    for (let t = 0; t < 64; t++) {
      dotKQ += k[(~~keyGroup * keyLength + this.thread.x) * 64 + t] * queryMeans[(this.thread.z * 64 + this.thread.y) * 64 + t];
    }
    value = 0.125 * dotKQ;
  }
  return value;
}

function summarize_scales(summarizeExponents, keyLength) {
  // The largest exponent of each query row.
  let largest = -1e30;
  for (let j = 0; j < keyLength; j++) {
    largest = Math.max(largest, summarizeExponents[(this.thread.y * 64 + this.thread.x) * keyLength + j]);
  }
  return largest;
}

function summarize_weights(summarizeExponents, summarizeScales, keyLength) {
  // The weight of each key for each query row, over the exponential of the row’s scale.
  const exponent = summarizeExponents[(this.thread.z * 64 + this.thread.y) * keyLength + this.thread.x];
  const power = exponent > -5e29 ? Math.exp(Math.min(
    exponent - summarizeScales[this.thread.z * 64 + this.thread.y],
    0,
  )) : 0;
  return power;
}

function summarize_factors(summarizeWeights, keyLength) {
  // 1 over each row’s sum of weights.
  let sum = 0;
  for (let j = 0; j < keyLength; j++) {
    sum += summarizeWeights[(this.thread.y * 64 + this.thread.x) * keyLength + j];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function summarize(lengths, summarizeWeights, v, summarizeFactors, sliceStart, heads, kvHeads, keyLength) {
  // Σ weight · value of each query row.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  let sum = 0;
  for (let j = 0; j < visible; j++) {
    const weight = summarizeWeights[(this.thread.z * 64 + this.thread.y) * keyLength + j];
    sum += weight * v[(~~keyGroup * keyLength + j) * 64 + this.thread.x];
  }
  return sum * summarizeFactors[this.thread.z * 64 + this.thread.y];
}

function relate_landmarks_exponents(queryMeans, keyMeans, kvHeads, heads) {
  // The exponent of κ for each key and query row.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  let dotKQ = 0;
  for (let t = 0; t < 64; t++) {
    dotKQ += keyMeans[(~~sliceGroup * 64 + this.thread.x) * 64 + t] * queryMeans[(this.thread.z * 64 + this.thread.y) * 64 + t];
  }
  return 0.125 * dotKQ;
}

function relate_landmarks_scales(relateLandmarksExponents) {
  // The largest exponent of each query row.
  let largest = -1e30;
  for (let j = 0; j < 64; j++) {
    largest = Math.max(largest, relateLandmarksExponents[(this.thread.y * 64 + this.thread.x) * 64 + j]);
  }
  return largest;
}

function relate_landmarks_weights(relateLandmarksExponents, relateLandmarksScales) {
  // The weight of each key for each query row, over the exponential of the row’s scale.
  const exponent = relateLandmarksExponents[(this.thread.z * 64 + this.thread.y) * 64 + this.thread.x];
  const power = exponent > -5e29 ? Math.exp(Math.min(
    exponent - relateLandmarksScales[this.thread.z * 64 + this.thread.y],
    0,
  )) : 0;
  return power;
}

function relate_landmarks_factors(relateLandmarksWeights) {
  // 1 over each row’s sum of weights.
  let sum = 0;
  for (let j = 0; j < 64; j++) {
    sum += relateLandmarksWeights[(this.thread.y * 64 + this.thread.x) * 64 + j];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function relate_landmarks_quotients(relateLandmarksWeights, relateLandmarksFactors) {
  // Each weight over the sum of its row’s.
  return relateLandmarksWeights[(this.thread.z * 64 + this.thread.y) * 64 + this.thread.x] * relateLandmarksFactors[this.thread.z * 64 + this.thread.y];
}

function line_sums(core) {
  // Sums of magnitudes down the columns and along the rows of core.
  let value = 0;
  if (this.thread.y === 0) {
    let sum = 0;
    for (let t2 = 0; t2 < 64; t2++) {
      sum += Math.abs(core[(this.thread.z * 64 + t2) * 64 + this.thread.x]);
    }
    value = sum;
  } else {
    let sum2 = 0;
    for (let t3 = 0; t3 < 64; t3++) {
      sum2 += Math.abs(core[(this.thread.z * 64 + this.thread.x) * 64 + t3]);
    }
    value = sum2;
  }
  return value;
}

function start_inverse(core, lineSums) {
  // Coreᵀ / (‖core‖₁ ‖core‖∞).
  let norm = -1e30;
  for (let line = 0; line < 64; line++) {
    norm = Math.max(norm, lineSums[this.thread.z * 128 + line]);
  }
  let norm2 = -1e30;
  for (let line2 = 0; line2 < 64; line2++) {
    norm2 = Math.max(norm2, lineSums[(this.thread.z * 2 + 1) * 64 + line2]);
  }
  const norms = norm * norm2;
  return core[(this.thread.z * 64 + this.thread.x) * 64 + this.thread.y] * (norms === 0 ? 0 : 1 / (norms === 0 ? 1 : norms));
}

function apply_inverse(core, inverse) {
  // A product of the iteration.
  let sum = 0;
  for (let j = 0; j < 64; j++) {
    sum += core[(this.thread.z * 64 + this.thread.y) * 64 + j] * inverse[(this.thread.z * 64 + j) * 64 + this.thread.x];
  }
  return sum;
}

function nest_seven(applied) {
  // A product of the iteration.
  let sum = 0;
  for (let j = 0; j < 64; j++) {
    sum += applied[(this.thread.z * 64 + this.thread.y) * 64 + j] * ((j === this.thread.x ? 7 : 0) - applied[(this.thread.z * 64 + j) * 64 + this.thread.x]);
  }
  return sum;
}

function nest_fifteen(applied, inner) {
  // A product of the iteration.
  let sum = 0;
  for (let j = 0; j < 64; j++) {
    sum += applied[(this.thread.z * 64 + this.thread.y) * 64 + j] * ((j === this.thread.x ? 15 : 0) - inner[(this.thread.z * 64 + j) * 64 + this.thread.x]);
  }
  return sum;
}

function refine_inverse(inverse, outer) {
  // A product of the iteration.
  let sum = 0;
  for (let j = 0; j < 64; j++) {
    sum += inverse[(this.thread.z * 64 + this.thread.y) * 64 + j] * ((j === this.thread.x ? 13 : 0) - outer[(this.thread.z * 64 + j) * 64 + this.thread.x]);
  }
  return sum * 0.25;
}

function solve(inverse, summary) {
  // Inverse · summary.
  let sum = 0;
  for (let j = 0; j < 64; j++) {
    sum += inverse[(this.thread.z * 64 + this.thread.y) * 64 + j] * summary[(this.thread.z * 64 + j) * 64 + this.thread.x];
  }
  return sum;
}

function attend_landmarks_exponents(q, keyMeans, sliceStart, heads, kvHeads, length) {
  // The exponent of κ for each key and query row.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  let dotKQ = 0;
  for (let t = 0; t < 64; t++) {
    dotKQ += keyMeans[(~~sliceGroup * 64 + this.thread.x) * 64 + t] * q[(~~queryHead * length + this.thread.y) * 64 + t];
  }
  return 0.125 * dotKQ;
}

function attend_landmarks_scales(attendLandmarksExponents, length) {
  // The largest exponent of each query row.
  let largest = -1e30;
  for (let j = 0; j < 64; j++) {
    largest = Math.max(largest, attendLandmarksExponents[(this.thread.y * length + this.thread.x) * 64 + j]);
  }
  return largest;
}

function attend_landmarks_weights(attendLandmarksExponents, attendLandmarksScales, length) {
  // The weight of each key for each query row, over the exponential of the row’s scale.
  const exponent = attendLandmarksExponents[(this.thread.z * length + this.thread.y) * 64 + this.thread.x];
  const power = exponent > -5e29 ? Math.exp(Math.min(
    exponent - attendLandmarksScales[this.thread.z * length + this.thread.y],
    0,
  )) : 0;
  return power;
}

function attend_landmarks_factors(attendLandmarksWeights, length) {
  // 1 over each row’s sum of weights.
  let sum = 0;
  for (let j = 0; j < 64; j++) {
    sum += attendLandmarksWeights[(this.thread.y * length + this.thread.x) * 64 + j];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function attend_landmarks(attendLandmarksWeights, solution, attendLandmarksFactors, length) {
  // Σ weight · value of each query row.
  let sum = 0;
  for (let j = 0; j < 64; j++) {
    const weight = attendLandmarksWeights[(this.thread.z * length + this.thread.y) * 64 + j];
    sum += weight * solution[(this.thread.z * 64 + j) * 64 + this.thread.x];
  }
  return sum * attendLandmarksFactors[this.thread.z * length + this.thread.y];
}

function attend_rows(queryLengths, lengths, q, k, v, approximate, conv, sliceStart, heads, kvHeads, length, keyLength) {
  // The rows of approximate, or the exact quotients of batch items with at most 64 rows, and the rows of v convolved with conv, 33 wide.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const queryRows = Math.max(Math.min(queryLengths[~~batchItem], length), 1);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const fewer = Math.min(queryRows, visible);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  let value = 0;
  if (fewer <= 64) {
    let rowScale = -1e30;
    for (let j2 = 0; j2 < visible; j2++) {
      let value2 = -1e30;
      if (j2 < visible) {
        let dotKQ2 = 0;
        for (let t = 0; t < 64; t++) {
          dotKQ2 += k[(~~keyGroup * keyLength + j2) * 64 + t] * q[(~~queryHead * length + this.thread.y) * 64 + t];
        }
        value2 = 0.125 * dotKQ2;
      }
      rowScale = Math.max(rowScale, value2);
    }
    let sum = 0;
    let total = 0;
    for (let j = 0; j < visible; j++) {
      if (j < visible) {
        let dotKQ = 0;
        for (let t2 = 0; t2 < 64; t2++) {
          dotKQ += k[(~~keyGroup * keyLength + j) * 64 + t2] * q[(~~queryHead * length + this.thread.y) * 64 + t2];
        }
        const exponent = 0.125 * dotKQ;
        const weight = exponent > -5e29 ? Math.exp(Math.min(exponent - rowScale, 0)) : 0;
        sum += weight * v[(~~keyGroup * keyLength + j) * 64 + this.thread.x];
        total += weight;
      }
    }
    const denominator = total;
    value = sum * (denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator));
  } else {
    value = approximate[(this.thread.z * length + this.thread.y) * 64 + this.thread.x];
  }
  const head = (queryHead - Math.floor((queryHead + 0.5) / heads) * heads);
  let convolved = 0;
  for (let t22 = 0; t22 < 33; t22++) {
    if (this.thread.y + t22 >= 16 && this.thread.y + t22 < visible + 16) {
      convolved += conv[~~head * 33 + t22] * v[(~~keyGroup * keyLength + this.thread.y + t22 - 16) * 64 + this.thread.x];
    }
  }
  return value + convolved;
}
