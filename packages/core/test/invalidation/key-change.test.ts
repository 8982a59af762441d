import { Diagnostics, err, ok } from '@headwater/core'
import { beforeEach, describe, expect, test } from 'vitest'
import type { CacheKey } from '../../src/cache-key.ts'
import type { Intent } from '../../src/invalidation/intents.ts'
import { KeyChange, type KeyChangeDeps } from '../../src/invalidation/key-change.ts'

const keys = (...texts: readonly string[]) => texts.map((text) => ({ text }))
const lifeMs = 1_000
const away = { type: 'store-unavailable', store: 'redis', message: 'away' }

/** What happened, in order. */
let done: string[]
/** The answers to the next scripts; `undefined` where Redis is away. */
let answers: (number | undefined)[]
let nowMs: number
let failure: Error | undefined
/** Whether the processes that keep values have dropped them. */
let areDropped: boolean
let gate: { epoch: number; loseTrust: () => void }

beforeEach(() => {
  done = []
  answers = []
  nowMs = 5_000
  failure = undefined
  areDropped = true
  gate = { epoch: 1, loseTrust: () => void done.push('lose trust') }
})

function changeOf(options: { isDurable?: boolean; waitsForId?: boolean } = {}): KeyChange {
  const note = async (what: string) => {
    done.push(what)
    if (failure !== undefined) throw failure
  }
  const client = {
    evalSha: async (_: string, { keys: [key] }: { keys: string[] }) => {
      done.push(`script ${key}`)
      return answers.length > 0 ? answers.shift() : 1
    },
  }
  const run = async (_: string, work: (of: typeof client) => Promise<unknown[]>) => {
    const replies = await work(client)
    nowMs += 7
    return replies.includes(undefined) ? err(away) : ok(replies)
  }
  const diagnostics = new Diagnostics()
  for (const name of ['hold', 'hold-lost', 'release', 'intent', 'failed'] as const)
    diagnostics.on(`invalidation:${name}`, ({ keys: count, ...more }) => {
      done.push(`${name} ${count}${'durationMs' in more ? ` in ${more.durationMs}` : ''}`)
    })
  const deps = {
    redis: { keyPrefix: '', run },
    intents: {
      write: ({ id, keys: texts, isHeld }: Intent, transaction?: string) =>
        note(`write ${id} ${texts.join()} ${isHeld ? 'held' : 'not held'} ${transaction}`),
      leave: ({ id, keys: texts }: Intent) => note(`leave ${id} ${texts.join()}`),
      remove: (ids: readonly string[]) => note(`remove ${ids.join()}`),
    },
    gate,
    announce: async () => areDropped,
    diagnostics,
    clock: { now: () => nowMs, monotonic: () => nowMs },
  } as unknown as KeyChangeDeps
  return new KeyChange(deps, {
    owner: 'me',
    lifeMs,
    isDurable: false,
    waitsForId: false,
    ...options,
  })
}

/** What happens during a call. */
async function doneBy(call: () => unknown): Promise<string[]> {
  done.length = 0
  await call()
  return [...done]
}
const findId = async () => '42'

/** A change of `a` and `b` whose holds are issued. */
async function heldChange(options = {}): Promise<KeyChange> {
  const change = changeOf(options)
  change.invalidate(keys('a', 'b'))
  await change.hold(findId)
  return change
}

describe('holds', () => {
  test('They are issued at once, for each key once', async () => {
    const change = changeOf()
    const issue = (...texts: string[]) =>
      doneBy(() => {
        change.invalidate(keys(...texts))
      })
    expect(await issue('a', 'a', 'b')).toEqual(['script a', 'script b'])
    expect(await issue('a', 'c')).toEqual(['script c'])
    expect(
      await doneBy(() => {
        change.begin()
      }),
    ).toEqual(['script a', 'script b', 'script c'])
  })

  test('Those that wait for the id of the transaction are issued when it begins', async () => {
    const change = changeOf({ waitsForId: true })
    change.invalidate(keys('a'))
    expect(done).toEqual([])
    change.begin()
    change.invalidate(keys('b'))
    expect(done).toEqual(['script a', 'script b'])
  })

  test('A change without keys does nothing', async () => {
    const change = changeOf({ isDurable: true })
    change.begin()
    await change.hold(findId)
    await change.release()
    expect(done).toEqual([])
  })

  test('Those older than half their life are renewed before COMMIT', async () => {
    const change = await heldChange()
    expect(done).toEqual(['script a', 'script b', 'hold 2 in 7'])
    nowMs = 5_000 + lifeMs / 2
    expect(await doneBy(() => change.hold(findId))).toEqual(['hold 2 in 0'])
    nowMs += 1
    expect(await doneBy(() => change.hold(findId))).toEqual(['script a', 'script b', 'hold 2 in 7'])
  })

  test('Those from before a loss of trust are renewed before COMMIT', async () => {
    const change = await heldChange()
    gate.epoch += 1
    expect(await doneBy(() => change.hold(findId))).toEqual(['script a', 'script b', 'hold 2 in 7'])
  })

  test('What is no key is refused with its text', () => {
    expect(() => {
      changeOf().invalidate([{ id: 1 } as unknown as CacheKey])
    }).toThrow('expected a key made by cache.key(id), got {"id":1}')
  })
})

describe('intents', () => {
  test('Where Redis does not answer one is written, the holds are issued again, and trust is lost', async () => {
    answers = [1, undefined]
    const change = await heldChange()
    const written = ['write me a,b not held 42', 'script a', 'script b', 'intent 2', 'lose trust']
    expect(done).toEqual(['script a', 'script b', ...written, 'hold 2 in 14'])
    expect(await doneBy(() => change.release())).toEqual([
      'script a',
      'script b',
      'release 2 in 7',
      'remove me',
    ])
  })

  test('A durable change writes one though Redis holds the keys, and trust remains', async () => {
    const change = await heldChange({ isDurable: true })
    const written = ['write me a,b held 42', 'script a', 'script b']
    expect(done).toEqual(['script a', 'script b', ...written, 'hold 2 in 14'])
    expect((await doneBy(() => change.release())).at(-1)).toBe('remove me')
  })

  test('One whose keys Redis then no longer holds is written again', async () => {
    answers = [1, 1, undefined]
    await heldChange({ isDurable: true })
    expect(done.slice(2)).toEqual([
      'write me a,b held 42',
      'script a',
      'script b',
      'write me a,b not held 42',
      'intent 2',
      'lose trust',
      'hold 2 in 14',
    ])
  })

  test('One is written where it is unknown who keeps values of the keys, though Redis holds them', async () => {
    areDropped = false
    await heldChange()
    expect(done).toContain('write me a,b not held 42')
    expect(done.slice(-3)).toEqual(['intent 2', 'lose trust', 'hold 2 in 14'])
  })

  test('One that cannot be written fails the hold', async () => {
    answers = [undefined]
    failure = new Error('PostgreSQL is away')
    await expect(heldChange()).rejects.toBe(failure)
  })
})

describe('the release', () => {
  test('It reports holds that were lost, and removes no intent where none was written', async () => {
    const change = await heldChange()
    answers = [1, 0]
    expect(await doneBy(() => change.release())).toEqual([
      'script a',
      'script b',
      'hold-lost 1',
      'release 2 in 7',
    ])
  })

  test('Where a hold was lost and it is unknown who keeps values, it leaves an intent', async () => {
    const change = await heldChange()
    answers = [1, 0]
    areDropped = false
    expect((await doneBy(() => change.release())).slice(2)).toEqual(['hold-lost 1', 'leave me a,b'])
  })

  test('Where Redis does not answer it leaves an intent, and reports when it cannot', async () => {
    const change = await heldChange()
    answers = [undefined]
    failure = new Error('PostgreSQL is away')
    expect(await doneBy(() => change.release())).toEqual([
      'script a',
      'script b',
      'failed 2',
      'leave me a,b',
      'failed 2',
    ])
  })
})
