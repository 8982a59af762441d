import { Passwords } from '@headwater-examples/elearning'
import { orThrow } from '@headwater/core'
import type { User } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { check, type Flow } from '../flow.ts'
import { duration } from '../output.ts'
import { patience, type Stage } from './stage.ts'

/** Registers Ada: the row, the cached profile, the logged event. */
export async function registerFlow(
  flow: Flow,
  { services: { users }, inspection }: Stage,
): Promise<User> {
  const passwordHash = await new Passwords().hash('analytical engine')
  const newUser = {
    email: 'ada@example.com',
    username: 'ada',
    fullName: 'Ada Lovelace',
    passwordHash,
  }

  const ada = await flow.step(
    { store: 'PostgreSQL', does: 'registers Ada Lovelace' },
    async ({ note, timed }) => {
      const user = orThrow(await timed(() => users.create(newUser)))
      const row = await inspection.row<{ email: string; password_hash: string }>(
        'SELECT email, password_hash FROM users WHERE id = $1',
        [user.id],
      )
      check(
        row?.email === newUser.email && row.password_hash === passwordHash,
        'the row is not there',
      )
      check(!JSON.stringify(user).includes(passwordHash), 'the profile holds the password hash')
      note(`row ${user.id} of users, and its event in the same transaction`)
      return user
    },
  )
  const registeredMs = performance.now()

  await flow.step({ store: 'Redis', does: 'has the profile' }, async ({ note }) => {
    const entry = await eventually(async () => {
      const found = await inspection.key(`user:${ada.id}`)
      return found?.text.includes(newUser.email) === true && found
    }, patience)
    check(!entry.text.includes(passwordHash), 'the cached profile holds the password hash')
    const minutes = Math.round(entry.ttlMs / 60_000)
    note(`user:${ada.id} without the password hash, kept for ${minutes} minutes`)
  })

  await flow.step({ store: 'MongoDB', does: 'has user.registered' }, async ({ note }) => {
    const [event] = await eventually(async () => {
      const found = await inspection.documents('user_activity', {
        user_id: ada.id,
        event_type: 'user.registered',
      })
      return found.length > 0 && found
    }, patience)
    check(event !== undefined, 'the event is not there')
    note(
      `in user_activity through the relay, ${duration(performance.now() - registeredMs)} after the commit`,
    )
  })

  await flow.step(
    { store: 'PostgreSQL', does: 'refuses the same address in capitals' },
    async ({ note, timed }) => {
      const refused = await timed(() =>
        users.create({ ...newUser, email: newUser.email.toUpperCase(), username: 'ada2' }),
      )
      check(refused.isErr() && refused.error.type === 'email-taken', 'it was accepted')
      note(refused.error.type)
    },
  )
  return ada
}
