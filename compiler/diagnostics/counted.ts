/** Numbers in sentences, one thing or several. */

/** `1 head`, `4 heads`, `1,024 rows` */
export const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : several}`

/** `once`, `20 times` */
export const times = (count: number): string =>
  count === 1 ? 'once' : `${count.toLocaleString('en-US')} times`
