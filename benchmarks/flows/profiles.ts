import type { User } from '@headwater/repositories'
import type { Profile } from './by-hand/user-service.ts'

/** What both sides say of a user: ours. */
export function ourProfile({ id, email, username, fullName, role }: User): object {
  return { id, email, username, fullName, role }
}

/** What both sides say of a user: by hand. */
export function profileByHand({ id, email, username, full_name, role }: Profile): object {
  return { id, email, username, fullName: full_name, role }
}
