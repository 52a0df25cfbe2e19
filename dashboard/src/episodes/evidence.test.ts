import { beforeEach, describe, expect, it } from 'vitest'
import { anomaly, weather } from '../api/decode'
import { languages, load } from '../i18n/languages'
import { units } from '../preferences/units.svelte'
import { metric } from '../quantity/units'
import openapi from '../../../gateway/openapi.json?raw'
import { evidenceOf } from './evidence'
import { nameOfKind } from './kinds'

const document = JSON.parse(openapi) as { components: { schemas: Record<string, { enum: string[] }> } }
const words = (schema: string) => document.components.schemas[schema]?.enum ?? []
const numbers = {
  quantity: 'temperature_c', value: 38.1, highest: 41.5, times: 12, change: -14.2, limit: 1.2, upper: 60, seconds: 5400, limit_seconds: 600, part: 'bme280',
  beside: [{ station: 'shed', value: 20.13, change: 0.14 }],
}
const common = { id: 7, station: 'roof', from: '2026-11-20T12:00:00.000Z', to: null, state: 'open', evidence: 'as the gateway says' }
const now = Date.parse('2026-11-20T13:00:00.000Z')

const anomalyOf = (kind: string, facts: unknown = numbers) => anomaly({ ...common, quantity: 'temperature_c', kind, flag: 3, facts })!
const weatherOf = (kind: string) => weather({ ...common, kind, extreme: -6.4, onset: -6 })!
const all = [...words('AnomalyKind').map((kind) => anomalyOf(kind)), ...words('WeatherKind').map(weatherOf)]

beforeEach(() => Object.assign(units, { choice: metric }))

it('the gateway’s document lists kinds of both', () => {
  expect([words('AnomalyKind').length, words('WeatherKind').length]).toEqual([24, 4])
})

describe.each(languages)('%s', (language) => {
  it.each(all.map((each) => [each.kind, each] as const))('tells of %s in its own words', async (kind, episode) => {
    const t = (await load(language)).episodes
    const said = evidenceOf(episode, now, 'UTC', language, t)
    expect(said.language).toBe(language)
    expect(said.text).not.toMatch(/undefined|NaN|null|–|as the gateway says/)
    expect(nameOfKind(kind, t)).not.toBe(kind)
    if (language === 'en') return
    const english = (await load('en')).episodes
    expect(said.text).not.toBe(evidenceOf(episode, now, 'UTC', 'en', english).text)
    expect(said.text).not.toMatch(/\b(the|limit|below|above|fell|rose|measured|readings)\b/i)
  })
})

it('says what was found in the reader’s units, and what the neighbours did meanwhile', async () => {
  const [en, pt] = [(await load('en')).episodes, (await load('pt-BR')).episodes]
  const say = (language: string, t: typeof en, kind: string) => evidenceOf(anomalyOf(kind), now, 'UTC', language, t).text.replaceAll('\u202f', ' ')
  expect(say('en', en, 'step')).toBe('Fell 14.2 °C to 38.1 °C in 90 minutes, limit 1.2 °C; shed rose 0.14 °C')
  expect(say('en', en, 'buddy')).toBe('38.1 °C is 14.2 °C below its neighbours, limit 1.2 °C; shed measured 20.13 °C')
  expect(say('pt-BR', pt, 'step')).toBe('Caiu 14,2 °C, até 38,1 °C, em 90 minutos, limite 1,2 °C; shed subiu 0,14 °C')
  Object.assign(units, { choice: { ...metric, temperature: 'f' } })
  expect(say('en', en, 'step')).toBe('Fell 25.56 °F to 100.58 °F in 90 minutes, limit 2.16 °F; shed rose 0.25 °F')
  expect(evidenceOf(weatherOf('frost'), now, 'UTC', 'en', en).text.replaceAll('\u202f', ' ')).toBe('Temperature fell to 20.48 °F; frost is at or below 21.2 °F')
})

it('counts the neighbours that a lonely station has, whatever the units', async () => {
  const isolation = anomalyOf('isolation', { quantity: 'temperature_c', value: 20, change: 1, limit: 2, seconds: 600 })
  Object.assign(units, { choice: { ...metric, temperature: 'f' } })
  const say = async (language: string) => evidenceOf(isolation, now, 'UTC', language, (await load(language)).episodes).text.replaceAll('\u202f', ' ')
  expect(await say('en')).toBe('68 °F could be compared with 1 of the 2 neighbours that it takes')
  expect(await say('pt-BR')).toBe('68 °F só pôde ser comparado com 1 das 2 vizinhas necessárias')
})

it('says what the gateway said, as English, where there is no more to go by', async () => {
  const pt = (await load('pt-BR')).episodes
  for (const episode of [anomalyOf('step', null), anomalyOf('locusts'), weather({ ...common, kind: 'frost', extreme: -1 })!]) {
    expect(evidenceOf(episode, now, 'UTC', 'pt-BR', pt)).toEqual({ text: 'as the gateway says', language: 'en' })
  }
  expect(nameOfKind('pink_elephants', pt)).toBe('pink elephants')
})
