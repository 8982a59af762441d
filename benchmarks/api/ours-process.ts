// The Express example, as it is, in a process of its own.
import { serve } from '../../examples/express-api/src/index.ts'
import { openExample, sessionsOf, settled } from './example.ts'
import { serveSide } from './side-process.ts'
import { watch } from './watch.ts'

await serveSide(async (options) => {
  const services = await openExample(options)
  const { secret, limits, isWatched } = options
  if (isWatched) watch(services)
  const { url } = await serve(services, { secret, limits, onError: console.error })
  return {
    url,
    tokens: await sessionsOf(services),
    settled: () => settled(services),
  }
})
