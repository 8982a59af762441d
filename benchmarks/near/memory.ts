import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Cache, orThrow, type Stores } from '@headwater/core'
import { LRUCache } from 'lru-cache'
import { type Course, courseCodec, courseOf } from './courses.ts'
import { courseCache, makeNear, type NearFixture } from './near-fixture.ts'

const entries = 30_000
const atOnce = 500
const pauseMs = 5
const maxBytes = 512 * 1_024 * 1_024
const idAt = (index: number): number => 1_000_000 + index

/** Bytes of memory of one course. */
export interface MemoryPerEntry {
  readonly near: number
  /** Once `peek` has made the value that its callers share. */
  readonly nearPeeked: number
  /** In `lru-cache`, parsed. */
  readonly lru: number
}

/** Fills both with the same courses and compares the heaps before and after. */
export async function memoryPerEntry({ stores }: NearFixture): Promise<MemoryPerEntry> {
  const lru = lruBytes() / entries
  for (let attempt = 1; ; attempt += 1) {
    const near = await nearBytes(stores, `memory${attempt}`)
    if (near !== undefined) return { near: near.kept, nearPeeked: near.peeked, lru }
  }
}

/** `undefined` when values were dropped meanwhile, as happens on a machine that is too busy. */
async function nearBytes(
  stores: Stores,
  name: string,
): Promise<Record<'kept' | 'peeked', number> | undefined> {
  let losses = 0
  const end = stores.diagnostics.on('near:leave', () => {
    losses += 1
  })
  const cache = courseCache(stores, name, { maxBytes })
  const parts = Array.from({ length: entries / atOnce }, (_, part) =>
    Array.from({ length: atOnce }, (_, index) => idAt(part * atOnce + index)),
  )
  const before = heapBytes()
  for (const ids of parts) await keep(stores, cache, ids)
  const kept = heapBytes() - before
  for (const ids of parts) await makeNear(cache, ids)
  const peeked = heapBytes() - before
  for (const ids of parts) await keep(stores, cache, ids)
  end()
  return losses === 0 ? { kept: kept / entries, peeked: peeked / entries } : undefined
}

/** Reads until all hits are near, without a `peek`. */
async function keep(
  stores: Stores,
  cache: Cache<number, Course>,
  ids: readonly number[],
): Promise<void> {
  while ((await nearHits(stores, cache, ids)) < ids.length) await setTimeout(pauseMs)
}

async function nearHits(
  { diagnostics }: Stores,
  cache: Cache<number, Course>,
  ids: readonly number[],
): Promise<number> {
  let hits = 0
  const end = diagnostics.on('near:hit', ({ count }) => {
    hits += count
  })
  orThrow(await cache.getMany(ids))
  end()
  return hits
}

function lruBytes(): number {
  const before = heapBytes()
  const values = new LRUCache<string, Course>({ max: entries })
  for (let index = 0; index < entries; index += 1) {
    const id = idAt(index)
    values.set(`course:${id}`, parsed(JSON.stringify(courseCodec.encode(courseOf(id)))))
  }
  const bytes = heapBytes() - before
  if (values.size < entries) throw new Error('lru-cache has evicted values')
  return bytes
}

function parsed(text: string): Course {
  return courseCodec.decode(JSON.parse(text))
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let turn = 0; turn < 4; turn += 1) collect()
  return process.memoryUsage().heapUsed
}
