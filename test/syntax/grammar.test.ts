// What the compiler leaves out whenever it starts: Chevrotain's validation of tokens and rules.
import { defaultParserErrorProvider, Lexer } from 'chevrotain'
import { expect, test } from 'vitest'
import { Grammar } from '../../compiler/syntax/grammar.ts'
import { lexerOptions, vocabulary } from '../../compiler/syntax/tokens.ts'

test('Chevrotain finds nothing wrong with the tokens', () => {
  expect(() => new Lexer(vocabulary, { ...lexerOptions, skipValidations: false })).not.toThrow()
})

test('Chevrotain finds nothing wrong with the rules', () => {
  expect(() => new Grammar(defaultParserErrorProvider, false)).not.toThrow()
})
