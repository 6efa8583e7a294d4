// A server of files on this machine alone, for the example in the browser and for the tests in browsers.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

/** @type {Readonly<Record<string, string>>} */
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wgsl': 'text/plain; charset=utf-8',
}

/** @typedef {Readonly<Record<string, string>>} Folders */

/**
 * @typedef {object} Server
 * @property {string} origin such as `http://localhost:40123`, which browsers count as secure
 * @property {string[]} requests paths asked for, in order
 * @property {() => Promise<void>} close
 */

/**
 * @param {Folders} folders by the first part of a path: with `{ modules: '/tmp/x' }`, `/modules/a.js` is
 *   `/tmp/x/a.js`; a path that ends with `/` is its `index.html`
 * @param {number} [wanted] the port; a free one where it is not given
 * @param {Readonly<Record<string, string>>} [headers] of every answer
 * @returns {Promise<Server>}
 */
export async function serve(folders, wanted = 0, headers = {}) {
  /** @type {string[]} */
  const requests = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    requests.push(path)
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    void answer(folders, path, response)
  })
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(wanted, 'localhost', () => resolve(undefined))
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : wanted
  return {
    origin: `http://localhost:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/**
 * @param {Folders} folders
 * @param {string} path
 * @param {import('node:http').ServerResponse} response
 */
async function answer(folders, path, response) {
  /** @type {(status: number, type: string, body?: Uint8Array | string) => void} */
  const send = (status, type, body) => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  }
  const [, first = '', ...rest] = normalize(path).split('/')
  // What a browser asks for unasked.
  if (first === 'favicon.ico') return send(204, 'image/x-icon')
  const folder = folders[first]
  const file = rest.at(-1) === '' ? join(...rest, 'index.html') : join(...rest)
  try {
    if (folder === undefined) throw new Error('no such folder')
    const body = await readFile(join(folder, file))
    send(200, types[extname(file)] ?? 'application/octet-stream', body)
  } catch {
    send(404, 'text/plain', `there is no ${path}`)
  }
}
