import { createHmac, timingSafeEqual } from 'node:crypto'

/** Signs what the API hands out, so that it can tell it from what somebody made up. */
export interface Proofs {
  /** The proof of these values. */
  of(...values: readonly (string | number)[]): string
  /** Whether a proof is that of these values. */
  holds(proof: string, ...values: readonly (string | number)[]): boolean
}

/** Creates proofs by HMAC-SHA-256. Processes with one secret accept each other's. */
export function createProofs(secret: string | Uint8Array): Proofs {
  const digest = (values: readonly (string | number)[]) =>
    createHmac('sha256', secret).update(JSON.stringify(values)).digest()
  return {
    of: (...values) => digest(values).toString('base64url'),
    holds: (proof, ...values) => {
      const [given, made] = [Buffer.from(proof, 'base64url'), digest(values)]
      return given.length === made.length && timingSafeEqual(given, made)
    },
  }
}
