import { isolate, startTestStack } from '@headwater/testing'
import type { Rung, StoreParts } from '@headwater/testing'
import type { Ending } from './ending.ts'
import type { Output } from './output.ts'
import type { DemoRedis } from './redis/demo-redis.ts'
import { startDemoRedis } from './redis/start-demo-redis.ts'

/** Rung and version of every started store. */
export type StoreReport = {
  readonly [store in string]: { readonly rung: Rung; readonly version: string }
}

/** The stores of one run: an isolated part of each. */
export interface DemoStores {
  readonly parts: Omit<StoreParts, 'redis'>
  readonly redis: DemoRedis
  readonly report: StoreReport
}

const labels = {
  environment: 'from the environment',
  container: 'container',
  local: 'local server',
  'stand-in': 'stand-in',
} as const

/** Starts every store on the first rung that works, and prints the rung. */
export async function startDemoStores(output: Output, ending: Ending): Promise<DemoStores> {
  output.heading('Stores')
  const onProgress = (line: string) => {
    output.remark(line)
  }
  const starting = startTestStack({
    stores: ['postgres', 'mongodb', 'pinecone', 'openai'],
    onProgress,
  })
  const [stack, redis] = await Promise.all([starting, startDemoRedis(onProgress, ending)])
  ending.add(() => stack.stop())
  const addresses = stack.addresses()
  const parts = await isolate(addresses)
  ending.add(() => parts.dispose())
  const { postgres, mongodb, pinecone, openai } = addresses
  const described = { postgres, redis, mongodb, pinecone, openai }
  for (const [store, { rung, version }] of Object.entries(described))
    output.row(names[store] ?? store, labels[rung].padEnd(22), version)
  const report = Object.fromEntries(
    Object.entries(described).map(([store, { rung, version }]) => [store, { rung, version }]),
  )
  return { parts, redis, report }
}

const names: Readonly<Record<string, string>> = {
  postgres: 'PostgreSQL',
  redis: 'Redis',
  mongodb: 'MongoDB',
  pinecone: 'Pinecone',
  openai: 'OpenAI',
}
