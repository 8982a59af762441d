import { startTestStack, type StoreAddresses } from '@headwater/testing'
import type { TestProject } from 'vitest/node'
import { prepareBrokerEngines, type BrokerEngines } from './broker-engines.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: StoreAddresses
    engines: BrokerEngines
  }
}

const noBrokers: BrokerEngines = { missing: 'the run began without tests of brokers' }

/**
 * Starts the stores once for the run, says on which rung each is, and gives their addresses to
 * every test file.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string) => void process.stderr.write(`  ${line}\n`)
  const stack = await startTestStack({ onProgress: say })
  stack.describe().forEach(say)
  project.provide('stack', stack.addresses())
  const files = project.vitest.state.getPaths()
  const isAskedForBrokers = files.some((file) => file.includes('/packages/brokers/'))
  const engines = isAskedForBrokers ? await prepareBrokerEngines(say) : noBrokers
  project.provide('engines', engines)
  return () => stack.stop()
}
