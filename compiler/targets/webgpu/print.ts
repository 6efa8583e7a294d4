/**
 * A kernel as WGSL, for a device and for a reader.
 *
 * The shape uniform is binding 0 of group 0, the kernel's buffers follow in
 * order. A dispatch may be folded into two dimensions and rounded up: the linear
 * index of a workgroup is put together again, and those beyond the count return
 * at once, all their threads together.
 */

import type { Binding, Kernel } from '../../kernel/kernel.ts'
import { sharedBytes, wrap } from '../../kernel/target.ts'
import type { KernelSource } from '../../../runtime/program.ts'
import { wgslName } from './wgsl/names.ts'
import { indented, printStatements } from './wgsl/statements.ts'
import { ValuePrinter } from './wgsl/values.ts'

/** The kernel as a WGSL module, with the functions that it calls. */
export function wgsl(kernel: Kernel): KernelSource {
  return {
    code: printKernel(kernel),
    workgroupSize: kernel.workgroupSize,
    bindings: kernel.bindings.map(({ name, access }) => ({ name, access })),
    workgroupBytes: sharedBytes(kernel),
  }
}

function printKernel(kernel: Kernel): string {
  const values = new ValuePrinter(kernel.bindings)
  const statements = printStatements(kernel.body, values)
  const body = [
    'let workgroup = workgroup_id.x + workgroup_id.y * workgroup_counts.x;',
    `if (workgroup >= ${values.print(kernel.count)}) {`,
    '  return;',
    '}',
    ...values.declarations,
    ...statements,
  ]
  const sections = [
    header(kernel),
    ['struct Shape {', ...values.fields.map((field) => `  ${field}: u32,`), '}'],
    [
      '@group(0) @binding(0) var<uniform> shape: Shape;',
      ...kernel.bindings.map((binding, index) => declaration(binding, index + 1)),
    ],
    kernel.shared.map(
      ({ name, element, length }) => `var<workgroup> ${wgslName(name)}: array<${element}, ${length}>;`,
    ),
    ...values.helpers.map(({ source }) => [source]),
    [
      `@compute @workgroup_size(${kernel.workgroupSize}, 1, 1)`,
      `fn ${wgslName(kernel.name)}(`,
      '  @builtin(local_invocation_index) thread: u32,',
      '  @builtin(workgroup_id) workgroup_id: vec3u,',
      '  @builtin(num_workgroups) workgroup_counts: vec3u,',
      ') {',
      ...indented(body).flatMap(wrap),
      '}',
    ],
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

function header(kernel: Kernel): string[] {
  const bytes = sharedBytes(kernel)
  const access = (wanted: Binding['access']): string =>
    kernel.bindings
      .filter(({ access }) => access === wanted)
      .map(({ name }) => name)
      .join(', ')
  return [
    `// ${kernel.name}: ${kernel.summary}`,
    `// ${kernel.workgroupSize} threads a workgroup${bytes === 0 ? '' : `, ${bytes} bytes of workgroup memory`}`,
    `// reads ${access('read') || 'nothing'}; writes ${access('read_write') || 'nothing'}`,
  ]
}

function declaration({ name, element, access }: Binding, binding: number): string {
  return `@group(0) @binding(${binding}) var<storage, ${access}> ${wgslName(name)}: array<${element}>;`
}
