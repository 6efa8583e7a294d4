/** `inputs` and `weights`: the tensors that an attention is given beside q, k and v. */
import type { TensorHeads, TensorPlan } from '../../../runtime/contract/tensors.ts'
import { messages } from '../../diagnostics/messages.ts'
import type { Expression, Setting } from '../../syntax/ast.ts'
import { isFunction } from '../functions.ts'
import { integerOf } from '../numbers.ts'
import { reservedNames } from '../scope.ts'
import { isCount } from './invariants.ts'
import type { Context, SettingName, SettingRecord } from './setting.ts'
import { readable, spanOfAll } from './value.ts'
import { describe, isWord } from './words.ts'

type Role = TensorPlan['role']

const marks = ['query', 'key', 'shared'] as const

function read(context: Context, name: 'inputs' | 'weights', role: Role): readonly TensorPlan[] | undefined {
  const setting = readable(context, name)
  if (setting === undefined) return []
  const members = membersOf(setting)
  const tensors = members.map((items) => tensorOf(items, role, context))
  const whole = tensors.flatMap((tensor) => tensor ?? [])
  const taken = new Set((context.draft.inputs ?? []).map((tensor) => tensor.name))
  let apart = true
  for (const [index, tensor] of tensors.entries()) {
    const span = members[index]?.[0]?.span ?? setting.span
    if (tensor !== undefined && taken.has(tensor.name)) {
      context.report(messages.duplicateTensor(span, tensor.name))
      apart = false
    }
    if (tensor !== undefined) taken.add(tensor.name)
  }
  return whole.length === tensors.length && apart ? whole : undefined
}

function membersOf({ value: { items, commas = [] } }: Setting): readonly (readonly Expression[])[] {
  const ends = [...commas, items.length]
  return ends.map((end, index) => items.slice(ends[index - 1] ?? 0, end))
}

/** `NAME [mark …] TYPE` */
function tensorOf(items: readonly Expression[], role: Role, context: Context): TensorPlan | undefined {
  const { report, settings } = context
  const [name, ...rest] = items
  const span = spanOfAll(items)
  if (name?.kind !== 'reference') {
    report(messages.tensorForm(name?.span ?? span, role, describe(name)))
    return undefined
  }
  const reserved = reservedNames.includes(name.name) || isFunction(name.name)
  if (reserved || (name.name === 'w' && settings.has('projections'))) {
    report(messages.reservedTensor(name.span, name.name))
    return undefined
  }
  const said: string[] = []
  while (rest.length > 1 && marks.some((mark) => isWord(rest[0], mark))) {
    const [word] = rest.splice(0, 1)
    if (word?.kind === 'reference') said.push(word.name)
  }
  const [type, ...more] = rest
  if (type === undefined || more.length > 0) {
    const wrong = more.length > 0 ? spanOfAll(rest) : name.span
    report(messages.tensorForm(wrong, role, type === undefined ? `\`${name.name}\` alone` : describe(type)))
    return undefined
  }
  const place = placeOf(said, role)
  if (place === undefined) report(messages.tensorMarks(span, role, said.join(' ')))
  const shape = shapeOf(type, role, context)
  if (place === undefined || shape === undefined) return undefined
  return {
    name: name.name,
    role,
    element: isWord(type, 'integer') ? 'integer' : 'number',
    shape,
    ...place,
  }
}

/** Whose it is, by its marks; `query shared` is of rows of queries and of no head. */
function placeOf(said: readonly string[], role: Role): Pick<TensorPlan, 'heads' | 'rows'> | undefined {
  const owners: Readonly<Record<string, TensorHeads>> = {
    '': role === 'input' ? 'valueHeads' : 'outputHeads',
    key: 'kvHeads',
    query: 'heads',
    shared: 'shared',
    'query shared': 'shared',
  }
  const words = said.join(' ')
  const heads = Object.hasOwn(owners, words) ? owners[words] : undefined
  if (heads === undefined) return undefined
  if (role === 'weight') return { heads }
  return { heads, rows: said[0] === 'query' ? 'length' : 'keyLength' }
}

const typeSizes: Readonly<Record<string, number>> = { vector: 1, matrix: 2 }
const width = { least: 1, most: 4096 }

function shapeOf(type: Expression, role: Role, { sizes, report }: Context): readonly number[] | undefined {
  if (isWord(type, 'scalar') || isWord(type, 'integer')) return []
  const callee = type.kind === 'call' ? type.callee.text : ''
  const count = Object.hasOwn(typeSizes, callee) ? typeSizes[callee] : undefined
  const known = count !== undefined && (count === 1 || role === 'weight')
  if (type.kind !== 'call' || !known || type.args.length !== count) {
    report(messages.tensorType(type.span, role, describe(type)))
    return undefined
  }
  const most = callee === 'vector' ? 2 ** 20 : width.most
  const shape = type.args.map((arg) =>
    integerOf(arg, { what: `a size of \`${callee}\``, setting: `${role}s`, ...width, most }, sizes, report),
  )
  return shape.every((size) => size !== undefined) ? shape : undefined
}

const written = ({ name, heads, rows, element, shape }: TensorPlan): string => {
  const type =
    shape.length === 0
      ? element === 'integer'
        ? 'integer'
        : 'scalar'
      : `${shape.length === 1 ? 'vector' : 'matrix'}(${shape.join(', ')})`
  const query = rows === 'length' || (rows === undefined && heads === 'heads') ? 'query ' : ''
  const owner = heads === 'shared' ? 'shared ' : heads === 'kvHeads' ? 'key ' : ''
  return `${name} ${query}${owner}${type}`
}

const record = <Name extends 'inputs' | 'weights'>(
  name: Name,
  role: Role,
): SettingRecord<Name & SettingName> => ({
  name,
  read(context) {
    const tensors = read(context, name, role)
    if (tensors === undefined) return undefined
    return tensors.length === 0 ? {} : { [name]: tensors }
  },
  verify(model, promise) {
    for (const { shape, role: own } of model[name] ?? [])
      promise(own === role && shape.every(isCount), `${name} are declared with sizes`)
  },
  print: (model) => model[name]?.map(written).join(', '),
})

/** Tensors with a value for each token. */
export const inputs = record('inputs', 'input')
/** Tensors that are the same in all calls. */
export const weights = record('weights', 'weight')
