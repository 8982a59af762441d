import * as z from 'zod/mini'
import { err, errAsync, inspectKey, invalidate, invalidField, ok, once } from '@headwater/core'
import { storableText } from '@headwater/core'
import type { InvalidInput, KeyInspection, SqlError, StoreError, Stores } from '@headwater/core'
import type { ResultAsync } from '@headwater/core'
import { action, type Deed } from '../action.ts'
import type { CachesScreen, KeyState } from '../contract/screens.ts'
import type { Screen, ScreenDeps } from '../screen.ts'

const longestKey = 512
const keyInput = once(() => z.strictObject({ key: storableText(longestKey) }))

/** What each cache does; looks into a key, and invalidates it. */
export function cachesScreen({ stores, figures }: ScreenDeps): Screen {
  const screen = (): CachesScreen => ({ caches: figures.caches, history: figures.history() })
  return {
    name: 'caches',
    views: {
      caches: async () => ok(screen()),
      'caches/key': async (query) => {
        const text = query.get('key') ?? ''
        if (text === '' || text.length > longestKey)
          return err(invalidField('key', `must have 1 to ${longestKey} characters`))
        return inspectKey(stores, { text }).map(keyState)
      },
    },
    actions: { 'caches/invalidate': action(keyInput(), ({ key }) => invalidateKey(stores, key)) },
  }
}

/**
 * A hold overwrites whatever is stored. What no cache has written (a list of sessions, the members
 * of the near tier) is left alone, whoever types its key.
 */
function invalidateKey(
  stores: Stores,
  text: string,
): ResultAsync<Deed, InvalidInput | SqlError | StoreError> {
  return inspectKey(stores, { text }).andThen(({ state }) =>
    state === 'foreign'
      ? errAsync(invalidField('key', 'holds what no cache has written'))
      : invalidate(stores, { text }).map(() => ({ outcome: 'invalidated the key' })),
  )
}

/** Without the value itself, which may be personal. */
function keyState({ state, leftMs, holders, entry }: KeyInspection): KeyState {
  return {
    state,
    ...(leftMs === undefined ? {} : { leftMs }),
    holders: holders.map(({ owner, until }) => ({ owner, until: until.getTime() })),
    ...(entry === undefined ? {} : { entry: entryOf(entry) }),
  }
}

function entryOf(entry: NonNullable<KeyInspection['entry']>): NonNullable<KeyState['entry']> {
  const { isTrusted, isRow, refreshAt, expiresAt, tags, length } = entry
  return {
    isTrusted,
    isRow,
    refreshAt: refreshAt.getTime(),
    expiresAt: expiresAt.getTime(),
    tags,
    length,
  }
}
