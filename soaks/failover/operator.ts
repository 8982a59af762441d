import { invalidate, orThrow, outbox, type Stores } from '@headwater/core'
import { rowCount } from '../cache/rows.ts'
import type { Mode } from './promotion.ts'
import { connectStores, rowCache, type Urls } from './rows.ts'

/** The numbers of revocations that a lost future may have used. */
const passIds = `
  SELECT setval(
    pg_get_serial_sequence('session_revocation', 'id'),
    (SELECT coalesce(max(id), 0) + 100000 FROM session_revocation)
  )`

/** A promoted standby that no process has reached yet. */
export interface Promoted extends Urls {
  readonly mode: Mode
}

/**
 * What an operator does about a promoted standby. After synchronous replication nothing was lost,
 * so nothing may need to be done. Otherwise what other stores hold of the lost future is made void.
 * Returns whether the SDK itself said that something was lost.
 */
export async function receive({ mode, ...urls }: Promoted): Promise<boolean> {
  const stores = await connectStores(urls)
  try {
    const origin = await outbox(stores).checkOrigin()
    const isSaid = origin.isErr() && origin.error.type === 'outbox-restored'
    if (isSaid) orThrow(await outbox(stores).reset({ history: 'continued' }))
    else orThrow(origin)
    if (mode === 'asynchronous') await makeVoid(stores)
    return isSaid
  } finally {
    orThrow(await stores.close())
  }
}

async function makeVoid(stores: Stores): Promise<void> {
  const cache = rowCache(stores)
  const keys = Array.from({ length: rowCount }, (_, id) => cache.key(id))
  orThrow(await invalidate(stores, ...keys))
  orThrow(await stores.postgres.query(passIds))
}
