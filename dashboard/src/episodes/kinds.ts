/** Every kind of episode that the gateway can tell of. */
import type { components } from '../api/openapi'
import type { Messages } from '../i18n/messages'

export type Kind = components['schemas']['AnomalyKind'] | components['schemas']['WeatherKind']

/** A later gateway may know more kinds than this panel does. */
export function isKind(word: string, { kinds }: Messages['episodes']): word is Kind {
  return Object.hasOwn(kinds, word)
}

export function nameOfKind(word: string, messages: Messages['episodes']): string {
  return isKind(word, messages) ? messages.kinds[word] : word.replaceAll('_', ' ')
}
