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

const wordsOf = (code: string): string[] => code.replaceAll(/\/\/.*/g, '').match(/[\w.@]+/g) ?? []

test.each(kernels)('%s: names differ as they did, and nothing else changes its word', (path) => {
  const code = readFileSync(join(goldens, path), 'utf8')
  const short = compactWgsl(code)
  expect(short.length).toBeLessThan(code.length)
  const [before, after] = [wordsOf(code), wordsOf(short)]
  expect(after.length).toBe(before.length)
  const head = (word = ''): string => word.split('.')[0] ?? ''
  const changed = before.flatMap((word, place) =>
    word === after[place] ? [] : [[word, after[place]] as const],
  )
  expect(changed.map(([word, other]) => head(other) + word.slice(head(word).length))).toEqual(
    changed.map(([, other]) => other),
  )
  // One name for another, everywhere, and one that nothing else has.
  const renamed = new Map(changed.map(([word, other]) => [head(word), head(other)]))
  expect(new Set(changed.map(([word, other]) => `${head(word)} ${head(other)}`)).size).toBe(renamed.size)
  expect(new Set(renamed.values()).size).toBe(renamed.size)
  const declared = new Set([...code.matchAll(/\b(?:let|var) (\w+)/g)].map(([, name]) => name))
  expect([...renamed.keys()].filter((name) => !declared.has(name))).toEqual([])
  const others = new Set(before.map(head).filter((word) => !renamed.has(word)))
  expect([...renamed.values()].filter((name) => others.has(name))).toEqual([])
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
    `var<workgroup>group:array<f32,4>;
fn add(x:f32)->f32{
let a=x+1.0;
var b=a - -x;
b+=shape.length;
return b;
}`,
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
    `@group(0)@binding(0)var<storage,read>v:array<f32>;
fn mixed(a:u32)->u32{
var v=a*3u;
return v;
}
fn main(){
let b=v[0];
}`,
  )
})
