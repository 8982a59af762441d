import { rest } from '../run/play.ts'
import type { Servers } from './platform.ts'

/** Faults of the services, each for some time. */
const faults: Record<string, (servers: Servers) => void> = {
  'Pinecone answers 503': ({ pinecone }) => {
    pinecone.faults.failNext({ status: 503, times: 6 })
  },
  'Pinecone answers 429': ({ pinecone }) => {
    pinecone.faults.failNext({ status: 429, retryAfterSeconds: 1, times: 3 })
  },
  'Pinecone hangs': ({ pinecone }) => {
    pinecone.faults.hang()
  },
  'Pinecone is cut off': ({ pinecone }) => {
    pinecone.faults.cut()
  },
  'Pinecone loses replies to writes': ({ pinecone }) => {
    pinecone.faults.loseNextReply({ route: '/vectors', times: 5 })
  },
  'Pinecone shows writes late': ({ pinecone }) => {
    pinecone.delayConsistency(300)
  },
  'OpenAI answers 503': ({ openai }) => {
    openai.faults.failNext({ status: 503, times: 4 })
  },
  'OpenAI answers 429': ({ openai }) => {
    openai.faults.failNext({ status: 429, retryAfterSeconds: 1, times: 3 })
  },
  'OpenAI hangs': ({ openai }) => {
    openai.faults.hang()
  },
  'OpenAI is cut off': ({ openai }) => {
    openai.faults.cut()
  },
  'OpenAI answers vectors of another length': ({ openai }) => {
    openai.answerDimensions(16)
  },
}

/**
 * Injects faults in turn, with quiet periods between them, and kills processes, until it is
 * stopped.
 */
export class Chaos {
  readonly counts: Record<string, number> = {}
  readonly #servers: Servers
  readonly #crash: () => Promise<void>

  constructor(servers: Servers, crash: () => Promise<void>) {
    this.#servers = servers
    this.#crash = crash
  }

  async run(untilMs: number): Promise<void> {
    const all = Object.entries(faults)
    for (let turn = 0; performance.now() < untilMs; turn += 1) {
      const [name, play] = all[turn % all.length] ?? ['nothing', () => undefined]
      play(this.#servers)
      this.#count(name)
      await rest({ leastMs: 300, mostMs: 800 })
      this.restore()
      if (turn % 4 === 3) {
        await this.#crash()
        this.#count('a process ends')
      }
      await rest({ leastMs: 300, mostMs: 600 })
    }
    this.restore()
  }

  restore(): void {
    const { pinecone, openai } = this.#servers
    pinecone.faults.restore()
    pinecone.delayConsistency(0)
    pinecone.settle()
    openai.faults.restore()
    openai.answerDimensions(undefined)
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1
  }
}
