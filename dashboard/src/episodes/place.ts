/** Where an episode is on the charts. */
import type { Episode } from '../api/types'
import type { View } from '../view/address'
import { fixed, hour_ms } from '../view/span'

export function placeOf({ station, quantity, from, to, state, key }: Episode, now: number): Partial<View> {
  const [begin, end] = [Date.parse(from), to === null || state === 'open' ? now : Date.parse(to)]
  const room = Math.max(hour_ms, (end - begin) / 2)
  return { page: 'charts', station, beside: [], quantities: quantity ? [quantity] : [], span: fixed(begin - room, end + room, now), episode: key }
}
