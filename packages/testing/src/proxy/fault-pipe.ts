import type { Socket } from 'node:net'
import { resetSocket } from './reset-socket.ts'

/** The fault that a proxy plays on its traffic. */
export type Fault =
  | { kind: 'none' }
  | { kind: 'cut' }
  | { kind: 'hang' }
  | { kind: 'delay'; ms: number }
  | { kind: 'throttle'; bytesPerSecond: number }

type Parcel = { dueMs: number } & (
  { kind: 'data'; data: Buffer } | { kind: 'end' } | { kind: 'reset' }
)

const highWaterBytes = 1_048_576

/**
 * One direction of a proxied connection. It forwards data in order as the fault permits, and never
 * reads far ahead of the slower side.
 */
export class Pipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #passed: (bytes: number) => void
  readonly #parcels: Parcel[] = []
  #heldBytes = 0
  #fault: Fault = { kind: 'none' }
  #isFull = false
  /** When a throttled pipe has carried everything that it holds. */
  #freeAtMs = 0
  #hasFailed = false
  #timer: NodeJS.Timeout | undefined

  constructor({ from, to, passed }: { from: Socket; to: Socket; passed: (bytes: number) => void }) {
    this.#from = from
    this.#to = to
    this.#passed = passed
    from.on('data', (data: Buffer) => this.#receive(data))
    from.on('end', () => this.#hold({ kind: 'end', dueMs: this.#due() }))
    from.on('error', () => {
      this.#hasFailed = true
    })
    from.on('close', () => this.#sourceClosed())
    to.on('drain', () => {
      this.#isFull = false
      this.#flush()
    })
    to.on('close', () => this.discard())
  }

  apply(fault: Fault): void {
    this.#fault = fault
    if (fault.kind === 'none') for (const parcel of this.#parcels) parcel.dueMs = 0
    this.#flush()
  }

  discard(): void {
    clearTimeout(this.#timer)
    this.#parcels.length = 0
    this.#heldBytes = 0
  }

  #receive(data: Buffer): void {
    this.#passed(data.length)
    this.#heldBytes += data.length
    this.#hold({ kind: 'data', data, dueMs: this.#due(data.length) })
  }

  #hold(parcel: Parcel): void {
    this.#parcels.push(parcel)
    this.#flush()
  }

  #sourceClosed(): void {
    if (this.#hasFailed) this.#hold({ kind: 'reset', dueMs: this.#due() })
  }

  #due(bytes = 0): number {
    if (this.#fault.kind === 'delay') return performance.now() + this.#fault.ms
    if (this.#fault.kind !== 'throttle') return 0
    const startsAtMs = Math.max(performance.now(), this.#freeAtMs)
    this.#freeAtMs = startsAtMs + (bytes / this.#fault.bytesPerSecond) * 1_000
    return this.#freeAtMs
  }

  #flush(): void {
    clearTimeout(this.#timer)
    while (this.#fault.kind !== 'hang' && !this.#isFull) {
      const [next] = this.#parcels
      if (!next) break
      const waitMs = next.dueMs - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#flush(), waitMs)
        break
      }
      this.#parcels.shift()
      this.#deliver(next)
    }
    this.#throttle()
  }

  #deliver(parcel: Parcel): void {
    if (parcel.kind === 'data') this.#heldBytes -= parcel.data.length
    if (this.#to.destroyed) return
    if (parcel.kind === 'data') this.#isFull = !this.#to.write(parcel.data)
    else if (parcel.kind === 'end') this.#to.end()
    else resetSocket(this.#to)
  }

  #throttle(): void {
    if (this.#isFull || this.#heldBytes > highWaterBytes) this.#from.pause()
    else this.#from.resume()
  }
}
