import { inspectKey, invalidate } from '@headwater/core'
import type { KeyInspection } from '@headwater/core'
import type { Paint } from '../terminal/paint.ts'
import { pairs } from '../terminal/table.ts'
import { bytes, counted, duration, moment } from '../terminal/words.ts'
import { type Command, valueOf } from './command.ts'

/** `headwater cache inspect` */
export const inspect: Command = async ({ open, args, options }) => {
  const { stores } = await open()
  const [text] = args as readonly [string]
  const found = valueOf(await inspectKey(stores, { text }))
  const { entry, ...rest } = found
  const isShown = options['value'] === true
  const { json, ...facts } = entry ?? { json: null }
  const shown = entry && { entry: { ...facts, ...(isShown ? { json } : {}) } }
  const server = stores.redis.runId ?? null
  return {
    data: { server, ...rest, ...shown },
    text: (paint) => textOf(found, paint) + (isShown && entry ? `\n${pretty(json)}` : ''),
  }
}

/** `headwater cache invalidate` */
export const invalidation: Command = async ({ open, args }) => {
  const { stores } = await open()
  const [keys] = args as readonly [readonly string[]]
  valueOf(await invalidate(stores, ...keys.map((text) => ({ text }))))
  return {
    data: { keys },
    text: () => `${counted(keys.length, 'key')} invalidated, in Redis and in every process.`,
  }
}

const explained = {
  absent: 'nothing is stored: the next read loads it',
  value: 'an entry',
  lease: 'a reader loads it',
  hold: 'a writer changes it: readers go to PostgreSQL and store nothing',
  tag: 'the tag of other entries',
  foreign: 'something that no cache has written: the next read replaces it',
} as const satisfies Record<KeyInspection['state'], string>

function textOf({ key, state, leftMs, holders, entry }: KeyInspection, paint: Paint): string {
  return pairs(paint, [
    ['key', key],
    ['state', `${paint('strong', state)}, ${explained[state]}`],
    ...(leftMs === undefined ? [] : [['removed in', duration(leftMs)] as const]),
    ...holders.map(({ owner, until }) => ['held by', `${owner} until ${moment(until)}`] as const),
    ...(entry === undefined
      ? []
      : ([
          ['used', entry.isTrusted ? 'yes' : 'no: from another server, or from before a flush'],
          ['row', entry.isRow ? `${bytes(entry.length)} of JSON` : 'there is none'],
          ['refreshed after', moment(entry.refreshAt)],
          ['expires', moment(entry.expiresAt)],
          ['tags', entry.tags],
        ] as const)),
  ])
}

function pretty(json: unknown): string {
  return JSON.stringify(json, null, 2)
}
