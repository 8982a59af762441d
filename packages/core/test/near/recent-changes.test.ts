import { expect, test } from 'vitest'
import { RecentChanges } from '../../src/near/recent-changes.ts'

test('A key is unchanged since a moment after its last change', () => {
  const changes = new RecentChanges()
  const before = changes.moment
  changes.note('a')
  expect(changes.isUnchanged('a', before)).toBe(false)
  expect(changes.isUnchanged('a', changes.moment)).toBe(true)
  expect(changes.isUnchanged('b', before)).toBe(true)
})

test('Nothing is unchanged since a moment before everything may have changed', () => {
  const changes = new RecentChanges()
  const before = changes.moment
  changes.noteAll()
  expect(changes.isUnchanged('a', before)).toBe(false)
  expect(changes.isUnchanged('a', changes.moment)).toBe(true)
})

test('More changes than it remembers count as a change of everything', () => {
  const changes = new RecentChanges()
  const before = changes.moment
  for (let count = 0; count <= 10_000; count += 1) changes.note(`key${count}`)
  expect(changes.isUnchanged('key0', before)).toBe(false)
  expect(changes.isUnchanged('other', before)).toBe(false)
  expect(changes.isUnchanged('key10000', changes.moment)).toBe(true)
  const later = changes.moment
  changes.note('another')
  expect(changes.isUnchanged('other', later)).toBe(true)
})
