import { ok, ResultAsync } from '@headwater/core'
import { expect, test } from 'vitest'
import type { RepositoryContext } from '../../src/context.ts'
import { ProfileWarming } from '../../src/users/profile-warming.ts'

test('The end of the stores waits for the reads of new profiles', async () => {
  const read = Promise.withResolvers<undefined>()
  const hooks: (() => Promise<void>)[] = []
  const warming = new ProfileWarming({
    caches: { users: { get: () => new ResultAsync(read.promise.then(ok)) } },
    stores: { beforeClose: (hook: () => Promise<void>) => hooks.push(hook) },
  } as unknown as RepositoryContext)
  warming.warm(5)
  let hasEnded = false
  const end = Promise.all(hooks.map((hook) => hook())).then(() => {
    hasEnded = true
  })
  await new Promise((turn) => setImmediate(turn))
  expect(hasEnded).toBe(false)
  read.resolve(undefined)
  await end
})
