/** Names of variables and options whose values nobody may see. */
const secretName = /password|secret|token|api_?key|(^|_)key$/i
/** Values that are no secrets, whatever they are used as: without them nothing could be read. */
const plainWords: ReadonlySet<string> = new Set([
  ...['postgres', 'redis', 'mongodb', 'pinecone', 'headwater', 'password', 'true', 'false'],
])
/** A secret among the parameters of a URL, with its name in front. */
const secretParameter = /([?&]\w*(?:password|secret|token|api_?key)\w*=)([^&#\s'"`]+)/gi
/** What is shorter would black out innocent words. */
const leastLength = 4

/** The secrets of a configuration, and how a text is freed of them. */
export class Secrets {
  #known: readonly string[] = []
  readonly #meant = new Set<string>()

  /**
   * Learns the values of an object, and of those inside it, whose names say that they are secrets,
   * and the passwords of all URLs.
   */
  learn(source: object): void {
    const found = secretsIn(source).filter(
      (secret) => secret.length >= leastLength && !plainWords.has(secret),
    )
    this.#known = [...new Set([...this.#known, ...found])].sort(
      (one, other) => other.length - one.length,
    )
  }

  /** Lets a URL be printed with this among its parameters: a token that its reader is to use. */
  show(token: string): void {
    this.#meant.add(token)
  }

  /** The text with `***` in place of known secrets and of any password or key inside a URL. */
  clean(text: string): string {
    return this.#known
      .reduce((clean, secret) => clean.replaceAll(secret, '***'), text)
      .replace(/(\b[a-z][a-z+]*:\/\/[^\s:/@]*):[^\s/]+@/gi, '$1:***@')
      .replace(secretParameter, (parameter: string, name: string, value: string) =>
        this.#meant.has(value) ? parameter : `${name}***`,
      )
  }
}

function secretsIn(source: unknown, name = '', depth = 0): readonly string[] {
  if (typeof source === 'string') return secretName.test(name) ? [source] : passwordsIn(source)
  if (typeof source !== 'object' || source === null || depth > 3) return []
  return Object.entries(source).flatMap(([key, value]) => secretsIn(value, key, depth + 1))
}

/** A driver may show the password of a URL by itself, and decoded. */
function passwordsIn(text: string): readonly string[] {
  const before = [...text.matchAll(/\b[a-z][a-z+]*:\/\/[^\s:/@]*:([^\s/]+)@/gi)]
  const behind = [...text.matchAll(secretParameter)]
  return [...before.map(([, secret]) => secret), ...behind.map(([, , secret]) => secret)].flatMap(
    (secret = '') => [secret, decoded(secret)],
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
