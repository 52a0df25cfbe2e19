/** The address that shows somebody else what this reader sees, their language, theme and units included. */
import { i18n } from '../i18n/i18n.svelte'
import { theme } from '../preferences/theme.svelte'
import { units } from '../preferences/units.svelte'
import { writtenChoice } from '../quantity/units'
import { written, type View } from './address'

export function shareable(view: View): string {
  const address = new URL(location.pathname, location.href)
  address.search = written(view)
  for (const [key, value] of [['lang', i18n.language], ['theme', theme.choice], ['units', writtenChoice(units.choice)]] as const) {
    address.searchParams.set(key, value)
  }
  return address.href
}
