import { expect, test } from 'vitest'
import type { StoreError } from '../../src/errors.ts'
import { nearMembers } from '../../src/near/near-members.ts'
import { err, ok, ResultAsync } from '../../src/result.ts'
import type { RedisStore } from '../../src/stores/redis/redis-store.ts'

test('A master that cannot be reached is a failure, and no rejection', async () => {
  const failure: StoreError = {
    type: 'store-unavailable',
    message: 'a master is down',
    retryable: true,
    store: 'redis',
    operation: 'find masters',
  }
  const client = { masters: [{}], nodeClient: () => Promise.reject(new Error('closed')) }
  const redis = {
    ...{ keyPrefix: '', client },
    run: <T>(_operation: string, command: (given: typeof client) => Promise<T>) =>
      new ResultAsync<T, StoreError>(
        command(client).then(
          (value) => ok(value),
          () => err(failure),
        ),
      ),
  } as unknown as RedisStore
  const found = await nearMembers({ redis })
  expect(found.isErr() ? found.error : undefined).toBe(failure)
})
