/**
 * The languages are the files in `languages/`, each named by its tag. Another one is another file there and nothing else;
 * a reader loads only their own.
 */
import type { Messages } from './messages'

export type Language = string

const files = import.meta.glob<Messages>('./languages/*.ts', { import: 'messages' })
const fallback = 'en'

export const languages: readonly Language[] = Object.keys(files).map((path) => path.replace(/^.*\/|\.ts$/g, '')).sort()

export function load(language: Language): Promise<Messages> {
  const file = files[`./languages/${language}.ts`]
  return file ? file() : Promise.reject(new Error(`no language ${language}`))
}

/** A language's name for itself: who needs it may not read the present one. */
export function nameOf(language: Language): string {
  const name = new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1)
}

/** The first of the reader's languages that the panel speaks; any Portuguese is nearer than English. */
export function preferredLanguage(wanted: readonly string[], known: readonly Language[] = languages): Language {
  const base = (tag: string) => tag.toLowerCase().split('-')[0]
  for (const each of wanted) {
    const found = known.find((tag) => tag.toLowerCase() === each.toLowerCase()) ?? known.find((tag) => base(tag) === base(each))
    if (found !== undefined) return found
  }
  return fallback
}
