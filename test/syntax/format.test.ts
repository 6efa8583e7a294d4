import { expect, test } from 'vitest'
import { format } from '../../compiler/syntax/format.ts'

/** The canonical layout, and the layout of that. */
const twice = (text: string): (string | undefined)[] => {
  const once = format({ file: 'input.attn', text }).text
  return [once, format({ file: 'input.attn', text: once ?? '' }).text]
}

const stays = (text: string): string[] => [text, text]

test('values stand in a column, and declarations apart', () => {
  expect(twice('attention a{dim:64 projections:256   orthogonal\nseed 42}attention b { dim : 1 }')).toEqual(
    stays(`attention a {
  dim:         64
  projections: 256 orthogonal seed 42
}

attention b {
  dim: 1
}
`),
  )
})

test('operators have one space around them, powers and signs none, and brackets go where they change nothing', () => {
  expect(
    twice(
      'feature f(x)=((x)+(1)*2)-(3-(4-x))\nfeature g(x)=-(x^2)+(-x)^2*2^(-1)+2^(x*1)+(2^3)^4+2^(3^4)+-(x+1)',
    ),
  ).toEqual(
    stays(`feature f(x) = x + 1 * 2 - (3 - (4 - x))
feature g(x) = -x^2 + (-x)^2 * 2^-1 + 2^(x * 1) + (2^3)^4 + 2^3^4 + -(x + 1)
`),
  )
  expect(twice('attention a { mask: ((i>=j)&&((i-j)<256))||(!(i<3)) }')).toEqual(
    stays(`attention a {
  mask: i >= j && i - j < 256 || !(i < 3)
}
`),
  )
})

test('a condition too wide for a line is broken at its outermost operator', () => {
  const part = (row: number): string => `floor(i / ${row}) == floor(j / ${row})`
  expect(twice(`attention a { dim: 8 mask: ${part(16)}||(${part(32)}||i<j)||!(i<3)&&${part(64)} }`)).toEqual(
    stays(`attention a {
  dim:  8
  mask: ${part(16)}
     || (${part(32)} || i < j)
     || !(i < 3) && ${part(64)}
}
`),
  )
  expect(
    twice(`attention a { mask: (i<j||i==3) && ${part(1024)} # of blocks\n && ${part(2048)} && i < 4 }`),
  ).toEqual(
    stays(`attention a {
  mask: (i < j || i == 3)
     && ${part(1024)}  # of blocks
     && ${part(2048)}
     && i < 4
}
`),
  )
})

test('numbers stay as they were written', () => {
  expect(twice('feature f(x) = 1e-4*x+0.50+1E+3+007')).toEqual(
    stays('feature f(x) = 1e-4 * x + 0.50 + 1E+3 + 007\n'),
  )
})

test('comments stay beside or above what they stood beside or above', () => {
  expect(
    twice(`#! first

   # about f
feature f(x) = x   # after f
  # about a, apart from f
attention a {   # after the head
      # about dim
  dim: 64 # after dim


  # about feature
  feature: f
     # at the end
}   # after a
# last`),
  ).toEqual(
    stays(`#! first

# about f
feature f(x) = x  # after f
# about a, apart from f
attention a {  # after the head
  # about dim
  dim:     64  # after dim

  # about feature
  feature: f
  # at the end
}  # after a

# last
`),
  )
})

test('a list is broken where it is too wide or holds comments', () => {
  const wide = 'exp(dot(w, x) - dot(x, x) / 2) / sqrt(2)'
  expect(twice(`feature f(x, w) = [${wide}, ${wide}, 1]`)).toEqual(
    stays(`feature f(x, w) = [
  ${wide},
  ${wide},
  1
]
`),
  )
  expect(
    twice(`feature f(x) = [ # blocks
1, # the constant
# the row
x]
feature g(x) = query [${wide},
x] key [${wide}, -x] # end`),
  ).toEqual(
    stays(`feature f(x) = [  # blocks
  1,  # the constant
  # the row
  x
]

feature g(x) =
  query [
    ${wide},
    x
  ]
  key [
    ${wide},
    -x
  ]  # end
`),
  )
})

test('a comment inside an expression moves above it', () => {
  expect(
    twice(`feature f(x) = x + # why
  1
attention a {
  scale: 1 / # the usual
    sqrt(dim)
}`),
  ).toEqual(
    stays(`# why
feature f(x) = x + 1

attention a {
  # the usual
  scale: 1 / sqrt(dim)
}
`),
  )
})

test('paragraphs stay apart by one empty line', () => {
  expect(
    twice(
      'feature f(x) = x\nfeature g(x) = x\n\n\n\nfeature h(x) = x\nattention a {\n\n  dim: 64\n\n\n  feature: f\n\n}\n\n',
    ),
  ).toEqual(
    stays(`feature f(x) = x
feature g(x) = x

feature h(x) = x

attention a {
  dim:     64

  feature: f
}
`),
  )
})

test('a byte order mark and line ends of other systems go', () => {
  expect(twice('\uFEFFfeature f(x) = x # a\r\nfeature g(x) = x\r# b\r')).toEqual(
    stays('feature f(x) = x  # a\nfeature g(x) = x\n# b\n'),
  )
})

test('nothing stays nothing', () => {
  expect(twice('')).toEqual(stays(''))
  expect(twice(' \n# only this')).toEqual(stays('# only this\n'))
})

test('a file with syntax errors is not rewritten', () => {
  const { text, diagnostics } = format({ file: 'input.attn', text: 'feature f(x = x' })
  expect(text).toBeUndefined()
  expect(diagnostics.map(({ code }) => code)).toEqual(['A0108'])
})
