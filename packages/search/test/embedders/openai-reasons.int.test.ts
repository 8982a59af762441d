import { openaiEmbedder } from '@headwater/search'
import { expect, test } from 'vitest'

test('An embedder whose service cannot be found says so', async () => {
  const embedder = openaiEmbedder({
    apiKey: 'k',
    baseURL: 'http://no-such-host.invalid/v1',
    deadlineMs: 60_000,
  })
  const failure = (await embedder.embed(['linear algebra']))._unsafeUnwrapErr()
  expect(failure.message).toContain('the host name no-such-host.invalid is not known')
})
