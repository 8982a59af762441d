import { HttpLine } from '../../benchmarks/api/load/http-line.ts'
import type { Outcome } from './open-loop.ts'

/** Less than the five seconds after which a server of Node.js closes a connection without use. */
const longestIdleMs = 3_000

/** Connections of the generator, opened as they are needed. */
export class Connections {
  readonly #url: string
  readonly #timeoutMs: number
  readonly #free: { readonly line: HttpLine; readonly sinceMs: number }[] = []
  #isClosed = false

  constructor(url: string, { timeoutMs }: { readonly timeoutMs: number }) {
    this.#url = url
    this.#timeoutMs = timeoutMs
  }

  /** Sends a request over a free connection or a new one. Never rejects. */
  async ask(text: string): Promise<Outcome> {
    try {
      return await this.#askOver(this.#take() ?? (await HttpLine.open(this.#url)), text)
    } catch {
      return 'no connection'
    }
  }

  /** Ends all connections, those that wait for an answer once it has come. */
  close(): void {
    this.#isClosed = true
    this.#closeFree()
  }

  #closeFree(): void {
    for (const { line } of this.#free.splice(0)) line.close()
  }

  /** The connection that was used last; all that were idle for longer than it are old as well. */
  #take(): HttpLine | undefined {
    const last = this.#free.pop()
    if (last === undefined) return undefined
    if (performance.now() - last.sinceMs < longestIdleMs) return last.line
    last.line.close()
    this.#closeFree()
    return undefined
  }

  async #askOver(line: HttpLine, text: string): Promise<Outcome> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      line.close()
    }, this.#timeoutMs)
    const status = await line.ask(text)
    clearTimeout(timer)
    if (status === 0) return isLate ? 'timeout' : 'no answer'
    if (this.#isClosed) line.close()
    else this.#free.push({ line, sinceMs: performance.now() })
    return status >= 200 && status < 300 ? 'ok' : String(status)
  }
}
