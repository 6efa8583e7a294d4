function key_features(k, lengths, sliceStart, kvHeads, keyLength) {
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

function chunk_sums(keyFeatures, v, lengths, chunks, sliceStart, kvHeads, keyLength) {
  // S and z of each chunk of key rows.
  const groupInSlice = Math.floor((this.thread.z + 0.5) / chunks);
  const chunk = this.thread.z - groupInSlice * chunks;
  const keyGroup = sliceStart + groupInSlice;
  const batchItem = Math.floor((keyGroup + 0.5) / kvHeads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const firstRow = chunk * 32;
  const rows = Math.min(Math.max(visible, firstRow) - firstRow, 32);
  let sum = 0;
  if (this.thread.x < 64) {
    for (let r = 0; r < rows; r++) {
      sum += keyFeatures[(~~groupInSlice * keyLength + ~~firstRow + r) * 64 + this.thread.y] * v[(~~keyGroup * keyLength + ~~firstRow + r) * 64 + this.thread.x];
    }
  } else {
    for (let r2 = 0; r2 < rows; r2++) {
      sum += keyFeatures[(~~groupInSlice * keyLength + ~~firstRow + r2) * 64 + this.thread.y];
    }
  }
  return sum;
}

function block_sums(chunkSums, chunks) {
  // S and z of each 16 chunks.
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  const groupInSlice = Math.floor((this.thread.z + 0.5) / blocks);
  const block = this.thread.z - groupInSlice * blocks;
  let sum = 0;
  const inners = Math.min(Math.max(chunks, block * 16) - block * 16, 16);
  for (let inner = 0; inner < inners; inner++) {
    sum += chunkSums[((~~groupInSlice * chunks + ~~block * 16 + inner) * 64 + this.thread.y) * 65 + this.thread.x];
  }
  return sum;
}

function before_sums(blockSums, chunkSums, chunks) {
  // S and z before each chunk.
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  const groupInSlice = Math.floor((this.thread.z + 0.5) / chunks);
  const chunk = this.thread.z - groupInSlice * chunks;
  const blocksBefore = Math.floor((chunk + 0.5) / 16);
  let sum = 0;
  for (let outer = 0; outer < blocksBefore; outer++) {
    sum += blockSums[((~~groupInSlice * ~~blocks + outer) * 64 + this.thread.y) * 65 + this.thread.x];
  }
  const inners = chunk - blocksBefore * 16;
  for (let inner = 0; inner < inners; inner++) {
    sum += chunkSums[((~~groupInSlice * chunks + ~~blocksBefore * 16 + inner) * 64 + this.thread.y) * 65 + this.thread.x];
  }
  return sum;
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
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const firstRow = chunk * 32;
  const keyRow = firstRow + this.thread.x;
  let sum = 0;
  if (keyRow <= this.thread.y && keyRow < keyLength) {
    for (let f = 0; f < 64; f++) {
      sum += queryFeatures[(this.thread.z * length + this.thread.y) * 64 + f] * keyFeatures[(~~sliceGroup * keyLength + ~~keyRow) * 64 + f];
    }
  }
  return sum;
}

function row_factors(queryFeatures, stateSums, nearWeights, kvHeads, heads, length, chunks) {
  // 1 over each row’s sum of weights.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.x + 0.5) / 32);
  const firstRow = chunk * 32;
  const place = this.thread.x - firstRow;
  let sum = 0;
  for (let f = 0; f < 64; f++) {
    sum += queryFeatures[(this.thread.y * length + this.thread.x) * 64 + f] * stateSums[((~~sliceGroup * chunks + ~~chunk) * 64 + f) * 65 + 64];
  }
  const keys = place + 1;
  for (let r = 0; r < keys; r++) {
    sum += nearWeights[(this.thread.y * length + this.thread.x) * 32 + r];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function read(queryFeatures, stateSums, nearWeights, v, lengths, rowFactors, sliceStart, heads, kvHeads, keyLength, length, chunks) {
  // φ(q)·S of each query row, with the pairs of its chunk, times its factor.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const firstRow = chunk * 32;
  let sum = 0;
  for (let f = 0; f < 64; f++) {
    sum += queryFeatures[(this.thread.z * length + this.thread.y) * 64 + f] * stateSums[((~~sliceGroup * chunks + ~~chunk) * 64 + f) * 65 + this.thread.x];
  }
  const keys = Math.min(Math.max(Math.min(visible, this.thread.y + 1), firstRow) - firstRow, 32);
  for (let r = 0; r < keys; r++) {
    sum += nearWeights[(this.thread.z * length + this.thread.y) * 32 + r] * v[(~~keyGroup * keyLength + ~~firstRow + r) * 64 + this.thread.x];
  }
  return sum * rowFactors[this.thread.z * length + this.thread.y];
}

function carried_sums(blockSums, chunks) {
  // S and z of all key rows.
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  let sum = 0;
  for (let outer = 0; outer < blocks; outer++) {
    sum += blockSums[((this.thread.z * ~~blocks + outer) * 64 + this.thread.y) * 65 + this.thread.x];
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

function absorb(keyFeatures, v, carriedSums, sliceStart) {
  // S and z with the token in them.
  const keyGroup = sliceStart + this.thread.z;
  const kept = carriedSums[((sliceStart + this.thread.z) * 64 + this.thread.y) * 65 + this.thread.x];
  let value = 1;
  if (this.thread.x < 64) {
    value = v[~~keyGroup * 64 + this.thread.x];
  }
  return kept + keyFeatures[this.thread.z * 64 + this.thread.y] * value;
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
