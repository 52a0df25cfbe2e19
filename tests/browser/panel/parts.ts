/**
 * A real gateway with its broker, three real stations that replay a day of weather, and three that a test speaks for: one
 * that lies, one in the heat, one that was stopped. With MINUANO_PANEL set, what runs there is taken instead;
 * with MINUANO_WEATHER_ONLY the real stations are alone (for pictures).
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { mkdirSync, mkdtempSync, openSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Mqtt } from './mqtt'

export const hostile = '<img src=x onerror="document.title=1">'
/** What the lying station's log complains of, and its sensor. */
export const logFault = '<script>document.title=2</script>'
export const sensorWarning = '<b>unconfirmed</b>'
export const hostilePart = '<i>bme280</i>'

const binaries = process.env.MINUANO_BINARIES ?? '../../target/debug'
const weatherOnly = process.env.MINUANO_WEATHER_ONLY !== undefined
const day_ms = 86_400_000

export async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function gatewayToml(folder: string, http: number, mqtt: number): string {
  return `gateway = "panel"
[broker]
embedded = true
listen = "127.0.0.1:${mqtt}"
[http]
listen = "127.0.0.1:${http}"
[store]
file = "${folder}/gateway.db"
[acknowledge]
within = "1s"
`
}

function start(binary: string, config: string, folder: string, log: string): ChildProcess {
  const out = openSync(join(folder, `${log}.log`), 'w')
  // A measurement takes a release build of the gateway; the stations only have to be there.
  const path = (binary === 'minuano-gateway' && process.env.MINUANO_GATEWAY) || `${binaries}/${binary}`
  return spawn(path, ['run', '--config', config], { stdio: ['ignore', out, out] })
}

async function until(what: string, holds: () => Promise<boolean>, within_ms = 60_000): Promise<void> {
  const end = Date.now() + within_ms
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A station that the tests speak for. */
export class Voice {
  #seq = 0
  private constructor(
    private readonly client: Mqtt,
    private readonly name: string,
    private readonly stream: string,
  ) {}

  static async connect(mqtt: number, name: string, stream: string): Promise<Voice> {
    return new Voice(await Mqtt.connect(mqtt, `minuano-${name}`), name, stream)
  }

  say(topic: string, payload: Record<string, unknown>): Promise<void> {
    return this.client.publish(`minuano/v1/${this.name}/${topic}`, payload, topic !== 'telemetry' && topic !== 'backlog')
  }

  #reading(at: number, values: Record<string, unknown>) {
    return { seq: (this.#seq += 1), at: new Date(at).toISOString(), clock: 'synchronised', samples: 1, ...values }
  }

  async backlog(times: readonly number[], values: (index: number) => Record<string, number>): Promise<void> {
    const readings = times.map((at, index) => this.#reading(at, values(index)))
    for (let i = 0; i < readings.length; i += 60) {
      await this.say('backlog', { stream: this.stream, cursor: 0, oldest: 1, readings: readings.slice(i, i + 60) })
    }
  }

  async live(at: number, values: Record<string, unknown>): Promise<void> {
    await this.say('telemetry', { stream: this.stream, cursor: 0, oldest: 1, readings: [this.#reading(at, values)] })
  }

  health(change: Record<string, unknown>): Promise<void> {
    return this.say('health', { version: '0.0.1', uptime_s: 60, stream: this.stream, measured: 80, clock: 'synchronised', log: { readings: 0, bytes: 0, lost: 0 }, sensors: [], ...change })
  }

  close(): void {
    this.client.close()
  }
}

export const hour_ms = 3_600_000
export const minutes = (from: number, count: number) => [...Array(count).keys()].map((minute) => from + minute * 60_000)
export const denver = { latitude: 37.7, longitude: -105.92, altitude_m: 2317, zone: 'America/Denver', version: '0.0.1', report_s: 3600 }

/** A minute apart for an hour; then silence for four hours, and an hour again that ends in what cannot be. */
async function lie(mqtt: number): Promise<Voice> {
  const odd = await Voice.connect(mqtt, 'odd', 'aaaaaaaaaaaaaaaa')
  await odd.say('about', { ...denver, name: hostile, sensors: [{ part: 'bme280', address: 118, quantities: ['temperature_c', 'humidity_pct'] }] })
  await odd.say('status', { state: 'online' })
  await odd.health({
    clock: 'holdover',
    log: { readings: 7, bytes: 900, lost: 0, fault: logFault },
    sensors: [{ part: hostilePart, address: 118, state: 'ok', warning: sensorWarning, since: new Date().toISOString() }],
  })
  const now = Date.now()
  await odd.backlog([...minutes(now - 6 * hour_ms, 60), ...minutes(now - hour_ms, 59)], () => ({ temperature_c: 20, humidity_pct: 50 }))
  await odd.live(now - 1_000, { temperature_c: 150, humidity_pct: 50, pressure_hpa: 1013 })
  return odd
}

/** Two hours of heat (a weather event), at a pressure that hardly fits the altitude (suspect), with a sensor that fails. */
async function swelter(mqtt: number): Promise<Voice> {
  const loft = await Voice.connect(mqtt, 'loft', 'bbbbbbbbbbbbbbbb')
  const values = (index: number) => ({ temperature_c: 36 + (index % 5) / 10, humidity_pct: 55 + (index % 3) / 10, pressure_hpa: 920 + (index % 4) / 10 })
  await loft.say('about', { ...denver, name: 'Loft', latitude: -23.55, longitude: -46.63, altitude_m: 0, zone: 'America/Sao_Paulo', sensors: [{ part: 'bme280', address: 118, quantities: ['temperature_c', 'pressure_hpa', 'humidity_pct'] }, { part: 'bh1750', address: 35, quantities: ['illuminance_lx'] }] })
  await loft.say('status', { state: 'online' })
  await loft.health({})
  const now = Date.now()
  await loft.backlog(minutes(now - 2 * hour_ms, 119), values)
  await loft.live(now - 1_000, { ...values(0), faults: { illuminance_lx: 'crc' } })
  return loft
}

/** One that was switched off three hours ago, with readings still in its log. */
async function rest(mqtt: number): Promise<Voice> {
  const cellar = await Voice.connect(mqtt, 'cellar', 'cccccccccccccccc')
  await cellar.say('about', { ...denver, name: 'Cellar', sensors: [] })
  await cellar.backlog(minutes(Date.now() - 4 * hour_ms, 60), (index) => ({ temperature_c: 12 + index / 100 }))
  await cellar.health({ log: { readings: 4_321, bytes: 90_000, lost: 0 } })
  await cellar.say('status', { state: 'stopped' })
  return cellar
}

interface Gateway {
  /** Where its panel is. */
  base: string
  mqtt: number
  folder: string
  child: ChildProcess
  ready: () => Promise<void>
}

/** A gateway with an empty store, in a folder of its own. */
export async function startGateway(): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'minuano-panel-'))
  const [http, mqtt] = [await freePort(), await freePort()]
  writeFileSync(join(folder, 'gateway.toml'), gatewayToml(folder, http, mqtt))
  const child = start('minuano-gateway', join(folder, 'gateway.toml'), folder, 'gateway')
  const base = `http://127.0.0.1:${http}`
  return { base, mqtt, folder, child, ready: () => until('the gateway', async () => (await fetch(`${base}/readyz`)).ok) }
}

export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.MINUANO_PANEL) return async () => {}
  const { base, mqtt, folder, child, ready } = await startGateway()
  const children = [child]
  const stop = async () => {
    for (const child of children.reverse()) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.kill('SIGTERM')) await ended
    }
  }
  try {
    await ready()
    for (const [name, place] of [['roof', 'Roof'], ['garden', 'Garden'], ['shed', 'Shed']] as const) {
      mkdirSync(join(folder, `${name}-log`))
      const toml = `station = "${name}"
[place]
name = "${place}"
latitude = 37.70
longitude = -105.92
altitude_m = 2317
zone = "America/Denver"
[bus]
kind = "emulated"
history = "24h"
[log]
folder = "${folder}/${name}-log"
[mqtt]
host = "127.0.0.1"
port = ${mqtt}
`
      writeFileSync(join(folder, `${name}.toml`), toml)
      children.push(start('minuano-station', join(folder, `${name}.toml`), folder, name))
    }
    const voices = weatherOnly ? [] : [await lie(mqtt), await swelter(mqtt), await rest(mqtt)]
    const least: Record<string, number> = { odd: 120, loft: 120, cellar: 60 }
    await until('a day of weather', async () => {
      const { items } = (await (await fetch(`${base}/api/v1/stations`)).json()) as { items: { station: string; state: string; last_reading: { observed_at: string } | null; counts: { stored: number } }[] }
      return items.length === 3 + voices.length && items.every(({ station, last_reading, counts }) => counts.stored >= (least[station] ?? 8_640) && Date.now() - Date.parse(last_reading?.observed_at ?? '') < (station === 'cellar' ? day_ms : hour_ms))
    }, 150_000)
    process.env.MINUANO_PANEL = base
    process.env.MINUANO_MQTT = String(mqtt)
    return async () => {
      voices.forEach((voice) => voice.close())
      await stop()
    }
  } catch (error) {
    await stop()
    throw error
  }
}
