import type { Result } from '@headwater/core'
import type { MetadataTable, StoredMetadata } from '../activity/sealed/activity-sealing.ts'
import type { SealedContext } from '../context.ts'
import { toMetadata } from '../users/origin-queries.ts'
import type { OriginRow } from '../users/origin-queries.ts'
import { jsonOf } from '../users/sealed/register-sealed.ts'
import { toUser } from '../users/user-queries.ts'
import type { UserRow } from '../users/user-queries.ts'
import type { EncryptionFailed } from './encryption-failed.ts'
import { passDocuments } from './rotate-documents.ts'
import { passOf } from './rotate-table.ts'
import type { Pass } from './rotate-table.ts'
import {
  lockOrigins,
  lockSpill,
  lockUsers,
  replaceOrigins,
  replaceSpilledMetadata,
  replaceUserTexts,
  selectOriginsAfter,
  selectSpillAfter,
  selectUsersAfter,
} from './rotation-queries.ts'

/** The passes through everything that may hold encrypted fields, in the order of its ways. */
export interface Passes {
  readonly users: Pass
  readonly origins: Pass
  readonly waiting: Pass
  /** `undefined` without MongoDB. */
  readonly activity: Pass | undefined
}

/** The passes of these repositories. */
export function passesOf(context: SealedContext): Passes {
  const { mongodb } = context.stores
  return {
    users: passUsers(context),
    origins: passOrigins(context),
    waiting: passSpill(context),
    activity: mongodb && passDocuments(mongodb, context.sealing.activity),
  }
}

function passUsers(context: SealedContext): Pass {
  const { users } = context.sealing
  return passOf<UserRow>(context, {
    table: 'users',
    select: selectUsersAfter,
    lock: lockUsers,
    replace: replaceUserTexts,
    placeOf: ({ id }) => id,
    isCurrent: (row) => users.isCurrent(toUser(row)),
    anew: (row) =>
      users
        .open(toUser(row))
        .andThen((clear) => users.seal(row.id, clear))
        .map(({ email, fullName, sealed }) => [row.id, email, fullName, jsonOf(sealed)]),
    cached: ({ id }) => context.caches.users.key(id),
  })
}

function passOrigins(context: SealedContext): Pass {
  return passOf<OriginRow>(context, {
    table: 'user_origin',
    select: selectOriginsAfter,
    lock: lockOrigins,
    replace: replaceOrigins,
    placeOf: ({ user_id: userId }) => userId,
    isCurrent: (row) => context.sealing.activity.isCurrent(toMetadata(row)),
    anew: (row) =>
      anew(context, toMetadata(row), ['user_origin', row.user_id]).map(
        ({ ipAddress, userAgent, referrer, sealed }) => [
          row.user_id,
          ipAddress,
          userAgent,
          referrer,
          jsonOf(sealed),
        ],
      ),
  })
}

interface SpilledMetadataRow {
  readonly seq: string
  readonly id: string
  readonly metadata: StoredMetadata
}

function passSpill(context: SealedContext): Pass {
  return passOf<SpilledMetadataRow>(context, {
    table: 'activity_spill',
    select: selectSpillAfter,
    lock: lockSpill,
    replace: replaceSpilledMetadata,
    placeOf: ({ seq }) => seq,
    isCurrent: ({ metadata }) => context.sealing.activity.isCurrent(metadata),
    anew: ({ seq, id, metadata }) =>
      anew(context, metadata, ['user_activity', id]).map((stored) => [seq, JSON.stringify(stored)]),
  })
}

function anew(
  { sealing: { activity } }: SealedContext,
  metadata: StoredMetadata,
  place: readonly [MetadataTable, string | number],
): Result<StoredMetadata, EncryptionFailed> {
  return activity.open(metadata, place).andThen((clear) => activity.seal(clear, place))
}
