// Runs tests again and again as its parent asks: servers and parsed sources are kept in between.
import { createVitest } from 'vitest/node'

const answer = {
  onTestRunEnd(modules, unhandled, reason) {
    const failed = modules.flatMap((module) => [
      ...module.errors(),
      ...[...module.children.allSuites()].flatMap((suite) => suite.errors()),
      ...[...module.children.allTests('failed')].flatMap((test) => test.result().errors),
    ])
    const messages = [...failed, ...unhandled].map(({ message }) => message)
    process.send({ isKilled: reason !== 'passed', messages })
  },
}
const vitest = await createVitest('test', { watch: false, bail: 1, reporters: [answer] })

process.on('message', async ({ changed, tests }) => {
  for (const path of changed) vitest.invalidateFile(path)
  await vitest.runTestSpecifications(await vitest.globTestSpecifications(tests))
})
process.on('disconnect', () => void vitest.exit(true))
