/** What `JSON.parse` takes silently. */

/** The first name that stands twice in one object, in a text that is JSON. */
export function repeatedMember(text: string): string | undefined {
  // One set for each object that is open; arrays have none.
  const open: (Set<string> | undefined)[] = []
  for (const [token, string, colon] of text.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (string !== undefined && colon !== undefined) {
      const name = JSON.parse(string) as string
      const names = open.at(-1)
      if (names?.has(name) === true) return string
      names?.add(name)
    }
  }
  return undefined
}
