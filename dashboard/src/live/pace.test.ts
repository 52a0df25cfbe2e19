import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Pace } from './pace'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('runs once, a second after a burst', () => {
  const run = vi.fn()
  const pace = new Pace(run)
  for (let i = 0; i < 50; i += 1) {
    pace.poke()
    vi.advanceTimersByTime(10)
  }
  vi.advanceTimersByTime(980)
  expect(run).not.toHaveBeenCalled()
  vi.advanceTimersByTime(20)
  expect(run).toHaveBeenCalledOnce()
  vi.advanceTimersByTime(60_000)
  expect(run).toHaveBeenCalledOnce()
})

it('runs every three seconds while a burst lasts', () => {
  const run = vi.fn()
  const pace = new Pace(run)
  for (let i = 0; i < 100; i += 1) {
    pace.poke()
    vi.advanceTimersByTime(100)
  }
  expect(run).toHaveBeenCalledTimes(3)
})
