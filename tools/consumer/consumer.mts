import {
  connect,
  defineCache,
  defineSink,
  orThrow,
  transaction,
  type ConnectOptions,
  type Stores,
} from '@headwater/core'
import { inbox } from '@headwater/brokers'
import { kafkaSink } from '@headwater/brokers/kafka'
import { rabbitmqSink } from '@headwater/brokers/rabbitmq'
import { defineConfig } from '@headwater/cli'
import { createRepositories } from '@headwater/repositories'
import { createCourseSearch, hashingEmbedder } from '@headwater/search'
import { startTestStack } from '@headwater/testing'

export const entries: readonly unknown[] = [
  connect,
  defineCache,
  defineSink,
  transaction,
  inbox.once,
  kafkaSink,
  rabbitmqSink,
  defineConfig,
  createRepositories,
  createCourseSearch,
  startTestStack,
]

export async function open(options: ConnectOptions): Promise<Stores> {
  return orThrow(await connect(options))
}

const embedder = hashingEmbedder({ dimensions: 64 })
if (entries.some((entry) => typeof entry !== 'function') || embedder.profile.dimensions !== 64)
  throw new Error('an export is missing')
