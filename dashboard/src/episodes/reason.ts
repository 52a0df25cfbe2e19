import type { Episode } from '../api/types'
import type { Quantity } from '../quantity/quantities'

/** What is found of a station as a whole though it doubts its values: one episode, not one a quantity. */
const ofSeveral: Readonly<Record<string, readonly Quantity[]>> = {
  zeros: ['temperature_c', 'humidity_pct', 'pressure_hpa'],
  dew_point: ['temperature_c', 'humidity_pct'],
  byzantine: ['temperature_c', 'humidity_pct', 'pressure_hpa', 'illuminance_lx'],
}

/** Why a quantity's value is doubted: the open episode of its own, else one of the station that doubts it too. */
export function reasonOf(quantity: Quantity, episodes: readonly Episode[]): Episode | undefined {
  const open = episodes.filter((episode) => episode.state === 'open' && episode.flag !== null)
  return open.find((episode) => episode.quantity === quantity) ?? open.find((episode) => episode.quantity === null && ofSeveral[episode.kind]?.includes(quantity))
}
