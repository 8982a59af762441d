import type { Clients } from '../../flows/by-hand/clients.ts'
import { Refusal } from './refusal.ts'

/** A profile, as the API answers with it. */
export interface Profile {
  readonly id: number
  readonly email: string
  readonly username: string
  readonly fullName: string | null
  readonly role: string
  readonly version: number
  readonly createdAt: Date | string
  readonly updatedAt: Date | string
}

interface ProfileRow {
  readonly id: number
  readonly email: string
  readonly username: string
  readonly full_name: string | null
  readonly role: string
  readonly version: number
  readonly created_at: Date
  readonly updated_at: Date
}

/** Changes of a profile. */
export interface ProfileChanges {
  readonly username?: string | undefined
  readonly fullName?: string | null | undefined
  readonly expectedVersion?: number | undefined
}

const columns = 'id, email, username, full_name, role, version, created_at, updated_at'

/** Profiles, by the steps of the reference design, with the columns that the API shows. */
export class Profiles {
  readonly #clients: Clients

  constructor(clients: Clients) {
    this.#clients = clients
  }

  /** What was read before an update and stored after it is served for an hour. */
  async get(userId: number): Promise<Profile | undefined> {
    const { postgres, redis } = this.#clients
    const cached = await redis.hGetAll(`user:${userId}`)
    if (cached['id'] !== undefined) return profileOf(cached)
    const { rows } = await postgres.query<ProfileRow>({
      name: 'get-profile',
      text: `SELECT ${columns} FROM users WHERE id = $1`,
      values: [userId],
    })
    const profile = rows[0] && fromRow(rows[0])
    if (profile !== undefined) await this.#cache(profile)
    return profile
  }

  /** No event, and where `DEL` fails, the old profile is served for an hour. */
  async update(userId: number, changes: ProfileChanges): Promise<Profile> {
    const { postgres, redis } = this.#clients
    const { username = null, fullName, expectedVersion = null } = changes
    const { rows } = await postgres.query<ProfileRow>({
      name: 'update-profile',
      text: `UPDATE users
             SET username = COALESCE($2, username),
                 full_name = CASE WHEN $3 THEN $4 ELSE full_name END,
                 version = version + 1, updated_at = CURRENT_TIMESTAMP
             WHERE id = $1 AND ($5::int IS NULL OR version = $5)
             RETURNING ${columns}`,
      values: [userId, username, fullName !== undefined, fullName ?? null, expectedVersion],
    })
    await redis.del(`user:${userId}`)
    const [row] = rows
    if (row === undefined) throw new Refusal(409, 'version-conflict', 'the user has changed')
    return fromRow(row)
  }

  async #cache(profile: Profile): Promise<void> {
    const { redis } = this.#clients
    await redis.hSet(`user:${profile.id}`, {
      id: profile.id.toString(),
      email: profile.email,
      username: profile.username,
      full_name: profile.fullName ?? '',
      role: profile.role,
      version: profile.version.toString(),
      created_at: new Date(profile.createdAt).toISOString(),
      updated_at: new Date(profile.updatedAt).toISOString(),
    })
    await redis.expire(`user:${profile.id}`, 3_600)
  }
}

function fromRow({ full_name, created_at, updated_at, ...row }: ProfileRow): Profile {
  const { version, ...rest } = row
  return { ...rest, fullName: full_name, version, createdAt: created_at, updatedAt: updated_at }
}

/** An empty name stands for none, since a hash has texts only. */
function profileOf(cached: Readonly<Record<string, string>>): Profile {
  return {
    id: parseInt(cached['id'] ?? ''),
    email: cached['email'] ?? '',
    username: cached['username'] ?? '',
    fullName: cached['full_name'] === '' ? null : (cached['full_name'] ?? null),
    role: cached['role'] ?? '',
    version: parseInt(cached['version'] ?? ''),
    createdAt: cached['created_at'] ?? '',
    updatedAt: cached['updated_at'] ?? '',
  }
}
