function key_features(lengths, k, sliceStart, kvHeads, keyLength) {
  // φ of each key row.
  const keyGroup = sliceStart + this.thread.z;
  const batchItem = Math.floor((keyGroup + 0.5) / kvHeads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  let value = 0;
  if (this.thread.y < visible) {
    value = Math.exp(Math.min(k[(~~keyGroup * keyLength + this.thread.y) * 64 + this.thread.x], 0)) + Math.max(
      k[(~~keyGroup * keyLength + this.thread.y) * 64 + this.thread.x],
      0,
    );
  }
  return value;
}

function chunk_sums(lengths, keyFeatures, v, chunks, sliceStart, kvHeads, keyLength) {
  // S and z of each chunk of key rows.
  const states = chunks;
  const groupInSlice = Math.floor((this.thread.z + 0.5) / states);
  const keyGroup = sliceStart + groupInSlice;
  const batchItem = Math.floor((keyGroup + 0.5) / kvHeads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const state = this.thread.z - groupInSlice * states;
  const firstRow = state * 32;
  const rows = Math.min(Math.max(visible, firstRow) - firstRow, 32);
  let value = 0;
  if (this.thread.x < 64) {
    let sum = 0;
    for (let r2 = 0; r2 < rows; r2++) {
      sum += keyFeatures[(~~groupInSlice * keyLength + ~~firstRow + r2) * 64 + this.thread.y] * v[(~~keyGroup * keyLength + ~~firstRow + r2) * 64 + this.thread.x];
    }
    value = sum;
  } else {
    let sum2 = 0;
    for (let r3 = 0; r3 < rows; r3++) {
      sum2 += keyFeatures[(~~groupInSlice * keyLength + ~~firstRow + r3) * 64 + this.thread.y];
    }
    value = sum2;
  }
  return value;
}

function block_sums(chunkSums, chunks) {
  // S and z of each 16 chunks.
  const states = Math.floor((chunks + 15 + 0.5) / 16);
  const groupInSlice = Math.floor((this.thread.z + 0.5) / states);
  const state = this.thread.z - groupInSlice * states;
  const firstChunk = state * 16;
  const inners = Math.min(Math.max(chunks, firstChunk) - firstChunk, 16);
  let sum = 0;
  for (let inner = 0; inner < inners; inner++) {
    const part = groupInSlice * chunks + firstChunk + inner;
    sum += chunkSums[(~~part * 64 + this.thread.y) * 65 + this.thread.x];
  }
  return sum;
}

function before_sums(blockSums, chunkSums, chunks) {
  // S and z before each chunk.
  const states = chunks;
  const groupInSlice = Math.floor((this.thread.z + 0.5) / states);
  const state = this.thread.z - groupInSlice * states;
  const blocksBefore = Math.floor((state + 0.5) / 16);
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  let sum = 0;
  for (let outer = 0; outer < blocksBefore; outer++) {
    const part = groupInSlice * blocks + outer;
    sum += blockSums[(~~part * 64 + this.thread.y) * 65 + this.thread.x];
  }
  const firstChunk = blocksBefore * 16;
  const inners = state - firstChunk;
  let sum2 = 0;
  for (let inner = 0; inner < inners; inner++) {
    const part2 = groupInSlice * chunks + firstChunk + inner;
    sum2 += chunkSums[(~~part2 * 64 + this.thread.y) * 65 + this.thread.x];
  }
  return sum + sum2;
}

function query_features(q, sliceStart, heads, kvHeads, length) {
  // φ of each query row.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  return Math.exp(Math.min(q[(~~queryHead * length + this.thread.y) * 64 + this.thread.x], 0)) + Math.max(
    q[(~~queryHead * length + this.thread.y) * 64 + this.thread.x],
    0,
  );
}

function near_weights(queryFeatures, keyFeatures, kvHeads, heads, keyLength, length) {
  // φ(q)·φ(k) of each row and the rows of its chunk up to its own.
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const firstRow = chunk * 32;
  const keyRow = firstRow + this.thread.x;
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  let value = 0;
  if (keyRow <= this.thread.y && keyRow < keyLength) {
    let sum = 0;
    for (let f = 0; f < 64; f++) {
      sum += queryFeatures[(this.thread.z * length + this.thread.y) * 64 + f] * keyFeatures[(~~sliceGroup * keyLength + ~~keyRow) * 64 + f];
    }
    value = sum;
  }
  return value;
}

function row_factors(queryFeatures, stateSums, nearWeights, kvHeads, heads, chunks, length) {
  // 1 over each row’s sum of weights.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.x + 0.5) / 32);
  const state = sliceGroup * chunks + chunk;
  let sum = 0;
  for (let f = 0; f < 64; f++) {
    sum += queryFeatures[(this.thread.y * length + this.thread.x) * 64 + f] * stateSums[(~~state * 64 + f) * 65 + 64];
  }
  const firstRow = chunk * 32;
  const place = this.thread.x - firstRow;
  const keys = place + 1;
  let sum2 = 0;
  for (let r2 = 0; r2 < keys; r2++) {
    sum2 += nearWeights[(this.thread.y * length + this.thread.x) * 32 + r2];
  }
  const denominator = sum + sum2;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function read(queryFeatures, stateSums, lengths, nearWeights, v, rowFactors, kvHeads, heads, chunks, length, sliceStart, keyLength) {
  // φ(q)·S of each query row, with the pairs of its chunk, times its factor.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const state = sliceGroup * chunks + chunk;
  let sum = 0;
  for (let f = 0; f < 64; f++) {
    sum += queryFeatures[(this.thread.z * length + this.thread.y) * 64 + f] * stateSums[(~~state * 64 + f) * 65 + this.thread.x];
  }
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const firstRow = chunk * 32;
  const keys = Math.min(Math.max(Math.min(visible, this.thread.y + 1), firstRow) - firstRow, 32);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  let sum2 = 0;
  for (let r2 = 0; r2 < keys; r2++) {
    sum2 += nearWeights[(this.thread.z * length + this.thread.y) * 32 + r2] * v[(~~keyGroup * keyLength + ~~firstRow + r2) * 64 + this.thread.x];
  }
  return (sum + sum2) * rowFactors[this.thread.z * length + this.thread.y];
}

function carried_sums(blockSums, chunks) {
  // S and z of all key rows.
  const outers = Math.floor((chunks + 15 + 0.5) / 16);
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  let sum = 0;
  for (let outer = 0; outer < outers; outer++) {
    const part = this.thread.z * blocks + outer;
    sum += blockSums[(~~part * 64 + this.thread.y) * 65 + this.thread.x];
  }
  return sum;
}

function token_key_features(k, sliceStart, keyLength) {
  // φ of each key row.
  const keyGroup = sliceStart + this.thread.z;
  return Math.exp(Math.min(k[(~~keyGroup * keyLength + this.thread.y) * 64 + this.thread.x], 0)) + Math.max(
    k[(~~keyGroup * keyLength + this.thread.y) * 64 + this.thread.x],
    0,
  );
}

function absorb(carriedSums, keyFeatures, v, sliceStart) {
  // S and z with the token in them.
  const keyGroup = sliceStart + this.thread.z;
  let value = 1;
  if (this.thread.x < 64) {
    value = v[~~keyGroup * 64 + this.thread.x];
  }
  return carriedSums[((sliceStart + this.thread.z) * 64 + this.thread.y) * 65 + this.thread.x] + keyFeatures[this.thread.z * 64 + this.thread.y] * value;
}

function token_row_factors(queryFeatures, carriedSums, kvHeads, heads, length, sliceStart) {
  // 1 over each row’s sum of weights.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  let sum = 0;
  for (let f = 0; f < 64; f++) {
    sum += queryFeatures[(this.thread.y * length + this.thread.x) * 64 + f] * carriedSums[((sliceStart + ~~sliceGroup) * 64 + f) * 65 + 64];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function token_read(queryFeatures, carriedSums, rowFactors, kvHeads, heads, length, sliceStart) {
  // φ(q)·S of each query row, times its factor.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  let sum = 0;
  for (let f = 0; f < 64; f++) {
    sum += queryFeatures[(this.thread.z * length + this.thread.y) * 64 + f] * carriedSums[((sliceStart + ~~sliceGroup) * 64 + f) * 65 + this.thread.x];
  }
  return sum * rowFactors[this.thread.z * length + this.thread.y];
}
