import { expect, it } from 'vitest'
import { merged } from './marks'

it('stretches that overlap are shaded once', () => {
  expect(merged([[5, 9], [0, 2], [1, 4], [1, 3], [9, 10]])).toEqual([[0, 4], [5, 10]])
  expect(merged([])).toEqual([])
})
