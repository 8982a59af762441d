import { err, ok } from '@headwater/core'
import type { OutboxEvent, Result, SinkReport } from '@headwater/core'
import { encryptionFailed } from '../../encryption/encryption-failed.ts'
import type { EncryptionFailed } from '../../encryption/encryption-failed.ts'
import { userRegisteredPayload } from '../../users/user-events.ts'
import type { UserRegisteredPayload } from '../../users/user-events.ts'
import type { ActivitySealing, StoredMetadata } from './activity-sealing.ts'

/** Origins as the documents of their registrations hold them, and registrations without one. */
export interface MovedOrigins {
  readonly origins: ReadonlyMap<number, StoredMetadata>
  readonly failed: SinkReport['failed']
}

/**
 * Encrypts the origins anew for the documents of their registrations: an encrypted text is bound to
 * the place where it is stored. A text that cannot be read at all fails its event; what another
 * configuration could read fails all, and is tried again.
 */
export function movedOrigins(
  events: readonly OutboxEvent[],
  origins: ReadonlyMap<number, StoredMetadata>,
  sealing: ActivitySealing | undefined,
): Result<MovedOrigins, EncryptionFailed> {
  const moved = new Map<number, StoredMetadata>()
  const failed: SinkReport['failed'][number][] = []
  for (const event of events) {
    const { userId = 0 } = registrationOf(event) ?? {}
    const origin = origins.get(userId)
    if (origin === undefined) continue
    const metadata = movedOrigin(origin, { userId, eventId: event.id }, sealing)
    if (metadata.isOk()) moved.set(userId, metadata.value)
    else if (metadata.error.reason !== 'altered') return err(metadata.error)
    else failed.push(refused(event.id, metadata.error))
  }
  return ok({ origins: moved, failed })
}

function movedOrigin(
  origin: StoredMetadata,
  { userId, eventId }: { readonly userId: number; readonly eventId: string },
  sealing: ActivitySealing | undefined,
): Result<StoredMetadata, EncryptionFailed> {
  if (sealing !== undefined)
    return sealing
      .open(origin, ['user_origin', userId])
      .andThen((clear) => sealing.seal(clear, ['user_activity', eventId]))
  const [field] = Object.keys(origin.sealed ?? {})
  return field === undefined
    ? ok(origin)
    : err(encryptionFailed('not-configured', `user_origin.${field}`))
}

/** The registration that an event tells of. */
export function registrationOf({ type, payload }: OutboxEvent): UserRegisteredPayload | undefined {
  return type === 'user.registered' ? userRegisteredPayload().safeParse(payload).data : undefined
}

function refused(id: string, { message }: EncryptionFailed): SinkReport['failed'][number] {
  return { id, failure: { type: 'sink-failed', message, retryable: false } }
}
