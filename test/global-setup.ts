import { existsSync } from 'node:fs'
import { startTestStack, type StoreAddresses, type StoreName } from '../packages/testing/src/index.ts'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StoreAddresses
  }
}

/** Starts the stores once for the run, says on which rung each is, and gives their addresses to every test file. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string) => void process.stderr.write(`  ${line}\n`)
  const isThere = (name: string) => existsSync(new URL(`../packages/testing/src/${name}-stand-in/server.ts`, import.meta.url))
  const stores: StoreName[] = ['postgres', 'redis', ...(['mongodb', 'pinecone', 'openai'] as const).filter(isThere)]
  const stack = await startTestStack({ stores, onProgress: say })
  stack.describe().forEach(say)
  project.provide('stack', stack.addresses())
  return () => stack.stop()
}
