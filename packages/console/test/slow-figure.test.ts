import { err, ok, type Result } from '@headwater/core'
import { expect, test, vi } from 'vitest'
import { SlowFigure } from '../src/slow-figure.ts'

test('A figure is counted once for all who look, and shown to those who look later', async () => {
  const { promise, resolve } = Promise.withResolvers<Result<number, { readonly message: string }>>()
  const count = vi.fn(() => promise)
  const figure = new SlowFigure(count)
  const looking = [figure.latest(), figure.latest()]
  resolve(ok(5))
  expect(await Promise.all([...looking, figure.latest()])).toEqual([ok(5), ok(5), ok(5)])
  expect(count).toHaveBeenCalledTimes(1)
})

test('A figure that failed, or threw, is counted again', async () => {
  const count = vi
    .fn<() => Promise<Result<number, { readonly message: string }>>>()
    .mockImplementationOnce(() => {
      throw new Error('a mistake')
    })
    .mockResolvedValueOnce(err({ message: 'too late' }))
    .mockResolvedValueOnce(ok(5))
  const figure = new SlowFigure(count)
  expect(await figure.latest()).toEqual(err({ message: 'a mistake' }))
  expect(await figure.latest()).toEqual(err({ message: 'too late' }))
  expect(await figure.latest()).toEqual(ok(5))
})

test('A count that never ends, whatever its signal says, is given up and made anew', async () => {
  const count = vi.fn().mockReturnValueOnce(new Promise<never>(() => undefined))
  count.mockResolvedValue(ok(5))
  const figure = new SlowFigure<number>(count, 20)
  expect(await figure.latest()).toEqual(err({ message: 'it could not be counted in time' }))
  expect(await figure.latest()).toEqual(ok(5))
})
