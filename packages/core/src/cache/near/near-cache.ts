import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import { partsOf } from '../../json/json-copy.ts'
import { cacheOf } from '../../near/member-names.ts'
import type { NearTier } from '../../near/near-tier.ts'
import { Sieve } from '../../near/sieve.ts'
import type { ValueCodec } from '../codec.ts'
import { expiryOf, isAbsentRow, softExpiryOf } from '../entry.ts'
import { type Answer, noAnswer } from '../memo/entry-reader.ts'
import {
  copyOfDecoded,
  decodedFrom,
  decodedValue,
  type DecodedValue,
} from '../memo/decoded-value.ts'
import type { LookupKey, Row, RowKeys } from '../row-keys.ts'

/** Dependencies of a {@link NearCache}. */
export interface NearCacheDeps<Value> {
  /** The name of the cache. */
  readonly cache: string
  /** Memory for its values, in bytes. */
  readonly maxBytes: number
  /** Goes in front of every key in Redis. */
  readonly keyPrefix: string
  readonly keys: Pick<RowKeys<never>, 'lookupKeyIn'>
  readonly codec: ValueCodec<Value>
  readonly near: NearTier
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

/** A value that is kept. */
export interface KeptValue<Value> {
  /** What copies are made from; `undefined` for a row that does not exist. */
  readonly source: DecodedValue | undefined
  /** Until when it answers, in monotonic milliseconds. */
  readonly endsAt: number
  /** The value that all calls of `peek` share. */
  shared?: Value | undefined
}

/** Stands for an entry that cannot be read, or is nested too deeply. */
const unreadable: unique symbol = Symbol('unreadable')

/** Bytes of a kept value, as the bench measures them: for each value, part and character. */
const bytesPer = { value: 300, part: 150, character: 2 }

/** The values of one cache that this process keeps, and answers with while it is a member. */
export class NearCache<Value> {
  readonly #deps: NearCacheDeps<Value>
  readonly #values: Sieve<KeptValue<Value>>

  constructor(deps: NearCacheDeps<Value>) {
    this.#deps = deps
    this.#values = new Sieve(deps.maxBytes)
    deps.near.add({
      drop: (key) => this.#values.drop(key, deps.keys.lookupKeyIn(key)),
      clear: () => {
        this.#values.clear()
      },
    })
  }

  /** The moment to pass to {@link NearCache.keep}, taken before the first command of a read. */
  get moment(): number {
    return this.#deps.near.changes.moment
  }

  /** A copy of the value of a key; {@link noAnswer} when none is kept. */
  read(key: LookupKey): Answer<Value> {
    const kept = this.#find(key)
    if (kept === undefined) return noAnswer
    const { cache, diagnostics } = this.#deps
    if (diagnostics.isHeard('near:hit')) diagnostics.emit('near:hit', { cache, count: 1 })
    try {
      return this.#copyOf(kept)
    } catch {
      this.#values.delete(key)
      return noAnswer
    }
  }

  /** The value of a key itself, deeply frozen. */
  peek(key: LookupKey): Value | undefined {
    const kept = this.#find(key)
    // A value of another kind may share parts with others, which are not ours to freeze.
    if (kept?.source?.isDecoded !== true) return undefined
    if (kept.shared === undefined) {
      const value = this.read(key)
      if (value === noAnswer) return undefined
      kept.shared = deepFrozen(value)
    }
    return kept.shared
  }

  /** What is kept of a key at this moment. */
  kept(key: LookupKey): KeptValue<Value> | undefined {
    return this.#find(key)
  }

  /** A kept value as the codec writes it; `undefined` for a row that does not exist. */
  payloadOf(kept: KeptValue<Value>): string | undefined {
    const { codec } = this.#deps
    return codec.encode(this.#copyOf(kept)).unwrapOr(undefined)?.payload
  }

  /** Keeps what Redis holds, unless it may have changed since the read of it began. */
  keep({ key, tags }: Row<unknown>, raw: string, since: number): void {
    const { cache, near, clock, diagnostics } = this.#deps
    const now = clock.monotonic()
    const keys = [key, ...tags]
    const mayKeep =
      keys.every((one) => near.membership.covers(this.#cacheOf(one), since)) &&
      keys.every((one) => near.changes.isUnchanged(one, since)) &&
      near.membership.mayServe(now)
    if (!mayKeep) {
      if (diagnostics.isHeard('near:fill-refused')) diagnostics.emit('near:fill-refused', { cache })
      return
    }
    if (bytesPer.character * raw.length > this.#deps.maxBytes) return
    const source = this.#sourceOf(raw)
    if (source === unreadable) return
    // A refresh that was claimed moves the soft expiry, also beyond the other.
    const endsAt = now + Math.min(softExpiryOf(raw), expiryOf(raw)) - clock.now()
    const parts = source === undefined ? 0 : partsOf(source.original)
    const bytes = bytesPer.value + bytesPer.part * parts + bytesPer.character * raw.length
    this.#values.set(this.#deps.keys.lookupKeyIn(key), { source, endsAt }, { bytes, tags })
  }

  #sourceOf(raw: string): DecodedValue | undefined | typeof unreadable {
    if (isAbsentRow(raw)) return undefined
    try {
      return decodedValue(decodedFrom(raw, this.#decode), raw) ?? unreadable
    } catch {
      return unreadable
    }
  }

  /** Throws what the codec throws. */
  #copyOf({ source }: KeptValue<Value>): Value | undefined {
    return source && (copyOfDecoded(source, this.#decode) as Value)
  }

  readonly #decode = (json: unknown): Value => this.#deps.codec.decode(json)

  #find(key: LookupKey): KeptValue<Value> | undefined {
    const kept = this.#values.get(key)
    if (kept === undefined) return undefined
    const { clock, near } = this.#deps
    const now = clock.monotonic()
    if (!near.membership.mayServe(now)) return undefined
    if (now < kept.endsAt) return kept
    this.#values.delete(key)
    return undefined
  }

  #cacheOf(key: string): string {
    return cacheOf(key.slice(this.#deps.keyPrefix.length))
  }
}

/** Freezes objects and arrays all the way down. Dates cannot be frozen. */
function deepFrozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFrozen(part)
  return Object.freeze(value)
}
