// What both sides have in common: a process of its own that serves the API and is told over IPC
// what to do.
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { startProfile } from '../measure/profile.ts'
import type { Addresses } from '../flows/by-hand/clients.ts'

/** What a side is told to open. */
export interface SideOptions extends Addresses {
  /** Signs what the API hands out. */
  readonly secret: string
  /** Whether our side keeps values near. */
  readonly isNear: boolean
  /** Whether our side is watched: scraped, and the console's overview open. */
  readonly isWatched: boolean
  /** Requests of a user per minute, far above those of the load. */
  readonly limits: { readonly read: number; readonly write: number; readonly search: number }
}

/** A side that serves. */
export interface Side {
  readonly url: string
  /** A session of each user, in the order of their ids. */
  readonly tokens: readonly string[]
  /** Waits for what was left for later. */
  settled(this: void): Promise<void>
}

/** What a side is asked, each time for one reply. */
export type Question =
  | { readonly ask: 'settle' }
  | { readonly ask: 'profile' }
  /** Ends the profile and writes it to a file. */
  | { readonly ask: 'profiled'; readonly file: string }

/** The reply to every question. */
export interface Reply {
  /** CPU time of the process so far, in milliseconds. */
  readonly cpuMs: number
}

/** Opens a side with the options that come first, and answers questions until the parent ends. */
export async function serveSide(open: (options: SideOptions) => Promise<Side>): Promise<void> {
  process.once('disconnect', () => {
    process.exit()
  })
  const [options] = (await once(process, 'message')) as [SideOptions]
  const { url, tokens, settled } = await open(options)
  let endProfile: Awaited<ReturnType<typeof startProfile>> | undefined
  const obey = async (question: Question): Promise<void> => {
    if (question.ask === 'settle') await settled()
    if (question.ask === 'profile') endProfile = await startProfile()
    if (question.ask === 'profiled' && endProfile !== undefined)
      await writeFile(question.file, JSON.stringify(await endProfile()))
    process.send?.({ cpuMs: cpuMs() } satisfies Reply)
  }
  process.on('message', (question: Question) => void obey(question))
  process.send?.({ url, tokens })
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
