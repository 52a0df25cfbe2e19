import { expect, it } from 'vitest'
import { en } from './en'
import { preferredLanguage } from './languages'
import { ptBR } from './pt-BR'

function keys(messages: object, path = ''): string[] {
  return Object.entries(messages).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? keys(value, `${path}${key}.`) : [`${path}${key}:${typeof value}`],
  )
}

it('the languages have the same keys, those the compiler cannot see included', () => {
  expect(keys(ptBR).sort()).toEqual(keys(en).sort())
})

it('no message is empty', () => {
  for (const messages of [en, ptBR]) {
    const texts = JSON.stringify(messages, (_, value: unknown) => value)
    expect(texts).not.toContain('""')
  }
})

it('the first language that the panel speaks is chosen', () => {
  expect(preferredLanguage(['fr-FR', 'pt-PT', 'en'])).toBe('pt-BR')
  expect(preferredLanguage(['en-GB', 'pt-BR'])).toBe('en')
  expect(preferredLanguage([])).toBe('en')
})
