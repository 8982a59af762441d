// The process whose memory is measured. It is bundled without the packages, which may be those of
// another checkout.
import { setTimeout } from 'node:timers/promises'
import { orThrow } from '@headwater/core'
import { openSubject, type Subject, type SubjectOptions } from './subject.ts'
import { fill, readUsers, settled, work } from './work.ts'

/** What the process is told to do, each time for one reply. */
export type Order =
  | { readonly order: 'import' }
  | { readonly order: 'connect'; readonly options: SubjectOptions }
  | { readonly order: 'read'; readonly count: number }
  | { readonly order: 'work'; readonly operations: number; readonly perSecond: number }
  | { readonly order: 'close' }
  /** Opens and closes so many times, without filling the tables. */
  | { readonly order: 'cycles'; readonly options: SubjectOptions; readonly count: number }
  /** Writes a snapshot of the heap to a file. */
  | { readonly order: 'snapshot'; readonly file: string }

/** The memory in use once an order is carried out, in megabytes, after garbage collection. */
export interface Usage {
  readonly rssMb: number
  readonly heapMb: number
  /** Outside the heap, but held by it: buffers. */
  readonly externalMb: number
  /** The heap after each tenth of the work, before what was left for later. */
  readonly heapMbOfTenths: readonly number[]
  /** What keeps a process from ending. */
  readonly handles: readonly string[]
}

process.once('disconnect', () => {
  process.exit()
})
// Each is a handle once it is looked at, as it is by whatever warns.
const streams = [process.stdout, process.stderr]
const opened: Subject[] = []
let heapMbOfTenths: number[] = []

process.on('message', (order: Order) => {
  void obey(order).then(
    async () => process.send?.({ ...(await usage()), heapMbOfTenths }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function obey(order: Order): Promise<void> {
  const [subject] = opened
  switch (order.order) {
    case 'import':
      return void streams
    case 'connect': {
      const connected = await openSubject(order.options)
      opened.push(connected)
      return fill(connected)
    }
    case 'read':
      return subject && readUsers(subject, order.count)
    case 'work':
      return subject && workAndNote(subject, order)
    case 'close':
      return opened.pop()?.close()
    case 'cycles':
      for (let cycle = 0; cycle < order.count; cycle += 1) {
        const { users, close } = await openSubject(order.options)
        orThrow(await users.get(1))
        await close()
      }
      return
    case 'snapshot': {
      const { writeHeapSnapshot } = await import('node:v8')
      writeHeapSnapshot(order.file)
    }
  }
}

async function workAndNote(
  subject: Subject,
  { operations, perSecond }: { readonly operations: number; readonly perSecond: number },
): Promise<void> {
  heapMbOfTenths = []
  const onTenth = async (): Promise<void> => {
    globalThis.gc?.()
    heapMbOfTenths.push(process.memoryUsage().heapUsed / 1e6)
  }
  await work(subject, { operations, perSecond, onTenth })
  await settled(subject)
}

async function usage(): Promise<Omit<Usage, 'heapMbOfTenths'>> {
  for (let turn = 0; turn < 5; turn += 1) {
    globalThis.gc?.()
    await setTimeout(100)
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    rssMb: rss / 1e6,
    heapMb: heapUsed / 1e6,
    externalMb: external / 1e6,
    handles: process.getActiveResourcesInfo(),
  }
}
