// What a module carries of a kernel is the kernel.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compactWgsl } from '../../compiler/targets/webgpu/compact.ts'

const goldens = fileURLToPath(new URL('../golden', import.meta.url))
const kernels = readdirSync(goldens, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.wgsl'),
)

/** The tokens of a kernel, what is declared in functions by the number of its declaration. */
function resolved(code: string): string[] {
  const tokens =
    code.replaceAll(/\/\/.*/g, '').match(/\.[A-Za-z]\w*|@\w+|[A-Za-z_]\w*|\d[\w.]*|[^\s\w]/g) ?? []
  const scopes = [new Map<string, string>()]
  let declarations = 0
  let ofLoop = false
  return tokens.map((token, place) => {
    const before = tokens[place - 1] ?? ''
    if (token === 'for') ofLoop = true
    if (token === 'for' || (token === '{' && !ofLoop)) scopes.push(new Map())
    if (token === '{') ofLoop = false
    if (token === '}') scopes.pop()
    if (before === 'let' || before === 'var') scopes.at(-1)?.set(token, `#${declarations++}`)
    if (/^\d+(\.0|u)$/.test(token)) return token.slice(0, -1)
    // In front of a colon stands a parameter, a binding or a field.
    if (tokens[place + 1] === ':' && before !== 'let' && before !== 'var') return token
    return scopes.findLast((scope) => scope.has(token))?.get(token) ?? token
  })
}

test.each(kernels)('%s: the same declarations and the same uses of them', (path) => {
  const code = readFileSync(join(goldens, path), 'utf8')
  const short = compactWgsl(code)
  expect(short.length).toBeLessThan(code.length)
  expect(resolved(short)).toEqual(resolved(code))
})

test('blocks side by side have the same names', () => {
  const code = `fn main() {
  let first = 1.0;
  if (first > 0.0) {
    let second = first;
    out[0] = second;
  }
  for (var step = 0u; step < 4u; step++) {
    let third = f32(step) + first;
    out[step] = third;
  }
  let fourth = first / 8.0;
}`
  expect(compactWgsl(code)).toBe(
    'fn main(){let a=1.;if(a>0.){let aC=a;out[0]=aC;}for(var aC=0u;aC<4;aC++){let bC=f32(aC)+a;out[aC]=bC;}let b=a/8.;}',
  )
})

test('names, comments and spaces', () => {
  const code = `// adds
var<workgroup> group: array<f32, 4>;
fn add(x: f32) -> f32 {
  let group_total = x + 1.0;
  var length = group_total - -x;
  length += shape.length;
  return length;
}`
  expect(compactWgsl(code)).toBe(
    `var<workgroup>group:array<f32,4>;fn add(x:f32)->f32{let a=x+1.;var b=a - -x;b+=shape.length;return b;}`,
  )
})

test('a variable of the name that a binding has elsewhere', () => {
  const code = `@group(0) @binding(0) var<storage, read> v: array<f32>;
fn mixed(a: u32) -> u32 {
  var v = a * 3u;
  return v;
}
fn main() {
  let first = v[0];
}`
  expect(compactWgsl(code)).toBe(
    `@group(0)@binding(0)var<storage,read>v:array<f32>;fn mixed(a:u32)->u32{var v=a*3;return v;}fn main(){let b=v[0];}`,
  )
})
