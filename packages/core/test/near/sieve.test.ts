import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Sieve } from '../../src/near/sieve.ts'

const size = (bytes = 1, tags: string[] = []) => ({ bytes, tags })

test('What was read since the hand last came by outlives what was not', () => {
  const sieve = new Sieve<number>(3)
  for (const key of ['a', 'b', 'c']) sieve.set(key, 1, size())
  sieve.get('a')
  sieve.set('d', 1, size())
  expect(['a', 'b', 'c', 'd'].filter((key) => sieve.get(key) !== undefined)).toEqual([
    'a',
    'c',
    'd',
  ])
})

test('A value larger than all memory is not kept, and evicts nothing', () => {
  const sieve = new Sieve<number>(3)
  sieve.set('a', 1, size())
  sieve.set('b', 1, size(4))
  expect([sieve.get('a'), sieve.get('b'), sieve.bytes]).toEqual([1, undefined, 1])
})

test('A tag drops the values that have it, and no others', () => {
  const sieve = new Sieve<number>(10)
  sieve.set('a', 1, size(1, ['t', 'u']))
  sieve.set('b', 2, size(1, ['u']))
  sieve.set('c', 3, size())
  expect(sieve.drop('t')).toBe(1)
  expect([sieve.get('a'), sieve.get('b'), sieve.get('c')]).toEqual([undefined, 2, 3])
  expect(sieve.drop('u')).toBe(1)
  expect(sieve.drop('c')).toBe(1)
  expect([sieve.size, sieve.bytes]).toEqual([0, 0])
})

const step = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    key: fc.integer({ min: 0, max: 9 }),
    bytes: fc.integer({ min: 1, max: 12 }),
    tag: fc.integer({ min: 0, max: 2 }),
  }),
  fc.record({
    kind: fc.constantFrom('get', 'delete', 'dropTag', 'clear'),
    key: fc.integer({ min: 0, max: 9 }),
  }),
)

test('It holds at most its bytes, and never a value that was dropped or replaced', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const sieve = new Sieve<number>(30)
      const last = new Map<string, { value: number; tag: string; bytes: number }>()
      for (const [value, one] of steps.entries()) {
        const key = `k${one.key}`
        if ('bytes' in one) {
          const tag = `t${one.tag}`
          sieve.set(key, value, size(one.bytes, [tag]))
          last.set(key, { value, tag, bytes: one.bytes })
        } else if (one.kind === 'clear') {
          sieve.clear()
          last.clear()
        } else if (one.kind === 'dropTag') {
          const tag = `t${one.key}`
          sieve.drop(tag)
          for (const [held, { tag: its }] of last) if (its === tag) last.delete(held)
        } else if (one.kind === 'delete') {
          sieve.delete(key)
          last.delete(key)
        } else sieve.get(key)
        let bytes = 0
        for (const [held, { value: expected, bytes: its }] of last) {
          const found = sieve.get(held)
          if (found === undefined) continue
          expect(found).toBe(expected)
          bytes += its
        }
        expect(sieve.bytes).toBe(bytes)
        expect(sieve.bytes).toBeLessThanOrEqual(30)
      }
    }),
  )
})
