function key_exponents(lengths, k, w, sliceStart, kvHeads, keyLength) {
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

function chunk_scales(lengths, keyExponents, sliceStart, kvHeads, keyLength) {
  // The largest exponent of each feature of each chunk of key rows.
  const keyGroup = sliceStart + this.thread.z;
  const batchItem = Math.floor((keyGroup + 0.5) / kvHeads);
  const visible = Math.min(lengths[~~batchItem], keyLength);
  const firstRow = this.thread.y * 32;
  const rows = Math.min(Math.max(visible, firstRow) - firstRow, 32);
  let largest = -1e30;
  for (let r2 = 0; r2 < rows; r2++) {
    largest = Math.max(
      largest,
      keyExponents[(this.thread.z * keyLength + ~~firstRow + r2) * 256 + this.thread.x],
    );
  }
  return largest;
}

function chunk_weights(keyExponents, chunkScales, keyLength, chunks) {
  // What each component of φ of a key row weighs in the state of its chunk.
  const exponent = keyExponents[(this.thread.z * keyLength + this.thread.y) * 256 + this.thread.x];
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const scale = chunkScales[(this.thread.z * chunks + ~~chunk) * 256 + this.thread.x];
  return exponent > -5e29 ? Math.exp(Math.min(exponent - scale, 0)) : 0;
}

function chunk_sums(lengths, chunkWeights, v, chunks, sliceStart, kvHeads, keyLength) {
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
      sum += chunkWeights[(~~groupInSlice * keyLength + ~~firstRow + r2) * 256 + this.thread.y] * v[(~~keyGroup * keyLength + ~~firstRow + r2) * 64 + this.thread.x];
    }
    value = sum;
  } else {
    let sum2 = 0;
    for (let r3 = 0; r3 < rows; r3++) {
      sum2 += chunkWeights[(~~groupInSlice * keyLength + ~~firstRow + r3) * 256 + this.thread.y];
    }
    value = sum2;
  }
  return value;
}

function block_scales(chunkScales, chunks) {
  // The largest exponent of each feature of each 16 chunks.
  const firstChunk = this.thread.y * 16;
  const inners = Math.min(Math.max(chunks, firstChunk) - firstChunk, 16);
  let largest = -1e30;
  for (let inner = 0; inner < inners; inner++) {
    const part = this.thread.z * chunks + firstChunk + inner;
    largest = Math.max(largest, chunkScales[~~part * 256 + this.thread.x]);
  }
  return largest;
}

function block_sums(chunkScales, blockScales, chunkSums, chunks) {
  // S and z of each 16 chunks.
  const states = Math.floor((chunks + 15 + 0.5) / 16);
  const groupInSlice = Math.floor((this.thread.z + 0.5) / states);
  const state = this.thread.z - groupInSlice * states;
  const firstChunk = state * 16;
  const inners = Math.min(Math.max(chunks, firstChunk) - firstChunk, 16);
  const scale = blockScales[this.thread.z * 256 + this.thread.y];
  let sum = 0;
  for (let inner = 0; inner < inners; inner++) {
    const part = groupInSlice * chunks + firstChunk + inner;
    const exponent = chunkScales[~~part * 256 + this.thread.y];
    sum += (exponent > -5e29 ? Math.exp(Math.min(
      exponent - scale,
      0,
    )) : 0) * chunkSums[(~~part * 256 + this.thread.y) * 65 + this.thread.x];
  }
  return sum;
}

function before_scales(blockScales, chunkScales, chunks) {
  // The largest exponent of each feature before each chunk.
  const blocksBefore = Math.floor((this.thread.y + 0.5) / 16);
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  let largest = -1e30;
  for (let outer = 0; outer < blocksBefore; outer++) {
    const part = this.thread.z * blocks + outer;
    largest = Math.max(largest, blockScales[~~part * 256 + this.thread.x]);
  }
  const firstChunk = blocksBefore * 16;
  const inners = this.thread.y - firstChunk;
  let largest2 = -1e30;
  for (let inner = 0; inner < inners; inner++) {
    const part2 = this.thread.z * chunks + firstChunk + inner;
    largest2 = Math.max(largest2, chunkScales[~~part2 * 256 + this.thread.x]);
  }
  return Math.max(largest, largest2);
}

function before_sums(blockScales, stateScales, blockSums, chunkScales, chunkSums, chunks) {
  // S and z before each chunk.
  const states = chunks;
  const groupInSlice = Math.floor((this.thread.z + 0.5) / states);
  const state = this.thread.z - groupInSlice * states;
  const blocksBefore = Math.floor((state + 0.5) / 16);
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  const scale = stateScales[this.thread.z * 256 + this.thread.y];
  let sum = 0;
  for (let outer = 0; outer < blocksBefore; outer++) {
    const part = groupInSlice * blocks + outer;
    const exponent = blockScales[~~part * 256 + this.thread.y];
    sum += (exponent > -5e29 ? Math.exp(Math.min(
      exponent - scale,
      0,
    )) : 0) * blockSums[(~~part * 256 + this.thread.y) * 65 + this.thread.x];
  }
  const firstChunk = blocksBefore * 16;
  const inners = state - firstChunk;
  let sum2 = 0;
  for (let inner = 0; inner < inners; inner++) {
    const part2 = groupInSlice * chunks + firstChunk + inner;
    const exponent2 = chunkScales[~~part2 * 256 + this.thread.y];
    sum2 += (exponent2 > -5e29 ? Math.exp(Math.min(
      exponent2 - scale,
      0,
    )) : 0) * chunkSums[(~~part2 * 256 + this.thread.y) * 65 + this.thread.x];
  }
  return sum + sum2;
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

function row_scales(queryExponents, stateScales, keyExponents, kvHeads, heads, chunks, length, keyLength) {
  // The largest exponent of each query row, among the keys that it sees.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.x + 0.5) / 32);
  const state = sliceGroup * chunks + chunk;
  let largest = -1e30;
  for (let f = 0; f < 256; f++) {
    largest = Math.max(
      largest,
      queryExponents[(this.thread.y * length + this.thread.x) * 256 + f] + stateScales[~~state * 256 + f],
    );
  }
  const firstRow = chunk * 32;
  let largest2 = -1e30;
  for (let r2 = 0; r2 < Math.min(
    Math.max(Math.min(this.thread.x + 1, keyLength), firstRow) - firstRow,
    32,
  ); r2++) {
    let largest3 = -1e30;
    for (let f2 = 0; f2 < 256; f2++) {
      largest3 = Math.max(
        largest3,
        queryExponents[(this.thread.y * length + this.thread.x) * 256 + f2] + keyExponents[(~~sliceGroup * keyLength + ~~firstRow + r2) * 256 + f2],
      );
    }
    largest2 = Math.max(largest2, largest3);
  }
  return Math.max(largest, largest2);
}

function query_weights(queryExponents, stateScales, rowScales, kvHeads, heads, chunks, length) {
  // What each component of φ(q) weighs in the state that its row reads.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const state = sliceGroup * chunks + chunk;
  const exponent = queryExponents[(this.thread.z * length + this.thread.y) * 256 + this.thread.x] + stateScales[~~state * 256 + this.thread.x];
  const rowScale = rowScales[this.thread.z * length + this.thread.y];
  return exponent > -5e29 ? Math.exp(Math.min(exponent - rowScale, 0)) : 0;
}

function near_weights(queryExponents, keyExponents, rowScales, kvHeads, heads, keyLength, length) {
  // φ(q)·φ(k) of each row and the rows of its chunk up to its own.
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const firstRow = chunk * 32;
  const keyRow = firstRow + this.thread.x;
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  let value = 0;
  if (keyRow <= this.thread.y && keyRow < keyLength) {
    const rowScale = rowScales[this.thread.z * length + this.thread.y];
    let sum = 0;
    for (let f = 0; f < 256; f++) {
      const exponent = queryExponents[(this.thread.z * length + this.thread.y) * 256 + f] + keyExponents[(~~sliceGroup * keyLength + ~~keyRow) * 256 + f];
      sum += exponent > -5e29 ? Math.exp(Math.min(exponent - rowScale, 0)) : 0;
    }
    value = sum;
  }
  return value;
}

function row_factors(queryWeights, stateSums, nearWeights, kvHeads, heads, chunks, length) {
  // 1 over each row’s sum of weights.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.x + 0.5) / 32);
  const state = sliceGroup * chunks + chunk;
  let sum = 0;
  for (let f = 0; f < 256; f++) {
    sum += queryWeights[(this.thread.y * length + this.thread.x) * 256 + f] * stateSums[(~~state * 256 + f) * 65 + 64];
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

function read_rows(queryWeights, stateSums, lengths, nearWeights, v, rowFactors, kvHeads, heads, chunks, length, sliceStart, keyLength) {
  // φ(q)·S of each query row, with the pairs of its chunk, times its factor.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const chunk = Math.floor((this.thread.y + 0.5) / 32);
  const state = sliceGroup * chunks + chunk;
  let sum = 0;
  for (let f = 0; f < 256; f++) {
    sum += queryWeights[(this.thread.z * length + this.thread.y) * 256 + f] * stateSums[(~~state * 256 + f) * 65 + this.thread.x];
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

function carried_scales(blockScales, chunks) {
  // The largest exponent of each feature of all key rows.
  const outers = Math.floor((chunks + 15 + 0.5) / 16);
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  let largest = -1e30;
  for (let outer = 0; outer < outers; outer++) {
    const part = this.thread.z * blocks + outer;
    largest = Math.max(largest, blockScales[~~part * 256 + this.thread.x]);
  }
  return largest;
}

function carried_sums(blockScales, carriedScales, blockSums, chunks) {
  // S and z of all key rows.
  const outers = Math.floor((chunks + 15 + 0.5) / 16);
  const blocks = Math.floor((chunks + 15 + 0.5) / 16);
  const scale = carriedScales[this.thread.z * 256 + this.thread.y];
  let sum = 0;
  for (let outer = 0; outer < outers; outer++) {
    const part = this.thread.z * blocks + outer;
    const exponent = blockScales[~~part * 256 + this.thread.y];
    sum += (exponent > -5e29 ? Math.exp(Math.min(
      exponent - scale,
      0,
    )) : 0) * blockSums[(~~part * 256 + this.thread.y) * 65 + this.thread.x];
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

function raise_scales(carriedScales, keyExponents, sliceStart) {
  // The scales with the token among what they are the largest of.
  return Math.max(
    carriedScales[(sliceStart + this.thread.z) * 256 + this.thread.x],
    keyExponents[this.thread.z * 256 + this.thread.x],
  );
}

function absorb(carriedSums, carriedScales, raisedScales, keyExponents, v, sliceStart) {
  // S and z with the token in them.
  const exponent = carriedScales[(sliceStart + this.thread.z) * 256 + this.thread.y];
  const scale = raisedScales[this.thread.z * 256 + this.thread.y];
  const exponent2 = keyExponents[this.thread.z * 256 + this.thread.y];
  const keyGroup = sliceStart + this.thread.z;
  let value = 1;
  if (this.thread.x < 64) {
    value = v[~~keyGroup * 64 + this.thread.x];
  }
  return carriedSums[((sliceStart + this.thread.z) * 256 + this.thread.y) * 65 + this.thread.x] * (exponent > -5e29 ? Math.exp(Math.min(exponent - scale, 0)) : 0) + (exponent2 > -5e29 ? Math.exp(Math.min(
    exponent2 - scale,
    0,
  )) : 0) * value;
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

function token_query_weights(queryExponents, carriedScales, rowScales, kvHeads, heads, length, sliceStart) {
  // What each component of φ(q) weighs in the state that its row reads.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  const exponent = queryExponents[(this.thread.z * length + this.thread.y) * 256 + this.thread.x] + carriedScales[(sliceStart + ~~sliceGroup) * 256 + this.thread.x];
  const rowScale = rowScales[this.thread.z * length + this.thread.y];
  return exponent > -5e29 ? Math.exp(Math.min(exponent - rowScale, 0)) : 0;
}

function token_row_factors(queryWeights, carriedSums, kvHeads, heads, length, sliceStart) {
  // 1 over each row’s sum of weights.
  const sliceGroup = Math.floor((this.thread.y * kvHeads + 0.5) / heads);
  let sum = 0;
  for (let f = 0; f < 256; f++) {
    sum += queryWeights[(this.thread.y * length + this.thread.x) * 256 + f] * carriedSums[((sliceStart + ~~sliceGroup) * 256 + f) * 65 + 64];
  }
  const denominator = sum;
  return denominator === 0 ? 0 : 1 / (denominator === 0 ? 1 : denominator);
}

function token_read_rows(queryWeights, carriedSums, rowFactors, kvHeads, heads, length, sliceStart) {
  // φ(q)·S of each query row, times its factor.
  const sliceGroup = Math.floor((this.thread.z * kvHeads + 0.5) / heads);
  let sum = 0;
  for (let f = 0; f < 256; f++) {
    sum += queryWeights[(this.thread.z * length + this.thread.y) * 256 + f] * carriedSums[((sliceStart + ~~sliceGroup) * 256 + f) * 65 + this.thread.x];
  }
  return sum * rowFactors[this.thread.z * length + this.thread.y];
}

function block_behind_scales(carriedScales, chunkScales, chunks, sliceStart) {
  // The largest exponent of each feature of each 16 chunks.
  const firstChunk = (Math.max(this.thread.y, 1) - 1) * 16;
  const inners = Math.min(Math.max(chunks, firstChunk) - firstChunk, 16);
  let value = 0;
  if (this.thread.y === 0) {
    value = carriedScales[(sliceStart + this.thread.z) * 256 + this.thread.x];
  } else {
    let largest = -1e30;
    for (let inner = 0; inner < inners; inner++) {
      const part = this.thread.z * chunks + firstChunk + inner;
      largest = Math.max(largest, chunkScales[~~part * 256 + this.thread.x]);
    }
    value = largest;
  }
  return value;
}

function block_behind_sums(carriedSums, chunkScales, blockScales, chunkSums, chunks, sliceStart) {
  // S and z of each 16 chunks.
  const states = Math.floor((chunks + 15 + 0.5) / 16) + 1;
  const groupInSlice = Math.floor((this.thread.z + 0.5) / states);
  const state = this.thread.z - groupInSlice * states;
  const firstChunk = (Math.max(state, 1) - 1) * 16;
  const inners = Math.min(Math.max(chunks, firstChunk) - firstChunk, 16);
  let value = 0;
  if (state === 0) {
    value = carriedSums[((sliceStart + ~~groupInSlice) * 256 + this.thread.y) * 65 + this.thread.x];
  } else {
    const scale = blockScales[this.thread.z * 256 + this.thread.y];
    let sum = 0;
    for (let inner = 0; inner < inners; inner++) {
      const part = groupInSlice * chunks + firstChunk + inner;
      const exponent = chunkScales[~~part * 256 + this.thread.y];
      sum += (exponent > -5e29 ? Math.exp(Math.min(
        exponent - scale,
        0,
      )) : 0) * chunkSums[(~~part * 256 + this.thread.y) * 65 + this.thread.x];
    }
    value = sum;
  }
  return value;
}

function before_behind_scales(blockScales, chunkScales, chunks) {
  // The largest exponent of each feature before each chunk.
  const blocksBefore = Math.floor((this.thread.y + 0.5) / 16);
  const outers = blocksBefore + 1;
  const blocks = Math.floor((chunks + 15 + 0.5) / 16) + 1;
  let largest = -1e30;
  for (let outer = 0; outer < outers; outer++) {
    const part = this.thread.z * blocks + outer;
    largest = Math.max(largest, blockScales[~~part * 256 + this.thread.x]);
  }
  const firstChunk = blocksBefore * 16;
  const inners = this.thread.y - firstChunk;
  let largest2 = -1e30;
  for (let inner = 0; inner < inners; inner++) {
    const part2 = this.thread.z * chunks + firstChunk + inner;
    largest2 = Math.max(largest2, chunkScales[~~part2 * 256 + this.thread.x]);
  }
  return Math.max(largest, largest2);
}

function before_behind_sums(blockScales, stateScales, blockSums, chunkScales, chunkSums, chunks) {
  // S and z before each chunk.
  const states = chunks;
  const groupInSlice = Math.floor((this.thread.z + 0.5) / states);
  const state = this.thread.z - groupInSlice * states;
  const blocksBefore = Math.floor((state + 0.5) / 16);
  const outers = blocksBefore + 1;
  const blocks = Math.floor((chunks + 15 + 0.5) / 16) + 1;
  const scale = stateScales[this.thread.z * 256 + this.thread.y];
  let sum = 0;
  for (let outer = 0; outer < outers; outer++) {
    const part = groupInSlice * blocks + outer;
    const exponent = blockScales[~~part * 256 + this.thread.y];
    sum += (exponent > -5e29 ? Math.exp(Math.min(
      exponent - scale,
      0,
    )) : 0) * blockSums[(~~part * 256 + this.thread.y) * 65 + this.thread.x];
  }
  const firstChunk = blocksBefore * 16;
  const inners = state - firstChunk;
  let sum2 = 0;
  for (let inner = 0; inner < inners; inner++) {
    const part2 = groupInSlice * chunks + firstChunk + inner;
    const exponent2 = chunkScales[~~part2 * 256 + this.thread.y];
    sum2 += (exponent2 > -5e29 ? Math.exp(Math.min(
      exponent2 - scale,
      0,
    )) : 0) * chunkSums[(~~part2 * 256 + this.thread.y) * 65 + this.thread.x];
  }
  return sum + sum2;
}

function carried_behind_scales(blockScales, chunks) {
  // The largest exponent of each feature of all key rows.
  const outers = Math.floor((chunks + 15 + 0.5) / 16) + 1;
  const blocks = Math.floor((chunks + 15 + 0.5) / 16) + 1;
  let largest = -1e30;
  for (let outer = 0; outer < outers; outer++) {
    const part = this.thread.z * blocks + outer;
    largest = Math.max(largest, blockScales[~~part * 256 + this.thread.x]);
  }
  return largest;
}

function carried_behind_sums(blockScales, carriedScales, blockSums, chunks) {
  // S and z of all key rows.
  const outers = Math.floor((chunks + 15 + 0.5) / 16) + 1;
  const blocks = Math.floor((chunks + 15 + 0.5) / 16) + 1;
  const scale = carriedScales[this.thread.z * 256 + this.thread.y];
  let sum = 0;
  for (let outer = 0; outer < outers; outer++) {
    const part = this.thread.z * blocks + outer;
    const exponent = blockScales[~~part * 256 + this.thread.y];
    sum += (exponent > -5e29 ? Math.exp(Math.min(
      exponent - scale,
      0,
    )) : 0) * blockSums[(~~part * 256 + this.thread.y) * 65 + this.thread.x];
  }
  return sum;
}
