import { connect, orThrow, type ConnectOptions, type Stores } from '@headwater/core'
import { createRepositories, type Repositories } from '@headwater/repositories'
import { createCourseSearch, hashingEmbedder } from '@headwater/search'

export async function open(options: ConnectOptions): Promise<[Stores, Repositories]> {
  const stores = orThrow(await connect(options))
  return [stores, createRepositories(stores)]
}

export const entries = [createCourseSearch, hashingEmbedder]
