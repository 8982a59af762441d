import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** The cost of a hash, in scrypt's own terms. */
export interface PasswordCost {
  /** A power of two; with `r` it sets the memory, 128 · N · r bytes. */
  readonly N: number
  readonly r: number
  readonly p: number
}

/** 16 MB and about a tenth of a second per hash. */
export const passwordDefaults = { N: 16_384, r: 8, p: 5 } as const satisfies PasswordCost

const keyLength = 32

/** Hashes passwords with scrypt, and checks them. */
export class Passwords {
  readonly #cost: PasswordCost

  constructor(cost: PasswordCost = passwordDefaults) {
    this.#cost = cost
  }

  /** Hashes a password with a random salt; the hash includes its parameters. */
  async hash(password: string): Promise<string> {
    const { N, r, p } = this.#cost
    const salt = randomBytes(16)
    const key = await derive(password, salt, this.#cost)
    return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$')
  }

  /**
   * Whether the password matches the hash, whatever cost the hash has. Takes as long without a
   * hash, so that the time does not reveal which addresses are registered.
   */
  async match(password: string, hash: string | undefined): Promise<boolean> {
    const [scheme, N, r, p, salt = '', key = ''] = (hash ?? '').split('$')
    if (scheme !== 'scrypt') {
      await derive(password, Buffer.alloc(16), this.#cost)
      return false
    }
    const expected = Buffer.from(key, 'base64url')
    const cost = { N: Number(N), r: Number(r), p: Number(p) }
    const derived = await derive(password, Buffer.from(salt, 'base64url'), cost)
    return derived.length === expected.length && timingSafeEqual(derived, expected)
  }
}

function derive(password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyLength, cost, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}
