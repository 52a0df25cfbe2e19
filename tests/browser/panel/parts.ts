/** A real gateway with its broker, three real stations that replay a day of weather, and a fourth that lies. */
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

const binaries = process.env.MINUANO_BINARIES ?? '../../target/debug'
const day_ms = 86_400_000

export async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

export function gatewayToml(folder: string, http: number, mqtt: number): string {
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

export function start(binary: string, config: string, folder: string, log: string): ChildProcess {
  const out = openSync(join(folder, `${log}.log`), 'w')
  return spawn(`${binaries}/${binary}`, ['run', '--config', config], { stdio: ['ignore', out, out] })
}

export async function until(what: string, holds: () => Promise<boolean>, within_ms = 60_000): Promise<void> {
  const end = Date.now() + within_ms
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function lie(mqtt: number): Promise<Mqtt> {
  const client = await Mqtt.connect(mqtt, 'minuano-odd')
  const topic = (name: string) => `minuano/v1/odd/${name}`
  const stream = 'aaaaaaaaaaaaaaaa'
  const place = { name: hostile, latitude: 37.7, longitude: -105.92, altitude_m: 2317, zone: 'America/Denver', version: '0.0.1', report_s: 3600 }
  await client.publish(topic('about'), { ...place, sensors: [{ part: 'bme280', address: 118, quantities: ['temperature_c', 'humidity_pct'] }] }, true)
  await client.publish(topic('status'), { state: 'online' }, true)
  const health = {
    version: '0.0.1', uptime_s: 60, stream, measured: 80, clock: 'holdover', log: { readings: 7, bytes: 900, lost: 0, fault: logFault },
    sensors: [{ part: 'bme280', address: 118, state: 'ok', warning: sensorWarning, since: new Date().toISOString() }],
  }
  await client.publish(topic('health'), health, true)
  const now = Date.now()
  let seq = 0
  const reading = (at: number, temperature_c: number) => ({ seq: (seq += 1), at: new Date(at).toISOString(), clock: 'synchronised', samples: 1, temperature_c, humidity_pct: 50 })
  // A minute apart for an hour; then silence for four hours, and an hour again that ends in what cannot be.
  const times = [...Array(60).keys()].flatMap((minute) => [now - 6 * 3_600_000 + minute * 60_000])
  const later = [...Array(59).keys()].map((minute) => now - 60 * 60_000 + minute * 60_000)
  const readings = [...times, ...later].sort((a, b) => a - b).map((at) => reading(at, 20))
  for (let i = 0; i < readings.length; i += 60) {
    await client.publish(topic('backlog'), { stream, cursor: 0, oldest: 1, readings: readings.slice(i, i + 60) })
  }
  await client.publish(topic('telemetry'), { stream, cursor: 0, oldest: 1, readings: [reading(now - 1_000, 150)] })
  return client
}

export default async function setup(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'minuano-panel-'))
  const [http, mqtt] = [await freePort(), await freePort()]
  writeFileSync(join(folder, 'gateway.toml'), gatewayToml(folder, http, mqtt))
  const children = [start('minuano-gateway', join(folder, 'gateway.toml'), folder, 'gateway')]
  const base = `http://127.0.0.1:${http}`
  const stop = async () => {
    for (const child of children.reverse()) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.kill('SIGTERM')) await ended
    }
  }
  try {
    await until('the gateway', async () => (await fetch(`${base}/readyz`)).ok)
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
    const client = await lie(mqtt)
    await until('a day of weather', async () => {
      const { items } = (await (await fetch(`${base}/api/v1/stations`)).json()) as { items: { station: string; state: string; last_reading: { observed_at: string } | null; counts: { stored: number } }[] }
      return items.length === 4 && items.every(({ station, last_reading, counts }) => counts.stored >= (station === 'odd' ? 120 : 8_640) && Date.now() - Date.parse(last_reading?.observed_at ?? '') < day_ms / 24)
    }, 150_000)
    process.env.MINUANO_PANEL = base
    process.env.MINUANO_MQTT = String(mqtt)
    return async () => {
      client.close()
      await stop()
    }
  } catch (error) {
    await stop()
    throw error
  }
}
