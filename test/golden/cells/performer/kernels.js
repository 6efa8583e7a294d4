function key_exponents(k, w, lengths, sliceStart, kvHeads, keyLength) {
  // The exponents of φ of each key row.
  // x^2
  function power_2(x) {
    return x * x;
  }
  const keyGroup = sliceStart + this.thread.z;
  const batchItem = Math.floor((keyGroup + 0.5) / kvHeads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  let value = -1e30;
  if (this.thread.y < visible) {
    let dotWX = 0;
    let dotXX = 0;
    for (let t = 0; t < 64; t++) {
      dotWX += w[this.thread.x * 64 + t] * k[(~~keyGroup * keyLength + this.thread.y) * 64 + t];
      dotXX += power_2(k[(~~keyGroup * keyLength + this.thread.y) * 64 + t]);
    }
    value = 0.35355338 * dotWX - 0.0625 * dotXX - 2.7725887;
  }
  return value;
}

function chunk_scales(keyExponents, keyLength) {
  // The largest exponent of each feature of each chunk of key rows.
  const firstRow = this.thread.y * 32;
  const rows = Math.min(Math.max(keyLength, firstRow) - firstRow, 32);
  let largest = -1e30;
  for (let r = 0; r < rows; r++) {
    largest = Math.max(
      largest,
      keyExponents[(this.thread.z * keyLength + ~~firstRow + r) * 256 + this.thread.x],
    );
  }
  return largest;
}

function chunk_sums(keyExponents, v, lengths, chunkScales, chunks, sliceStart, kvHeads, keyLength) {
  // S and z of each chunk of key rows.
  const groupInSlice = Math.floor((this.thread.z + 0.5) / chunks);
  const chunk = this.thread.z - groupInSlice * chunks;
  const keyGroup = sliceStart + groupInSlice;
  const batchItem = Math.floor((keyGroup + 0.5) / kvHeads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const firstRow = chunk * 32;
  const rows = Math.min(Math.max(visible, firstRow) - firstRow, 32);
  const scale = chunkScales[(~~groupInSlice * chunks + ~~chunk) * 256 + this.thread.y];
  let sum = 0;
  if (this.thread.x < 64) {
    for (let r = 0; r < rows; r++) {
      const exponent = keyExponents[(~~groupInSlice * keyLength + ~~firstRow + r) * 256 + this.thread.y];
      const power = exponent > -5e29 ? Math.exp(Math.min(exponent - scale, 0)) : 0;
      sum += power * v[(~~keyGroup * keyLength + ~~firstRow + r) * 64 + this.thread.x];
    }
  } else {
    for (let r2 = 0; r2 < rows; r2++) {
      const exponent = keyExponents[(~~groupInSlice * keyLength + ~~firstRow + r2) * 256 + this.thread.y];
      const power = exponent > -5e29 ? Math.exp(Math.min(exponent - scale, 0)) : 0;
      sum += power;
    }
  }
  return sum;
}

function block_scales(chunkScales, chunks) {
  // The largest exponent of each feature of each 16 chunks.
  let largest = -1e30;
  const inners = Math.min(Math.max(chunks, this.thread.y * 16) - this.thread.y * 16, 16);
  for (let inner = 0; inner < inners; inner++) {
    largest = Math.max(
      largest,
      chunkScales[(this.thread.z * chunks + this.thread.y * 16 + inner) * 256 + this.thread.x],
    );
  }
  return largest;
}

function block_sums(chunkScales, chunkSums, blockScales, chunks) {
  // S and z of each 16 chunks.
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  const groupInSlice = Math.floor((this.thread.z + 0.5) / blocks);
  const block = this.thread.z - groupInSlice * blocks;
  const scale = blockScales[this.thread.z * 256 + this.thread.y];
  let sum = 0;
  const inners = Math.min(Math.max(chunks, block * 16) - block * 16, 16);
  for (let inner = 0; inner < inners; inner++) {
    const exponent = chunkScales[(~~groupInSlice * chunks + ~~block * 16 + inner) * 256 + this.thread.y];
    const power = exponent > -5e29 ? Math.exp(Math.min(exponent - scale, 0)) : 0;
    sum += power * chunkSums[((~~groupInSlice * chunks + ~~block * 16 + inner) * 256 + this.thread.y) * 65 + this.thread.x];
  }
  return sum;
}

function before_scales(blockScales, chunkScales, chunks) {
  // The largest exponent of each feature before each chunk.
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  const blocksBefore = Math.floor((this.thread.y + 0.5) / 16);
  let largest = -1e30;
  for (let outer = 0; outer < blocksBefore; outer++) {
    largest = Math.max(largest, blockScales[(this.thread.z * ~~blocks + outer) * 256 + this.thread.x]);
  }
  const inners = this.thread.y - blocksBefore * 16;
  for (let inner = 0; inner < inners; inner++) {
    largest = Math.max(
      largest,
      chunkScales[(this.thread.z * chunks + ~~blocksBefore * 16 + inner) * 256 + this.thread.x],
    );
  }
  return largest;
}

function before_sums(blockScales, chunkScales, blockSums, chunkSums, stateScales, chunks) {
  // S and z before each chunk.
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  const groupInSlice = Math.floor((this.thread.z + 0.5) / chunks);
  const chunk = this.thread.z - groupInSlice * chunks;
  const blocksBefore = Math.floor((chunk + 0.5) / 16);
  const scale = stateScales[this.thread.z * 256 + this.thread.y];
  let sum = 0;
  for (let outer = 0; outer < blocksBefore; outer++) {
    const exponent = blockScales[(~~groupInSlice * ~~blocks + outer) * 256 + this.thread.y];
    const power = exponent > -5e29 ? Math.exp(Math.min(exponent - scale, 0)) : 0;
    sum += power * blockSums[((~~groupInSlice * ~~blocks + outer) * 256 + this.thread.y) * 65 + this.thread.x];
  }
  const inners = chunk - blocksBefore * 16;
  for (let inner = 0; inner < inners; inner++) {
    const exponent = chunkScales[(~~groupInSlice * chunks + ~~blocksBefore * 16 + inner) * 256 + this.thread.y];
    const power = exponent > -5e29 ? Math.exp(Math.min(exponent - scale, 0)) : 0;
    sum += power * chunkSums[((~~groupInSlice * chunks + ~~blocksBefore * 16 + inner) * 256 + this.thread.y) * 65 + this.thread.x];
  }
  return sum;
}

function query_exponents(q, w, sliceStart, heads, kvHeads, length) {
  // The exponents of φ of each query row.
  // x^2
  function power_2(x) {
    return x * x;
  }
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  let dotWX = 0;
  let dotXX = 0;
  for (let t = 0; t < 64; t++) {
    dotWX += w[this.thread.x * 64 + t] * q[(~~queryHead * length + this.thread.y) * 64 + t];
    dotXX += power_2(q[(~~queryHead * length + this.thread.y) * 64 + t]);
  }
  return 0.35355338 * dotWX - 0.0625 * dotXX - 2.7725887;
}

function row_scales(queryExponents, stateScales, keyExponents, kvHeads, heads, length, chunks, keyLength) {
  // The largest exponent of each query row, among the keys that it sees.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.x + 0.5) / 32);
  const firstRow = chunk * 32;
  let largest = -1e30;
  for (let f = 0; f < 256; f++) {
    largest = Math.max(
      largest,
      queryExponents[(this.thread.y * length + this.thread.x) * 256 + f] + stateScales[(~~sliceGroup * chunks + ~~chunk) * 256 + f],
    );
  }
  for (let r = 0; r < Math.min(
    Math.max(Math.min(this.thread.x + 1, keyLength), firstRow) - firstRow,
    32,
  ); r++) {
    for (let f2 = 0; f2 < 256; f2++) {
      largest = Math.max(
        largest,
        queryExponents[(this.thread.y * length + this.thread.x) * 256 + f2] + keyExponents[(~~sliceGroup * keyLength + ~~firstRow + r) * 256 + f2],
      );
    }
  }
  return largest;
}

function query_weights(queryExponents, rowScales, stateScales, kvHeads, heads, length, chunks) {
  // What each component of φ(q) weighs in the state that its row reads.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const exponent = queryExponents[(this.thread.z * length + this.thread.y) * 256 + this.thread.x] + stateScales[(~~sliceGroup * chunks + ~~chunk) * 256 + this.thread.x];
  const rowScale = rowScales[this.thread.z * length + this.thread.y];
  return exponent > -5e29 ? Math.exp(Math.min(exponent - rowScale, 0)) : 0;
}

function near_weights(queryExponents, keyExponents, rowScales, kvHeads, heads, keyLength, length) {
  // φ(q)·φ(k) of each row and the rows of its chunk up to its own.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const firstRow = chunk * 32;
  const keyRow = firstRow + this.thread.x;
  let sum = 0;
  if (keyRow <= this.thread.y && keyRow < keyLength) {
    const rowScale = rowScales[this.thread.z * length + this.thread.y];
    for (let f = 0; f < 256; f++) {
      const exponent = queryExponents[(this.thread.z * length + this.thread.y) * 256 + f] + keyExponents[(~~sliceGroup * keyLength + ~~keyRow) * 256 + f];
      const power = exponent > -5e29 ? Math.exp(Math.min(exponent - rowScale, 0)) : 0;
      sum += power;
    }
  }
  return sum;
}

function row_factors(queryWeights, stateSums, nearWeights, rowScales, kvHeads, heads, length, chunks) {
  // 1 over each row’s sum of weights.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.x + 0.5) / 32);
  const firstRow = chunk * 32;
  const place = this.thread.x - firstRow;
  let sum = 0;
  for (let f = 0; f < 256; f++) {
    sum += queryWeights[(this.thread.y * length + this.thread.x) * 256 + f] * stateSums[((~~sliceGroup * chunks + ~~chunk) * 256 + f) * 65 + 64];
  }
  const keys = place + 1;
  for (let r = 0; r < keys; r++) {
    sum += nearWeights[(this.thread.y * length + this.thread.x) * 32 + r];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function read(queryWeights, stateSums, nearWeights, v, lengths, rowFactors, sliceStart, heads, kvHeads, keyLength, length, chunks) {
  // φ(q)·S of each query row, with the pairs of its chunk, times its factor.
  const queryHead = Math.floor((sliceStart * heads + 0.5) / kvHeads) + this.thread.z;
  const batchItem = Math.floor((queryHead + 0.5) / heads);
  const keyGroup = Math.floor((queryHead * kvHeads + 0.5) / heads);
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const firstRow = chunk * 32;
  let sum = 0;
  for (let f = 0; f < 256; f++) {
    sum += queryWeights[(this.thread.z * length + this.thread.y) * 256 + f] * stateSums[((~~sliceGroup * chunks + ~~chunk) * 256 + f) * 65 + this.thread.x];
  }
  const keys = Math.min(Math.max(Math.min(visible, this.thread.y + 1), firstRow) - firstRow, 32);
  for (let r = 0; r < keys; r++) {
    sum += nearWeights[(this.thread.z * length + this.thread.y) * 32 + r] * v[(~~keyGroup * keyLength + ~~firstRow + r) * 64 + this.thread.x];
  }
  return sum * rowFactors[this.thread.z * length + this.thread.y];
}

function carried_scales(blockScales, chunks) {
  // The largest exponent of each feature of all key rows.
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  let largest = -1e30;
  for (let outer = 0; outer < blocks; outer++) {
    largest = Math.max(largest, blockScales[(this.thread.z * ~~blocks + outer) * 256 + this.thread.x]);
  }
  return largest;
}

function carried_sums(blockScales, blockSums, carriedScales, chunks) {
  // S and z of all key rows.
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  const scale = carriedScales[this.thread.z * 256 + this.thread.y];
  let sum = 0;
  for (let outer = 0; outer < blocks; outer++) {
    const exponent = blockScales[(this.thread.z * ~~blocks + outer) * 256 + this.thread.y];
    const power = exponent > -5e29 ? Math.exp(Math.min(exponent - scale, 0)) : 0;
    sum += power * blockSums[((this.thread.z * ~~blocks + outer) * 256 + this.thread.y) * 65 + this.thread.x];
  }
  return sum;
}

function token_key_exponents(k, w, sliceStart, keyLength) {
  // The exponents of φ of each key row.
  // x^2
  function power_2(x) {
    return x * x;
  }
  const keyGroup = sliceStart + this.thread.z;
  let dotWX = 0;
  let dotXX = 0;
  for (let t = 0; t < 64; t++) {
    dotWX += w[this.thread.x * 64 + t] * k[(~~keyGroup * keyLength + this.thread.y) * 64 + t];
    dotXX += power_2(k[(~~keyGroup * keyLength + this.thread.y) * 64 + t]);
  }
  return 0.35355338 * dotWX - 0.0625 * dotXX - 2.7725887;
}

function raise_scales(keyExponents, carriedScales, sliceStart) {
  // The scales with the token among what they are the largest of.
  return Math.max(
    carriedScales[(sliceStart + this.thread.z) * 256 + this.thread.x],
    keyExponents[this.thread.z * 256 + this.thread.x],
  );
}

function absorb(keyExponents, carriedScales, raisedScales, v, carriedSums, sliceStart) {
  // S and z with the token in them.
  const keyGroup = sliceStart + this.thread.z;
  const kept = carriedSums[((sliceStart + this.thread.z) * 256 + this.thread.y) * 65 + this.thread.x];
  let value = 1;
  if (this.thread.x < 64) {
    value = v[~~keyGroup * 64 + this.thread.x];
  }
  const scale = raisedScales[this.thread.z * 256 + this.thread.y];
  const oldScale = carriedScales[(sliceStart + this.thread.z) * 256 + this.thread.y];
  const keep = oldScale > -5e29 ? Math.exp(Math.min(oldScale - scale, 0)) : 0;
  const exponent = keyExponents[this.thread.z * 256 + this.thread.y];
  const power = exponent > -5e29 ? Math.exp(Math.min(exponent - scale, 0)) : 0;
  return kept * keep + power * value;
}

function keep_scales(raisedScales) {
  // The scales of the state with the token in it.
  return raisedScales[this.thread.z * 256 + this.thread.x];
}

function token_row_scales(queryExponents, carriedScales, kvHeads, heads, length, sliceStart) {
  // The largest exponent of each query row, among the keys that it sees.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  let largest = -1e30;
  for (let f = 0; f < 256; f++) {
    largest = Math.max(
      largest,
      queryExponents[(this.thread.y * length + this.thread.x) * 256 + f] + carriedScales[(sliceStart + ~~sliceGroup) * 256 + f],
    );
  }
  return largest;
}

function token_query_weights(queryExponents, rowScales, carriedScales, kvHeads, heads, length, sliceStart) {
  // What each component of φ(q) weighs in the state that its row reads.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const exponent = queryExponents[(this.thread.z * length + this.thread.y) * 256 + this.thread.x] + carriedScales[(sliceStart + ~~sliceGroup) * 256 + this.thread.x];
  const rowScale = rowScales[this.thread.z * length + this.thread.y];
  return exponent > -5e29 ? Math.exp(Math.min(exponent - rowScale, 0)) : 0;
}

function token_row_factors(queryWeights, carriedSums, rowScales, kvHeads, heads, length, sliceStart) {
  // 1 over each row’s sum of weights.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  let sum = 0;
  for (let f = 0; f < 256; f++) {
    sum += queryWeights[(this.thread.y * length + this.thread.x) * 256 + f] * carriedSums[((sliceStart + ~~sliceGroup) * 256 + f) * 65 + 64];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function token_read(queryWeights, carriedSums, rowFactors, kvHeads, heads, length, sliceStart) {
  // φ(q)·S of each query row, times its factor.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  let sum = 0;
  for (let f = 0; f < 256; f++) {
    sum += queryWeights[(this.thread.z * length + this.thread.y) * 256 + f] * carriedSums[((sliceStart + ~~sliceGroup) * 256 + f) * 65 + this.thread.x];
  }
  return sum * rowFactors[this.thread.z * length + this.thread.y];
}
