import { randomBytes } from 'node:crypto'
import type { KeyRing, RepositoriesOptions } from '@headwater/repositories'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

/** A word that no store may hold. */
export const canary = 'c4n4ry'

/** An address of a request that no store may hold. */
export const ipAddress = '203.0.113.77'

export const keys = { k1: randomBytes(32), k2: randomBytes(32) }
export const indexKey = randomBytes(32)

/** Options that encrypt everything but referrers. */
export function encrypting(keyRing: KeyRing | (() => KeyRing)) {
  return {
    encryptedFields: {
      users: ['email', 'fullName'],
      activity: ['ipAddress', 'userAgent'],
      keyRing,
      indexKey,
    },
  } as const satisfies RepositoriesOptions
}

export const metadata = {
  ipAddress,
  userAgent: `${canary} browser`,
  referrer: 'https://a.example',
}

let people = 0

/** A person whom nobody else is. */
export function person() {
  people += 1
  return {
    email: `${canary}.${people}@example.com`,
    username: `student${people}`,
    passwordHash: 'hash',
    fullName: `Ada ${canary} ${people}`,
    metadata,
  }
}

export function encryptionOf({ encryption }: Pick<RepositoriesFixture, 'encryption'>) {
  if (encryption === undefined) throw new Error('nothing is encrypted')
  return encryption
}

/** The columns of a user that may be encrypted. */
export async function columnsOf({ stores }: Pick<RepositoriesFixture, 'stores'>, id: number) {
  const found = await stores.postgres.query<{
    email: string
    full_name: string | null
    sealed: Record<string, string> | null
  }>('SELECT email, full_name, sealed FROM @schema.users WHERE id = $1', [id])
  return found._unsafeUnwrap().rows[0]
}
