import { expect, it } from 'vitest'
import { stepped } from './stepped'

const points = { seconds: [1, 2, 3, 4] }

it('the keys move the cursor inside the chart', () => {
  expect(stepped('ArrowLeft', null, points)).toBe(3)
  expect(stepped('ArrowLeft', 0, points)).toBe(0)
  expect(stepped('ArrowRight', 3, points)).toBe(3)
  expect(stepped('Home', 2, points)).toBe(0)
  expect(stepped('End', 0, points)).toBe(3)
  expect(stepped('Escape', 2, points)).toBeNull()
  expect(stepped('a', 2, points)).toBeUndefined()
})
