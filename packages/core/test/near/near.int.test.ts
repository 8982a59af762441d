import { orThrow, type Stores } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  raise,
  redisKinds,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from '../cache/versioned-rows.ts'

let rows: VersionedRows
let reader: Stores
let writer: Stores
let cache: RowCache
let id = 0
let names = 0

/** Reads until the value is kept near. */
const isNear = (of = cache, one = id) =>
  eventually(async () => {
    orThrow(await of.get(one))
    expect(of.peek(one)).toBeDefined()
  })

describe.each(redisKinds)('The near tier on %s', (redis) => {
  beforeAll(async () => {
    rows = await versionedRows({ redis })
    reader = await rows.open({ near: {} })
    writer = await rows.open({ near: { maxBytes: 0 } })
  })
  afterAll(() => rows.dispose())
  beforeEach(() => {
    names += 1
    id += 1
    cache = rowCache(reader, { name: `near${names}` })
  })

  test('A value that was read from Redis answers without any command', async () => {
    await isNear()
    const commands: string[] = []
    const end = reader.diagnostics.on('store:operation', ({ operation }) => {
      commands.push(operation)
    })
    expect(await versionOf(cache, id)).toBe(1)
    expect(orThrow(await cache.getMany([id])).get(id)).toEqual({ id, version: 1 })
    end()
    expect(commands.filter((name) => name !== 'query')).toEqual([])
  })

  test('A read after a commit of another process never sees an older value', async () => {
    for (let version = 1; version < 15; version += 1) {
      await isNear()
      expect(await versionOf(cache, id)).toBe(version)
      await raise(writer, id, [cache.key(id)])
      expect(cache.peek(id)).toBeUndefined()
      expect(await versionOf(cache, id)).toBe(version + 1)
    }
  })
})
