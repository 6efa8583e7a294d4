// Long calls in a Web Worker.
import { long } from './threads.mjs'

addEventListener('message', (/** @type {MessageEvent<Parameters<typeof long>>} */ { data }) => {
  long(...data).then(postMessage, (/** @type {unknown} */ error) => postMessage({ failed: String(error) }))
})
