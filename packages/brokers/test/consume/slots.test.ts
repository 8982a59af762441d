import { expect, test } from 'vitest'
import { Slots } from '../../src/consume/slots.ts'

/** Works that begin when there are slots, and end when the test says so. */
class Works {
  readonly begun: string[] = []
  readonly #ends = new Map<string, () => void>()

  readonly work = (name: string) => (): Promise<void> => {
    this.begun.push(name)
    return new Promise((resolve) => this.#ends.set(name, resolve))
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.()
    await new Promise(setImmediate)
  }
}

test('As many run as there are slots, and others begin in order', async () => {
  const works = new Works()
  const slots = new Slots(2)
  for (const name of ['a', 'b', 'c', 'd']) void slots.run(works.work(name))
  await new Promise(setImmediate)
  expect(works.begun).toEqual(['a', 'b'])
  await works.end('b')
  expect(works.begun).toEqual(['a', 'b', 'c'])
})

test('What takes all slots runs alone, and is not passed by what comes later', async () => {
  const works = new Works()
  const slots = new Slots(2)
  void slots.run(works.work('a'))
  void slots.run(works.work('alone'), 2)
  void slots.run(works.work('b'))
  await new Promise(setImmediate)
  expect(works.begun).toEqual(['a'])
  await works.end('a')
  expect(works.begun).toEqual(['a', 'alone'])
  await works.end('alone')
  expect(works.begun).toEqual(['a', 'alone', 'b'])
})

test('A slot is free again after a work that throws', async () => {
  const slots = new Slots(1)
  await expect(slots.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await slots.run(async () => 'yes')).toBe('yes')
})
