// The same as a page does, in a Web Worker.
import { run } from './run.mjs'

addEventListener('message', (/** @type {MessageEvent<import('./run.mjs').Run>} */ { data }) => {
  run(data).then(postMessage, (/** @type {unknown} */ error) => postMessage({ failed: String(error) }))
})
