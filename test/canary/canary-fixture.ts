import { inspect } from 'node:util'
import {
  connect,
  Diagnostics,
  FailureError,
  orThrow,
  type Failure,
  type Result,
  type Stores,
} from '@headwater/core'
import type { IsolatedStores, PineconeStandIn } from '@headwater/testing'
import { expect } from 'vitest'

/** What no failure, diagnostic or log may show; looked for by one of its words. */
export const secret = '$2b$10$c4n4ry-of-a-password-hash'

/** Stores of every kind, and all that their diagnostics say into `heard`. */
export async function openHeard(
  own: IsolatedStores<'postgres' | 'redis' | 'mongodb'>,
  pinecone: { readonly service: PineconeStandIn; readonly index: string },
  heard: unknown[],
): Promise<Stores> {
  const diagnostics = new Diagnostics()
  diagnostics.onAny((diagnostic) => heard.push(diagnostic))
  const { service, index } = pinecone
  return orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { url: own.redis.url, keyPrefix: own.redis.prefix, deadlineMs: 10_000 },
      mongodb: { url: own.mongodb.url, database: own.mongodb.database },
      pinecone: { apiKey: service.apiKey, controllerHostUrl: service.url, index },
      diagnostics,
    }),
  )
}

/** Fails where a value shows the secret: as JSON, inspected, as text, or in an error beneath it. */
export function expectNoSecret(value: unknown): void {
  for (const text of wordsOf(value)) expect(text).not.toContain('c4n4ry')
}

/** The failure of a result, after a look at all that it shows: returned, thrown or logged. */
export function quietFailureOf<F extends Failure<string>>(result: Result<unknown, F>): F {
  const failure = result._unsafeUnwrapErr()
  expectNoSecret(failure)
  expectNoSecret(new FailureError(failure))
  expect(JSON.stringify(failure)).not.toContain('"cause"')
  return failure
}

function wordsOf(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [String(value)]
  seen.add(value)
  const { message, stack, cause } = value as { message?: unknown; stack?: unknown; cause?: unknown }
  const shown = [
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}` : part)),
    inspect(value, { depth: 20, showHidden: true }),
    String(message),
    String(stack),
  ]
  return [...shown, ...[cause].flatMap((part) => wordsOf(part, seen))]
}
