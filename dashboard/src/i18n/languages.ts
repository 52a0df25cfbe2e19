export const languages = ['en', 'pt-BR'] as const

export type Language = (typeof languages)[number]

/** The first of the reader's languages that the panel speaks; any Portuguese is nearer than English. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const each of wanted) {
    if (each.toLowerCase().startsWith('pt')) return 'pt-BR'
    if (each.toLowerCase().startsWith('en')) return 'en'
  }
  return 'en'
}
