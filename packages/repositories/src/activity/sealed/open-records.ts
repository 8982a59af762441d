import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import { encryptionFailed } from '../../encryption/encryption-failed.ts'
import type { EncryptionFailed } from '../../encryption/encryption-failed.ts'
import type { ActivitySealing } from './activity-sealing.ts'
import type { ActivityRecord } from '../activity.ts'
import { toActivityRecord } from '../collections.ts'
import type { UserActivityDocument } from '../collections.ts'

/** The activity of documents, in clear text; all or none. */
export function openRecords(
  sealing: ActivitySealing | undefined,
  documents: readonly UserActivityDocument[],
): Result<ActivityRecord[], EncryptionFailed> {
  const records: ActivityRecord[] = []
  for (const document of documents) {
    const record = openRecord(sealing, document)
    if (record.isErr()) return err(record.error)
    records.push(record.value)
  }
  return ok(records)
}

function openRecord(
  sealing: ActivitySealing | undefined,
  document: UserActivityDocument,
): Result<ActivityRecord, EncryptionFailed> {
  const record = toActivityRecord(document)
  const { sealed } = document.metadata
  if (sealing === undefined)
    return sealed === undefined
      ? ok(record)
      : err(encryptionFailed('not-configured', `user_activity.${Object.keys(sealed).join()}`))
  return sealing
    .open({ ...record.metadata, sealed }, ['user_activity', document._id])
    .map((metadata) => ({ ...record, metadata }))
}
