import { describe, expect, it, vi } from 'vitest'
import { Frames, fullQueue } from './frames'

describe('frames', () => {
  it('hand a burst over once', () => {
    const scheduled: (() => void)[] = []
    const take = vi.fn()
    const frames = new Frames<number>(take, (run) => (scheduled.push(run), () => {}))
    frames.push(1)
    frames.push(2)
    expect(scheduled).toHaveLength(1)
    scheduled[0]?.()
    expect(take.mock.calls).toEqual([[[1, 2]]])
    frames.push(3)
    expect(scheduled).toHaveLength(2)
  })

  it('hand a full queue over at once, so that a page without frames holds no more', () => {
    const take = vi.fn()
    const frames = new Frames<number>(take, () => () => {})
    for (let i = 0; i < fullQueue; i += 1) frames.push(i)
    expect(take).toHaveBeenCalledOnce()
  })

  it('hand nothing over when nothing came', () => {
    const take = vi.fn()
    new Frames(take, () => () => {}).flush()
    expect(take).not.toHaveBeenCalled()
  })
})
