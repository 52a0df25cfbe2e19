import { expect, it } from 'vitest'
import { anomaly } from '../api/decode'
import { reasonOf } from './reason'

const one = (id: number, kind: string, quantity: string | null, state = 'open') =>
  anomaly({ id, station: 'roof', quantity, kind, flag: 4, from: '2026-11-20T12:00:00.000Z', to: null, state, evidence: '' })!

it('a value is doubted for what is found of it, else for what is found of the station and doubts it too', () => {
  const [step, dew, part] = [one(1, 'step', 'temperature_c'), one(2, 'dew_point', null), one(3, 'cross_check', null)]
  expect(reasonOf('temperature_c', [part, dew, step])).toBe(step)
  expect(reasonOf('humidity_pct', [part, dew, step])).toBe(dew)
  expect(reasonOf('pressure_hpa', [part, dew, step])).toBe(undefined)
  expect(reasonOf('humidity_pct', [one(4, 'dew_point', null, 'closed')])).toBe(undefined)
  expect(reasonOf('illuminance_lx', [one(5, 'byzantine', null)])?.kind).toBe('byzantine')
})
