import { startTestStack, type StoreAddresses } from '@headwater/testing'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StoreAddresses
  }
}

/**
 * Starts the stores once for the run, says on which rung each is, and gives their addresses to
 * every test file.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string) => void process.stderr.write(`  ${line}\n`)
  const stack = await startTestStack({ onProgress: say })
  stack.describe().forEach(say)
  project.provide('stack', stack.addresses())
  return () => stack.stop()
}
