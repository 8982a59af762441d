import { connect, defineCache, orThrow } from '@headwater/core'
import { eventually, faultProxy, isolate, startTestStack } from '@headwater/testing'

const stack = await startTestStack({ stores: ['postgres', 'redis'] })
const own = await isolate(stack.addresses())
const proxy = await faultProxy(own.redis.url)

const stores = orThrow(
  await connect({
    postgres: { url: own.postgres.url },
    redis: { url: proxy.url, keyPrefix: own.redis.prefix },
  }),
)

let loads = 0
const names = defineCache<number, string>(stores, {
  name: 'name',
  ttlMs: 60_000,
  load: async (ids) => {
    loads += 1
    return new Map(ids.map((id) => [id, `name ${id}`]))
  },
})

proxy.cut()
await eventually(async () => (await stores.health()).status === 'degraded')
console.log(orThrow(await names.get(5))) // name 5
console.log(loads) // 1

proxy.restore()
await eventually(async () => (await stores.health()).status === 'up')

orThrow(await stores.close())
await proxy.close()
await own.dispose()
await stack.stop()
