import type { Resolution } from '../api/types'
import { day_ms, hour_ms } from '../view/span'

/** What gives a screen about as many points as it has columns. */
export function resolutionFor(length_ms: number): Resolution {
  if (length_ms <= 3 * hour_ms) return 'raw'
  if (length_ms <= 36 * hour_ms) return '1m'
  if (length_ms <= 15 * day_ms) return '10m'
  return length_ms <= 100 * day_ms ? '1h' : '1d'
}
