import type { User } from '../cache/users.ts'

/** The user of an id, as the benchmark of the cache has it: one kilobyte of JSON without dates. */
export function userOf(id: number): User {
  return {
    id,
    email: `user-${id}@example.org`,
    username: `user-${id}`,
    fullName: `A. N. Other ${id}`,
    role: 'student',
    biography: String(id).padStart(32, '0').repeat(22),
    interests: ['algebra', 'history', 'machine learning'],
    settings: { newsletter: true, dark: false },
  }
}

/** Loads users without a statement. */
export function loadUsers(ids: readonly number[]): Promise<Map<number, User>> {
  return Promise.resolve(new Map(ids.map((id) => [id, userOf(id)])))
}

/** The cheapest copy of a user that shares nothing with it. */
export function copyOfUser(user: User): User {
  return { ...user, interests: user.interests.slice(), settings: { ...user.settings } }
}
