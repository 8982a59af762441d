import type { Clock } from '@headwater/core'
import type { Metric } from './similarity.ts'
import { StoredNamespace } from './stored-namespace.ts'

/** The namespace of requests that name none; it always exists. */
export const defaultNamespace = '__default__'

/** The properties of an index. */
export interface IndexDefinition {
  readonly name: string
  readonly dimension: number
  readonly metric: Metric
  readonly isProtected: boolean
  readonly tags: Readonly<Record<string, string>> | null
  readonly deployment: Readonly<Record<string, unknown>>
}

/** When writes become visible. */
export interface Consistency {
  readonly clock: Clock
  /** Time from a write to its visibility, in milliseconds. */
  delayMs: number
}

interface PendingWrite {
  readonly visibleAt: number
  readonly lsn: number
  readonly apply: () => void
}

/**
 * An index with its namespaces. Writes become visible in order, each after the delay at the time of
 * the write.
 */
export class StoredIndex {
  definition: IndexDefinition
  readonly #consistency: Consistency
  readonly #visible = new Map<string, StoredNamespace>()
  readonly #accepted = new Set<string>()
  #pending: PendingWrite[] = []
  #lsn = 0
  #visibleLsn = 0

  constructor(definition: IndexDefinition, consistency: Consistency) {
    this.definition = definition
    this.#consistency = consistency
  }

  /** The number of the last write that reads see. */
  get visibleLsn(): number {
    this.#applyUntil(this.#consistency.clock.monotonic())
    return this.#visibleLsn
  }

  /** Whether a write to the namespace was accepted, visible or not. */
  has(namespace: string): boolean {
    return namespace === defaultNamespace || this.#accepted.has(namespace)
  }

  /** The namespace as visible to reads; empty when it does not exist. */
  read(namespace: string): StoredNamespace {
    return this.namespaces().get(namespace) ?? new StoredNamespace()
  }

  /** All namespaces visible to reads. */
  namespaces(): ReadonlyMap<string, StoredNamespace> {
    this.#applyUntil(this.#consistency.clock.monotonic())
    return this.#visible
  }

  /** Accepts a write and returns its number. */
  write(namespace: string, change: (namespace: StoredNamespace) => void): number {
    this.#accepted.add(namespace)
    return this.#enqueue(() => {
      const target = this.#visible.get(namespace) ?? new StoredNamespace()
      this.#visible.set(namespace, target)
      change(target)
    })
  }

  /** Accepts the removal of a namespace and returns its number. */
  drop(namespace: string): number {
    this.#accepted.delete(namespace)
    return this.#enqueue(() => this.#visible.delete(namespace))
  }

  /** Makes every accepted write visible. */
  settle(): void {
    this.#applyUntil(Number.POSITIVE_INFINITY)
  }

  #enqueue(apply: () => void): number {
    this.#lsn += 1
    const dueAt = this.#consistency.clock.monotonic() + this.#consistency.delayMs
    this.#pending.push({
      visibleAt: Math.max(dueAt, this.#pending.at(-1)?.visibleAt ?? 0),
      lsn: this.#lsn,
      apply,
    })
    return this.#lsn
  }

  #applyUntil(time: number): void {
    const due = this.#pending.filter(({ visibleAt }) => visibleAt <= time)
    this.#pending = this.#pending.slice(due.length)
    for (const { apply, lsn } of due) {
      apply()
      this.#visibleLsn = lsn
    }
  }
}
