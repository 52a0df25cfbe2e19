/** The quantities' hues stay apart for every kind of colour vision, and read on their cards. */
import { describe, expect, it } from 'vitest'
import css from './app.css?raw'
import { flash_pct } from './cards/flash.svelte'

type Rgb = [number, number, number]
const light = css.slice(css.indexOf(':root {'), css.indexOf('}', css.indexOf(':root {')))
const dark = css.slice(css.indexOf(":root[data-theme='dark'] {"), css.indexOf('}', css.indexOf(":root[data-theme='dark'] {")))

/** As it stands in the style sheet, 0 to 1. */
function coded(block: string, name: string): Rgb {
  const hex = new RegExp(`--${name}: #([0-9a-f]{6})`).exec(block)?.[1]
  if (hex === undefined) throw new Error(`no --${name}`)
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255) as Rgb
}

const decoded = (rgb: Rgb): Rgb => rgb.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)) as Rgb
const linear = (block: string, name: string) => decoded(coded(block, name))

const times = (matrix: readonly Rgb[], [r, g, b]: Rgb): Rgb => matrix.map(([x, y, z]) => Math.max(0, x * r + y * g + z * b)) as Rgb

/** Machado, Oliveira and Fernandes (2009), severity 1. */
const visions: Record<string, readonly Rgb[]> = {
  usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}

function lab(rgb: Rgb): Rgb {
  const [x, y, z] = times([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], rgb)
  const f = (value: number) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116)
  const [a, b, c] = [f(x / 0.9505), f(y), f(z / 1.089)]
  return [116 * b - 16, 500 * (a - b), 200 * (b - c)]
}

const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b
const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
const hues = ['temperature', 'pressure', 'humidity', 'illuminance']

describe.each([['light', light], ['dark', dark]])('%s', (_, block) => {
  it.each(Object.keys(visions))('%s: any two hues differ', (vision) => {
    const seen = hues.map((name) => ({ name, at: lab(times(visions[vision] ?? [], linear(block, name))) }))
    for (const [index, one] of seen.entries()) {
      for (const other of seen.slice(index + 1)) {
        expect(Math.hypot(...one.at.map((value, i) => value - (other.at[i] ?? 0))), `${one.name} and ${other.name}`).toBeGreaterThan(12)
      }
    }
  })

  it.each(hues)('%s reads at 4.5:1 on its card', (name) => {
    const [a, b] = [luminance(linear(block, name)), luminance(linear(block, 'card'))]
    expect(contrast(a, b)).toBeGreaterThanOrEqual(4.5)
  })

  it.each(hues)('a unit reads at 4.5:1 while a value of %s flashes', (name) => {
    const [hue, card] = [coded(block, name), coded(block, 'card')]
    const lit = decoded(hue.map((value, i) => (value * flash_pct + (card[i] ?? 0) * (100 - flash_pct)) / 100) as Rgb)
    expect(contrast(luminance(lit), luminance(linear(block, 'soft')))).toBeGreaterThanOrEqual(4.5)
  })
})
