/**
 * A kernel of one thread as WAT, for an engine and for a reader: a module with the
 * functions that the kernel calls. How it is called is in `runtime/contract/kernel-table.ts`.
 *
 * What needs not every engine (`f32x4.relaxed_madd`) is written as if every engine
 * had it; `assemble.ts` makes the other variant.
 */

import { invariant } from '../../diagnostics/invariant.ts'
import type { Binding, Kernel } from '../../kernel/kernel.ts'
import { memoryImport, memoryPages } from '../../../runtime/contract/kernel-table.ts'
import type { KernelSource } from '../../../runtime/program.ts'
import { Helpers } from './wat/helpers.ts'
import { Locals } from './wat/locals.ts'
import { Memory, scratchBytes } from './wat/memory.ts'
import { printStatements } from './wat/statements.ts'
import { layOut } from './wat/text.ts'
import type { Node } from './wat/text.ts'
import { ValuePrinter } from './wat/values.ts'

/** The kernel as a WAT module, with the functions that it calls. */
export function wat(kernel: Kernel): KernelSource {
  return {
    code: printKernel(kernel),
    workgroupSize: kernel.workgroupSize,
    bindings: kernel.bindings.map(({ name, access }) => ({ name, access })),
    workgroupBytes: scratchBytes(kernel),
  }
}

function printKernel(kernel: Kernel): string {
  invariant(kernel.workgroupSize === 1, `${kernel.name} is a kernel of one thread`)
  const [locals, helpers] = [new Locals(), new Helpers()]
  const values = new ValuePrinter(new Memory(kernel, locals), locals, helpers)
  const body = printStatements(kernel.body, values)
  const func: Node = [
    'func',
    ['export', `"${kernel.name}"`],
    ['param', '$first', 'i32'],
    ['param', '$end', 'i32'],
    ['param', '$table', 'i32'],
    ['local', '$workgroup', 'i32'],
    ...locals.nodes,
    ...values.memory.head,
    ...eachWorkgroup(body),
  ]
  const { module, name } = memoryImport
  const text: Node = [
    'module',
    ['import', `"${module}"`, `"${name}"`, ['memory', '1', String(memoryPages)]],
    ...helpers.calledBy(body),
    func,
  ]
  return `${[...header(kernel), ...layOut(text)].join('\n')}\n`
}

const eachWorkgroup = (body: readonly Node[]): readonly Node[] => [
  ['local.set', '$workgroup', ['local.get', '$first']],
  [
    'if',
    ['i32.lt_u', ['local.get', '$workgroup'], ['local.get', '$end']],
    [
      'then',
      [
        'loop',
        '$workgroup',
        ...body,
        [
          'br_if',
          '$workgroup',
          [
            'i32.lt_u',
            ['local.tee', '$workgroup', ['i32.add', ['local.get', '$workgroup'], ['i32.const', '1']]],
            ['local.get', '$end'],
          ],
        ],
      ],
    ],
  ],
]

function header(kernel: Kernel): string[] {
  const bytes = scratchBytes(kernel)
  const access = (wanted: Binding['access']): string =>
    kernel.bindings
      .filter(({ access }) => access === wanted)
      .map(({ name }) => name)
      .join(', ')
  return [
    `;; ${kernel.name}: ${kernel.summary}`,
    `;; reads ${access('read') || 'nothing'}; writes ${access('read_write') || 'nothing'}`,
    ...(bytes === 0 ? [] : [`;; ${bytes} bytes of scratch`]),
  ]
}
