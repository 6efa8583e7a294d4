/** The first line of every file that attnc writes of a spec, by which it knows them for its own. */
const signature = 'Written by attnc: compiling again replaces this file.\n'

/** What a line of a comment begins with: in WAT, and elsewhere. */
const marks = { wat: ';;', others: '//' } as const

/** GLSL alone does not begin with its signature: nothing may stand before `#version`. */
export function sign(path: string, text: string): string {
  const [version = ''] = /^#version.*\n/.exec(text) ?? []
  const mark = path.endsWith('.wat') ? marks.wat : marks.others
  return `${version}${mark} ${signature}${text.slice(version.length)}`
}

/** Whether attnc wrote this text, and so may replace it. */
export const isSigned = (text: string): boolean =>
  Object.values(marks).some((mark) => text.replace(/^#version.*\n/, '').startsWith(`${mark} ${signature}`))
