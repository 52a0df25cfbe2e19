import { describe, expect, it } from 'vitest'
import { languages, load, nameOf, preferredLanguage } from './languages'

function keys(messages: object, path = ''): string[] {
  return Object.entries(messages).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? keys(value, `${path}${key}.`) : [`${path}${key}:${typeof value}`],
  )
}

describe.each(languages)('%s', (language) => {
  it("has English's keys, those the compiler cannot see included, and none is empty", async () => {
    const messages = await load(language)
    expect(keys(messages).sort()).toEqual(keys(await load('en')).sort())
    expect(JSON.stringify(messages)).not.toContain('""')
  })

  it('has a name for itself', () => expect(nameOf(language)).not.toBe(language))
})

it('the languages are the files in their folder', () => expect(languages).toEqual(['en', 'pt-BR']))

it('the first language that the panel speaks is chosen', () => {
  expect(preferredLanguage(['fr-FR', 'pt-PT', 'en'])).toBe('pt-BR')
  expect(preferredLanguage(['en-GB', 'pt-BR'])).toBe('en')
  expect(preferredLanguage([])).toBe('en')
  expect(preferredLanguage(['es-AR'], ['en', 'es-ES', 'es-AR'])).toBe('es-AR')
})
