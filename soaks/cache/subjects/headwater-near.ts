import type { Stores } from '@headwater/core'
import type { RedisClientType } from '@redis/client'
import { countNear, type NearCounts } from '../near/near-counts.ts'
import type { Subject, SubjectUrls } from '../subject.ts'
import { connectStores, Headwater } from './headwater.ts'

/** The cache of this project with its near tier. */
export async function openHeadwaterNear(urls: SubjectUrls): Promise<Subject> {
  return new HeadwaterNear(await connectNear(urls))
}

/** The same, whose writers announce what they change and do not wait until others dropped it. */
export async function openWithoutWait(urls: SubjectUrls): Promise<Subject> {
  const stores = await connectNear(urls)
  const near = stores.invalidation.startNear()
  const announce = near.announce.bind(near)
  near.announce = async (keys) => {
    void announce(keys)
    return true
  }
  return new HeadwaterNear(stores)
}

/** The connection on which changes arrive gets a way of its own, so that it alone can fail. */
async function connectNear(urls: SubjectUrls): Promise<Stores> {
  const stores = await connectStores(urls)
  const client = stores.redis.client as RedisClientType
  const duplicate = client.duplicate.bind(client)
  client.duplicate = (overrides?: object) => duplicate({ ...overrides, url: urls.nearUrl } as never)
  return stores
}

class HeadwaterNear extends Headwater {
  readonly nearCounts: NearCounts

  constructor(stores: Stores) {
    super(stores, {})
    this.nearCounts = countNear(stores.diagnostics)
  }

  peek(key: number): number | undefined {
    const { nearReads = 0 } = this.nearCounts
    const version = this.anyCache().peek(key)?.version
    // Not what the tier reports, which is only the first of many.
    this.nearCounts['nearReads'] = version === undefined ? nearReads : nearReads + 1
    return version
  }
}
