// A process of its own that enrolls whom it is told to, all at once, and tells what became of each.
import { connect, orThrow } from '@headwater/core'
import type { ConnectOptions } from '@headwater/core'
import { createRepositories } from '@headwater/repositories'

/** What the process is told. */
export interface Assignment {
  readonly options: ConnectOptions
  readonly courseId: number
  readonly userIds: readonly number[]
}

/** What it says: once that it is ready, then what became of a user. */
export type Word = 'ready' | { readonly userId: number; readonly type: string }

const say = (word: Word): void => {
  process.send?.(word)
}

process.once('message', (assignment: Assignment) => {
  void enrollAll(assignment)
})

async function enrollAll({ options, courseId, userIds }: Assignment): Promise<void> {
  const stores = orThrow(await connect(options))
  const { enrollments } = createRepositories(stores, { enrollments: { deadlineMs: 60_000 } })
  say('ready')
  process.once('message', () => {
    void Promise.all(
      userIds.map(async (userId) => {
        const enrolled = await enrollments.enroll({ userId, courseId })
        say({ userId, type: enrolled.isOk() ? 'ok' : enrolled.error.type })
      }),
    ).then(async () => {
      orThrow(await stores.close({ deadlineMs: 60_000 }))
      process.disconnect()
    })
  })
}
