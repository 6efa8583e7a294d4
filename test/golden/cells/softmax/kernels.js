function attend_exponents(lengths, q, k, sliceStart, heads, kvHeads, keyLength, offset, length) {
  // The exponent of κ for each key and query row.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  let value = -1e30;
  if (this.thread.x < visible && this.thread.x <= offset + this.thread.y) {
    let dotKQ = 0;
    for (let t = 0; t < 64; t++) {
      dotKQ += k[(~~keyGroup * keyLength + this.thread.x) * 64 + t] * q[(~~queryHead * length + this.thread.y) * 64 + t];
    }
    value = 0.125 * dotKQ;
  }
  return value;
}

function attend_scales(attendExponents, keyLength, offset, length) {
  // The largest exponent of each query row.
  const seen = Math.min(keyLength, offset + this.thread.x + 1);
  let largest = -1e30;
  for (let j = 0; j < seen; j++) {
    largest = Math.max(largest, attendExponents[(this.thread.y * length + this.thread.x) * keyLength + j]);
  }
  return largest;
}

function attend_weights(attendExponents, attendScales, length, keyLength) {
  // The weight of each key for each query row, over the exponential of the row’s scale.
  const exponent = attendExponents[(this.thread.z * length + this.thread.y) * keyLength + this.thread.x];
  const power = exponent > -5e29 ? Math.exp(Math.min(
    exponent - attendScales[this.thread.z * length + this.thread.y],
    0,
  )) : 0;
  return power;
}

function attend_factors(attendWeights, keyLength, offset, length) {
  // 1 over each row’s sum of weights.
  const seen = Math.min(keyLength, offset + this.thread.x + 1);
  let sum = 0;
  for (let j = 0; j < seen; j++) {
    sum += attendWeights[(this.thread.y * length + this.thread.x) * keyLength + j];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function attend(lengths, attendWeights, v, attendFactors, sliceStart, heads, kvHeads, keyLength, offset, length) {
  // Σ weight · value of each query row.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const seen = Math.min(visible, offset + this.thread.y + 1);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  let sum = 0;
  for (let j = 0; j < seen; j++) {
    const weight = attendWeights[(this.thread.z * length + this.thread.y) * keyLength + j];
    sum += weight * v[(~~keyGroup * keyLength + j) * 64 + this.thread.x];
  }
  return sum * attendFactors[this.thread.z * length + this.thread.y];
}

function append_k(positions, k, keyCache, sliceStart, kvHeads, length, keyLength, capacity) {
  // KeyCache with the new rows of k behind those that are there.
  const keyGroup = sliceStart + this.thread.z;
  const batchItem = Math.floor((keyGroup + 0.5) / kvHeads);
  const firstPosition = positions[~~batchItem];
  let value = 0;
  if (this.thread.y >= firstPosition && this.thread.y < firstPosition + length) {
    value = k[(~~keyGroup * keyLength + this.thread.y - ~~firstPosition) * 64 + this.thread.x];
  } else {
    value = keyCache[(~~keyGroup * capacity + this.thread.y) * 64 + this.thread.x];
  }
  return value;
}

function append_v(positions, v, valueCache, sliceStart, kvHeads, length, keyLength, capacity) {
  // ValueCache with the new rows of v behind those that are there.
  const keyGroup = sliceStart + this.thread.z;
  const batchItem = Math.floor((keyGroup + 0.5) / kvHeads);
  const firstPosition = positions[~~batchItem];
  let value = 0;
  if (this.thread.y >= firstPosition && this.thread.y < firstPosition + length) {
    value = v[(~~keyGroup * keyLength + this.thread.y - ~~firstPosition) * 64 + this.thread.x];
  } else {
    value = valueCache[(~~keyGroup * capacity + this.thread.y) * 64 + this.thread.x];
  }
  return value;
}

function attend_cached_exponents(lengths, positions, q, keyCache, sliceStart, heads, kvHeads, keyLength, capacity, length) {
  // The exponent of κ for each key and query row.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const firstPosition = positions[~~batchItem];
  const visible = Math.min(lengths[~~batchItem], firstPosition + keyLength);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  let value = -1e30;
  if (this.thread.x < visible && this.thread.x <= firstPosition + this.thread.y) {
    let dotKQ = 0;
    for (let t = 0; t < 64; t++) {
      dotKQ += keyCache[(~~keyGroup * capacity + this.thread.x) * 64 + t] * q[(~~queryHead * length + this.thread.y) * 64 + t];
    }
    value = 0.125 * dotKQ;
  }
  return value;
}

function attend_cached_scales(attendCachedExponents, offset, length) {
  // The largest exponent of each query row.
  const seen = Math.min(offset + length, offset + this.thread.x + 1);
  let largest = -1e30;
  for (let j = 0; j < seen; j++) {
    largest = Math.max(
      largest,
      attendCachedExponents[(this.thread.y * length + this.thread.x) * (offset + length) + j],
    );
  }
  return largest;
}

function attend_cached_weights(attendCachedExponents, attendCachedScales, length, offset) {
  // The weight of each key for each query row, over the exponential of the row’s scale.
  const exponent = attendCachedExponents[(this.thread.z * length + this.thread.y) * (offset + length) + this.thread.x];
  const power = exponent > -5e29 ? Math.exp(Math.min(
    exponent - attendCachedScales[this.thread.z * length + this.thread.y],
    0,
  )) : 0;
  return power;
}

function attend_cached_factors(attendCachedWeights, offset, length) {
  // 1 over each row’s sum of weights.
  const seen = Math.min(offset + length, offset + this.thread.x + 1);
  let sum = 0;
  for (let j = 0; j < seen; j++) {
    sum += attendCachedWeights[(this.thread.y * length + this.thread.x) * (offset + length) + j];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function attend_cached(lengths, positions, attendCachedWeights, valueCache, attendCachedFactors, sliceStart, heads, kvHeads, keyLength, length, offset, capacity) {
  // Σ weight · value of each query row.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const firstPosition = positions[~~batchItem];
  const visible = Math.min(lengths[~~batchItem], firstPosition + keyLength);
  const seen = Math.min(visible, firstPosition + this.thread.y + 1);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  let sum = 0;
  for (let j = 0; j < seen; j++) {
    const weight = attendCachedWeights[(this.thread.z * length + this.thread.y) * (offset + length) + j];
    sum += weight * valueCache[(~~keyGroup * capacity + j) * 64 + this.thread.x];
  }
  return sum * attendCachedFactors[this.thread.z * length + this.thread.y];
}
