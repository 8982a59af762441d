import type { Clients } from './clients.ts'

/** A profile, as a row of `users`. */
export interface Profile {
  readonly id: number
  readonly email: string
  readonly username: string
  readonly full_name: string
  readonly role: string
}

/** A user to register. */
export interface Registration {
  readonly email: string
  readonly username: string
  readonly passwordHash: string
  readonly fullName: string
  readonly ipAddress: string
  readonly userAgent: string
}

/** Users, step by step as in the reference design. */
export class UserService {
  readonly #clients: Clients

  constructor(clients: Clients) {
    this.#clients = clients
  }

  /**
   * A crash after the first step loses the event of the registration; one between `HSET` and
   * `EXPIRE` leaves a profile that never expires.
   */
  async createUser(user: Registration): Promise<Profile> {
    const { postgres, mongodb } = this.#clients
    const {
      rows: [created],
    } = await postgres.query<Profile>({
      name: 'create-user',
      text: `INSERT INTO users (email, username, password_hash, full_name, role)
             VALUES ($1, $2, $3, $4, $5)
             RETURNING id, email, username, full_name, role, created_at`,
      values: [user.email, user.username, user.passwordHash, user.fullName, 'student'],
    })
    if (created === undefined) throw new Error('the user was not created')
    await this.#cache(created)
    await mongodb.collection('user_activity').insertOne({
      user_id: created.id,
      event_type: 'user_registered',
      event_data: { email: created.email, role: created.role },
      metadata: { ip_address: user.ipAddress, user_agent: user.userAgent },
      timestamp: new Date(),
    })
    return created
  }

  /**
   * A profile that was read before an update and stored after it is served for an hour; callers
   * that miss together all ask PostgreSQL.
   */
  async getUser(userId: number): Promise<Profile | null> {
    const { postgres, redis } = this.#clients
    const cached = await redis.hGetAll(`user:${userId}`)
    if (cached['id'] !== undefined)
      return {
        id: parseInt(cached['id']),
        email: cached['email'] ?? '',
        username: cached['username'] ?? '',
        full_name: cached['full_name'] ?? '',
        role: cached['role'] ?? '',
      }
    const {
      rows: [user],
    } = await postgres.query<Profile>({
      name: 'get-user',
      text: `SELECT id, email, username, full_name, role, created_at FROM users WHERE id = $1`,
      values: [userId],
    })
    if (user === undefined) return null
    await this.#cache(user)
    return user
  }

  /**
   * No event; an update that meets another one is lost; where `DEL` fails, the old profile is
   * served for an hour.
   */
  async updateUser(userId: number, fullName: string): Promise<Profile | undefined> {
    const { postgres, redis } = this.#clients
    const { rows } = await postgres.query<Profile>({
      name: 'update-user',
      text: `UPDATE users
             SET full_name = COALESCE($1, full_name), updated_at = CURRENT_TIMESTAMP
             WHERE id = $2
             RETURNING id, email, username, full_name, role`,
      values: [fullName, userId],
    })
    await redis.del(`user:${userId}`)
    return rows[0]
  }

  async #cache(user: Profile): Promise<void> {
    const { redis } = this.#clients
    await redis.hSet(`user:${user.id}`, {
      id: user.id.toString(),
      email: user.email,
      username: user.username,
      full_name: user.full_name,
      role: user.role,
    })
    await redis.expire(`user:${user.id}`, 3_600)
  }
}
